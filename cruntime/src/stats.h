/* stats.h - the counters of the runtime as text, for --stats and SIGUSR1. */
#ifndef OSP_STATS_H
#define OSP_STATS_H

/* Writes them to standard error, one "name value" a line after a first line that says what follows. On the thread of
 * osp_run_main: it takes a lock or two. */
void osp__stats_report(void);

#endif
