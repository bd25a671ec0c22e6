/*
 * A load of WebSocket clients on 127.0.0.1, as fast as one core can make it.
 *
 *     load PORT CONNECTIONS SECONDS BYTES    each connection sends a message and waits for its echo, again and again;
 *                                            prints the number of echoes and the seconds it took
 *     load PORT CONNECTIONS 0 BYTES          each connection has one exchange and then stays open and silent until
 *                                            standard input ends; prints "ready"
 *
 * It knows no more of the protocol than this needs: one handshake, one kind of frame, echoes of the same length.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PER_SOURCE = 20000, LARGEST = 60000 };

struct connection {
    int fd;
    size_t wanted; /* bytes of the echo that are still to come */
};

static uint8_t frame[LARGEST + 16];
static size_t frame_length, echo_length;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void make_frame(size_t bytes)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    size_t at = 0;
    frame[at++] = 0x81;
    if (bytes < 126) {
        frame[at++] = (uint8_t)(0x80 | bytes);
    } else {
        frame[at++] = 0x80 | 126;
        frame[at++] = (uint8_t)(bytes >> 8);
        frame[at++] = (uint8_t)bytes;
    }
    echo_length = at + bytes;
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < bytes; i++)
        frame[at + i] = (uint8_t)('a' + i % 26) ^ mask[i & 3];
    frame_length = at + bytes;
}

static int open_connection(int port, int number)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in source = {.sin_family = AF_INET}, target = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(number / PER_SOURCE));
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.sin_port = htons((uint16_t)port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || bind(fd, (struct sockaddr *)&source, sizeof source) != 0)
        die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&target, sizeof target) != 0)
        die("connect");
    if (write(fd, request, sizeof request - 1) != sizeof request - 1)
        die("write");
    char reply[2048];
    size_t used = 0;
    do {
        ssize_t got = read(fd, reply + used, 1); /* not a byte of what follows */
        if (got <= 0 || ++used == sizeof reply)
            die("handshake");
    } while (used < 4 || memcmp(reply + used - 4, "\r\n\r\n", 4) != 0);
    if (memcmp(reply, "HTTP/1.1 101", 12) != 0) {
        fprintf(stderr, "refused: %.*s\n", (int)used, reply);
        exit(1);
    }
    return fd;
}

static void send_one(struct connection *connection)
{
    connection->wanted = echo_length;
    if (write(connection->fd, frame, frame_length) != (ssize_t)frame_length)
        die("write");
}

/* Takes in what has come; true if the echo is complete. */
static int take(struct connection *connection)
{
    static uint8_t bytes[LARGEST + 16];
    ssize_t got = read(connection->fd, bytes, connection->wanted);
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN)
            return 0;
        die("read");
    }
    connection->wanted -= (size_t)got;
    return connection->wanted == 0;
}

static void stay_silent(struct connection *connections, int count)
{
    for (int i = 0; i < count; i++) {
        send_one(&connections[i]);
        while (!take(&connections[i])) {
        }
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
}

static void echo(struct connection *connections, int count, double seconds)
{
    int epoll = epoll_create1(0);
    long echoes = 0;
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        fcntl(connections[i].fd, F_SETFL, O_NONBLOCK);
        epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
        send_one(&connections[i]);
    }
    double start = now(), end = start + seconds;
    while (now() < end) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 1000);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!take(connection))
                continue;
            echoes++;
            send_one(connection);
        }
    }
    printf("%ld %.3f\n", echoes, now() - start);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int port = atoi(argv[1]), count = atoi(argv[2]), bytes = atoi(argv[4]);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (bytes < 0 || bytes > LARGEST || count < 1)
        return 2;
    make_frame((size_t)bytes);
    struct connection *connections = calloc((size_t)count, sizeof *connections);
    for (int i = 0; i < count; i++)
        connections[i].fd = open_connection(port, i);
    if (atof(argv[3]) > 0)
        echo(connections, count, atof(argv[3]));
    else
        stay_silent(connections, count);
    return 0;
}
