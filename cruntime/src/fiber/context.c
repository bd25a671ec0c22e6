/* context.c - see context.h. */
#include "context.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base.h"
#include "../sys/sys.h"

#if OSP_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if OSP_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* ThreadSanitizer keeps a call stack for each flow. What runs between the announcement of a switch and the switch itself
 * would be entered on one and left on the other. */
#define UNTRACED __attribute__((no_sanitize("thread")))
#define UNTRACED_INLINE UNTRACED static inline __attribute__((always_inline))

/* ---- which mechanism --------------------------------------------------------------------------------------------- */

#ifdef OSP_SWITCH_ASM
void osp__switch(void **save, void *load);
void osp__switch_enter(void **save, const ucontext_t *first);

#define ARCH_SHSTK_STATUS 0x5005

static bool shadow_stack_is_on(void) {
#if defined(__x86_64__)
    unsigned long features = 0;
    return syscall(SYS_arch_prctl, ARCH_SHSTK_STATUS, &features) == 0 && (features & 1) != 0;
#else
    return false;
#endif
}

bool osp__context_is_direct(void) {
    static int direct = -1; /* the answer is the same whoever asks first */
    int known = __atomic_load_n(&direct, __ATOMIC_RELAXED);
    if (OSP_UNLIKELY(known < 0)) {
        known = !shadow_stack_is_on();
        __atomic_store_n(&direct, known, __ATOMIC_RELAXED);
    }
    return known;
}
#else
bool osp__context_is_direct(void) { return false; }
#endif

/* ---- what the sanitizers want to know ---------------------------------------------------------------------------- */

/* Before leaving `from`; `dying` lets AddressSanitizer free its fake stack. */
UNTRACED_INLINE void announce(struct osp__context *from, struct osp__context *to, bool dying) {
    (void)from, (void)to, (void)dying;
#if OSP_ASAN
    __sanitizer_start_switch_fiber(dying ? NULL : &from->sanitizer_stack, to->stack_low, to->stack_size);
#endif
#if OSP_TSAN
    __tsan_switch_to_fiber(to->sanitizer_fiber, 0);
#endif
}

/* After arriving in `self`. */
UNTRACED_INLINE void arrived(struct osp__context *self) {
    (void)self;
#if OSP_ASAN
    __sanitizer_finish_switch_fiber(self->sanitizer_stack, NULL, NULL);
#endif
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

UNTRACED static void start(unsigned high, unsigned low) {
    struct osp__context *self = (struct osp__context *)((uintptr_t)high << 32 | low);
    void (*entry)(void *) = self->entry;
    self->entry = NULL;
    arrived(self);
    entry(self->argument);
    __builtin_trap(); /* an entry never returns */
}

UNTRACED static void prepare(ucontext_t *first, struct osp__context *context) {
    getcontext(first);
    first->uc_stack.ss_sp = context->stack_low;
    first->uc_stack.ss_size = context->stack_size;
    first->uc_link = NULL;
    uintptr_t self = (uintptr_t)context;
    makecontext(first, (void (*)(void))start, 2, (unsigned)(self >> 32), (unsigned)self);
}

int osp__context_of_thread(struct osp__context *context) {
    *context = (struct osp__context){0};
#if OSP_ASAN
    /* AddressSanitizer has to be told the bounds of the stack that it returns to. */
    pthread_attr_t attributes;
    void *low;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &low, &size);
        pthread_attr_destroy(&attributes);
        context->stack_low = low;
        context->stack_size = size;
    }
#endif
#if OSP_TSAN
    context->sanitizer_fiber = __tsan_get_current_fiber();
#endif
    if (osp__context_is_direct()) return 0;
    context->portable = osp__alloc_zeroed(sizeof(ucontext_t));
    return context->portable != NULL ? 0 : -ENOMEM;
}

int osp__context_make(struct osp__context *context, char *stack_low, size_t stack_size, void (*entry)(void *),
                      void *argument) {
    if (!osp__context_is_direct() && context->portable == NULL) {
        context->portable = osp__alloc_zeroed(sizeof(ucontext_t));
        if (context->portable == NULL) return -ENOMEM;
    }
    context->stack_low = stack_low;
    context->stack_size = stack_size;
    context->entry = entry;
    context->argument = argument;
    context->sanitizer_stack = NULL;
#if OSP_ASAN
    __asan_unpoison_memory_region(stack_low, stack_size); /* of the frames of an abandoned flow */
#endif
#if OSP_TSAN
    if (context->sanitizer_fiber != NULL) __tsan_destroy_fiber(context->sanitizer_fiber);
    context->sanitizer_fiber = __tsan_create_fiber(0);
#endif
    if (context->portable != NULL) prepare(context->portable, context);
    return 0;
}

void osp__context_release(struct osp__context *context) {
    osp__release(context->portable);
    context->portable = NULL;
#if OSP_TSAN
    if (context->sanitizer_fiber != NULL) __tsan_destroy_fiber(context->sanitizer_fiber);
    context->sanitizer_fiber = NULL;
#endif
}

/* ---- switching --------------------------------------------------------------------------------------------------- */

#ifdef OSP_SWITCH_ASM
/* Apart, because the ucontext_t is large and only the first switch to a stack needs one. It may live in this frame:
 * the frame stays until somebody switches back, and setcontext has read it long before. */
UNTRACED __attribute__((noinline)) static void enter(struct osp__context *from, struct osp__context *to) {
    ucontext_t first;
    prepare(&first, to);
    osp__switch_enter(&from->stack_pointer, &first);
}
#endif

UNTRACED_INLINE void transfer(struct osp__context *from, struct osp__context *to) {
#ifdef OSP_SWITCH_ASM
    if (OSP_LIKELY(to->portable == NULL)) {
        if (OSP_LIKELY(to->entry == NULL))
            osp__switch(&from->stack_pointer, to->stack_pointer);
        else
            enter(from, to);
        return;
    }
#endif
    swapcontext(from->portable, to->portable);
}

UNTRACED void osp__context_switch(struct osp__context *from, struct osp__context *to) {
    announce(from, to, false);
    transfer(from, to);
    arrived(from);
}

UNTRACED _Noreturn void osp__context_abandon(struct osp__context *from, struct osp__context *to) {
    announce(from, to, true);
    transfer(from, to);
    __builtin_unreachable();
}
