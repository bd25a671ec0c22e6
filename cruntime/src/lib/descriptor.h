/* descriptor.h - which file descriptors a program may use.
 *
 * The runtime keeps sockets, epoll instances and event descriptors in the same number space that openFile
 * draws from. A program that closes or reads a number it made up must get an Error, not the runtime's own
 * descriptor; so every descriptor that a program holds is entered here, and operations on others are refused.
 * One that another fiber is reading or writing cannot be closed under its feet, since the number might be
 * somebody else's a moment later. */
#ifndef OSP_LIB_DESCRIPTOR_H
#define OSP_LIB_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

/* Hands a descriptor over to the program. Returns 0, or -ENOMEM and enters nothing. */
int osp__descriptor_give(int fd);

/* Hands one over until its owner, any address, takes it back: what the program has not closed or passed on by then. */
int osp__descriptor_give_to(int fd, const void *owner);
bool osp__descriptor_is_held_by(int fd, const void *owner);

/* The descriptor, for the owner to close; -EBADF when the program no longer holds it, or -EBUSY while an operation on it
 * is going on: then it is the program's for good. */
int osp__descriptor_reclaim(int fd, const void *owner);

/* Takes it back, for a caller that will close it (a reply that streams from it). Returns the descriptor,
 * -EBADF when the program does not hold it, or -EBUSY while an operation on it is going on. */
int osp__descriptor_take(int64_t fd);

/* Around an operation; begin returns the descriptor or -EBADF. 0, 1 and 2 may always be used. */
int osp__descriptor_begin(int64_t fd);
void osp__descriptor_end(int fd);

#endif
