/* entry.c - see entry.h. */
#include "entry.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../sys/sys.h"
#include "host_cpu.h"
#include "store.h"

static const char mark[8] = "OSPCODE1";

struct header {
    char mark[8];
    uint64_t digest[2]; /* of everything after this field */
    uint64_t size;
    uint64_t ends[OSP_ENTRY_PARTS];
};
#define DIGESTED offsetof(struct header, size)

static int failed(int error, const char *reason, const char **why) {
    *why = reason;
    return error;
}

/* ---- the key: the parts with their lengths before them ------------------------------------------------------------- */

static char *key_bytes(const struct osp_bytes key[OSP_KEY_PARTS], size_t *size) {
    struct osp_bytes all[OSP_KEY_PARTS];
    memcpy(all, key, sizeof all);
    if (all[OSP_KEY_CPU].size == 0) {
        all[OSP_KEY_CPU].data = osp__host_cpu();
        all[OSP_KEY_CPU].size = strlen(all[OSP_KEY_CPU].data);
    }
    *size = 0;
    for (int i = 0; i < OSP_KEY_PARTS; i++) *size += sizeof(uint64_t) + all[i].size;
    char *bytes = osp__alloc(*size);
    if (bytes == NULL) return NULL;
    char *at = bytes;
    for (int i = 0; i < OSP_KEY_PARTS; i++) {
        uint64_t length = htole64(all[i].size);
        memcpy(at, &length, sizeof length);
        if (all[i].size != 0) memcpy(at + sizeof length, all[i].data, all[i].size);
        at += sizeof length + all[i].size;
    }
    return bytes;
}

static void entry_name(const char *key, size_t size, char name[64]) {
    const osp_digest begin = {0, 0};
    char text[33];
    osp__digest_text(osp__digest(begin, key, size), text);
    snprintf(name, 64, "%s.code", text);
}

/* ---- dependencies --------------------------------------------------------------------------------------------------- */

struct record {
    uint64_t kind, path_size; /* with the NUL; the path follows */
    osp_digest stat, content;
};

int osp__dependencies_add(struct osp_dependencies *list, char kind, const char *path) {
    struct osp_state state;
    int error = osp__dependency_state(kind, path, true, &state);
    if (error != 0) return error;
    size_t length = strlen(path) + 1;
    if (list->capacity - list->size < sizeof(struct record) + length) {
        size_t capacity = (list->size + sizeof(struct record) + length) * 2;
        char *bytes = osp__resize(list->bytes, capacity);
        if (bytes == NULL) return -ENOMEM;
        list->bytes = bytes;
        list->capacity = capacity;
    }
    struct record record = {htole64((unsigned char)kind), htole64(length), state.stat, state.content};
    memcpy(list->bytes + list->size, &record, sizeof record);
    memcpy(list->bytes + list->size + sizeof record, path, length);
    list->size += sizeof record + length;
    if (kind != OSP_DEPENDENCY_CONTENT && state.changed > list->changed) list->changed = state.changed;
    return 0;
}

static int check_dependencies(struct osp_bytes part, int64_t since, const char **why) {
    const char *at = part.data;
    int64_t changed = 0;
    for (size_t left = part.size; left > 0;) {
        struct record record;
        if (left < sizeof record) return failed(-EBADMSG, "the file is damaged", why);
        memcpy(&record, at, sizeof record);
        size_t length = le64toh(record.path_size);
        if (length == 0 || length > left - sizeof record || memchr(at + sizeof record, '\0', length) != at + sizeof record + length - 1)
            return failed(-EBADMSG, "the file is damaged", why);
        struct osp_state was = {record.stat, record.content, 0};
        if (!osp__dependency_holds((char)le64toh(record.kind), at + sizeof record, &was, &changed))
            return failed(-ESTALE, "what it was compiled with has changed", why);
        at += sizeof record + length;
        left -= sizeof record + length;
    }
    return changed > since ? failed(-ESTALE, "the installation has changed since this process began", why) : 0;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static bool parse(struct osp_entry *entry, size_t size) {
    struct header header;
    if (size < sizeof header) return false;
    memcpy(&header, entry->bytes, sizeof header);
    if (memcmp(header.mark, mark, sizeof mark) != 0 || le64toh(header.size) != size) return false;
    const osp_digest begin = {0, 0};
    osp_digest digest = osp__digest(begin, entry->bytes + DIGESTED, size - DIGESTED);
    if (digest.a != le64toh(header.digest[0]) || digest.b != le64toh(header.digest[1])) return false;
    size_t at = sizeof header;
    for (int i = 0; i < OSP_ENTRY_PARTS; i++) {
        uint64_t end = le64toh(header.ends[i]);
        if (end < at || end > size) return false;
        entry->parts[i].data = entry->bytes + at;
        entry->parts[i].size = (size_t)end - at;
        at = (size_t)end;
    }
    return at == size;
}

static int check(struct osp_entry *entry, size_t size, const char *key, size_t key_size, int64_t since, const char **why) {
    if (!parse(entry, size)) return failed(-EBADMSG, "the file is damaged", why);
    struct osp_bytes stored = entry->parts[OSP_ENTRY_KEY];
    if (stored.size != key_size || memcmp(stored.data, key, key_size) != 0) return failed(-ENOENT, "not there", why);
    return check_dependencies(entry->parts[OSP_ENTRY_DEPENDENCIES], since, why);
}

static int find(int folder, const char *key, size_t key_size, int64_t since, struct osp_entry *entry, const char **why) {
    char name[64];
    entry_name(key, key_size, name);
    size_t size;
    int error = osp__store_read(folder, name, &entry->bytes, &size, why);
    if (error != 0) return error;
    error = check(entry, size, key, key_size, since, why);
    if (error == 0) return 0;
    osp__release(entry->bytes);
    entry->bytes = NULL;
    return error;
}

int osp__entry_find(const struct osp_bytes key[OSP_KEY_PARTS], int64_t since, struct osp_entry *entry, const char **why) {
    entry->bytes = NULL;
    int folder = osp__store_open(false, why);
    if (folder < 0) return folder;
    size_t size;
    char *bytes = key_bytes(key, &size);
    int error = bytes == NULL ? failed(-ENOMEM, "out of memory", why) : find(folder, bytes, size, since, entry, why);
    osp__release(bytes);
    (void)osp__close(folder);
    return error;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static int write_entry(int folder, const char *name, const struct osp_bytes parts[OSP_ENTRY_PARTS], const char **why) {
    size_t size = sizeof(struct header);
    struct header header = {0};
    memcpy(header.mark, mark, sizeof mark);
    for (int i = 0; i < OSP_ENTRY_PARTS; i++) header.ends[i] = htole64(size += parts[i].size);
    header.size = htole64(size);
    char *bytes = osp__alloc(size);
    if (bytes == NULL) return failed(-ENOMEM, "out of memory", why);
    memcpy(bytes, &header, sizeof header);
    char *at = bytes + sizeof header;
    for (int i = 0; i < OSP_ENTRY_PARTS; i++) {
        if (parts[i].size != 0) memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    const osp_digest begin = {0, 0};
    osp_digest digest = osp__digest(begin, bytes + DIGESTED, size - DIGESTED);
    const uint64_t stored[2] = {htole64(digest.a), htole64(digest.b)};
    memcpy(bytes + offsetof(struct header, digest), stored, sizeof stored);
    const struct iovec whole = {bytes, size};
    int error = osp__store_write(folder, name, &whole, 1, why);
    osp__release(bytes);
    return error;
}

int osp__entry_store(const struct osp_bytes key[OSP_KEY_PARTS], const struct osp_bytes parts[OSP_ENTRY_PARTS], const char **why) {
    int folder = osp__store_open(true, why);
    if (folder < 0) return folder;
    struct osp_bytes all[OSP_ENTRY_PARTS];
    memcpy(all, parts, sizeof all);
    char *bytes = key_bytes(key, &all[OSP_ENTRY_KEY].size);
    all[OSP_ENTRY_KEY].data = bytes;
    int error = bytes == NULL ? failed(-ENOMEM, "out of memory", why) : 0;
    char name[64];
    if (error == 0) {
        entry_name(bytes, all[OSP_ENTRY_KEY].size, name);
        error = write_entry(folder, name, all, why);
    }
    if (error == 0) osp__store_trim(folder, name);
    osp__release(bytes);
    (void)osp__close(folder);
    return error;
}
