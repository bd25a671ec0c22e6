/* fault.c - the backstop for stack overflow: a touch of a fiber's guard page.
 *
 * Compiled code checks its stack in its prologues, so a guard page is reached only by foreign C code that needs more
 * than the reserve. The signal handler runs on an alternate stack, recognises the page as the running fiber's guard,
 * and returns into osp_stack_exhausted on a fresh frame at the top of that fiber's stack: its old frames are dead.
 * Every other fault goes to the handler that was installed before. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>
#include <unistd.h>

#include "../sched/worker.h"
#include "../sys/sys.h"
#include "fiber.h"


static struct sigaction previous;

static bool hits_guard(const struct osp_fiber *fiber, uintptr_t address) {
    uintptr_t low = (uintptr_t)fiber->context.stack_low;
    return address < low && low - address <= (uintptr_t)sysconf(_SC_PAGESIZE);
}

static void redirect(ucontext_t *interrupted, struct osp_fiber *fiber) {
    uintptr_t top = ((uintptr_t)fiber->context.stack_low + fiber->context.stack_size) & ~(uintptr_t)15;
#if defined(__x86_64__)
    interrupted->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)osp_stack_exhausted;
    interrupted->uc_mcontext.gregs[REG_RDI] = (greg_t)(uintptr_t)&fiber->ctx;
    interrupted->uc_mcontext.gregs[REG_RSP] = (greg_t)(top - 8); /* as after a call */
#elif defined(__aarch64__)
    interrupted->uc_mcontext.pc = (uintptr_t)osp_stack_exhausted;
    interrupted->uc_mcontext.regs[0] = (uintptr_t)&fiber->ctx;
    interrupted->uc_mcontext.sp = top;
#else
#error "unsupported CPU"
#endif
}

static void chain(int signal, siginfo_t *info, void *context) {
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    } else {
        /* Returning repeats the faulting instruction, now under the default action. */
        struct sigaction standard = {.sa_handler = SIG_DFL};
        sigaction(signal, &standard, NULL);
    }
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    int saved = errno;
    struct osp_worker *worker = osp__worker_self();
    struct osp_fiber *fiber = worker != NULL ? worker->current : NULL;
    if (fiber != NULL && info->si_code > 0 && hits_guard(fiber, (uintptr_t)info->si_addr)) {
        fiber->overrun = true;
        redirect(context, fiber);
    } else {
        chain(signal, info, context);
    }
    errno = saved;
}

int osp__fault_install(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = on_fault;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, &previous) == 0 ? 0 : -errno;
}

int osp__fault_prepare_thread(void **alternate_stack) {
    const size_t size = 64 << 10;
    *alternate_stack = osp__alloc(size);
    if (*alternate_stack == NULL) return -ENOMEM;
    stack_t alternate = {.ss_sp = *alternate_stack, .ss_size = size};
    return sigaltstack(&alternate, NULL) == 0 ? 0 : -errno;
}
