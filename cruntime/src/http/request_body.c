/* request_body.c - the body of the current request as a descriptor: requestBodyFd, and its twin for C handlers.
 *
 * The descriptor belongs to the request: what the handler has not closed, or passed on as streamFd, is closed when the
 * request has been answered. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/descriptor.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "connection.h"
#include "spill.h"

struct storing {
    const char *bytes;
    size_t length;
    int fd;
};

static void store(void *argument) {
    struct storing *storing = argument;
    storing->fd = osp__spill_whole(storing->bytes, storing->length);
}

/* Puts a body that is in memory into a file as well. 0 or a negative errno. */
static int store_in_file(osp_ctx *ctx, struct osp__connection *connection) {
    struct osp__spill *spill = osp__spill_new(connection, connection->local->worker);
    if (spill == NULL) return -ENOMEM;
    struct storing storing = {connection->in.bytes + connection->in.start + connection->head_length,
                              connection->body_length, -1};
    connection->pinned = true;
    int status = osp_blocking_call(ctx, store, &storing);
    connection->pinned = false;
    if (status == 0 && storing.fd < 0) status = storing.fd;
    spill->fd = storing.fd;
    if (status == 0)
        connection->spill = spill;
    else
        osp__spill_free(spill);
    return status;
}

/* The descriptor of the running handler's request, at the beginning of the body; or a negative errno. */
static int body_of_request(osp_ctx *ctx, struct osp__connection **connection) {
    *connection = osp__connection_of(ctx);
    if (*connection == NULL) return -ENOTCONN;
    int status = (*connection)->spill == NULL ? store_in_file(ctx, *connection) : 0;
    if (status != 0) return status;
    struct osp__spill *spill = (*connection)->spill;
    if (!spill->given && lseek(spill->fd, 0, SEEK_SET) < 0) return -errno;
    return spill->fd;
}

OSP_API int64_t osp_http_request_body_fd(osp_ctx *ctx, char **error) {
    struct osp__connection *connection;
    int fd = body_of_request(ctx, &connection);
    if (fd >= 0 && !connection->spill->given) {
        int status = osp__descriptor_give_to(fd, connection);
        if (status == 0)
            connection->spill->given = true;
        else
            fd = status;
    } else if (fd >= 0 && !osp__descriptor_is_held_by(fd, connection)) {
        osp__set_error(error, "requestBodyFd: the descriptor of this request has been closed");
        return 0;
    }
    if (fd >= 0) return fd;
    if (fd == -ENOTCONN)
        osp__set_error(error, "requestBodyFd: called outside a request handler");
    else
        osp__set_error(error, "requestBodyFd: %s", strerrordesc_np(-fd));
    return 0;
}

OSP_API int http_request_body_fd(void) {
    struct osp__connection *connection;
    osp_ctx *ctx = osp_current_context();
    return ctx != NULL ? body_of_request(ctx, &connection) : -ENOTCONN;
}

void osp__request_body_release(struct osp__connection *connection) {
    struct osp__spill *spill = connection->spill;
    if (spill == NULL) return;
    if (spill->given) {
        int fd = osp__descriptor_reclaim(spill->fd, connection);
        if (fd >= 0) osp__close(fd);
    }
    osp__spill_free(spill);
    connection->spill = NULL;
}
