/* json_value.h - how a JsonValue of the language lies in memory.
 *
 * It is an ordinary union of compiled code: a counted cell whose tag is the number of its variant, which is that of
 * enum osp__json_type, and whose only field is its payload:
 *
 *     JsonNull                                   no cell of its own: a static one
 *     JsonBool { value: bool }                   0 or 1
 *     JsonNumber { value: float }                the bits of a double
 *     JsonString { value: string }               counted
 *     JsonArray { items: List<JsonValue> }       counted
 *     JsonObject { fields: Map<string, JsonValue> }  counted
 *
 * The declaration is in the compiler's prelude; the order of its variants is binding. */
#ifndef OSP_LIB_JSON_VALUE_H
#define OSP_LIB_JSON_VALUE_H

#include <string.h>

#include "json.h"
#include "node.h"

static inline enum osp__json_type osp__json_value_type(void *value)
{
    return (enum osp__json_type)osp__tag(value);
}

static inline void *osp__json_value_pointer(void *value)
{
    return *(void **)value;
}

static inline bool osp__json_value_bool(void *value)
{
    return (*(const int64_t *)value & 1) != 0;
}

static inline double osp__json_value_number(void *value)
{
    double number;
    memcpy(&number, value, sizeof number);
    return number;
}

#endif
