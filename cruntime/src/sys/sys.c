/* sys.c - the wrappers of sys.h over glibc and Linux. See there for why they exist. */
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

#ifdef OSP_FAULTS
static struct {
    unsigned classes;
    int64_t successes, failures;
    int error;
} plan;

void osp__fault_plan(unsigned classes, int64_t successes, int64_t failures, int error) {
    __atomic_store_n(&plan.classes, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&plan.successes, successes, __ATOMIC_SEQ_CST);
    __atomic_store_n(&plan.failures, failures, __ATOMIC_SEQ_CST);
    __atomic_store_n(&plan.error, error, __ATOMIC_SEQ_CST);
    __atomic_store_n(&plan.classes, classes, __ATOMIC_SEQ_CST);
}

int64_t osp__fault_left(void) {
    int64_t left = __atomic_load_n(&plan.failures, __ATOMIC_SEQ_CST);
    return left > 0 ? left : 0;
}

static int fault(unsigned class) {
    if (!(__atomic_load_n(&plan.classes, __ATOMIC_SEQ_CST) & class)) return 0;
    if (__atomic_fetch_sub(&plan.successes, 1, __ATOMIC_SEQ_CST) > 0) return 0;
    if (__atomic_fetch_sub(&plan.failures, 1, __ATOMIC_SEQ_CST) <= 0) return 0;
    return __atomic_load_n(&plan.error, __ATOMIC_SEQ_CST);
}
#define FAIL_ALLOCATION() do { if (fault(1)) return NULL; } while (0)
#define FAIL_CALL() do { int fault_error = fault(2); if (fault_error) return -fault_error; } while (0)
#define REFUSE_MARKERS() (fault(4) != 0)
#else
#define FAIL_ALLOCATION() ((void)0)
#define FAIL_CALL() ((void)0)
#define REFUSE_MARKERS() false
#endif

static inline ssize_t result(ssize_t value) { return value < 0 ? -(ssize_t)errno : value; }

/* ---- memory ------------------------------------------------------------------------------------------------------ */

void *osp__alloc(size_t size) {
    FAIL_ALLOCATION();
    return malloc(size);
}

void *osp__alloc_zeroed(size_t size) {
    FAIL_ALLOCATION();
    return calloc(1, size);
}

void *osp__resize(void *block, size_t size) {
    FAIL_ALLOCATION();
    return realloc(block, size);
}

void osp__release(void *block) { free(block); }

size_t osp__block_size(void *block) { return malloc_usable_size(block); }

/* glibc does not join small free blocks with their neighbours when they are freed but all of them at once, some day: of
 * a million that takes 40 ms, in the middle of somebody's malloc. Without its "fast bins" each is joined when it is
 * freed; those that are used again soon stay in the thread's own cache as before. Nor does it give back what is free at
 * the end of an arena before that is twice the largest block that was ever freed: 64 MiB take the kernel ten
 * milliseconds. */
void osp__memory_divide_work(void) {
#ifdef __GLIBC__
    (void)mallopt(M_MXFAST, 0);
    (void)mallopt(M_MMAP_THRESHOLD, OSP_BIG_BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, OSP_BIG_BLOCK);
#endif
}

void osp__memory_trim(void) {
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

void *osp__map(size_t size) {
    FAIL_ALLOCATION();
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (address == MAP_FAILED) return NULL;
    /* A stack that touches two pages must cost two pages, not a huge one. */
    (void)madvise(address, size, MADV_NOHUGEPAGE);
    return address;
}

void *osp__map_code(size_t size) {
    FAIL_ALLOCATION();
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return address == MAP_FAILED ? NULL : address;
}

int osp__protect(void *address, size_t size, int protection) {
    FAIL_CALL();
    return mprotect(address, size, protection) == 0 ? 0 : -errno;
}

void osp__unmap(void *address, size_t size) { (void)munmap(address, size); }

int osp__guard(void *address, size_t size) {
    /* A guard marker costs no mapping of its own, where mprotect splits one into three (vm.max_map_count). */
    static int markers_refused;
    if (!__atomic_load_n(&markers_refused, __ATOMIC_RELAXED)) {
        if (!REFUSE_MARKERS() && madvise(address, size, MADV_GUARD_INSTALL) == 0) return 0;
        __atomic_store_n(&markers_refused, 1, __ATOMIC_RELAXED);
    }
    return mprotect(address, size, PROT_NONE) == 0 ? 0 : -errno;
}

void osp__discard(void *address, size_t size) { (void)madvise(address, size, MADV_DONTNEED); }

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

ssize_t osp__read(int fd, void *buffer, size_t size) {
    FAIL_CALL();
    ssize_t n;
    do n = read(fd, buffer, size);
    while (n < 0 && errno == EINTR);
    return result(n);
}

ssize_t osp__read_cached(int fd, void *buffer, size_t size) {
    FAIL_CALL();
    struct iovec part = {buffer, size};
    return result(preadv2(fd, &part, 1, -1, RWF_NOWAIT));
}

bool osp__is_cached(int fd, int64_t offset) {
    char byte;
    struct iovec part = {&byte, 1};
    return preadv2(fd, &part, 1, offset, RWF_NOWAIT) == 1;
}

ssize_t osp__write(int fd, const void *bytes, size_t size) {
    FAIL_CALL();
    ssize_t n;
    do n = write(fd, bytes, size);
    while (n < 0 && errno == EINTR);
    return result(n);
}

ssize_t osp__recv(int fd, void *buffer, size_t size) {
    FAIL_CALL();
    return result(recv(fd, buffer, size, 0));
}

ssize_t osp__peek(int fd, void *buffer, size_t size) {
    FAIL_CALL();
    ssize_t n;
    do n = recv(fd, buffer, size, MSG_PEEK);
    while (n < 0 && errno == EINTR);
    return result(n);
}

ssize_t osp__send(int fd, const void *bytes, size_t size) {
    FAIL_CALL();
    return result(send(fd, bytes, size, MSG_NOSIGNAL));
}

int osp__shutdown_output(int fd) {
    FAIL_CALL();
    return (int)result(shutdown(fd, SHUT_WR));
}

ssize_t osp__send_vector(int fd, struct iovec *parts, int count) {
    FAIL_CALL();
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    return result(sendmsg(fd, &message, MSG_NOSIGNAL));
}

ssize_t osp__send_file(int socket, int file, size_t size) {
    FAIL_CALL();
    return result(sendfile(socket, file, NULL, size));
}

int osp__close(int fd) {
    /* Linux releases the descriptor even when close says EINTR: trying again could close somebody else's. */
    return close(fd) == 0 ? 0 : -errno;
}

int osp__set_nonblocking(int fd) {
    FAIL_CALL();
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : -errno;
}

int osp__open_append(const char *path) {
    FAIL_CALL();
    return (int)result(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644));
}

int osp__open_nameless(const char *folder) {
    FAIL_CALL();
    return (int)result(open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
}

int osp__open_null(void) {
    FAIL_CALL();
    return (int)result(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

/* ---- files and folders -------------------------------------------------------------------------------------------- */

int osp__open_at(int folder, const char *path, int flags, unsigned mode) {
    FAIL_CALL();
    int fd;
    do fd = openat(folder, path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

int osp__rename_at(int folder, const char *from, const char *to) {
    FAIL_CALL();
    return renameat(folder, from, folder, to) == 0 ? 0 : -errno;
}

int osp__unlink_at(int folder, const char *path) { return unlinkat(folder, path, 0) == 0 ? 0 : -errno; }

int osp__make_folder(const char *path, unsigned mode) {
    FAIL_CALL();
    return mkdir(path, mode) == 0 ? 0 : -errno;
}

int osp__set_now(int fd) { return futimens(fd, NULL) == 0 ? 0 : -errno; }

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

int osp__socket(int family, int type) {
    FAIL_CALL();
    return (int)result(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int osp__bind(int fd, const struct sockaddr *address, socklen_t size) {
    FAIL_CALL();
    return (int)result(bind(fd, address, size));
}

int osp__listen(int fd, int backlog) {
    FAIL_CALL();
    return (int)result(listen(fd, backlog));
}

int osp__accept(int fd) {
    FAIL_CALL();
    return (int)result(accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int osp__connect(int fd, const struct sockaddr *address, socklen_t size) {
    FAIL_CALL();
    return (int)result(connect(fd, address, size));
}

int osp__set_option(int fd, int level, int option, int value) {
    FAIL_CALL();
    return (int)result(setsockopt(fd, level, option, &value, sizeof value));
}

void osp__reset_on_close(int fd) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

int osp__unsent(int fd) {
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

int osp__socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return -errno;
    return -error;
}

int osp__peer_name(int fd, struct sockaddr *address, socklen_t *size) {
    FAIL_CALL();
    return (int)result(getpeername(fd, address, size));
}

int osp__socket_name(int fd, struct sockaddr *address, socklen_t *size) {
    FAIL_CALL();
    return (int)result(getsockname(fd, address, size));
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

int osp__epoll_create(void) {
    FAIL_CALL();
    return (int)result(epoll_create1(EPOLL_CLOEXEC));
}

int osp__epoll_add(int epoll, int fd, uint32_t events, void *data) {
    FAIL_CALL();
    struct epoll_event event = {.events = events, .data.ptr = data};
    return (int)result(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

int osp__epoll_delete(int epoll, int fd) { return (int)result(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL)); }

int osp__epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms) {
    return (int)result(epoll_wait(epoll, events, capacity, timeout_ms));
}

int osp__event_fd(void) {
    FAIL_CALL();
    return (int)result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

void osp__event_fd_signal(int fd) {
    uint64_t one = 1;
    ssize_t n;
    do n = write(fd, &one, sizeof one); /* EAGAIN means the counter is full: the reader will wake anyway */
    while (n < 0 && errno == EINTR);
}

void osp__event_fd_clear(int fd) {
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

size_t osp__descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return limit.rlim_cur > 1u << 30 ? 1u << 30 : (size_t)limit.rlim_cur;
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static bool clock_is_virtual; /* set before there are threads */
static int64_t clock_offset;  /* atomic */
#define VIRTUAL_BEGINNING_MS ((int64_t)946684800000) /* 2000-01-01 */

void osp__clock_make_virtual(void) { clock_is_virtual = true; }

void osp__clock_advance(int64_t duration_ns) { __atomic_add_fetch(&clock_offset, duration_ns, __ATOMIC_SEQ_CST); }

int64_t osp__real_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t osp__now_ns(void) {
    return (clock_is_virtual ? 0 : osp__real_ns()) + __atomic_load_n(&clock_offset, __ATOMIC_RELAXED);
}

int64_t osp__wall_ms(void) {
    if (clock_is_virtual) return VIRTUAL_BEGINNING_MS + osp__now_ns() / 1000000;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void osp__thread_sleep_ns(int64_t duration) {
    if (duration <= 0) return;
    struct timespec left = {.tv_sec = duration / 1000000000, .tv_nsec = duration % 1000000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
}

void osp__thread_wake_promptly(void) {
    /* Sleeps end with up to 50 us of slack otherwise. */
    (void)prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
    /* Since Linux 6.12 a thread of the normal class may ask for a short slice (0.1 ms, the least); the scheduler (EEVDF)
     * then lets it go before those with longer ones. Older kernels refuse. struct sched_attr, which glibc lacks: */
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = sizeof attributes, .policy = SCHED_OTHER, .runtime = 100000};
    (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}
