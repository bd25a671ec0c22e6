/* base.h - what every source of the runtime includes: the public header, the generated prototypes of the functions
 * that compiled code calls, and a handful of macros. It must never grow helpers with a life of their own. */
#ifndef OSP_BASE_H
#define OSP_BASE_H

#include "ospjit.h"

#ifdef OSP_HAVE_BUILTINS_H
#include "osp_builtins.h"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define OSP_ASAN 1
#else
#define OSP_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__)
#define OSP_TSAN 1
#else
#define OSP_TSAN 0
#endif

#define OSP_LIKELY(x) __builtin_expect(!!(x), 1)
#define OSP_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define OSP_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#endif
