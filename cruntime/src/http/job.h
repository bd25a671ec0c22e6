/* job.h - requests handed to threads of an embedder (Python handlers) instead of compiled code.
 *
 * The request's fiber puts a job on its server's queue and parks; some thread takes it, answers it, and wakes the fiber.
 * A thread never runs on a fiber's stack, and a fiber never waits for a lock that a thread holds for long. */
#ifndef OSP_HTTP_JOB_H
#define OSP_HTTP_JOB_H

#include "../base.h"

struct osp__job_queue;

/* NULL when memory runs out. */
struct osp__job_queue *osp__job_queue_new(void);
void osp__job_queue_free(struct osp__job_queue *queue); /* NULL is fine */

/* No job will come any more; threads get NULL once the queue is empty. */
void osp__job_queue_close(struct osp__job_queue *queue);

/* Answers what nobody has taken with 503. */
void osp__job_queue_abandon(struct osp__job_queue *queue);

#endif
