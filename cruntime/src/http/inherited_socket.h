/* inherited_socket.h - listening sockets that a service manager has opened for this process (sd_listen_fds(3)): LISTEN_PID
 * names the process, LISTEN_FDS says how many descriptors from 3 on are meant, LISTEN_FDNAMES may name them. */
#ifndef OSP_HTTP_INHERITED_SOCKET_H
#define OSP_HTTP_INHERITED_SOCKET_H

#include <sys/socket.h>

/* Takes the socket that is bound to this address and port, or, if `name` is not NULL, the one of that name; non-blocking
 * and close-on-exec. 0.0.0.0 also stands for a socket on [::] that takes IPv4. -1 when there is none (left). Each is
 * given once. Any thread. */
int osp__inherited_socket(const struct sockaddr *wanted, const char *name);

#endif
