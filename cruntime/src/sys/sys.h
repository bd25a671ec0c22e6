/* sys.h - the seam between the runtime and the operating system.
 *
 * Every system call and every allocation of the runtime goes through these wrappers, for two reasons: a test build
 * can make any of them fail on purpose (see osp__fault_plan), and there is one place where EINTR, flags and the sign
 * of errors are settled. Wrappers of system calls return the result or a negative errno, never -1.
 * Nothing here knows of fibers, HTTP or Osprey. */
#ifndef OSP_SYS_H
#define OSP_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct epoll_event;

/* ---- memory ---- */

/* Blocks of this size are mappings of their own, unmapped when they are released. What is free at the end of an arena
 * is given back when it is that large. */
#define OSP_BIG_BLOCK ((size_t)16 << 20)

void *osp__alloc(size_t size);              /* uninitialised; NULL when memory runs out */
void *osp__alloc_zeroed(size_t size);       /* zero-filled */
void *osp__resize(void *block, size_t size);
void osp__release(void *block);             /* NULL is fine */
size_t osp__block_size(void *block);        /* usable bytes of an allocated block */
void osp__memory_divide_work(void);         /* no call of the above does much of what earlier ones have put off */
void osp__memory_trim(void);                /* gives free pages back to the system; takes milliseconds */
void *osp__map(size_t size);                /* anonymous, lazily touched, no swap reserved; NULL on failure */
void *osp__map_code(size_t size);           /* zeroed, readable and writable until protected; NULL on failure */
int osp__protect(void *address, size_t size, int protection); /* PROT_*; 0 or a negative errno */
void osp__unmap(void *address, size_t size);
int osp__guard(void *address, size_t size);  /* make pages inaccessible, as cheaply as the kernel allows */
void osp__discard(void *address, size_t size); /* give the pages back; they read as zero when touched again */

/* ---- descriptors ---- */
ssize_t osp__read(int fd, void *buffer, size_t size);
/* Reads what is in memory already: -EAGAIN when that would take a disk, -EOPNOTSUPP where the file cannot tell. */
ssize_t osp__read_cached(int fd, void *buffer, size_t size);
bool osp__is_cached(int fd, int64_t offset); /* whether the byte there is in memory already */
ssize_t osp__write(int fd, const void *bytes, size_t size);
ssize_t osp__recv(int fd, void *buffer, size_t size);
ssize_t osp__peek(int fd, void *buffer, size_t size);                   /* what osp__recv would give, left there */
ssize_t osp__send(int fd, const void *bytes, size_t size);             /* MSG_NOSIGNAL */
int osp__shutdown_output(int fd);                                       /* the peer sees the end of the input */
ssize_t osp__send_vector(int fd, struct iovec *parts, int count);       /* MSG_NOSIGNAL */
ssize_t osp__send_file(int socket, int file, size_t size);              /* from the file's own position */
int osp__close(int fd);                                                /* never retried */
int osp__set_nonblocking(int fd);
int osp__open_append(const char *path);                                /* made if need be: rw-r--r-- */
int osp__open_nameless(const char *folder);                            /* O_TMPFILE, for reading and writing */
int osp__open_null(void);                                              /* /dev/null, to hold a descriptor in reserve */

/* ---- files and folders: relative to an open folder, or AT_FDCWD; descriptors are close-on-exec ---- */
int osp__open_at(int folder, const char *path, int flags, unsigned mode);
int osp__rename_at(int folder, const char *from, const char *to);      /* inside one folder, replacing what is there */
int osp__unlink_at(int folder, const char *path);
int osp__make_folder(const char *path, unsigned mode);
int osp__set_now(int fd);                                              /* both time stamps of a file */

/* ---- sockets: descriptors are close-on-exec and non-blocking ---- */
int osp__socket(int family, int type);
int osp__bind(int fd, const struct sockaddr *address, socklen_t size);
int osp__listen(int fd, int backlog);
int osp__accept(int fd);
int osp__connect(int fd, const struct sockaddr *address, socklen_t size); /* -EINPROGRESS is normal */
int osp__set_option(int fd, int level, int option, int value);
void osp__reset_on_close(int fd);                                      /* the peer sees an error, not an end */
int osp__unsent(int fd);                                                /* bytes that the peer has not acknowledged */
int osp__socket_error(int fd);                                         /* SO_ERROR as a negative errno, 0 if none */
int osp__peer_name(int fd, struct sockaddr *address, socklen_t *size);
int osp__socket_name(int fd, struct sockaddr *address, socklen_t *size);

/* ---- events ---- */
int osp__epoll_create(void);
int osp__epoll_add(int epoll, int fd, uint32_t events, void *data);
/* Closing is not enough: a child process that was forked a moment ago holds what the descriptor stands for, too, and
 * events would still come for what has been freed. */
int osp__epoll_delete(int epoll, int fd);
int osp__epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms);
int osp__event_fd(void);
void osp__event_fd_signal(int fd);
void osp__event_fd_clear(int fd);

/* The limit on descriptors, after raising the soft one to the hard one. */
size_t osp__descriptor_limit(void);

/* ---- time ---- */
int64_t osp__now_ns(void);       /* CLOCK_MONOTONIC, plus what osp__clock_advance added */
int64_t osp__real_ns(void);      /* CLOCK_MONOTONIC as it is */
void osp__clock_advance(int64_t duration_ns);
/* From now on osp__now_ns and osp__wall_ms change by osp__clock_advance alone; they begin at the same moment always. */
void osp__clock_make_virtual(void);
int64_t osp__wall_ms(void);      /* since 1970 */
void osp__thread_sleep_ns(int64_t duration);
void osp__thread_wake_promptly(void); /* asks the kernel to run this thread at once when it wakes; it runs shortly */

/* ---- faults on purpose (only in builds with OSP_FAULTS) ---- */
#ifdef OSP_FAULTS
/* Lets `successes` more wrapped operations of the given classes succeed and then makes `failures` fail with `error`
 * (allocations return NULL). Classes: bit 0 allocation, bit 1 descriptor operations, bit 2 guard markers, as on
 * kernels that have none. */
void osp__fault_plan(unsigned classes, int64_t successes, int64_t failures, int error);
/* How many of the planned failures have not happened: when a run needs fewer operations than `successes`, all. */
int64_t osp__fault_left(void);
#endif

#endif
