/* access_log.h - one line for each request, in the combined format of Apache and nginx with the time taken at its end:
 *
 *   127.0.0.1 - - [25/Nov/2026:22:32:04 +0000] "GET /a?b HTTP/1.1" 200 5 "-" "curl/7.88.1" 0.000042
 *
 * address, two dashes, time (UTC), request line, status, bytes of the body, Referer, User-Agent, seconds. What comes from
 * the client is escaped (\xHH for control characters, quotes, backslashes and everything outside ASCII), so that nobody
 * can forge a line or talk to a terminal.
 *
 * A worker never waits for a file: lines go into a bounded buffer that one thread of the process empties. When that
 * thread cannot keep up, lines are dropped and counted, and the log says so. */
#ifndef OSP_HTTP_ACCESS_LOG_H
#define OSP_HTTP_ACCESS_LOG_H

#include "connection.h"

/* A place where lines go; counted. */
struct osp__access_log;

/* Opens "-" (standard error) or a file, appending to it. NULL with *error set. Logs of one place share one buffer. */
struct osp__access_log *osp__access_log_open(const char *place, char **error);
struct osp__access_log *osp__access_log_share(struct osp__access_log *log);
void osp__access_log_release(struct osp__access_log *log); /* NULL is fine */

/* What --access-log or OSPJIT_ACCESS_LOG asks for, with a count; NULL when nobody does. A place that cannot be opened is
 * reported once. */
struct osp__access_log *osp__access_log_of_process(void);

/* Remembers who is at the other end, for the lines to come. */
void osp__access_log_note_peer(struct osp__connection *connection);

/* Writes the line of the connection's request that has just been answered. */
void osp__access_log_request(struct osp__access_log *log, const struct osp__connection *connection);

/* Waits until everything so far has been written, a second at most. For the end of the program. */
void osp__access_log_flush(void);

#endif
