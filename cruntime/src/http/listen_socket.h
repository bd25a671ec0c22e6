/* listen_socket.h - from "address, port" to a bound, listening socket, with messages for people. */
#ifndef OSP_HTTP_LISTEN_SOCKET_H
#define OSP_HTTP_LISTEN_SOCKET_H

#include "../base.h"

/* Opens a TCP socket on an IPv4 or IPv6 address literal (or "localhost"); port 0 picks a free one. A port in use is
 * tried again for up to a second. A socket that a service manager has passed for just this address and port is
 * taken instead; "socket:NAME" takes the one of that name, whatever the port.
 * Returns the descriptor and the port in *bound_port (0 for a socket without ports), or -1 with *error set. ctx may be
 * NULL. */
int osp__listen_socket(osp_ctx *ctx, int64_t port, const char *address, int *bound_port, char **error);

/* The same in steps, for callers with error codes of their own: whether the text is an address that can be listened
 * on, and the descriptor or a negative errno with the step that failed in *stage. */
enum osp__listen_stage { OSP__LISTEN_SOCKET, OSP__LISTEN_OPTIONS, OSP__LISTEN_BIND, OSP__LISTEN_LISTEN };
bool osp__listen_address_is_valid(const char *address);
int osp__listen_staged(osp_ctx *ctx, int64_t port, const char *address, int *bound_port, enum osp__listen_stage *stage);

#endif
