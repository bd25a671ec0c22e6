/* failure.c - the messages of failure.h. */
#include "../base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"

void osp__fail_index(char **error, int64_t index, uint64_t length)
{
    osp__set_error(error, "index out of bounds: %" PRId64 " (length %" PRIu64 ")", index, length);
}

/* The C library writes "No such file"; behind a function's name it is lower case. */
static void describe(int code, char *text, size_t size)
{
    const char *description = strerrordesc_np(code);
    if (description == NULL) {
        snprintf(text, size, "error %d", code);
        return;
    }
    snprintf(text, size, "%s", description);
    bool capital = text[0] >= 'A' && text[0] <= 'Z';
    bool acronym = capital && text[1] >= 'A' && text[1] <= 'Z';
    if (capital && !acronym)
        text[0] = (char)(text[0] + 32);
}

void osp__fail_system(char **error, const char *function, const char *path, int code)
{
    char text[128];
    describe(code, text, sizeof text);
    struct osp__excerpt shown;
    if (path == NULL)
        osp__set_error(error, "%s: %s", function, text);
    else
        osp__set_error(error, "%s: %s: %s", function, osp__excerpt(&shown, path), text);
}

bool osp__check_size(char **error, const char *function, size_t length)
{
    if (length <= OSP_STRING_LIMIT)
        return true;
    osp__set_error(error, "%s: result is too large", function);
    return false;
}

char *osp__string_try(char **error, const char *function, size_t length)
{
    char *string = osp__string_reserve(NULL, length);
    if (string == NULL)
        osp__set_error(error, "%s: out of memory", function);
    return string;
}

bool osp__check_c_string(char **error, const char *function, const char *string)
{
    if (strlen(string) == osp__length(string))
        return true;
    struct osp__excerpt shown;
    osp__set_error(error, "%s: %s: a NUL byte is not allowed", function, osp__excerpt(&shown, string));
    return false;
}
