/*
 * Fuzz target: the chunked decoder. The body is the same however the input is cut, and never longer than it.
 */
#include <string.h>

#include "../src/http/chunked.h"
#include "fuzz.h"

typedef struct decoded {
    int outcome;
    size_t consumed, length;
    char *body;
} decoded;

static decoded decode(const uint8_t *data, size_t size, size_t step)
{
    decoded result = {.body = malloc(size)};
    osp_chunked decoder;
    osp_chunked_init(&decoder, 1 << 16);
    while (result.outcome == 0 && result.consumed < size) {
        size_t now = size - result.consumed < step ? size - result.consumed : step, used, produced;
        char *piece = exact_copy(data + result.consumed, now);
        result.outcome = osp_chunked_decode(&decoder, piece, now, &used, &produced);
        REQUIRE(produced <= used && used <= now && (result.outcome != 0 || used == now));
        memcpy(result.body + result.length, piece, produced);
        result.length += produced;
        result.consumed += used;
        free(piece);
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    decoded whole = decode(data, size, size), pieces = decode(data, size, 1 + data[size - 1] % 5);
    REQUIRE(whole.outcome == pieces.outcome && whole.consumed == pieces.consumed);
    REQUIRE(whole.length == pieces.length && memcmp(whole.body, pieces.body, whole.length) == 0);
    free(whole.body);
    free(pieces.body);
    return 0;
}
