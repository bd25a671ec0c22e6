/* relocate_aarch64.c - the relocations of "ELF for the Arm 64-bit Architecture" (IHI 0056), section 5.7, that PIC
 * code of the small model has. */
#include <elf.h>
#include <string.h>

#include "relocate.h"

static enum osp_reloc_need need(uint32_t type) {
    switch (type) {
    case R_AARCH64_ABS64:
    case R_AARCH64_PREL64:
    case R_AARCH64_PREL32:
    case R_AARCH64_ADR_PREL_LO21:
    case R_AARCH64_ADR_PREL_PG_HI21:
    case R_AARCH64_ADD_ABS_LO12_NC:
    case R_AARCH64_LDST8_ABS_LO12_NC:
    case R_AARCH64_LDST16_ABS_LO12_NC:
    case R_AARCH64_LDST32_ABS_LO12_NC:
    case R_AARCH64_LDST64_ABS_LO12_NC:
    case R_AARCH64_LDST128_ABS_LO12_NC:
    case R_AARCH64_CONDBR19:
    case R_AARCH64_TSTBR14: return OSP_RELOC_ADDRESS;
    case R_AARCH64_CALL26:
    case R_AARCH64_JUMP26: return OSP_RELOC_CALL;
    case R_AARCH64_ADR_GOT_PAGE:
    case R_AARCH64_LD64_GOT_LO12_NC: return OSP_RELOC_SLOT;
    default: return OSP_RELOC_INVALID;
    }
}

static size_t width(uint32_t type) { return type == R_AARCH64_ABS64 || type == R_AARCH64_PREL64 ? 8 : 4; }

static bool fits(int64_t value, int bits) {
    int64_t bound = INT64_C(1) << (bits - 1);
    return value >= -bound && value < bound;
}

static void set_bits(char *place, uint32_t mask, uint32_t bits) {
    uint32_t instruction;
    memcpy(&instruction, place, 4);
    instruction = (instruction & ~mask) | (bits & mask);
    memcpy(place, &instruction, 4);
}

/* adr and adrp: the low two bits of the immediate at 29, the others at 5. */
static bool set_adr(char *place, int64_t value) {
    if (!fits(value, 21)) return false;
    uint32_t bits = (uint32_t)value;
    set_bits(place, UINT32_C(0x60ffffe0), (bits & 3) << 29 | (bits >> 2 & 0x7ffff) << 5);
    return true;
}

/* A branch: a multiple of four, `bits` of it at `shift`. */
static bool set_branch(char *place, int64_t distance, int bits, int shift) {
    if ((distance & 3) != 0 || !fits(distance, bits + 2)) return false;
    uint32_t mask = ((UINT32_C(1) << bits) - 1) << shift;
    set_bits(place, mask, (uint32_t)(distance >> 2) << shift);
    return true;
}

/* The low twelve bits of an address, in units of the access. */
static bool set_low(char *place, uint64_t value, int scale) {
    uint32_t low = (uint32_t)(value & 0xfff);
    if ((low & ((UINT32_C(1) << scale) - 1)) != 0) return false;
    set_bits(place, UINT32_C(0x003ffc00), low >> scale << 10);
    return true;
}

static bool apply(const struct osp_reloc *reloc) {
    char *place = reloc->place;
    uint64_t value = reloc->target + (uint64_t)reloc->addend;
    int64_t distance = (int64_t)(value - reloc->address);
    int64_t pages = (int64_t)((value & ~UINT64_C(0xfff)) - (reloc->address & ~UINT64_C(0xfff))) >> 12;
    switch (reloc->type) {
    case R_AARCH64_ABS64: memcpy(place, &value, 8); return true;
    case R_AARCH64_PREL64: memcpy(place, &distance, 8); return true;
    case R_AARCH64_PREL32: {
        int32_t narrow = (int32_t)distance;
        memcpy(place, &narrow, 4);
        return narrow == distance;
    }
    case R_AARCH64_ADR_PREL_LO21: return set_adr(place, distance);
    case R_AARCH64_ADR_PREL_PG_HI21:
    case R_AARCH64_ADR_GOT_PAGE: return set_adr(place, pages);
    case R_AARCH64_ADD_ABS_LO12_NC:
    case R_AARCH64_LDST8_ABS_LO12_NC: return set_low(place, value, 0);
    case R_AARCH64_LDST16_ABS_LO12_NC: return set_low(place, value, 1);
    case R_AARCH64_LDST32_ABS_LO12_NC: return set_low(place, value, 2);
    case R_AARCH64_LDST64_ABS_LO12_NC:
    case R_AARCH64_LD64_GOT_LO12_NC: return set_low(place, value, 3);
    case R_AARCH64_LDST128_ABS_LO12_NC: return set_low(place, value, 4);
    case R_AARCH64_CONDBR19: return set_branch(place, distance, 19, 5);
    case R_AARCH64_TSTBR14: return set_branch(place, distance, 14, 5);
    case R_AARCH64_CALL26:
    case R_AARCH64_JUMP26: return set_branch(place, distance, 26, 0);
    default: return false;
    }
}

/* bti c; ldr x16, 8 bytes on; br x16; and the address. */
static void write_stub(char *place, uint64_t target) {
    static const uint32_t jump[4] = {UINT32_C(0xd503245f), UINT32_C(0x58000070), UINT32_C(0xd61f0200), 0};
    memcpy(place, jump, sizeof jump);
    memcpy(place + 16, &target, 8);
    memset(place + 24, 0, 8);
}

const struct osp_machine osp__machine_aarch64 = {EM_AARCH64, need, width, apply, 32, write_stub};
