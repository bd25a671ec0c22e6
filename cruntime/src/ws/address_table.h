/*
 * How many connections each address has, and how fast they come: what limits per address are counted in.
 *
 * An IPv6 client commands a whole /64, which therefore counts as one address. Not for several threads at once.
 */
#ifndef OSP_WS_ADDRESS_TABLE_H
#define OSP_WS_ADDRESS_TABLE_H

#include <stddef.h>
#include <sys/socket.h>

#include "rate.h"

typedef struct osp__address {
    uint8_t bytes[16]; /* IPv4: the last four, after ten zeros and two 0xff */
} osp__address;

/* The address by which a peer is counted. */
osp__address osp__address_of(const struct sockaddr *peer);

typedef struct osp__address_table {
    struct osp__address_entry **buckets;
    size_t bucket_count, count;
    uint64_t seed; /* random, so that nobody can fill one bucket */
} osp__address_table;

/* A connection comes. False if the address has `most` (0: any number) already, if more than `per_second` (0: any
 * number) have come, or if memory runs out. */
bool osp__address_enter(osp__address_table *table, const osp__address *address, int64_t most, int64_t per_second,
                        int64_t now_ns);

/* A connection that was let in goes. */
void osp__address_leave(osp__address_table *table, const osp__address *address, int64_t now_ns);

void osp__address_table_dispose(osp__address_table *table);

#endif
