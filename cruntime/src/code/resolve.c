/* resolve.c - see resolve.h. Handles are asked, never the process as a whole: what else an embedder has loaded must
 * not be found by accident. */
#include "resolve.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static struct {
    void *runtime, *others[3];
} handles;

static void open_handles(void) {
    static const char *const names[] = {"libc.so.6", "libm.so.6", "libgcc_s.so.1"};
    Dl_info here;
    if (dladdr((const void *)&handles, &here) != 0 && here.dli_fname != NULL)
        handles.runtime = dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    for (int i = 0; i < 3; i++) handles.others[i] = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
}

static void *given(const char *name, const struct osp_code_surroundings *surroundings) {
    for (size_t i = 0; i < surroundings->symbol_count; i++)
        if (strcmp(surroundings->names[i], name) == 0) return (void *)(uintptr_t)surroundings->addresses[i];
    void *found = NULL;
    for (size_t i = 0; found == NULL && i < surroundings->library_count; i++) found = dlsym(surroundings->libraries[i], name);
    return found;
}

void *osp__resolve(const char *name, const struct osp_code_surroundings *surroundings) {
    static pthread_once_t opened = PTHREAD_ONCE_INIT;
    pthread_once(&opened, open_handles);
    void *found = NULL;
    if (strncmp(name, "osp_", 4) == 0 && handles.runtime != NULL) found = dlsym(handles.runtime, name);
    if (found == NULL) found = given(name, surroundings);
    for (int i = 0; found == NULL && i < 3; i++)
        if (handles.others[i] != NULL) found = dlsym(handles.others[i], name);
    return found;
}
