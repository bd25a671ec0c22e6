/* json_text.h - from a string of the language to a parsed document: what every function that reads JSON begins with. */
#ifndef OSP_LIB_JSON_TEXT_H
#define OSP_LIB_JSON_TEXT_H

#include "../base.h"
#include "json.h"

/* Parses a string; a long one on the pool for blocking calls, so that other fibers go on. Returns the document, which
 * the caller frees, or NULL with "<function>: line 1, column 2: <reason>" in *error. */
struct osp__json *osp__json_parse_string(osp_ctx *ctx, const char *function, const char *text, char **error);

/* Frees a document that nobody uses, or NULL; a large one on the pool as well. */
void osp__json_discard(osp_ctx *ctx, struct osp__json *document);

/* osp__json_escape for texts of any length: lets other fibers run. */
size_t osp__json_escape_long(osp_ctx *ctx, const char *bytes, size_t length, char *out);

#endif
