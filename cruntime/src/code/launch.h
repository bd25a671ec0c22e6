/* launch.h - a command line that runs a cached program, understood and obeyed without the compiler.
 *
 * Called by the launcher and, first of all, by `python -m ospjit`. It must either run the program exactly as the
 * compiler's command line would, or touch nothing and say that it does not. */
#ifndef OSP_CODE_LAUNCH_H
#define OSP_CODE_LAUNCH_H

#include <stdint.h>

#include "../base.h"

/* `arguments` are those of the ospjit command. The exit status of the program, or -1: not cached, or nothing that is
 * understood here. `package` and `library` are as in the key; `since` as in osp_cache_load. */
int64_t osp_launch(const char *package, const char *library, int64_t since, int32_t count, const char *const *arguments);

/* osp_run_main, and a report of cells that stayed alive, if anybody counts. The exit status. */
int64_t osp_run_program(void (*entry)(osp_ctx *, void *));

#endif
