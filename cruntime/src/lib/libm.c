/* libm.c - see libm.h. The library is never closed. Whoever comes first opens it; several may, which does no harm. */
#include "libm.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "../fiber/fiber.h"

typedef double function(double x, double y);

enum { POW, FMOD, FUNCTIONS };
static function *functions[FUNCTIONS]; /* atomic */

static void open_libm(void *unused)
{
    (void)unused;
    static const char *const names[FUNCTIONS] = {"pow", "fmod"};
    void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
    /* C libraries that are all in one have no such file. */
    for (int i = 0; i < FUNCTIONS; i++) {
        function *found;
        *(void **)&found = dlsym(library != NULL ? library : RTLD_DEFAULT, names[i]);
        __atomic_store_n(&functions[i], found, __ATOMIC_RELEASE);
    }
}

static function *find(osp_ctx *ctx, int which)
{
    function *found = __atomic_load_n(&functions[which], __ATOMIC_ACQUIRE);
    if (OSP_LIKELY(found != NULL))
        return found;
    osp_call_on_system_stack(ctx, open_libm, NULL); /* the dynamic linker needs more stack than a fiber has */
    found = __atomic_load_n(&functions[which], __ATOMIC_ACQUIRE);
    if (found == NULL && ctx != NULL)
        osp__fiber_fail(ctx, "the C library's functions of floats cannot be opened");
    if (found == NULL)
        abort();
    return found;
}

double osp__pow(osp_ctx *ctx, double x, double y)
{
    return find(ctx, POW)(x, y);
}

double osp__fmod(osp_ctx *ctx, double x, double y)
{
    return find(ctx, FMOD)(x, y);
}
