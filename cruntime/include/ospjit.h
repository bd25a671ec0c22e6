/* ospjit.h - the public C interface of the ospjit runtime.
 *
 * What lives here: everything a C program, the ctypes layer or an embedder may call: starting the runtime, running
 * code on fibers, strings and counted cells, and the HTTP server in the plain C shape. The functions that compiled
 * Osprey code calls are declared in the generated `osp_builtins.h` as well; both agree or the sources do not compile.
 * This header must stay plain C99, must not include anything but <stdint.h>, <stddef.h> and <stdbool.h>, and must
 * never expose a structure whose layout is not part of the contract.
 *
 * Conventions
 *   - "string" is an Osprey string: `char *` to NUL-terminated bytes; its byte length (64 bits) is stored at ptr-16
 *     and its header word at ptr-8. Strings are 8-bit clean; the NUL after the last byte is not part of the length.
 *   - Arguments are borrowed and results are owned by the caller (release with osp_drop) unless a comment differs.
 *   - Functions with a last parameter `char **error` leave it alone on success and store an owned string on failure;
 *     the caller initialises it to NULL.
 *   - Times are milliseconds where the name says `ms`, nanoseconds of CLOCK_MONOTONIC where it says `ns`.
 *   - `ctx` is the context of the running fiber. Where a comment says "ctx may be NULL" the function may also be
 *     called by a thread that is not a fiber; it then blocks that thread instead of parking a fiber. */
#ifndef OSPJIT_H
#define OSPJIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef OSP_API
#define OSP_API __attribute__((visibility("default")))
#endif

struct osp_fiber;
struct osp_worker;

/* The hidden first argument of every compiled function, one per fiber. The offsets are part of the ABI: compiled code
 * reads stack_limit and poll inline. A fiber never changes its worker once it has started. */
typedef struct osp_ctx {
    char *stack_limit;         /*  0: lowest address a frame may reach; prologues compare against it */
    uint32_t poll;             /*  8: non-zero asks the running code to call osp_poll soon */
    uint32_t reserved;         /* 12: zero */
    void *evidence;            /* 16: effect handlers in force */
    struct osp_fiber *fiber;   /* 24 */
    struct osp_worker *worker; /* 32 */
    const char *place;         /* 40: "FILE:LINE" of the operation that waits, static; NULL when unknown */
} osp_ctx;

/* Code that the runtime calls on a fiber. `env` is a counted closure cell, borrowed during the call; what `arg` is
 * depends on who calls. */
typedef void (*osp_thunk)(osp_ctx *ctx, void *env, void *arg);

/* ---- starting and stopping -------------------------------------------------------------------------------------- */

typedef struct osp_config {
    uint32_t size;             /* sizeof(osp_config), so that fields can be added */
    int32_t workers;           /* worker threads; 0: OSPJIT_WORKERS, else one per core this process may use */
    int32_t blocking_threads;  /* upper bound of the pool for blocking calls; 0: 16 */
    int32_t argc;              /* arguments of the program (its own name not among them) */
    const char *const *argv;   /* borrowed: must live as long as the process */
    const char *access_log;    /* of all HTTP servers: a file's name, "-" for standard error; NULL or "": what
                                  OSPJIT_ACCESS_LOG says, else none. Borrowed like argv */
    int32_t stats;             /* not 0, or OSPJIT_STATS=1: osp_run_main reports counters at the end, and for SIGUSR1 */
} osp_config;

/* Starts the workers. `config` may be NULL. Idempotent: a second call returns 0 and changes nothing. Installs no
 * signal handler but the one for stack faults (which chains to what was there) and ignores SIGPIPE.
 * Returns 0, or a negative errno; -EDEADLK in a child of fork(), where no worker threads exist. */
OSP_API int osp_runtime_start(const osp_config *config);

/* Runs `entry` in the main fiber (1 GiB stack) while the calling thread waits here. `result` points to an int64_t,
 * initially 0, that the entry may set to the exit status. Returns when the entry has returned and no server listens,
 * or earlier through osp_exit or a signal. While it waits SIGINT and SIGTERM are handled: servers are drained (idle:
 * at once, in flight: up to 5 s) and the status is 0; without a server the status is 130 or 143; a second signal
 * gives 130 at once. Buffered output has been written when it returns. The status is 0..255; 3 after a run-time
 * diagnostic. Other fibers may still be running: the caller is expected to leave the process with _exit. */
OSP_API int64_t osp_run_main(void (*entry)(osp_ctx *ctx, void *result));

/* Runs `code(ctx, env, arg)` on a fiber while the calling thread waits. Must not be called on a fiber. Takes one count
 * of `env` and drops it. Returns 0, or -1 with *error set when the fiber failed, or a negative errno. */
OSP_API int osp_call_on_fiber(osp_thunk code, void *env, void *arg, char **error);

/* Calls fn(arg) on the worker's own large stack; for C code that needs more stack than a fiber has. ctx may be NULL. */
OSP_API void osp_call_on_system_stack(osp_ctx *ctx, void (*fn)(void *), void *arg);

/* Calls fn(arg) on a thread of the blocking pool while the fiber is parked. ctx may be NULL (fn runs here).
 * Returns 0 or a negative errno, in which case fn was not called. */
OSP_API int osp_blocking_call(osp_ctx *ctx, void (*fn)(void *), void *arg);

/* A hash of the table of built-ins this library was compiled against; 0 when it was built without the table. */
OSP_API uint64_t osp_abi_hash(void);

/* ---- counted memory ---------------------------------------------------------------------------------------------- */

/* The header word before every counted object. rc > 0: owned by one thread; rc < 0: shared, updated atomically;
 * rc == 0: immortal; below OSP_RC_STICKY: the count overflowed and the object stays for good.
 * info: kind (4 bits) | scan (12 bits: leading fields that are counted pointers) | tag (16 bits). */
#define OSP_KIND_STRING 0u
#define OSP_KIND_CELL 1u
#define OSP_KIND_CLOSURE 2u /* field 0 is a code pointer; pointers are scanned from field 1 on */
#define OSP_KIND_TASK 3u
#define OSP_KIND_CHANNEL 4u
#define OSP_KIND_TEST 5u
#define OSP_KIND_PROCESS 6u
#define OSP_KIND_FOREIGN 7u /* stands for an object of the embedder */
#define OSP_KIND_ROW 8u     /* elements of a list side by side; see mem/row.h */
#define OSP_INFO(kind, scan, tag) ((uint32_t)(kind) | (uint32_t)(scan) << 4 | (uint32_t)(tag) << 16)
#define OSP_RC_STICKY (INT32_MIN / 2)

/* What the elements of a list are. One that is handed over or back is a word in any case. */
enum osp_elements {
    OSP_WORDS = 0,    /* 64 bits each, not counted */
    OSP_POINTERS = 1, /* to counted objects */
    OSP_BYTES = 2     /* 8 bits each */
};

/* Copies `len` bytes into a new string with count 1. NULL when memory runs out. */
OSP_API char *osp_string_new(const char *bytes, size_t len);
OSP_API uint64_t osp_string_length(const char *string);

/* A cell of `words` 8-byte fields with count 1; the fields are not initialised. Fails the fiber when memory runs out;
 * with ctx NULL it returns NULL instead. */
OSP_API void *osp_cell_new(osp_ctx *ctx, int64_t info, int64_t words);

/* Takes and gives up a count. NULL and immortal objects are left alone. osp_drop frees without recursion. */
OSP_API void osp_dup(void *object);
OSP_API void osp_drop(void *object);

/* Makes an object and everything it reaches shared, so that other threads may count it. Call it before the object
 * becomes visible to them. */
OSP_API void osp_mark_shared(void *object);

/* Makes an object and everything it reaches immortal (file-scope values after their initialiser has run). */
OSP_API void osp_mark_immortal(void *object);

/* Counted objects alive now, if OSPJIT_COUNT_CELLS=1 was in the environment when the library was loaded; else -1.
 * Objects that became immortal are not counted. */
OSP_API int64_t osp_live_cells(void);

/* ---- values and calls for embedders ------------------------------------------------------------------------------ */

/* A row of bytes in which values travel: what the compiled conversions of a module read and write. */
struct osp_stream;
OSP_API struct osp_stream *osp_stream_new(const char *bytes, size_t len); /* a copy; NULL when memory runs out */
OSP_API const char *osp_stream_bytes(struct osp_stream *stream, size_t *len); /* borrowed until the next write */
OSP_API bool osp_stream_refill(struct osp_stream *stream, const char *bytes, size_t len); /* false: out of memory */
OSP_API void osp_stream_free(struct osp_stream *stream);

/* A call that may wait or call back. Begins running code(ctx, env, arg) on a fiber; NULL with a negative errno in
 * *status when that is impossible. Takes one count of `env`. Then wait until the result is 0 (the call has ended) or
 * -1 (the fiber failed, *error is owned); both end the life of the call. 1: the fiber calls a function of the embedder
 * and is parked until *request has been answered. 2: timeout_ms have passed (negative: never). */
struct osp_call;
struct osp_request;
OSP_API struct osp_call *osp_call_begin(osp_thunk code, void *env, void *arg, int *status);
OSP_API int osp_call_wait(struct osp_call *call, int64_t timeout_ms, struct osp_request **request, char **error);

/* The next request of a fiber that no call waits for; NULL after timeout_ms (negative: waits for ever). */
OSP_API struct osp_request *osp_next_request(int64_t timeout_ms);

/* Which function is called, by the number it was given; where its arguments are, and where the result has to be put
 * (osp_stream_refill); and the answer, after which the request is gone. With `failure` (copied) the fiber fails. */
OSP_API int64_t osp_request_number(const struct osp_request *request);
OSP_API struct osp_stream *osp_request_stream(const struct osp_request *request);
OSP_API void osp_request_answer(struct osp_request *request, const char *failure, size_t len);

/* The numbers of functions that no compiled code can call any more: up to `most` of them, each told once. */
OSP_API size_t osp_next_released(int64_t *numbers, size_t most);

/* Whether no fiber lives and nothing listens: compiled code that nobody refers to can be unmapped. */
OSP_API bool osp_is_idle(void);

/* Calls of compiled functions that take and return numbers leave what went wrong with the calling thread. osp_pending
 * (atomic) is not 0 while any thread has such a message: */
#define OSP_PENDING_FAILURE 1     /* the fiber failed */
#define OSP_PENDING_ERROR 2       /* the function returned an Error */
#define OSP_PENDING_UNAVAILABLE 3 /* it was not called */
OSP_API extern uint32_t osp_pending;
OSP_API char *osp_take_pending(int *kind); /* owned; NULL if this thread has none */

/* ---- output ------------------------------------------------------------------------------------------------------ */

/* Where print and printErr go: stream 1 or 2. Called with the runtime's output lock held, on a system stack, by any
 * thread; it must not call back into the runtime. NULL restores the file descriptors. */
typedef void (*osp_print_sink)(void *user, int stream, const char *bytes, size_t len);
OSP_API void osp_set_print_sink(osp_print_sink sink, void *user);

/* Writes out what print has buffered. */
OSP_API void osp_flush(void);

/* From `on` to off the runtime's own messages (a task failed that nobody awaits, …) are collected and not written to
 * standard error. */
OSP_API void osp_collect_messages(bool on);

/* The next message, cut to `size` bytes; its length, 0 when none comes within timeout_ms or collecting ends. */
OSP_API size_t osp_next_message(char *text, size_t size, int64_t timeout_ms);

/* ---- debuggers --------------------------------------------------------------------------------------------------- */

/* Tells GDB of code that was made in this process: an ELF object, copied, whose section headers say where its sections
 * have been loaded. Returns what osp_gdb_unregister takes before the code is freed, or NULL if memory is short. */
OSP_API void *osp_gdb_register(const void *object, size_t size);
OSP_API void osp_gdb_unregister(void *registration);

/* ---- HTTP server for embedders ----------------------------------------------------------------------------------- */

/* The functions that take ctx are those of osp_builtins.h; here ctx may be NULL for all of them. */

/* Binds a TCP socket; port 0 picks a free one. Retries a port in use with exponential back-off for up to 1 s.
 * Returns a server id > 0, or 0 with *error set. */
OSP_API int64_t osp_http_create_server(osp_ctx *ctx, int64_t port, char *address, char **error);

/* The same for HTTPS (TLS 1.2 or later): `certificate_file` is a chain of PEM certificates, the server's own first,
 * `key_file` its PEM key, not encrypted. The files are read now. */
OSP_API int64_t osp_http_create_server_tls(osp_ctx *ctx, int64_t port, char *address, char *certificate_file,
                                           char *key_file, char **error);

/* The port a server is bound to, or -1 when there is no such server. */
OSP_API int64_t osp_http_server_port(osp_ctx *ctx, int64_t server_id);

/* What can be set for a server before it listens. Begin with http_default_options(). Sizes are bytes, times
 * milliseconds; bounds are checked when the options are used. */
typedef struct http_options {
    uint32_t size;              /* sizeof(http_options), so that fields can be added */
    int64_t request_line_bytes; /* 8192; a longer line is answered with 414 */
    int64_t header_bytes;       /* 65536 of all fields together; over it 431 */
    int64_t header_fields;      /* 100; more are answered with 431 */
    int64_t body_bytes;         /* 16 MiB of a body kept in memory */
    int64_t total_body_bytes;   /* 256 MiB of any body, the part on disk included; over it 413 */
    int64_t header_timeout_ms;  /* 10000 for a request's head, and for the TLS handshake; then 408 */
    int64_t idle_timeout_ms;    /* 60000 between two requests; then the connection is closed */
    int64_t stall_timeout_ms;   /* 30000: in each such stretch of a body or a reply 4096 bytes a second have to move */
    int64_t connections;        /* at once; more are answered with 503; 0: as many as descriptors allow */
    const char *access_log;     /* NULL or "": as the process is set up; "-": standard error; else a file's name */
} http_options;
OSP_API http_options http_default_options(void);

/* Starts accepting; each request runs code(ctx, env, request) on a fiber of its own. Takes one count of `env`. */
OSP_API void osp_http_listen(osp_ctx *ctx, int64_t server_id, osp_thunk code, void *env, char **error);

/* Stops accepting, closes idle connections, waits up to 5 s for requests in flight (not for the request that calls),
 * then closes what is left. The port is free when it returns. */
OSP_API void osp_http_stop_server(osp_ctx *ctx, int64_t server_id, char **error);

/* Like osp_http_listen, but requests go into a queue that threads of the embedder empty. */
OSP_API void osp_http_listen_queue(osp_ctx *ctx, int64_t server_id, char **error);

/* Waits up to timeout_ms (negative: for ever) for the next request of a queue server. NULL on time-out, and at once
 * when the server has stopped (tell the two apart with osp_http_queue_open). Every job must be answered exactly once
 * with osp_http_job_respond, which invalidates it; its parts may be read until then. */
OSP_API void *osp_http_next_job(int64_t server_id, int64_t timeout_ms);
OSP_API bool osp_http_queue_open(int64_t server_id);

/* Parts of a job's request: borrowed bytes, NUL-terminated, with their length. */
OSP_API const char *osp_http_job_method(void *job, size_t *len);
OSP_API const char *osp_http_job_target(void *job, size_t *len);
OSP_API const char *osp_http_job_headers(void *job, size_t *len);
OSP_API const char *osp_http_job_body(void *job, size_t *len);

/* Answers a job. `headers` are "Name: value\r\n" lines, NULL for none; `content_type` NULL or "" is sniffed from the
 * body. The bytes are copied. */
OSP_API void osp_http_job_respond(void *job, int64_t status, const char *headers, const char *content_type,
                                  const char *body, size_t body_len);

/* ---- HTTP server in the plain C shape --------------------------------------------------------------------------- */

/* For C programs that use the runtime alone. They start the runtime themselves on first use. Ids and ports are positive,
 * other successes 0; failures are -1, and http_server_error() then says what failed, until the next failure on this
 * thread. A handler may call them, too; a server's own handler may stop it. The handler runs on a fiber, so it has about
 * 200 KiB of stack and should not block. It gets borrowed C strings (path is the target as sent) and returns a malloc'd
 * body, which the runtime frees; NULL is answered with 500. With handler NULL, osprey_handle_http_request is called if
 * the program defines it (the deprecated bridge; its malloc'd headers and body are freed by the runtime). */
OSP_API int64_t http_create_server(int64_t port, const char *address);
OSP_API int64_t http_create_server_tls(int64_t port, const char *address, const char *certificate_file,
                                       const char *key_file);
OSP_API int64_t http_configure(int64_t server_id, const http_options *options); /* before http_listen */
OSP_API int64_t http_server_port(int64_t server_id);
OSP_API int64_t http_listen(int64_t server_id,
                            char *(*handler)(char *method, char *path, char *headers, char *body));
OSP_API int64_t http_stop_server(int64_t server_id);
OSP_API const char *http_server_error(void);

/* In a handler: a descriptor at the beginning of its request's body, closed by the runtime when the handler has returned.
 * The only way to a body that is too large for memory (its text is then empty). Negative errno on failure. */
OSP_API int http_request_body_fd(void);

/* ---- HTTP client in the plain C shape --------------------------------------------------------------------------- */

/* A client for a base URL (http:// or https://, certificates verified); the time-out covers connecting, each read and
 * the whole exchange. Returns an id > 0. The request functions return the status of the response; `headers` are
 * "Name: value\r\n" lines, and NULL stands for "". All return -1 on failure: http_client_error() then says what
 * failed, until the next failure on this thread. On a fiber they park it, elsewhere they block the thread. */
OSP_API int64_t http_create_client(const char *base_url, int64_t timeout_ms);
OSP_API int64_t http_get(int64_t client_id, const char *path, const char *headers);
OSP_API int64_t http_post(int64_t client_id, const char *path, const char *body, const char *headers);
OSP_API int64_t http_put(int64_t client_id, const char *path, const char *body, const char *headers);
OSP_API int64_t http_delete(int64_t client_id, const char *path, const char *headers);
OSP_API int64_t http_request(int64_t client_id, const char *method, const char *path, const char *headers,
                             const char *body);
OSP_API int64_t http_close_client(int64_t client_id);

/* What http_configure_client sets; start from HTTP_CLIENT_OPTIONS. Times are milliseconds, 0 leaves the client's
 * time-out alone. Redirects go no further than max_redirects, never from https to http, and without Authorization and
 * Cookie to another origin. max_body_bytes bounds http_response_body, not http_response_read. Returns 0 or -1. */
typedef struct http_client_options {
    int64_t max_redirects;
    int64_t connect_timeout_ms;
    int64_t read_timeout_ms;
    int64_t max_header_bytes;
    int64_t max_body_bytes;
} http_client_options;
#define HTTP_CLIENT_OPTIONS {0, 0, 0, 64 << 10, 64 << 20}
OSP_API int64_t http_configure_client(int64_t client_id, const http_client_options *options);

/* The same requests, for a program that reads the response itself. http_fetch returns an id > 0 of the response, whose
 * body has not been read; http_response_free releases it, and its connection. http_response_header and
 * http_response_body return malloc'd bytes with a NUL behind them, their number in *length if it is not NULL; NULL on
 * failure, also for a field that is not there. http_response_read returns the number of bytes that it put into
 * buffer, 0 at the end. http_response_status: -1 if there is no such response. */
OSP_API int64_t http_fetch(int64_t client_id, const char *method, const char *path, const char *headers,
                           const char *body);
OSP_API int64_t http_response_status(int64_t response_id);
OSP_API char *http_response_header(int64_t response_id, const char *name, size_t *length);
OSP_API char *http_response_body(int64_t response_id, size_t *length);
OSP_API int64_t http_response_read(int64_t response_id, void *buffer, size_t size);
OSP_API int64_t http_response_free(int64_t response_id);

/* What failed last on this thread; "" if nothing has. */
OSP_API const char *http_client_error(void);

#ifdef __cplusplus
}
#endif
#endif
