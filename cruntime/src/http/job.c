/* job.c - see job.h. */
#include "job.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "../mem/string.h"
#include "../sys/sys.h"
#include "reply.h"

/* On the stack of the request's fiber, which is parked until the job is answered. */
struct job {
    struct job *next;
    struct osp_fiber *fiber;
    struct osp__connection *connection;
    char *target, *headers, *body; /* strings, owned */
    int64_t status;
    char *reply_headers, *reply_type, *reply_body; /* strings, owned */
};

struct osp__job_queue {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job *first, *last;
    bool closed;
};

struct osp__job_queue *osp__job_queue_new(void) {
    struct osp__job_queue *queue = osp__alloc_zeroed(sizeof *queue);
    if (queue == NULL) return NULL;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return queue;
}

void osp__job_queue_free(struct osp__job_queue *queue) {
    if (queue == NULL) return;
    pthread_cond_destroy(&queue->more);
    pthread_mutex_destroy(&queue->lock);
    osp__release(queue);
}

void osp__job_queue_close(struct osp__job_queue *queue) {
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->more);
    pthread_mutex_unlock(&queue->lock);
}

/* ---- the request's side ------------------------------------------------------------------------------------------ */

static void put(struct osp__job_queue *queue, struct job *job) {
    pthread_mutex_lock(&queue->lock);
    if (queue->first == NULL)
        queue->first = job;
    else
        queue->last->next = job;
    queue->last = job;
    pthread_cond_signal(&queue->more);
    pthread_mutex_unlock(&queue->lock);
}

static void reply_to(struct job *job) {
    struct osp__reply reply = osp__reply_whole(job->status, job->reply_body, osp__length(job->reply_body));
    reply.body_string = job->reply_body;
    reply.headers = job->reply_headers;
    reply.headers_length = osp__length(job->reply_headers);
    reply.content_type = job->reply_type;
    reply.content_type_length = osp__length(job->reply_type);
    osp__reply(job->connection, &reply);
}

/* The handler of a queue server. */
static void enqueue_and_wait(osp_ctx *ctx, void *env, void *request) {
    (void)env;
    struct osp__connection *connection = request;
    struct job job = {.fiber = ctx->fiber, .connection = connection};
    job.target = osp_http_request_target(ctx, request);
    job.headers = osp_http_request_headers(ctx, request);
    job.body = osp_http_request_body(ctx, request);
    put(connection->server->queue, &job);
    osp__fiber_park(ctx);
    if (job.reply_body != NULL) reply_to(&job); /* else memory ran out: 500 */
    osp_drop(job.target);
    osp_drop(job.headers);
    osp_drop(job.body);
    osp_drop(job.reply_headers);
    osp_drop(job.reply_type);
    osp_drop(job.reply_body);
}

OSP_API void osp_http_listen_queue(osp_ctx *ctx, int64_t server_id, char **error) {
    (void)ctx;
    struct osp__job_queue *queue = osp__job_queue_new();
    if (queue == NULL)
        osp__set_error(error, "out of memory");
    else
        osp__server_listen(server_id, enqueue_and_wait, NULL, queue, error);
}

/* ---- the threads' side ------------------------------------------------------------------------------------------- */

static struct timespec after(int64_t timeout_ms) {
    int64_t at = osp__now_ns() + timeout_ms * 1000000;
    return (struct timespec){.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
}

static struct job *take(struct osp__job_queue *queue, int64_t timeout_ms) {
    if (timeout_ms > 1000000000) timeout_ms = -1;
    struct timespec until = after(timeout_ms < 0 ? 0 : timeout_ms);
    pthread_mutex_lock(&queue->lock);
    int status = 0;
    while (queue->first == NULL && !queue->closed && status == 0) {
        if (timeout_ms < 0)
            status = pthread_cond_wait(&queue->more, &queue->lock);
        else
            status = pthread_cond_timedwait(&queue->more, &queue->lock, &until);
    }
    struct job *job = queue->first;
    if (job != NULL) queue->first = job->next;
    pthread_mutex_unlock(&queue->lock);
    return job;
}

/* A stopped server is not in the table any more: for its threads the queue is closed. */
static struct osp__server *queue_server(int64_t server_id) {
    struct osp__server *server = osp__server_find(server_id);
    if (server != NULL && server->queue == NULL) {
        osp__server_release(server);
        server = NULL;
    }
    return server;
}

OSP_API void *osp_http_next_job(int64_t server_id, int64_t timeout_ms) {
    struct osp__server *server = queue_server(server_id);
    if (server == NULL) return NULL;
    struct job *job = take(server->queue, timeout_ms);
    osp__server_release(server);
    return job;
}

OSP_API bool osp_http_queue_open(int64_t server_id) {
    struct osp__server *server = queue_server(server_id);
    if (server == NULL) return false;
    pthread_mutex_lock(&server->queue->lock);
    bool open = !server->queue->closed || server->queue->first != NULL;
    pthread_mutex_unlock(&server->queue->lock);
    osp__server_release(server);
    return open;
}

OSP_API const char *osp_http_job_method(void *job, size_t *len) {
    const char *name = osp_http_method_name(((struct job *)job)->connection->parser.method_index);
    *len = strlen(name);
    return name;
}

static const char *part(const char *string, size_t *len) {
    *len = osp__length(string);
    return string;
}

OSP_API const char *osp_http_job_target(void *job, size_t *len) { return part(((struct job *)job)->target, len); }
OSP_API const char *osp_http_job_headers(void *job, size_t *len) { return part(((struct job *)job)->headers, len); }
OSP_API const char *osp_http_job_body(void *job, size_t *len) { return part(((struct job *)job)->body, len); }

OSP_API void osp_http_job_respond(void *object, int64_t status, const char *headers, const char *content_type,
                                  const char *body, size_t body_len) {
    struct job *job = object;
    job->status = status;
    job->reply_headers = osp_string_new(headers != NULL ? headers : "", headers != NULL ? strlen(headers) : 0);
    job->reply_type = osp_string_new(content_type != NULL ? content_type : "",
                                     content_type != NULL ? strlen(content_type) : 0);
    job->reply_body = osp_string_new(body, body_len);
    if (job->reply_headers == NULL || job->reply_type == NULL) {
        osp_drop(job->reply_body);
        job->reply_body = NULL;
    }
    osp__fiber_wake(job->fiber); /* the job is gone as soon as its fiber runs */
}

void osp__job_queue_abandon(struct osp__job_queue *queue) {
    static const char text[] = "{\"error\":\"the server is stopping\"}";
    for (struct job *job; (job = take(queue, 0)) != NULL;)
        osp_http_job_respond(job, 503, NULL, NULL, text, sizeof text - 1);
}
