/* stream.h - a growing row of bytes through which values cross between compiled code and an embedder.
 *
 * The compiler writes for every type a function that reads it from a stream and one that writes it, so that neither
 * side knows how the other lays out its values: numbers are eight bytes each in the machine's order, strings a length
 * and the bytes, lists and maps a count and the items, unions a number and the fields. */
#ifndef OSP_EMBED_STREAM_H
#define OSP_EMBED_STREAM_H

#include "../base.h"

struct osp_stream {
    char *bytes;
    size_t used, capacity;
    size_t at; /* where reading goes on */
};

#endif
