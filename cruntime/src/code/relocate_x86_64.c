/* relocate_x86_64.c - the relocations of the System V ABI, AMD64 supplement, table 4.9, that PIC code has. */
#include <elf.h>
#include <string.h>

#include "relocate.h"

static enum osp_reloc_need need(uint32_t type) {
    switch (type) {
    case R_X86_64_64:
    case R_X86_64_PC32:
    case R_X86_64_PC64: return OSP_RELOC_ADDRESS;
    case R_X86_64_PLT32: return OSP_RELOC_CALL;
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX: return OSP_RELOC_SLOT;
    default: return OSP_RELOC_INVALID;
    }
}

static size_t width(uint32_t type) { return type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4; }

static bool apply(const struct osp_reloc *reloc) {
    uint64_t value = reloc->target + (uint64_t)reloc->addend;
    if (reloc->type != R_X86_64_64) value -= reloc->address;
    if (width(reloc->type) == 8) {
        memcpy(reloc->place, &value, 8);
        return true;
    }
    int32_t distance = (int32_t)value;
    if ((uint64_t)(int64_t)distance != value) return false;
    memcpy(reloc->place, &distance, 4);
    return true;
}

/* jmp *6(%rip), and the address behind it. Stubs are reached by direct calls only. */
static void write_stub(char *place, uint64_t target) {
    static const unsigned char jump[8] = {0xff, 0x25, 0x02, 0x00, 0x00, 0x00, 0x0f, 0x0b};
    memcpy(place, jump, sizeof jump);
    memcpy(place + 8, &target, 8);
}

const struct osp_machine osp__machine_x86_64 = {EM_X86_64, need, width, apply, 16, write_stub};
