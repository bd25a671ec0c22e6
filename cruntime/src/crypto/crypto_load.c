/*
 * See crypto_load.h. The library is never closed: OpenSSL does not survive that well, and there is one runtime
 * a process. The outcome, good or bad, is settled once.
 */
#include "crypto_load.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t opened = PTHREAD_ONCE_INIT;
static const osp_crypto *table;
static char fault[4352];

/* Path of the library beside this one. */
static bool beside_us(char *path, size_t size)
{
    static const char name[] = "libospjit_crypto.so";
    Dl_info here;
    if (dladdr((const void *)&fault, &here) == 0 || here.dli_fname == NULL)
        return false;
    const char *slash = strrchr(here.dli_fname, '/');
    int folder = slash != NULL ? (int)(slash - here.dli_fname) + 1 : 0;
    int length = snprintf(path, size, "%.*s%s", folder, here.dli_fname, name);
    return length > 0 && (size_t)length < size;
}

static void open_library(void)
{
    char path[4096];
    if (!beside_us(path, sizeof path)) {
        snprintf(fault, sizeof fault, "cannot tell where the runtime library lies");
        return;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(fault, sizeof fault, "%s", dlerror());
        return;
    }
    const osp_crypto *(*entry)(void);
    *(void **)&entry = dlsym(library, "osp_crypto_table");
    if (entry == NULL || entry()->version != OSP_CRYPTO_VERSION) {
        snprintf(fault, sizeof fault, "%s does not belong to this runtime", path);
        return;
    }
    __atomic_store_n(&table, entry(), __ATOMIC_RELEASE);
}

static void open_once(void *unused)
{
    (void)unused;
    pthread_once(&opened, open_library);
}

const osp_crypto *osp__crypto(osp_ctx *ctx, const char **why)
{
    const osp_crypto *known = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
    if (known != NULL)
        return known;
    osp_call_on_system_stack(ctx, open_once, NULL); /* the dynamic linker needs more stack than a fiber has */
    if (table == NULL)
        *why = fault;
    return table;
}
