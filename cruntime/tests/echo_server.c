/* echo_server.c - a server in the plain C shape, for trying the runtime by hand and for tests that need a live peer.
 *
 *   echo_server [PORT]    prints its port on the first line; answers "hello" on /, and on any other path what it got:
 *                         method, path, headers and body, line by line.
 * It uses nothing but ospjit.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ospjit.h"

static char *handle(char *method, char *path, char *headers, char *body) {
    if (strcmp(path, "/") == 0) return strdup("Hello, World!!!");
    char *text = NULL;
    if (asprintf(&text, "%s\n%s\n%s\n%s", method, path, headers, body) < 0) return NULL;
    return text;
}

int main(int argc, char **argv) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int64_t server = http_create_server(argc > 1 ? atoi(argv[1]) : 0, "127.0.0.1");
    if (server < 0 || http_listen(server, handle) < 0) return 1;
    printf("%lld\n", (long long)http_server_port(server));
    fflush(stdout);
    int signal;
    sigwait(&ends, &signal);
    return http_stop_server(server) == 0 ? 0 : 1;
}
