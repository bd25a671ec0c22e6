/* test_lib_threads.c - values that several threads hold: persistent lists and maps after osp_mark_shared,
 * JSON handles, descriptors. Run under the race detector. */
#include <pthread.h>

#include "check.h"

enum { THREADS = 4, ROUNDS = 2000 };

static void *shared_list, *shared_map;
static int64_t json_handle, descriptor;

/* Each thread derives versions of its own from the shared values; the shared ones must not change. */
static void *derive(void *argument)
{
    int64_t seed = (int64_t)(intptr_t)argument;
    char *error = NULL;
    for (int64_t i = 0; i < ROUNDS; i++) {
        osp_dup(shared_list);
        void *list = osp_list_append(NULL, shared_list, (int64_t)(intptr_t)text("new"));
        list = osp_list_set(NULL, list, (seed * 31 + i) % 100, (int64_t)(intptr_t)text("set"), &error);
        list = osp_list_drop(NULL, list, i % 90);
        CHECK(osp_list_length(NULL, list) == 101 - i % 90 && error == NULL);
        CHECK_STRING((char *)(intptr_t)osp_list_get(NULL, shared_list, i % 100, &error), "element");
        osp_drop(list);

        osp_dup(shared_map);
        void *map = osp_map_set(NULL, shared_map, i, (int64_t)(intptr_t)text("set"));
        map = osp_map_remove(NULL, map, (i + 1) % 100);
        CHECK(osp_map_length(NULL, map) == (i < 100 ? 99 : 100));
        CHECK_STRING((char *)(intptr_t)osp_map_get(NULL, shared_map, i % 100, &error), "element");
        osp_drop(map);
    }
    return NULL;
}

static void *use_handles(void *argument)
{
    (void)argument;
    char *path = text("[2].a"), *name = text("x");
    for (int i = 0; i < ROUNDS; i++) {
        char *error = NULL;
        char *value = osp_json_get(NULL, json_handle, path, &error);
        if (value != NULL)
            CHECK_TEXT(value, "value");
        osp_drop(value);
        osp_drop(error);
        error = NULL;
        if (i == ROUNDS / 2)
            osp_json_free(NULL, json_handle, &error);
        osp_drop(error);
        error = NULL;
        osp_write_fd(NULL, descriptor, name, &error);
        osp_drop(error);
        error = NULL;
        if (i > ROUNDS / 2)
            osp_close_fd(NULL, descriptor, &error);
        osp_drop(error);
    }
    osp_drop(path);
    osp_drop(name);
    return NULL;
}

static void run_threads(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, body, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    char *error = NULL;
    int64_t before = osp_live_cells();
    shared_list = osp_list_empty(NULL, OSP_POINTERS);
    shared_map = osp_map_empty(NULL, false, true);
    for (int64_t i = 0; i < 100; i++) {
        shared_list = osp_list_append(NULL, shared_list, (int64_t)(intptr_t)text("element"));
        shared_map = osp_map_set(NULL, shared_map, i, (int64_t)(intptr_t)text("element"));
    }
    osp_mark_shared(shared_list);
    osp_mark_shared(shared_map);
    run_threads(derive);
    osp_drop(shared_list);
    osp_drop(shared_map);

    char *document = text("[1, {}, {\"a\": \"value\"}]"), *null_device = text("/dev/null");
    json_handle = osp_json_parse(NULL, document, &error);
    descriptor = osp_create_file(NULL, null_device, &error);
    CHECK(error == NULL);
    run_threads(use_handles);
    osp_drop(document);
    osp_drop(null_device);
    CHECK(osp_live_cells() == before);
    return check_report();
}
