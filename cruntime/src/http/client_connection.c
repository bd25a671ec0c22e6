/*
 * See client_connection.h. Names are resolved on the pool for blocking calls; OpenSSL runs on the worker's
 * system stack, one call at a time, and the fiber parks in between.
 */
#include "client_connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "../crypto/crypto_load.h"
#include "../mem/string.h"
#include "../net/net.h"
#include "../sched/blocking.h"
#include "../sys/sys.h"

/* ---- words for failures ---- */

/* "connection refused": what strerror says, as part of a sentence. */
static void describe_errno(int code, char *text, size_t size)
{
    const char *description = strerrordesc_np(code);
    if (description == NULL) {
        snprintf(text, size, "error %d", code);
        return;
    }
    snprintf(text, size, "%s", description);
    if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z')
        text[0] = (char)(text[0] | 0x20);
}

/* The words for a negative errno. */
static void describe_fault(int fault, int64_t timeout_ms, char *text, size_t size)
{
    if (fault == -ETIMEDOUT)
        snprintf(text, size, "timed out after %lld ms", (long long)timeout_ms);
    else
        describe_errno(-fault, text, size);
}

void osp__client_connection_fault(const osp__client_connection *connection, int fault, int64_t timeout_ms,
                                  char *text, size_t size)
{
    if (fault == OSP_CLIENT_TLS_FAILED)
        snprintf(text, size, "%s", connection->crypto->tls_reason(connection->tls));
    else
        describe_fault(fault, timeout_ms, text, size);
}

static void set_connect_error(char **error, const osp__endpoint *endpoint, int fault, int64_t timeout_ms)
{
    char text[160];
    describe_fault(fault, timeout_ms, text, sizeof text);
    osp__set_error(error, "connect: %s: %s", endpoint->authority, text);
}

/* ---- names ---- */

/*
 * The resolver has time-outs of its own, which are longer than most of ours, and cannot be interrupted. So a
 * look-up is shared by the fiber that waits for it and the thread that does it: a fiber whose time is up
 * leaves, and the thread, when it comes back, clears up.
 */
typedef struct lookup {
    int holders; /* atomic: 2, 1, gone */
    int event;   /* readable when the look-up is done; -1 if nobody waits on it */
    bool done;   /* atomic: what follows is there */
    int status;  /* of getaddrinfo */
    int system_error;
    struct addrinfo *found;
    uint16_t port;
    char host[]; /* NUL-terminated */
} lookup;

static void let_go(lookup *shared)
{
    if (__atomic_sub_fetch(&shared->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (shared->found != NULL)
        freeaddrinfo(shared->found);
    if (shared->event >= 0)
        osp__close(shared->event);
    osp__release(shared);
}

static lookup *new_lookup(const osp__endpoint *endpoint)
{
    size_t length = strlen(endpoint->host);
    lookup *shared = osp__alloc_zeroed(sizeof *shared + length + 1);
    if (shared == NULL)
        return NULL;
    shared->holders = 2;
    shared->event = -1;
    shared->port = endpoint->port;
    memcpy(shared->host, endpoint->host, length);
    return shared;
}

/* On a thread of the pool, or on the caller's where there is no fiber. Gives up one hold. */
static void resolve(void *argument)
{
    lookup *shared = argument;
    char service[8];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    snprintf(service, sizeof service, "%u", shared->port);
    shared->status = getaddrinfo(shared->host, service, &hints, &shared->found);
    shared->system_error = errno;
    __atomic_store_n(&shared->done, true, __ATOMIC_RELEASE);
    if (shared->event >= 0)
        osp__event_fd_signal(shared->event);
    let_go(shared);
}

/* Waits for the look-up until the deadline. Returns 0 or a negative errno; the caller's hold stays. */
static int await_lookup(osp_ctx *ctx, lookup *shared, int64_t deadline_ns)
{
    if (ctx == NULL) { /* a thread of the program's own: let it block */
        resolve(shared);
        return 0;
    }
    int fault = shared->event = osp__event_fd();
    if (fault >= 0)
        fault = osp__blocking_start(resolve, shared);
    if (fault != 0) {
        let_go(shared); /* for the thread that will not come */
        return fault;
    }
    fault = osp_net_wait(ctx, shared->event, EPOLLIN, deadline_ns);
    return __atomic_load_n(&shared->done, __ATOMIC_ACQUIRE) ? 0 : fault != 0 ? fault : -EIO;
}

/* True, with *address filled in, if the host is an address already: no thread is needed for that. */
static bool parse_address(const osp__endpoint *endpoint, struct sockaddr_storage *address, socklen_t *size)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    memset(address, 0, sizeof *address);
    if (!endpoint->host_is_ipv6 && inet_pton(AF_INET, endpoint->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(endpoint->port);
        *size = sizeof *v4;
        return true;
    }
    if (endpoint->host_is_ipv6 && inet_pton(AF_INET6, endpoint->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(endpoint->port);
        *size = sizeof *v6;
        return true;
    }
    return false;
}

/* ---- TCP ---- */

/* Connects to one address. Returns a descriptor or a negative errno. */
static int connect_to(osp_ctx *ctx, const struct sockaddr *address, socklen_t size, int64_t deadline_ns)
{
    int fd = osp__socket(address->sa_family, SOCK_STREAM);
    if (fd < 0)
        return fd;
    int fault = osp__connect(fd, address, size);
    if (fault == -EINPROGRESS || fault == -EINTR) {
        fault = osp_net_wait(ctx, fd, EPOLLOUT, deadline_ns);
        if (fault == 0)
            fault = osp__socket_error(fd);
    }
    if (fault == 0) {
        (void)osp__set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* only latency depends on it */
        return fd;
    }
    osp__close(fd);
    return fault;
}

/* Tries the addresses in the resolver's order, each with its share of the time that is left. */
static int connect_to_any(osp_ctx *ctx, const struct addrinfo *addresses, int64_t deadline_ns)
{
    int count = 0, fd = -EADDRNOTAVAIL;
    for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next)
        count++;
    for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next, count--) {
        int64_t now = osp__now_ns();
        fd = connect_to(ctx, a->ai_addr, a->ai_addrlen, now + (deadline_ns - now) / count);
        if (fd >= 0)
            break;
    }
    return fd;
}

static int resolve_and_connect(osp_ctx *ctx, const osp__endpoint *endpoint, int64_t deadline_ns,
                               int64_t timeout_ms, char **error)
{
    lookup *shared = new_lookup(endpoint);
    int fd = shared != NULL ? await_lookup(ctx, shared, deadline_ns) : -ENOMEM;
    if (fd != 0) {
        char text[160];
        describe_fault(fd, timeout_ms, text, sizeof text);
        osp__set_error(error, "resolve: %s: %s", endpoint->host, text);
    } else if (shared->status != 0) {
        const char *reason = shared->status == EAI_SYSTEM ? strerrordesc_np(shared->system_error)
                                                          : gai_strerror(shared->status);
        osp__set_error(error, "resolve: %s: %s", endpoint->host, reason);
        fd = -EHOSTUNREACH;
    } else {
        fd = connect_to_any(ctx, shared->found, deadline_ns);
        if (fd < 0)
            set_connect_error(error, endpoint, fd, timeout_ms);
    }
    if (shared != NULL)
        let_go(shared);
    return fd;
}

static int open_socket(osp_ctx *ctx, const osp__endpoint *endpoint, int64_t deadline_ns, int64_t timeout_ms,
                       char **error)
{
    struct sockaddr_storage address;
    socklen_t size;
    if (!parse_address(endpoint, &address, &size))
        return resolve_and_connect(ctx, endpoint, deadline_ns, timeout_ms, error);
    int fd = connect_to(ctx, (const struct sockaddr *)&address, size, deadline_ns);
    if (fd < 0)
        set_connect_error(error, endpoint, fd, timeout_ms);
    return fd;
}

/* ---- TLS ---- */

static ssize_t receive_plain(void *connection, void *bytes, size_t size)
{
    return osp__recv(((osp__client_connection *)connection)->fd, bytes, size);
}

static ssize_t send_plain(void *connection, const void *bytes, size_t size)
{
    return osp__send(((osp__client_connection *)connection)->fd, bytes, size);
}

/* One call of the crypto library, to be made on the system stack. */
typedef struct tls_call {
    osp__client_connection *connection;
    const osp__endpoint *endpoint;
    void *bytes;
    const void *source;
    size_t size;
    int64_t result;
    char reason[160];
} tls_call;

static void call_connect(void *argument)
{
    tls_call *call = argument;
    const osp_tls_transport transport = {call->connection, receive_plain, send_plain};
    struct in_addr ipv4;
    bool is_address = call->endpoint->host_is_ipv6 || inet_pton(AF_INET, call->endpoint->host, &ipv4) == 1;
    call->connection->tls = call->connection->crypto->tls_connect(
        &transport, call->endpoint->host, is_address, call->reason, sizeof call->reason);
}

static void call_handshake(void *argument)
{
    tls_call *call = argument;
    call->result = call->connection->crypto->tls_handshake(call->connection->tls);
}

static void call_read(void *argument)
{
    tls_call *call = argument;
    call->result = call->connection->crypto->tls_read(call->connection->tls, call->bytes, call->size);
}

static void call_write(void *argument)
{
    tls_call *call = argument;
    call->result = call->connection->crypto->tls_write(call->connection->tls, call->source, call->size);
}

static void call_close(void *argument)
{
    tls_call *call = argument;
    call->connection->crypto->tls_close(call->connection->tls);
    call->connection->crypto->tls_free(call->connection->tls);
}

/* Repeats a call until it moves something, the deadline passes or it fails. */
static ssize_t complete_tls_call(osp_ctx *ctx, tls_call *call, void (*function)(void *), int64_t deadline_ns)
{
    for (;;) {
        osp_call_on_system_stack(ctx, function, call);
        if (call->result == OSP_TLS_FAILED)
            return OSP_CLIENT_TLS_FAILED;
        if (call->result >= 0)
            return (ssize_t)call->result;
        uint32_t events = call->result == OSP_TLS_WANT_READ ? EPOLLIN : EPOLLOUT;
        int fault = osp_net_wait(ctx, call->connection->fd, events, deadline_ns);
        if (fault != 0)
            return fault;
    }
}

static int start_tls(osp_ctx *ctx, osp__client_connection *connection, const osp__endpoint *endpoint,
                     int64_t deadline_ns, int64_t timeout_ms, char **error)
{
    const char *why = "";
    tls_call call = {.connection = connection, .endpoint = endpoint};
    connection->crypto = osp__crypto(ctx, &why);
    if (connection->crypto == NULL) {
        osp__set_error(error, "tls: %s", why);
        return -ENOSYS;
    }
    osp_call_on_system_stack(ctx, call_connect, &call);
    if (connection->tls == NULL) {
        osp__set_error(error, "tls: %s: %s", endpoint->authority, call.reason);
        return -EPROTO;
    }
    int fault = (int)complete_tls_call(ctx, &call, call_handshake, deadline_ns);
    if (fault != 0) {
        char text[256];
        osp__client_connection_fault(connection, fault, timeout_ms, text, sizeof text);
        osp__set_error(error, "tls: %s: %s", endpoint->authority, text);
    }
    return fault;
}

/* ---- connections ---- */

int64_t osp__deadline_after_ms(int64_t ms)
{
    int64_t duration, deadline;
    if (__builtin_mul_overflow(ms, INT64_C(1000000), &duration) ||
        __builtin_add_overflow(osp__now_ns(), duration, &deadline))
        return OSP_NO_DEADLINE;
    return deadline;
}

osp__client_connection *osp__client_connection_open(osp_ctx *ctx, const osp__endpoint *endpoint,
                                                    int64_t deadline_ns, int64_t timeout_ms, char **error)
{
    osp__client_connection *connection = osp__alloc_zeroed(sizeof *connection);
    if (connection == NULL) {
        osp__set_error(error, "connect: out of memory");
        return NULL;
    }
    connection->fd = open_socket(ctx, endpoint, deadline_ns, timeout_ms, error);
    if (connection->fd < 0)
        goto fail;
    if (endpoint->secure && start_tls(ctx, connection, endpoint, deadline_ns, timeout_ms, error) != 0)
        goto fail;
    return connection;
fail:
    osp__client_connection_close(ctx, connection);
    return NULL;
}

ssize_t osp__client_connection_read(osp_ctx *ctx, osp__client_connection *connection, void *bytes,
                                    size_t size, int64_t deadline_ns)
{
    if (connection->tls != NULL) {
        tls_call call = {.connection = connection, .bytes = bytes, .size = size};
        return complete_tls_call(ctx, &call, call_read, deadline_ns);
    }
    for (;;) {
        ssize_t moved = osp__recv(connection->fd, bytes, size);
        if (moved != -EAGAIN)
            return moved;
        int fault = osp_net_wait(ctx, connection->fd, EPOLLIN, deadline_ns);
        if (fault != 0)
            return fault;
    }
}

static ssize_t write_some(osp_ctx *ctx, osp__client_connection *connection, const void *bytes, size_t size,
                          int64_t deadline_ns)
{
    if (connection->tls != NULL) {
        tls_call call = {.connection = connection, .source = bytes, .size = size};
        return complete_tls_call(ctx, &call, call_write, deadline_ns);
    }
    for (;;) {
        ssize_t moved = osp__send(connection->fd, bytes, size);
        if (moved != -EAGAIN)
            return moved;
        int fault = osp_net_wait(ctx, connection->fd, EPOLLOUT, deadline_ns);
        if (fault != 0)
            return fault;
    }
}

int osp__client_connection_write(osp_ctx *ctx, osp__client_connection *connection, const void *bytes,
                                 size_t size, int64_t deadline_ns)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t moved = write_some(ctx, connection, at, size, deadline_ns);
        if (moved < 0)
            return (int)moved;
        at += moved;
        size -= (size_t)moved;
        /* A peer that takes bytes one by one must not stretch the whole: the deadline counts even if no wait
         * did. */
        if (size > 0 && osp__now_ns() >= deadline_ns)
            return -ETIMEDOUT;
    }
    return 0;
}

bool osp__connection_is_quiet(osp_ctx *ctx, osp__client_connection *connection)
{
    char byte;
    if (connection->tls == NULL)
        return osp__recv(connection->fd, &byte, 1) == -EAGAIN;
    tls_call call = {.connection = connection, .bytes = &byte, .size = 1};
    osp_call_on_system_stack(ctx, call_read,
                             &call); /* session tickets may lie there: only OpenSSL can tell */
    return call.result == OSP_TLS_WANT_READ;
}

void osp__client_connection_close(osp_ctx *ctx, osp__client_connection *connection)
{
    if (connection == NULL)
        return;
    if (connection->tls != NULL) {
        tls_call call = {.connection = connection};
        osp_call_on_system_stack(ctx, call_close, &call);
    }
    if (connection->fd >= 0)
        osp__close(connection->fd);
    osp__release(connection);
}
