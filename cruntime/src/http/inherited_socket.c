/* inherited_socket.c - see inherited_socket.h. The environment is read once; what is found there is checked as if it came
 * from a stranger, since a number is all that ties a descriptor to its purpose. */
#include "inherited_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sys/sys.h"

#define FIRST_FD 3
#define MOST 64

struct inherited {
    int fd; /* -1: taken, or not a listening stream socket */
    char name[256]; /* systemd's limit is 255 bytes */
};

static struct {
    pthread_mutex_t lock;
    bool read;
    int count;
    struct inherited sockets[MOST];
} inherited = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A number in the environment; -1 if it is none. */
static long number(const char *variable) {
    const char *text = getenv(variable);
    if (text == NULL || *text < '0' || *text > '9') return -1;
    char *end;
    long value = strtol(text, &end, 10);
    return *end == '\0' ? value : -1;
}

static bool has_option(int fd, int level, int option, int expected) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, level, option, &value, &size) == 0 && value == expected;
}

static bool is_listening_stream(int fd) {
    return has_option(fd, SOL_SOCKET, SO_TYPE, SOCK_STREAM) && has_option(fd, SOL_SOCKET, SO_ACCEPTCONN, 1);
}

static void read_environment(void) {
    inherited.read = true;
    long count = number("LISTEN_FDS");
    if (number("LISTEN_PID") != (long)getpid() || count < 1) return;
    const char *names = getenv("LISTEN_FDNAMES");
    inherited.count = count < MOST ? (int)count : MOST;
    for (int i = 0; i < inherited.count; i++) {
        struct inherited *entry = &inherited.sockets[i];
        entry->fd = is_listening_stream(FIRST_FD + i) ? FIRST_FD + i : -1;
        if (entry->fd >= 0) (void)fcntl(entry->fd, F_SETFD, FD_CLOEXEC);
        if (names == NULL) continue;
        size_t length = strcspn(names, ":");
        if (length < sizeof entry->name) memcpy(entry->name, names, length);
        names = names[length] == ':' ? names + length + 1 : NULL;
    }
}

static bool any_v4(const struct sockaddr *address) {
    return address->sa_family == AF_INET &&
           ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
}

static bool is_bound_to(int fd, const struct sockaddr *wanted) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound, sought = {0};
    socklen_t size = sizeof bound;
    if (osp__socket_name(fd, &bound.any, &size) != 0) return false;
    memcpy(&sought, wanted, wanted->sa_family == AF_INET ? sizeof sought.v4 : sizeof sought.v6);
    if (bound.any.sa_family == AF_INET && sought.any.sa_family == AF_INET)
        return bound.v4.sin_port == sought.v4.sin_port && bound.v4.sin_addr.s_addr == sought.v4.sin_addr.s_addr;
    if (bound.any.sa_family != AF_INET6) return false;
    if (sought.any.sa_family == AF_INET6)
        return bound.v6.sin6_port == sought.v6.sin6_port &&
               memcmp(&bound.v6.sin6_addr, &sought.v6.sin6_addr, sizeof bound.v6.sin6_addr) == 0;
    return any_v4(wanted) && bound.v6.sin6_port == sought.v4.sin_port && IN6_IS_ADDR_UNSPECIFIED(&bound.v6.sin6_addr) &&
           has_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
}

int osp__inherited_socket(const struct sockaddr *wanted, const char *name) {
    int fd = -1;
    pthread_mutex_lock(&inherited.lock);
    if (!inherited.read) read_environment();
    for (int i = 0; i < inherited.count && fd < 0; i++) {
        struct inherited *entry = &inherited.sockets[i];
        if (entry->fd < 0 || !(name != NULL ? strcmp(entry->name, name) == 0 : is_bound_to(entry->fd, wanted))) continue;
        if (osp__set_nonblocking(entry->fd) != 0) continue;
        fd = entry->fd;
        entry->fd = -1;
    }
    pthread_mutex_unlock(&inherited.lock);
    return fd;
}
