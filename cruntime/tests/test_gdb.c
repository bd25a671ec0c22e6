/* The list that GDB reads: what is registered is in it, in any order of going. */
#include "check.h"

struct entry {
    struct entry *next, *prev;
    const char *address;
    uint64_t size;
};

extern struct {
    uint32_t version, action;
    struct entry *relevant, *first;
} __jit_debug_descriptor;

static void test_list(void) {
    CHECK(__jit_debug_descriptor.version == 1 && __jit_debug_descriptor.first == NULL);
    char bytes[] = "object";
    struct entry *a = osp_gdb_register(bytes, sizeof bytes);
    struct entry *b = osp_gdb_register("other", 6);
    struct entry *c = osp_gdb_register("", 0);
    bytes[0] = '?';
    CHECK(strcmp(a->address, "object") == 0 && a->size == 7 && strcmp(b->address, "other") == 0 && c->size == 0);
    CHECK(__jit_debug_descriptor.first == c && c->next == b && b->next == a && a->next == NULL);
    CHECK(a->prev == b && b->prev == c && c->prev == NULL);
    osp_gdb_unregister(b);
    CHECK(c->next == a && a->prev == c);
    osp_gdb_unregister(c);
    CHECK(__jit_debug_descriptor.first == a && a->prev == NULL);
    osp_gdb_unregister(NULL);
    osp_gdb_unregister(a);
    CHECK(__jit_debug_descriptor.first == NULL && __jit_debug_descriptor.action == 0);
}

int main(void) {
    test_list();
    return check_report();
}
