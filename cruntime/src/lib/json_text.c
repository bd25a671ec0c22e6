/* json_text.c - see json_text.h. */
#include "json_text.h"

#include "../sched/blocking.h"
#include "../sched/poll.h"
#include "failure.h"

/* A text that takes longer than about a millisecond is parsed on the pool. */
enum { LARGE_TEXT = 1 << 18 };

/* A document of so many nodes takes the kernel about as long to unmap. */
enum { LARGE_DOCUMENT = 1 << 17 };

static void fail_parse(osp_ctx *ctx, char **error, const char *function, const char *text,
                       const struct osp__json_error *fault)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < fault->offset; i++) {
        if (i % OSP_POLL_BYTES == 0)
            osp__poll(ctx);
        column++;
        if (text[i] == '\n') {
            line++;
            column = 1;
        }
    }
    osp__set_error(error, "%s: line %zu, column %zu: %s", function, line, column, fault->reason);
}

struct job {
    const char *text;
    struct osp__json *document;
    struct osp__json_error fault;
};

static void parse(void *argument)
{
    struct job *job = argument;
    job->document = osp__json_parse(job->text, osp__length(job->text), &job->fault);
}

struct osp__json *osp__json_parse_string(osp_ctx *ctx, const char *function, const char *text, char **error)
{
    struct job job = {.text = text};
    if (osp__length(text) < LARGE_TEXT || osp_blocking_call(ctx, parse, &job) < 0)
        parse(&job);
    if (job.document == NULL)
        fail_parse(ctx, error, function, text, &job.fault);
    return job.document;
}

static void discard(void *document)
{
    osp__json_free(document);
}

void osp__json_discard(osp_ctx *ctx, struct osp__json *document)
{
    bool large = document != NULL && document->size >= LARGE_DOCUMENT;
    if (!large || ctx == NULL || osp__blocking_start(discard, document) < 0)
        osp__json_free(document);
}

size_t osp__json_escape_long(osp_ctx *ctx, const char *bytes, size_t length, char *out)
{
    size_t written = 0;
    for (size_t done = 0, part; done < length; done += part) {
        part = osp__poll_part(length - done);
        for (int i = 0; i < 3 && part < length - done && ((unsigned char)bytes[done + part] & 0xc0) == 0x80; i++)
            part--; /* no character is cut in two */
        written += osp__json_escape(bytes + done, part, out != NULL ? out + written : NULL);
        osp__poll(ctx);
    }
    return written;
}
