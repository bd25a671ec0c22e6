/* access_log.c - see access_log.h. */
#include "access_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "header.h"

#define ROOM ((size_t)1 << 18) /* bytes of lines that wait for the disk */
#define LONGEST_PART 1024      /* bytes of what a client sent, in a line */
#define GATHER_NS ((int64_t)5000000)
#define FLUSH_SECONDS 1

struct osp__access_log {
    struct osp__access_log *next; /* in the list of all */
    int64_t references;           /* with the lock held */
    int fd;
    uint64_t dropped;             /* lines, since the log last said so */
    size_t length;
    char *lines;                  /* ROOM bytes, of which `length` wait */
    char place[];
};

/* One lock for all logs: what is done under it takes a copy of a line at most. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    struct osp__access_log *first;
    char *spare; /* ROOM bytes, for the thread */
    bool running, busy;
} logs = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

/* ---- the thread that writes ------------------------------------------------------------------------------------------ */

static void write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = osp__write(fd, bytes, length);
        if (written == -EAGAIN) osp__thread_sleep_ns(GATHER_NS);
        else if (written <= 0) return; /* a full disk: these lines are lost, later ones may not be */
        else bytes += written, length -= (size_t)written;
    }
}

static void free_log(struct osp__access_log *log) {
    if (log->fd > STDERR_FILENO) osp__close(log->fd);
    osp__release(log->lines);
    osp__release(log);
}

/* With the lock held; it is given up while the lines are written. */
static void write_lines(struct osp__access_log *log) {
    char *lines = log->lines;
    size_t length = log->length;
    uint64_t dropped = log->dropped;
    log->lines = logs.spare;
    log->length = 0;
    log->dropped = 0;
    log->references++;
    pthread_mutex_unlock(&logs.lock);
    write_all(log->fd, lines, length);
    if (dropped > 0) osp__diagnose("access log %s: %llu lines dropped", log->place, (unsigned long long)dropped);
    pthread_mutex_lock(&logs.lock);
    logs.spare = lines;
    log->references--;
}

/* With the lock held: one that has something to write, or that nobody uses. */
static struct osp__access_log **find_work(void) {
    struct osp__access_log **link = &logs.first;
    while (*link != NULL && (*link)->length == 0 && (*link)->references > 0) link = &(*link)->next;
    return link;
}

static void *write_for_ever(void *unused) {
    (void)unused;
    pthread_mutex_lock(&logs.lock);
    for (;;) {
        struct osp__access_log **link = find_work(), *log = *link;
        logs.busy = log != NULL;
        if (log == NULL) {
            pthread_cond_broadcast(&logs.idle);
            pthread_cond_wait(&logs.work, &logs.lock);
            pthread_mutex_unlock(&logs.lock);
            osp__thread_sleep_ns(GATHER_NS); /* so that many lines make one write */
            pthread_mutex_lock(&logs.lock);
        } else if (log->length > 0) {
            write_lines(log);
        } else {
            *link = log->next;
            free_log(log);
        }
    }
    return NULL;
}

/* With the lock held. 0 or a negative errno. */
static int start_thread(void) {
    if (logs.running) return 0;
    if (logs.spare == NULL && (logs.spare = osp__alloc(ROOM)) == NULL) return -ENOMEM;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, write_for_ever, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) return -error;
    pthread_detach(thread);
    logs.running = true;
    return 0;
}

void osp__access_log_flush(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FLUSH_SECONDS;
    pthread_mutex_lock(&logs.lock);
    int status = 0;
    while (logs.running && status == 0 && (logs.busy || *find_work() != NULL)) {
        pthread_cond_signal(&logs.work);
        status = pthread_cond_timedwait(&logs.idle, &logs.lock, &until);
    }
    pthread_mutex_unlock(&logs.lock);
}

/* ---- opening --------------------------------------------------------------------------------------------------------- */

static int open_place(const char *place) {
    if (strcmp(place, "-") == 0) return STDERR_FILENO;
    return osp__open_append(place);
}

/* With the lock held. */
static struct osp__access_log *make(const char *place, int *status) {
    size_t size = strlen(place) + 1;
    struct osp__access_log *log = osp__alloc_zeroed(sizeof *log + size);
    if (log != NULL) log->lines = osp__alloc(ROOM);
    *status = log == NULL || log->lines == NULL ? -ENOMEM : start_thread();
    if (*status == 0) *status = log->fd = open_place(place);
    if (*status < 0) {
        if (log != NULL) osp__release(log->lines);
        osp__release(log);
        return NULL;
    }
    memcpy(log->place, place, size);
    log->next = logs.first;
    logs.first = log;
    return log;
}

struct osp__access_log *osp__access_log_open(const char *place, char **error) {
    int status = 0;
    pthread_mutex_lock(&logs.lock);
    struct osp__access_log *log = logs.first;
    while (log != NULL && strcmp(log->place, place) != 0) log = log->next;
    if (log == NULL) log = make(place, &status);
    if (log != NULL) log->references++;
    pthread_mutex_unlock(&logs.lock);
    if (log == NULL) osp__set_error(error, "cannot open the access log %s: %s", place, strerrordesc_np(-status));
    return log;
}

struct osp__access_log *osp__access_log_share(struct osp__access_log *log) {
    pthread_mutex_lock(&logs.lock);
    log->references++;
    pthread_mutex_unlock(&logs.lock);
    return log;
}

void osp__access_log_release(struct osp__access_log *log) {
    if (log == NULL) return;
    pthread_mutex_lock(&logs.lock);
    if (--log->references == 0) pthread_cond_signal(&logs.work); /* the thread frees it */
    pthread_mutex_unlock(&logs.lock);
}

static pthread_once_t process_once = PTHREAD_ONCE_INIT;
static struct osp__access_log *process_log; /* counted; never given up */

static void open_process_log(void) {
    const char *place = osp__runtime.access_log;
    if (place == NULL || *place == '\0') place = getenv("OSPJIT_ACCESS_LOG");
    if (place == NULL || *place == '\0') return;
    char *error = NULL;
    process_log = osp__access_log_open(place, &error);
    if (error != NULL) osp__diagnose("%s", error);
    osp_drop(error);
}

struct osp__access_log *osp__access_log_of_process(void) {
    pthread_once(&process_once, open_process_log);
    return process_log != NULL ? osp__access_log_share(process_log) : NULL;
}

void osp__access_log_note_peer(struct osp__connection *connection) {
    struct sockaddr_in6 peer;
    struct sockaddr_in v4;
    socklen_t size = sizeof peer;
    if (osp__peer_name(connection->stream.fd, (struct sockaddr *)&peer, &size) != 0) return;
    if (peer.sin6_family == AF_INET6) {
        memcpy(connection->peer, &peer.sin6_addr, sizeof connection->peer);
    } else if (peer.sin6_family == AF_INET) { /* as an IPv4-mapped address, RFC 4291 section 2.5.5.2 */
        memcpy(&v4, &peer, sizeof v4);
        connection->peer[10] = connection->peer[11] = 0xff;
        memcpy(connection->peer + 12, &v4.sin_addr, 4);
    }
}

/* ---- lines ----------------------------------------------------------------------------------------------------------- */

struct line {
    char *end, *limit;
};

static void put(struct line *line, const char *bytes, size_t length) {
    if ((size_t)(line->limit - line->end) < length) return;
    line->end = mempcpy(line->end, bytes, length);
}

/* What a client sent, escaped and bounded. */
static void put_escaped(struct line *line, const char *bytes, size_t length) {
    if (length > LONGEST_PART) length = LONGEST_PART;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        char escape[5];
        if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\')
            put(line, &bytes[i], 1);
        else
            put(line, escape, (size_t)snprintf(escape, sizeof escape, "\\x%02X", byte));
    }
}

static void put_quoted(struct line *line, const char *bytes, size_t length) {
    put(line, " \"", 2);
    if (length == 0) put(line, "-", 1);
    put_escaped(line, bytes, length);
    put(line, "\"", 1);
}

static void put_address(struct line *line, const struct osp__connection *connection) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t unknown[16];
    char text[INET6_ADDRSTRLEN] = "-";
    bool is_v4 = memcmp(connection->peer, mapped, sizeof mapped) == 0;
    if (memcmp(connection->peer, unknown, sizeof unknown) != 0)
        (void)inet_ntop(is_v4 ? AF_INET : AF_INET6, connection->peer + (is_v4 ? sizeof mapped : 0), text, sizeof text);
    put(line, text, strlen(text));
}

static void put_time(struct line *line) {
    char text[48];
    time_t now = (time_t)(osp__wall_ms() / 1000);
    struct tm utc;
    gmtime_r(&now, &utc);
    put(line, text, strftime(text, sizeof text, " - - [%d/%b/%Y:%H:%M:%S +0000]", &utc));
}

/* The request line as it was sent, as far as it is there. */
static void put_request_line(struct line *line, const struct osp__connection *connection) {
    const char *bytes = connection->in.bytes + connection->in.start;
    size_t length = osp__buffer_length(&connection->in);
    while (length > 0 && (*bytes == '\r' || *bytes == '\n')) bytes++, length--;
    const char *end = length > 0 ? memchr(bytes, '\n', length) : NULL;
    if (end != NULL) length = (size_t)(end - bytes);
    if (length > 0 && bytes[length - 1] == '\r') length--;
    put_quoted(line, bytes, length);
}

static void put_field(struct line *line, const struct osp__connection *connection, const char *name, size_t name_length) {
    osp_http_field field = {0};
    const osp_http_span *headers = &connection->parser.headers;
    if (connection->head_length > 0)
        (void)osp_http_header_find(connection->in.bytes + connection->in.start + headers->start, headers->length, name,
                                   name_length, &field);
    put_quoted(line, field.value, field.value_length);
}

static void add_line(struct osp__access_log *log, const char *bytes, size_t length) {
    pthread_mutex_lock(&logs.lock);
    if (ROOM - log->length < length) {
        log->dropped++;
    } else {
        bool wake = log->length == 0;
        memcpy(log->lines + log->length, bytes, length);
        log->length += length;
        if (wake) pthread_cond_signal(&logs.work);
    }
    pthread_mutex_unlock(&logs.lock);
}

void osp__access_log_request(struct osp__access_log *log, const struct osp__connection *connection) {
    char text[4 * 3 * LONGEST_PART + 512], numbers[64];
    struct line line = {text, text + sizeof text - 1};
    int64_t taken = osp__now_ns() - connection->request_began_ns;
    put_address(&line, connection);
    put_time(&line);
    put_request_line(&line, connection);
    put(&line, numbers, (size_t)snprintf(numbers, sizeof numbers, " %u %llu", connection->reply_status,
                                         (unsigned long long)connection->reply_body_bytes));
    put_field(&line, connection, "referer", 7);
    put_field(&line, connection, "user-agent", 10);
    put(&line, numbers, (size_t)snprintf(numbers, sizeof numbers, " %lld.%06lld", (long long)(taken / 1000000000),
                                         (long long)(taken / 1000 % 1000000)));
    *line.end++ = '\n';
    add_line(log, text, (size_t)(line.end - text));
}
