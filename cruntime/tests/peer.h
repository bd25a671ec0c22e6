/* peer.h - a plain blocking client for the server's tests: bytes in, bytes out, with time-outs so that nothing hangs. */
#ifndef OSP_TESTS_PEER_H
#define OSP_TESTS_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "check.h"

static inline int peer_connect(int64_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct timeval limit = {.tv_sec = 15};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

static inline bool peer_send(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

/* Reads until the other side closes or `limit` bytes are there; NUL-terminates; returns the length. */
static inline size_t peer_read(int fd, char *bytes, size_t limit) {
    size_t used = 0;
    ssize_t n = 1;
    for (; used < limit && (n = recv(fd, bytes + used, limit - used, 0)) > 0;) used += (size_t)n;
    CHECK(n >= 0 || errno != EAGAIN); /* a time-out is never what a test waits for */
    bytes[used] = '\0';
    return used;
}

/* Reads until `wanted` occurs `times` times, or the other side closes. True if it does. */
__attribute__((unused)) static bool peer_read_until(int fd, char *bytes, size_t limit, const char *wanted, int times) {
    size_t used = 0;
    for (;;) {
        bytes[used] = '\0';
        int found = 0;
        for (const char *at = bytes; (at = strstr(at, wanted)) != NULL; at += strlen(wanted)) found++;
        if (found >= times) return true;
        ssize_t n = used < limit ? recv(fd, bytes + used, limit - used, 0) : 0;
        if (n <= 0) return false;
        used += (size_t)n;
    }
}

/* Sends a request on a connection of its own and reads all there is, until the server closes. */
__attribute__((unused)) static size_t peer_exchange(int64_t port, const char *request, size_t length, char *reply,
                                                    size_t limit) {
    int fd = peer_connect(port);
    if (fd < 0) return 0;
    peer_send(fd, request, length);
    size_t used = peer_read(fd, reply, limit);
    close(fd);
    return used;
}

#endif
