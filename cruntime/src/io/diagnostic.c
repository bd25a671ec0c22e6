/* diagnostic.c - see diagnostic.h. */
#include "diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "../base.h"
#include "../sys/sys.h"

void osp__diagnose(const char *format, ...) {
    char line[512] = "ospjit: ";
    const size_t prefix = 8;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line + prefix, sizeof line - prefix - 1, format, arguments);
    va_end(arguments);
    if (n < 0) return;
    size_t length = prefix + (size_t)n;
    if (length > sizeof line - 2) length = sizeof line - 2;
    line[length++] = '\n';
    osp_flush(); /* what the program printed before comes first */
    (void)osp__write(STDERR_FILENO, line, length);
}

_Noreturn void osp__out_of_memory(void) {
    static const char message[] = "ospjit: out of memory\n";
    (void)osp__write(STDERR_FILENO, message, sizeof message - 1);
    _exit(OSP_EXIT_DIAGNOSTIC);
}
