/*
 * Resolving a reference, as a Location field holds one, against the URL of a request (RFC 3986 section 5.2).
 *
 * A pure function over bytes: it makes the text of an absolute URL and leaves judging it to osp_url_parse().
 */
#ifndef OSP_HTTP_URL_RESOLVE_H
#define OSP_HTTP_URL_RESOLVE_H

#include "url.h"

/* Room that the result may need, in bytes. */
size_t osp_url_resolve_room(const osp_url *base, size_t reference_length);

/*
 * Writes reference[0 .. length), seen from `base`, into `out`: absolute, without a fragment, its dot segments
 * removed. Returns the length. `base` has an absolute path or none.
 */
size_t osp_url_resolve(const osp_url *base, const char *reference, size_t length, char *out);

#endif
