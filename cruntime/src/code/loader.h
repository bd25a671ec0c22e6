/* loader.h - machine code from a relocatable ELF file to memory where it can run.
 *
 * For objects that the compiler made, cached or not. Every offset and number in the file is checked before use, so
 * that a damaged file is refused and never a crash of the loader. Memory is writable or executable, never both. */
#ifndef OSP_CODE_LOADER_H
#define OSP_CODE_LOADER_H

#include <stddef.h>
#include <stdint.h>

struct osp_code;

/* Where an object's functions are looked for that neither it nor the runtime defines; only read during the call. */
struct osp_code_surroundings {
    void *const *libraries; /* handles of dlopen */
    size_t library_count;
    const char *const *names; /* functions by their addresses; they come before those of libraries */
    const uint64_t *addresses;
    size_t symbol_count;
};

/* Loads an object. What it does not define is looked for in the runtime (osp_ names), in its surroundings, then in the
 * C library, its mathematical part and the unwinder. 0 and *code; or a negative errno with a sentence in `why`, or with
 * the symbol's name there if the error is -ENOENT: nothing defines it. */
int osp_code_load(const void *object, size_t size, const struct osp_code_surroundings *surroundings, struct osp_code **code,
                  char *why, size_t why_size);

/* The address of a symbol that the object defines, or NULL. */
void *osp_code_symbol(const struct osp_code *code, const char *name);

/* Frees the code; nothing may run in it any more. */
void osp_code_unload(struct osp_code *code);

#endif
