/* diagnostic.c - see diagnostic.h. An embedder may collect the messages instead: they may come from any stack, on which
 * no code of its own can run, so they wait in a queue. */
#include "diagnostic.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base.h"
#include "../sys/sys.h"

/* Beyond this many the oldest is lost: somebody has stopped reading. */
#define MOST_WAITING 1000

struct message {
    struct message *next;
    size_t length;
    char text[512];
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool collecting;
    int waiting;
    struct message *first, *last;
} collected = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct message *take_locked(void) {
    struct message *message = collected.first;
    if (message == NULL) return NULL;
    collected.first = message->next;
    collected.waiting--;
    return message;
}

/* Whether the message has been taken over. */
static bool collect(const char *text, size_t length) {
    if (!__atomic_load_n(&collected.collecting, __ATOMIC_ACQUIRE)) return false;
    struct message *message = osp__alloc(sizeof *message);
    if (message == NULL) return false;
    message->next = NULL;
    message->length = length < sizeof message->text ? length : sizeof message->text;
    memcpy(message->text, text, message->length);
    pthread_mutex_lock(&collected.lock);
    struct message *lost = collected.waiting < MOST_WAITING ? NULL : take_locked();
    if (collected.first == NULL)
        collected.first = message;
    else
        collected.last->next = message;
    collected.last = message;
    collected.waiting++;
    pthread_cond_signal(&collected.changed);
    pthread_mutex_unlock(&collected.lock);
    osp__release(lost);
    return true;
}

OSP_API void osp_collect_messages(bool on) {
    pthread_mutex_lock(&collected.lock);
    __atomic_store_n(&collected.collecting, on, __ATOMIC_RELEASE);
    pthread_cond_broadcast(&collected.changed);
    pthread_mutex_unlock(&collected.lock);
}

OSP_API size_t osp_next_message(char *text, size_t size, int64_t timeout_ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&collected.lock);
    int error = 0;
    while (collected.first == NULL && error == 0 && collected.collecting)
        error = pthread_cond_timedwait(&collected.changed, &collected.lock, &until);
    struct message *message = take_locked();
    pthread_mutex_unlock(&collected.lock);
    if (message == NULL) return 0;
    size_t length = message->length < size ? message->length : size;
    memcpy(text, message->text, length);
    osp__release(message);
    return length;
}

void osp__diagnose(const char *format, ...) {
    char line[512] = "ospjit: ";
    const size_t prefix = 8;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line + prefix, sizeof line - prefix - 1, format, arguments);
    va_end(arguments);
    if (n < 0) return;
    size_t length = prefix + (size_t)n;
    if (length > sizeof line - 2) length = sizeof line - 2;
    if (collect(line + prefix, length - prefix)) return;
    line[length++] = '\n';
    osp_flush(); /* what the program printed before comes first */
    (void)osp__write(STDERR_FILENO, line, length);
}

_Noreturn void osp__out_of_memory(void) {
    static const char message[] = "ospjit: out of memory\n";
    (void)osp__write(STDERR_FILENO, message, sizeof message - 1);
    _exit(OSP_EXIT_DIAGNOSTIC);
}
