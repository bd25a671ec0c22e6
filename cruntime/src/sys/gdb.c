/* gdb.c - GDB's JIT interface (GDB manual, "JIT Compilation Interface"): a list of object files of code that was made
 * in this process, and a function on which GDB keeps a breakpoint. Whoever loads code with debug information registers
 * it here. The two names are GDB's; nothing here runs unless it is asked to, and nothing may call it from a signal. */
#include "base.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct jit_code_entry {
    struct jit_code_entry *next_entry;
    struct jit_code_entry *prev_entry;
    const char *symfile_addr;
    uint64_t symfile_size;
};

enum { JIT_NOACTION, JIT_REGISTER, JIT_UNREGISTER };

struct jit_descriptor {
    uint32_t version;
    uint32_t action_flag;
    struct jit_code_entry *relevant_entry;
    struct jit_code_entry *first_entry;
};

/* GDB looks for both by name. */
extern struct jit_descriptor __jit_debug_descriptor;
extern void __jit_debug_register_code(void);

__attribute__((visibility("default"), used)) struct jit_descriptor __jit_debug_descriptor = {1, JIT_NOACTION, NULL, NULL};

__attribute__((visibility("default"), used, noinline)) void __jit_debug_register_code(void) {
    __asm__ volatile("" ::: "memory");
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void tell(uint32_t action, struct jit_code_entry *entry) {
    __jit_debug_descriptor.action_flag = action;
    __jit_debug_descriptor.relevant_entry = entry;
    __jit_debug_register_code();
    __jit_debug_descriptor.action_flag = JIT_NOACTION;
    __jit_debug_descriptor.relevant_entry = NULL;
}

OSP_API void *osp_gdb_register(const void *object, size_t size) {
    struct jit_code_entry *entry = malloc(sizeof *entry + size);
    if (entry == NULL) {
        return NULL;
    }
    char *copy = (char *)(entry + 1);
    memcpy(copy, object, size);
    pthread_mutex_lock(&lock);
    *entry = (struct jit_code_entry){__jit_debug_descriptor.first_entry, NULL, copy, size};
    if (entry->next_entry != NULL) {
        entry->next_entry->prev_entry = entry;
    }
    __jit_debug_descriptor.first_entry = entry;
    tell(JIT_REGISTER, entry);
    pthread_mutex_unlock(&lock);
    return entry;
}

OSP_API void osp_gdb_unregister(void *registration) {
    struct jit_code_entry *entry = registration;
    if (entry == NULL) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (entry->prev_entry != NULL) {
        entry->prev_entry->next_entry = entry->next_entry;
    } else {
        __jit_debug_descriptor.first_entry = entry->next_entry;
    }
    if (entry->next_entry != NULL) {
        entry->next_entry->prev_entry = entry->prev_entry;
    }
    tell(JIT_UNREGISTER, entry);
    pthread_mutex_unlock(&lock);
    free(entry);
}
