/* json_text.c - see json_text.h. */
#include "json_text.h"

#include "../sched/poll.h"
#include "failure.h"

/* A text that takes longer than about a millisecond is parsed on the pool. */
enum { LARGE_TEXT = 1 << 18 };

static void fail_parse(char **error, const char *function, const char *text, const struct osp__json_error *fault)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < fault->offset; i++) {
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
        fail_parse(error, function, text, &job.fault);
    return job.document;
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
