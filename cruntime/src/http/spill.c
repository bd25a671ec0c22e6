/* spill.c - see spill.h. */
#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sched/blocking.h"
#include "../sched/worker.h"
#include "../sys/sys.h"
#include "connection.h"

/* A descriptor or a negative errno. */
static int open_nameless(void) {
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || *folder == '\0') folder = "/tmp";
    int fd = osp__open_nameless(folder);
    if (fd != -EOPNOTSUPP && fd != -EISDIR) return fd;
    char path[4096]; /* a file system that knows no nameless files */
    int n = snprintf(path, sizeof path, "%s/ospjit-XXXXXX", folder);
    if (n < 0 || (size_t)n >= sizeof path) return -ENAMETOOLONG;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) return -errno;
    (void)unlink(path);
    return fd;
}

static int write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = osp__write(fd, bytes, length);
        if (written <= 0) return written == 0 ? -ENOSPC : (int)written;
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

int osp__spill_whole(const char *bytes, size_t length) {
    int fd = open_nameless();
    if (fd < 0) return fd;
    int status = write_all(fd, bytes, length);
    if (status == 0 && lseek(fd, 0, SEEK_SET) < 0) status = -errno;
    if (status == 0) return fd;
    osp__close(fd);
    return status;
}

/* ---- piece by piece -------------------------------------------------------------------------------------------------- */

static void on_written(struct osp__work *work, struct osp_worker *worker) {
    struct osp__spill *spill = OSP_CONTAINER(work, struct osp__spill, done);
    struct osp__http_local *local = worker->http;
    osp__buffer_release(&spill->piece, &local->buffers);
    spill->busy = false;
    if (spill->connection != NULL)
        osp__connection_stored(spill->connection);
    else
        osp__spill_free(spill);
}

/* On a thread of the pool. */
static void write_piece(void *argument) {
    struct osp__spill *spill = argument;
    if (spill->fd < 0) spill->status = spill->fd = open_nameless();
    if (spill->fd >= 0)
        spill->status = write_all(spill->fd, spill->piece.bytes + spill->piece.start, osp__buffer_length(&spill->piece));
    osp__worker_submit(spill->worker, &spill->done);
}

struct osp__spill *osp__spill_new(struct osp__connection *connection, struct osp_worker *worker) {
    struct osp__spill *spill = osp__alloc_zeroed(sizeof *spill);
    if (spill == NULL) return NULL;
    spill->fd = -1;
    spill->connection = connection;
    spill->worker = worker;
    spill->done.run = on_written;
    return spill;
}

void osp__spill_free(struct osp__spill *spill) {
    if (spill == NULL) return;
    if (spill->busy) {
        spill->connection = NULL;
        return;
    }
    if (spill->fd >= 0 && !spill->given) osp__close(spill->fd);
    osp__release(spill);
}

void osp__spill_write(struct osp__spill *spill, struct osp__buffer piece) {
    spill->piece = piece;
    spill->stored += osp__buffer_length(&piece);
    spill->busy = true;
    int status = osp__blocking_start(write_piece, spill);
    if (status == 0) return;
    spill->status = status;
    osp__worker_submit(spill->worker, &spill->done); /* no thread: it is found out in the same way */
}
