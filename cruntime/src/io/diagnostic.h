/* diagnostic.h - run-time diagnostics: one line on standard error, in the words of the program's user.
 *
 * Exit status 3 belongs to them (see the language reference). These functions write directly, without the output
 * buffer, and may be called in any state of the runtime. */
#ifndef OSP_IO_DIAGNOSTIC_H
#define OSP_IO_DIAGNOSTIC_H

#define OSP_EXIT_DIAGNOSTIC 3

/* Writes "ospjit: <formatted message>\n" to standard error. Async-signal-unsafe. */
void osp__diagnose(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process with status 3: for the places where no fiber can be blamed and no error can be returned. */
_Noreturn void osp__out_of_memory(void);

#endif
