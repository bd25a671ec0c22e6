/* channel.c - channels and select. See channel.h for the idea. */
#include "channel.h"

#include <pthread.h>
#include <string.h>

#include "../fiber/fiber.h"
#include "../mem/object.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "deadlock.h"
#include "seed.h"
#include "worker.h"

struct waiter {
    struct waiter *next, *previous;
    struct selection *selection;
    struct channel *channel; /* NULL when in no queue */
    int64_t arm;
    int64_t word;
    bool sends;
};

/* A fiber that waits, and what became of it. */
struct selection {
    struct osp_fiber *fiber;
    struct waiter *waiters;
    int64_t count;
    int64_t chosen; /* -1 while it waits */
    bool closed;    /* woken because a channel was closed */
};

struct channel {
    int64_t id;
    bool pointers, closed;
    uint64_t capacity, count, head;
    int64_t *buffer;
    struct waiter receivers, senders; /* rings; the element itself is no waiter */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t last_id;
static uint64_t turn; /* where the next select starts looking, so that none of its ready arms starves */

static void drop_word(const struct channel *channel, int64_t word) {
    if (channel->pointers) osp_drop((void *)(uintptr_t)word);
}

static void finalize(void *object, struct osp__dead *dead) {
    struct channel *channel = object;
    for (uint64_t i = 0; i < channel->count && channel->pointers; i++)
        osp__drop_onto(dead, (void *)(uintptr_t)channel->buffer[(channel->head + i) % channel->capacity]);
    osp__release(channel->buffer);
}

void osp__channel_init(void) { osp__set_finalizer(OSP_KIND_CHANNEL, finalize); }

OSP_API void *osp_channel_new(osp_ctx *ctx, int64_t capacity, bool pointers) {
    size_t bytes;
    if (capacity < 0) osp__fiber_fail(ctx, "Channel: capacity must not be negative");
    if (__builtin_mul_overflow((uint64_t)capacity, sizeof(int64_t), &bytes)) osp__fiber_fail(ctx, "out of memory");
    int64_t *buffer = bytes > 0 ? osp__alloc(bytes) : NULL;
    if (bytes > 0 && buffer == NULL) osp__fiber_fail(ctx, "out of memory");
    struct channel *channel = osp__object_new(OSP_INFO(OSP_KIND_CHANNEL, 0, 0), 0, sizeof *channel);
    if (channel == NULL) {
        osp__release(buffer);
        osp__fiber_fail(ctx, "out of memory");
    }
    memset(channel, 0, sizeof *channel);
    osp__header(channel)->count = -1;
    channel->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    channel->pointers = pointers;
    channel->capacity = (uint64_t)capacity;
    channel->buffer = buffer;
    channel->receivers.next = channel->receivers.previous = &channel->receivers;
    channel->senders.next = channel->senders.previous = &channel->senders;
    return channel;
}

OSP_API int64_t osp_channel_id(osp_ctx *ctx, void *object) {
    (void)ctx;
    return ((struct channel *)object)->id;
}

/* ---- queues; the lock is held ------------------------------------------------------------------------------------- */

static void enqueue(struct waiter *waiter, struct channel *channel) {
    struct waiter *ring = waiter->sends ? &channel->senders : &channel->receivers;
    waiter->channel = channel;
    waiter->next = ring;
    waiter->previous = ring->previous;
    ring->previous->next = waiter;
    ring->previous = waiter;
}

static void take_out(struct waiter *waiter) {
    if (waiter->channel == NULL) return;
    waiter->previous->next = waiter->next;
    waiter->next->previous = waiter->previous;
    waiter->channel = NULL;
}

static struct waiter *first(struct waiter *ring) { return ring->next != ring ? ring->next : NULL; }

/* Settles what a fiber waited for. It leaves all queues now; it may be gone as soon as it is woken. */
static void settle(struct selection *selection, int64_t arm, bool closed) {
    for (int64_t i = 0; i < selection->count; i++) take_out(&selection->waiters[i]);
    selection->chosen = arm;
    selection->closed = closed;
    osp__fiber_wake(selection->fiber);
}

/* ---- one step without waiting; the lock is held -------------------------------------------------------------------- */

static bool try_send(struct channel *channel, int64_t word) {
    struct waiter *receiver = first(&channel->receivers);
    if (receiver != NULL) {
        receiver->word = word;
        settle(receiver->selection, receiver->arm, false);
        return true;
    }
    if (channel->count == channel->capacity) return false;
    channel->buffer[(channel->head + channel->count++) % channel->capacity] = word;
    return true;
}

static bool try_receive(struct channel *channel, int64_t *word) {
    struct waiter *sender = first(&channel->senders);
    if (channel->count > 0) {
        *word = channel->buffer[channel->head];
        channel->head = (channel->head + 1) % channel->capacity;
        channel->count--;
        if (sender != NULL) {
            channel->buffer[(channel->head + channel->count++) % channel->capacity] = sender->word;
            settle(sender->selection, sender->arm, false);
        }
        return true;
    }
    if (sender == NULL) return false;
    *word = sender->word;
    settle(sender->selection, sender->arm, false);
    return true;
}

/* ---- operations ---------------------------------------------------------------------------------------------------- */

/* Waits alone for one channel; what was received is in waiter->word. False if the channel was closed meanwhile. */
static bool wait_for(osp_ctx *ctx, struct channel *channel, struct waiter *waiter) {
    struct selection selection = {.fiber = ctx->fiber, .waiters = waiter, .count = 1, .chosen = -1};
    waiter->selection = &selection;
    osp__deadlock_will_wait(ctx, waiter->sends ? "send" : "recv");
    enqueue(waiter, channel);
    pthread_mutex_unlock(&lock);
    osp__fiber_park(ctx);
    waiter->selection = NULL;
    return !selection.closed;
}

/* Takes over the word, also when it fails. */
OSP_API void osp_channel_send(osp_ctx *ctx, void *object, int64_t word) {
    struct channel *channel = object;
    if (channel->pointers) osp_mark_shared((void *)(uintptr_t)word);
    pthread_mutex_lock(&lock);
    bool sent = !channel->closed;
    if (sent && !try_send(channel, word)) {
        struct waiter waiter = {.word = word, .sends = true};
        sent = wait_for(ctx, channel, &waiter);
    } else {
        pthread_mutex_unlock(&lock);
    }
    if (sent) return;
    drop_word(channel, word);
    osp__fiber_fail(ctx, "send: the channel is closed");
}

OSP_API int64_t osp_channel_receive(osp_ctx *ctx, void *object) {
    struct channel *channel = object;
    struct waiter waiter = {.sends = false};
    pthread_mutex_lock(&lock);
    bool received = try_receive(channel, &waiter.word);
    if (!received && !channel->closed) {
        received = wait_for(ctx, channel, &waiter);
    } else {
        pthread_mutex_unlock(&lock);
    }
    if (!received) osp__fiber_fail(ctx, "recv: the channel is closed");
    return waiter.word;
}

OSP_API int64_t osp_channel_try_receive(osp_ctx *ctx, void *object, char **error) {
    (void)ctx;
    struct channel *channel = object;
    int64_t word = 0;
    pthread_mutex_lock(&lock);
    bool received = try_receive(channel, &word), closed = channel->closed;
    pthread_mutex_unlock(&lock);
    if (!received) osp__set_error(error, closed ? "channel closed" : "channel empty");
    return word;
}

/* Those who wait are told; what the channel holds can still be received. */
OSP_API void osp_channel_close(osp_ctx *ctx, void *object) {
    (void)ctx;
    struct channel *channel = object;
    pthread_mutex_lock(&lock);
    channel->closed = true;
    struct waiter *waiter;
    while ((waiter = first(&channel->senders)) != NULL || (waiter = first(&channel->receivers)) != NULL)
        settle(waiter->selection, waiter->arm, true);
    pthread_mutex_unlock(&lock);
}

/* ---- select ---------------------------------------------------------------------------------------------------------- */

struct alarm {
    struct osp__timer timer;
    struct selection *selection;
    int64_t arm;
};

static void ring(struct osp__timer *timer, struct osp_worker *worker) {
    (void)worker;
    struct alarm *alarm = OSP_CONTAINER(timer, struct alarm, timer);
    pthread_mutex_lock(&lock);
    if (alarm->selection->chosen < 0) settle(alarm->selection, alarm->arm, false);
    pthread_mutex_unlock(&lock);
}

/* The first arm, from a place that changes each time, that can go on at once; -1 if none. The lock is held. */
static int64_t ready_arm(struct osp__select_arm *arms, int64_t count) {
    uint64_t start = OSP_UNLIKELY(osp__seeded) ? osp__seed_next() >> 1 : turn++;
    for (int64_t i = 0; i < count; i++) {
        int64_t index = (int64_t)((start + (uint64_t)i) % (uint64_t)count);
        struct osp__select_arm *arm = &arms[index];
        struct channel *channel = arm->channel;
        if (arm->kind == OSP_SELECT_RECEIVE && try_receive(channel, &arm->word)) return index;
        if (arm->kind == OSP_SELECT_SEND && !channel->closed && try_send(channel, arm->word)) return index;
    }
    return -1;
}

/* The earliest of the sleeping arms; -1 if there is none. */
static int64_t sleeping_arm(const struct osp__select_arm *arms, int64_t count) {
    int64_t found = -1;
    for (int64_t i = 0; i < count; i++)
        if (arms[i].kind == OSP_SELECT_SLEEP && (found < 0 || arms[i].word < arms[found].word)) found = i;
    return found;
}

/* Drops what the sending arms hold, but for that of the one that was run (-1: none was). */
static void drop_unsent(const struct osp__select_arm *arms, int64_t count, int64_t chosen) {
    for (int64_t i = 0; i < count; i++)
        if (arms[i].kind == OSP_SELECT_SEND && i != chosen) drop_word(arms[i].channel, arms[i].word);
}

/* Waits with a waiter in every open channel. Returns the arm; a closed channel makes it look again (-1). */
static int64_t wait_for_any(osp_ctx *ctx, struct osp__select_arm *arms, int64_t count, struct waiter *waiters,
                            struct alarm *alarm) {
    struct selection selection = {.fiber = ctx->fiber, .waiters = waiters, .count = count, .chosen = -1};
    int64_t waiting = 0;
    for (int64_t i = 0; i < count; i++) {
        bool sends = arms[i].kind == OSP_SELECT_SEND;
        struct channel *channel = arms[i].channel;
        waiters[i] = (struct waiter){.selection = &selection, .arm = i, .word = arms[i].word, .sends = sends};
        if (channel == NULL || channel->closed) continue;
        enqueue(&waiters[i], channel);
        waiting++;
    }
    bool armed = alarm->arm >= 0;
    if (waiting == 0 && !armed) {
        pthread_mutex_unlock(&lock);
        drop_unsent(arms, count, -1);
        osp__fiber_fail(ctx, "select: every channel is closed");
    }
    alarm->selection = &selection;
    if (!armed) osp__deadlock_will_wait(ctx, "select");
    if (armed && alarm->timer.place == 0 && osp__timer_arm(&ctx->worker->timers, &alarm->timer) != 0) {
        for (int64_t i = 0; i < count; i++) take_out(&waiters[i]);
        pthread_mutex_unlock(&lock);
        drop_unsent(arms, count, -1);
        osp__fiber_fail(ctx, "out of memory");
    }
    pthread_mutex_unlock(&lock);
    if (OSP_UNLIKELY(osp__seeded) && armed) osp__seed_timed(ctx, 1);
    osp__fiber_park(ctx);
    if (OSP_UNLIKELY(osp__seeded) && armed) osp__seed_timed(ctx, -1);
    if (armed) osp__timer_cancel(&ctx->worker->timers, &alarm->timer);
    alarm->selection = NULL;
    if (selection.closed) return -1;
    if (arms[selection.chosen].kind == OSP_SELECT_RECEIVE) arms[selection.chosen].word = waiters[selection.chosen].word;
    return selection.chosen;
}

/* Runs the first arm that is ready; waits if none is and there is no default. Returns the index of the arm. Words that
 * were not sent are dropped. */
OSP_API int64_t osp_select(osp_ctx *ctx, void *array, int64_t count) {
    struct osp__select_arm *arms = array;
    struct alarm alarm = {.timer = {.fire = ring}, .arm = sleeping_arm(arms, count)};
    if (alarm.arm >= 0) {
        int64_t ms = arms[alarm.arm].word > 0 ? arms[alarm.arm].word : 0, ns;
        if (__builtin_mul_overflow(ms, 1000000, &ns) || __builtin_add_overflow(osp__now_ns(), ns, &alarm.timer.deadline_ns))
            alarm.timer.deadline_ns = INT64_MAX;
    }
    int64_t otherwise = -1, chosen;
    for (int64_t i = 0; i < count; i++) {
        struct channel *channel = arms[i].channel;
        if (arms[i].kind == OSP_SELECT_DEFAULT) otherwise = i;
        if (arms[i].kind == OSP_SELECT_SEND && channel->pointers) osp_mark_shared((void *)(uintptr_t)arms[i].word);
    }
    struct waiter waiters[count > 0 ? count : 1]; /* no more than needed: parked fibers are meant to be small */
    do {
        pthread_mutex_lock(&lock);
        chosen = ready_arm(arms, count);
        if (chosen < 0) chosen = otherwise;
        if (chosen >= 0)
            pthread_mutex_unlock(&lock);
        else
            chosen = wait_for_any(ctx, arms, count, waiters, &alarm);
    } while (chosen < 0);
    drop_unsent(arms, count, chosen);
    return chosen;
}
