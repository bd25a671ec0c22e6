/* listen_socket.c - see listen_socket.h.
 *
 * The socket listens at once, before anybody accepts: on Linux two sockets with SO_REUSEADDR may be bound to one port
 * as long as neither listens, and the second program would learn only later that the port was taken. SO_REUSEADDR
 * itself is needed to take over a port from connections that linger in TIME_WAIT. */
#include "listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "../mem/string.h"
#include "../sys/sys.h"
#include "inherited_socket.h"

void osp_sleep(osp_ctx *ctx, int64_t ms);

#define BACKLOG 4096
#define PATIENCE_NS ((int64_t)1000000000)

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse_address(const char *text, uint16_t port, union address *address, socklen_t *size) {
    memset(address, 0, sizeof *address);
    if (strcmp(text, "localhost") == 0) text = "127.0.0.1";
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        *size = sizeof address->v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(port);
        *size = sizeof address->v6;
        return true;
    }
    return false;
}

/* A descriptor or a negative errno. */
static int try_once(const union address *address, socklen_t size, enum osp__listen_stage *stage) {
    *stage = OSP__LISTEN_SOCKET;
    int fd = osp__socket(address->any.sa_family, SOCK_STREAM);
    if (fd < 0) return fd;
    *stage = OSP__LISTEN_OPTIONS;
    int error = osp__set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0) error = osp__set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* accepted sockets inherit it */
    if (error == 0) {
        *stage = OSP__LISTEN_BIND;
        error = osp__bind(fd, &address->any, size);
    }
    if (error == 0) {
        error = osp__listen(fd, BACKLOG);
        if (error != 0 && error != -EADDRINUSE) *stage = OSP__LISTEN_LISTEN; /* a port in use may show only here */
    }
    if (error == 0) return fd;
    osp__close(fd);
    return error;
}

static int try_with_back_off(osp_ctx *ctx, const union address *address, socklen_t size, enum osp__listen_stage *stage) {
    int64_t until = osp__now_ns() + PATIENCE_NS;
    for (int64_t pause_ms = 10;; pause_ms *= 2) {
        int fd = try_once(address, size, stage);
        int64_t left_ms = (until - osp__now_ns()) / 1000000;
        if (fd != -EADDRINUSE || left_ms <= 0) return fd;
        osp_sleep(ctx, pause_ms < left_ms ? pause_ms : left_ms);
    }
}

static int port_of(int fd) {
    union address bound;
    socklen_t size = sizeof bound;
    int error = osp__socket_name(fd, &bound.any, &size);
    if (error < 0) return error;
    if (bound.any.sa_family != AF_INET && bound.any.sa_family != AF_INET6) return 0;
    return ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
}

/* The NAME of "socket:NAME", or NULL. */
static const char *socket_name_in(const char *address) {
    static const char prefix[] = "socket:";
    return strncmp(address, prefix, sizeof prefix - 1) == 0 ? address + sizeof prefix - 1 : NULL;
}

bool osp__listen_address_is_valid(const char *address) {
    union address parsed;
    socklen_t size;
    if (strlen(address) != osp__length(address)) return false;
    return socket_name_in(address) != NULL || parse_address(address, 0, &parsed, &size);
}

int osp__listen_staged(osp_ctx *ctx, int64_t port, const char *address, int *bound_port, enum osp__listen_stage *stage) {
    union address parsed = {0};
    socklen_t size = 0;
    const char *name = socket_name_in(address);
    if (name == NULL && !parse_address(address, (uint16_t)port, &parsed, &size)) return -EINVAL;
    int fd = osp__inherited_socket(&parsed.any, name);
    if (fd >= 0)
        (void)osp__set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* fails for other kinds of sockets, which need none */
    else if (name != NULL)
        fd = -ENOENT;
    else
        fd = try_with_back_off(ctx, &parsed, size, stage);
    if (fd < 0) return fd;
    int bound = port_of(fd);
    if (bound > 0 || (bound == 0 && name != NULL)) {
        *bound_port = bound;
        return fd;
    }
    osp__close(fd);
    return bound;
}

int osp__listen_socket(osp_ctx *ctx, int64_t port, const char *address, int *bound_port, char **error) {
    enum osp__listen_stage stage;
    if (port < 0 || port > 65535) {
        osp__set_error(error, "invalid port %lld: a port is a number from 1 to 65535, or 0 for any free one",
                       (long long)port);
        return -1;
    }
    if (!osp__listen_address_is_valid(address)) {
        osp__set_error(error, "invalid address '%.100s': expected an IP address such as 127.0.0.1, 0.0.0.0 or ::1",
                       address);
        return -1;
    }
    int fd = osp__listen_staged(ctx, port, address, bound_port, &stage);
    if (fd >= 0) return fd;
    if (fd == -EADDRINUSE)
        osp__set_error(error, "cannot bind %s port %lld: another process listens there", address, (long long)port);
    else if (fd == -ENOENT)
        osp__set_error(error, "no socket named '%.100s' has been passed to this process (LISTEN_FDNAMES)",
                       socket_name_in(address));
    else
        osp__set_error(error, "cannot bind %s port %lld: %s", address, (long long)port, strerrordesc_np(-fd));
    return -1;
}
