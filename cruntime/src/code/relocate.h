/* relocate.h - applying the relocations of position-independent, small-model code.
 *
 * A pure function over bytes for each machine, both compiled everywhere so that both are tested everywhere. A
 * relocation that is unknown, or a distance that does not fit, is an error and never a wrong address. */
#ifndef OSP_CODE_RELOCATE_H
#define OSP_CODE_RELOCATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a relocation needs of its symbol beside its address. */
enum osp_reloc_need {
    OSP_RELOC_INVALID, /* not a relocation that such code has */
    OSP_RELOC_ADDRESS, /* the symbol itself */
    OSP_RELOC_CALL,    /* the symbol, or a stub that jumps to it when it is too far */
    OSP_RELOC_SLOT,    /* a word that holds its address */
};

struct osp_reloc {
    uint32_t type;
    char *place;      /* the bytes to change, in writable memory; `width` of them are inside the section */
    uint64_t address; /* the address that they will have */
    uint64_t target;  /* of the symbol, its stub or its slot */
    int64_t addend;
};

struct osp_machine {
    uint16_t elf_machine;
    enum osp_reloc_need (*need)(uint32_t type);
    size_t (*width)(uint32_t type);
    bool (*apply)(const struct osp_reloc *reloc); /* false: it does not fit */
    size_t stub_size;                             /* a multiple of 16 */
    void (*write_stub)(char *place, uint64_t target);
};

extern const struct osp_machine osp__machine_x86_64, osp__machine_aarch64;

#if defined(__x86_64__)
#define OSP_THIS_MACHINE osp__machine_x86_64
#else
#define OSP_THIS_MACHINE osp__machine_aarch64
#endif

#endif
