/* libm.h - the C library's functions of floats that no instruction computes. Its libm is opened when one of them is
 * first called: few programs do, and it would be an eighth of the memory that a small one takes. */
#ifndef OSP_LIB_LIBM_H
#define OSP_LIB_LIBM_H

#include "../base.h"

/* As in C. The fiber fails if there is no libm; `ctx` may be NULL, but then there must be one. */
double osp__pow(osp_ctx *ctx, double x, double y);
double osp__fmod(osp_ctx *ctx, double x, double y);

#endif
