/* cell.c - cells: the records, variants and closures of compiled code. */
#include "object.h"

#include "../fiber/fiber.h"

OSP_API void *osp_cell_new(osp_ctx *ctx, int64_t info, int64_t words) {
    size_t size;
    void *cell = NULL;
    if (words >= 0 && !__builtin_mul_overflow((size_t)words, 8, &size)) cell = osp__object_new((uint32_t)info, 0, size);
    if (OSP_UNLIKELY(cell == NULL) && ctx != NULL) osp__fiber_fail(ctx, "out of memory");
    return cell;
}
