/* store.h - the folder of the code cache: who may own it, and files in it that appear whole or not at all.
 *
 * Linked into the runtime and into the launcher. Every failure is a negative errno with a sentence in *why (static);
 * none is more than a reason to compile. */
#ifndef OSP_CODE_STORE_H
#define OSP_CODE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* A file larger than this is none of ours. */
#define OSP_STORE_MAX_FILE ((size_t)1 << 30)

/* The folder's path: OSPJIT_CACHE_DIR, else XDG_CACHE_HOME/ospjit, else HOME/.cache/ospjit. False if none of them
 * is an absolute path that fits, or if OSPJIT_CACHE=0 switches the cache off. */
bool osp__store_path(char *path, size_t size, const char **why);

/* Opens the folder, which must belong to this process's user and be writable by nobody else. `create` makes it and
 * what is above it. A descriptor, or a negative errno. */
int osp__store_open(bool create, const char **why);

/* Reads a whole file, which must be regular, of this user and writable by nobody else, into a block that the caller
 * releases (osp__release). Its time stamps are set to now if they are an hour old, for osp__store_trim. */
int osp__store_read(int folder, const char *name, char **bytes, size_t *size, const char **why);

/* Writes a file under a name of its own and renames it: readers see the old one, the new one or none. */
int osp__store_write(int folder, const char *name, const struct iovec *parts, int count, const char **why);

/* Removes the files that were used least recently until the rest fits into OSPJIT_CACHE_SIZE (bytes, or with a suffix
 * K, M or G; 256M), and temporary files that a dead process left. `keep` stays. */
void osp__store_trim(int folder, const char *keep);

#endif
