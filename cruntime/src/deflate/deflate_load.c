/*
 * See deflate_load.h. The library is never closed; the outcome is settled once.
 */
#include "deflate_load.h"

#include <pthread.h>
#include <stdio.h>

#include "../sys/library.h"

static pthread_once_t opened = PTHREAD_ONCE_INIT;
static const osp_deflate *table;
static char fault[4352];

static void open_library(void)
{
    const osp_deflate *(*entry)(void);
    *(void **)&entry = osp__library_open("libospjit_deflate.so", "osp_deflate_table", fault, sizeof fault);
    if (entry == NULL)
        return;
    if (entry()->version == OSP_DEFLATE_VERSION)
        __atomic_store_n(&table, entry(), __ATOMIC_RELEASE);
    else
        snprintf(fault, sizeof fault, "libospjit_deflate.so does not belong to this runtime");
}

static void open_once(void *unused)
{
    (void)unused;
    pthread_once(&opened, open_library);
}

const osp_deflate *osp__deflate(osp_ctx *ctx, const char **why)
{
    const osp_deflate *known = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
    if (known != NULL)
        return known;
    osp_call_on_system_stack(ctx, open_once, NULL); /* the dynamic linker needs more stack than a fiber has */
    if (table == NULL)
        *why = fault;
    return table;
}
