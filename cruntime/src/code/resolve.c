/* resolve.c - see resolve.h. Handles are asked, never the process as a whole: what else an embedder has loaded must
 * not be found by accident. */
#include "resolve.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* The one that most programs would open in vain comes last. */
enum { OTHERS = 3 };
static const char *const names[OTHERS] = {"libc.so.6", "libgcc_s.so.1", "libm.so.6"};

static struct {
    void *runtime, *others[OTHERS];
} handles;

static void open_runtime(void) {
    Dl_info here;
    if (dladdr((const void *)&handles, &here) != 0 && here.dli_fname != NULL)
        handles.runtime = dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
}

static void *given(const char *name, const struct osp_code_surroundings *surroundings) {
    for (size_t i = 0; i < surroundings->symbol_count; i++)
        if (strcmp(surroundings->names[i], name) == 0) return (void *)(uintptr_t)surroundings->addresses[i];
    void *found = NULL;
    for (size_t i = 0; found == NULL && i < surroundings->library_count; i++) found = dlsym(surroundings->libraries[i], name);
    return found;
}

/* Opened once, and never closed. */
static void *from_other(int which, const char *name) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (handles.others[which] == NULL) handles.others[which] = dlopen(names[which], RTLD_LAZY | RTLD_LOCAL);
    void *library = handles.others[which];
    pthread_mutex_unlock(&lock);
    return library != NULL ? dlsym(library, name) : NULL;
}

void *osp__resolve(const char *name, const struct osp_code_surroundings *surroundings) {
    static pthread_once_t opened = PTHREAD_ONCE_INIT;
    pthread_once(&opened, open_runtime);
    void *found = NULL;
    if (strncmp(name, "osp_", 4) == 0 && handles.runtime != NULL) found = dlsym(handles.runtime, name);
    if (found == NULL) found = given(name, surroundings);
    for (int i = 0; found == NULL && i < OTHERS; i++) found = from_other(i, name);
    return found;
}
