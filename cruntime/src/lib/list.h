/* list.h - persistent lists: what the rest of the library needs of them, and how they are laid out.
 *
 * A list is a counted cell over a row or a tree, which may have free places at both ends:
 *
 *     list:  root | start | end | height         elements are at positions [start, end)
 *
 * Elements are 64-bit words, counted pointers or bytes: the list's tag says which (enum osp_elements).
 *
 * Words that are no pointers, and bytes, lie side by side in a row (mem/row.h), height 0, as long as nobody who holds another
 * version of the list changes his: index, update, and, most of the time, append and prepend are an access to memory.
 * Versions that live on share a tree.
 *
 * A tree is a radix tree of 32-way nodes (Bagwell's vector trie, as in Clojure and Scala): at height 0 a leaf of 4, 8, 16
 * or 32 elements; above, 32 nodes, NULL where there are no elements. Index, update, append, prepend and removal at the ends
 * visit one node a level: two levels hold 1,024 elements, four a million. Nodes that nobody else sees are changed in
 * place. When one end of the tree is full and the other has room, the root's slots slide; so a list used as a queue
 * stays as shallow as its length asks for. Elements that are cut off are released at once, also those that share a leaf
 * with elements that stay; a row stays whole while a fourth of it is in use. */
#ifndef OSP_LIB_LIST_H
#define OSP_LIB_LIST_H

#include "../base.h"

/* The number of elements. */
uint64_t osp__list_length(const void *list);

/* What the elements are. */
enum osp_elements osp__list_elements(const void *list);

/* The elements from `index` (less than the length) that lie side by side in memory, words, pointers or bytes, and how
 * many these are. They are borrowed, and valid as long as the list is alive and unchanged. */
const void *osp__list_run(const void *list, uint64_t index, uint64_t *count);

/* Adds an element at the end; takes the list and the element, gives the new list. */
void *osp__list_push(osp_ctx *ctx, void *list, int64_t element);

/* Adds elements, a word each, at the end in the same way. */
void *osp__list_extend(osp_ctx *ctx, void *list, const int64_t *words, uint64_t count);

/* The same for a new string of `length` bytes. */
void *osp__list_push_string(osp_ctx *ctx, void *list, const char *bytes, size_t length);

#endif
