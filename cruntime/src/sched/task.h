/* task.h - spawned computations: what the language calls Fiber<T>.
 *
 * A task is a counted object that outlives the fiber which computes it. Until it starts it has no stack. Its result is
 * `words` machine words, of which the first `pointers` are counted; they are made shared when the task ends, because
 * the awaiter may live on another worker. */
#ifndef OSP_SCHED_TASK_H
#define OSP_SCHED_TASK_H

#include "../base.h"

/* Registers the finaliser of tasks; once, before any worker runs. */
void osp__task_init(void);

/* Prints the messages of the tasks that have failed and were never awaited; at the end of a program. */
void osp__task_report_unheard(void);

#endif
