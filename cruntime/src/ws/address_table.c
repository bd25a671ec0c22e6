/*
 * See address_table.h.
 */
#include "address_table.h"

#include <netinet/in.h>
#include <string.h>

#include "../sys/sys.h"

enum { FIRST_BUCKETS = 64 };

struct osp__address_entry {
    struct osp__address_entry *next;
    osp__address address;
    int64_t connections;
    osp__rate rate;
};

osp__address osp__address_of(const struct sockaddr *peer)
{
    osp__address address = {{0}};
    if (peer->sa_family == AF_INET) {
        memset(address.bytes + 10, 0xff, 2);
        memcpy(address.bytes + 12, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
    } else if (peer->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
        memcpy(address.bytes, v6, IN6_IS_ADDR_V4MAPPED(v6) ? 16 : 8);
    }
    return address;
}

static size_t bucket_of(const osp__address_table *table, const osp__address *address)
{
    uint64_t words[2];
    memcpy(words, address->bytes, sizeof words);
    unsigned __int128 mixed = (unsigned __int128)(words[0] ^ table->seed) * ((words[1] ^ (table->seed << 1)) | 1);
    return (size_t)((uint64_t)mixed ^ (uint64_t)(mixed >> 64)) & (table->bucket_count - 1);
}

static bool is_forgettable(const struct osp__address_entry *entry, int64_t now_ns)
{
    return entry->connections == 0 && entry->rate.due_ns <= now_ns;
}

/* The link to the entry of an address, or to where it would be; drops what it passes and is of no more use. */
static struct osp__address_entry **find(osp__address_table *table, const osp__address *address, int64_t now_ns)
{
    struct osp__address_entry **link = &table->buckets[bucket_of(table, address)];
    while (*link != NULL && memcmp(&(*link)->address, address, sizeof *address) != 0) {
        struct osp__address_entry *entry = *link;
        if (is_forgettable(entry, now_ns)) {
            *link = entry->next;
            osp__release(entry);
            table->count--;
        } else {
            link = &entry->next;
        }
    }
    return link;
}

static bool grow(osp__address_table *table)
{
    size_t count = table->bucket_count == 0 ? FIRST_BUCKETS : table->bucket_count * 2;
    struct osp__address_entry **buckets = osp__alloc_zeroed(count * sizeof *buckets);
    if (buckets == NULL)
        return table->bucket_count > 0;
    osp__address_table grown = {buckets, count, table->count, table->seed};
    for (size_t i = 0; i < table->bucket_count; i++)
        for (struct osp__address_entry *entry = table->buckets[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            size_t bucket = bucket_of(&grown, &entry->address);
            entry->next = buckets[bucket];
            buckets[bucket] = entry;
        }
    osp__release(table->buckets);
    *table = grown;
    return true;
}

bool osp__address_enter(osp__address_table *table, const osp__address *address, int64_t most, int64_t per_second,
                        int64_t now_ns)
{
    if (table->count >= table->bucket_count && !grow(table))
        return false;
    struct osp__address_entry **link = find(table, address, now_ns), *entry = *link;
    if (entry == NULL) {
        entry = osp__alloc_zeroed(sizeof *entry);
        if (entry == NULL)
            return false;
        entry->address = *address;
        *link = entry;
        table->count++;
    }
    if ((most > 0 && entry->connections >= most) ||
        (per_second > 0 && !osp__rate_admits(&entry->rate, 1, per_second, now_ns)))
        return false;
    entry->connections++;
    return true;
}

void osp__address_leave(osp__address_table *table, const osp__address *address, int64_t now_ns)
{
    struct osp__address_entry **link = find(table, address, now_ns), *entry = *link;
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): who leaves has entered, and is not forgotten meanwhile
    entry->connections--;
    if (!is_forgettable(entry, now_ns))
        return;
    *link = entry->next;
    osp__release(entry);
    table->count--;
}

void osp__address_table_dispose(osp__address_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++)
        for (struct osp__address_entry *entry = table->buckets[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            osp__release(entry);
        }
    osp__release(table->buckets);
    *table = (osp__address_table){0};
}
