/* loader.c - see loader.h.
 *
 * The memory of an object is one mapping in three runs of pages: code and stubs; what is constant once relocated, with
 * the slots for addresses and the unwind tables; and data. The file is copied first: nobody can change it
 * meanwhile, and its section headers get their addresses. */
#include "loader.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../base.h"
#include "../sys/sys.h"
#include "relocate.h"
#include "resolve.h"

#define PAGE ((size_t)65536) /* the largest page of a system that we run on: alignment that holds everywhere */
#define MAX_OBJECT ((size_t)1 << 30)

enum group { CODE, CONSTANT, DATA, GROUPS };

struct osp_code {
    char *file; /* the object with addresses in its section headers */
    size_t file_size;
    const Elf64_Shdr *sections; /* in `file` */
    size_t section_count;
    const Elf64_Sym *symbols;
    size_t symbol_count;
    const char *strings; /* NUL-terminated as a whole */
    size_t strings_size;
    const char *section_names;
    size_t section_names_size;
    char *memory;
    size_t memory_size;
    char *starts[GROUPS];
    size_t sizes[GROUPS];
    char *frames; /* the unwind table; registered once `ready` */
    uint64_t *addresses; /* of each symbol */
    char *stubs;         /* one a symbol that is not defined here, in their order */
    uint64_t *slots;     /* one a symbol */
    bool ready;
};

struct context {
    struct osp_code *code;
    const struct osp_code_surroundings *surroundings;
    char *why;
    size_t why_size;
};

void __register_frame(void *frames);
void __deregister_frame(void *frames);

static int damaged(struct context *c, const char *what) {
    snprintf(c->why, c->why_size, "the object is damaged: %s", what);
    return -ENOEXEC;
}

static int out_of_memory(struct context *c) {
    snprintf(c->why, c->why_size, "out of memory");
    return -ENOMEM;
}

/* ---- reading the file ---------------------------------------------------------------------------------------------- */

static bool inside(size_t size, uint64_t offset, uint64_t length) { return offset <= size && length <= size - offset; }

static bool allocated(const Elf64_Shdr *section) { return (section->sh_flags & SHF_ALLOC) != 0; }

static int check_header(struct context *c) {
    struct osp_code *code = c->code;
    Elf64_Ehdr header;
    if (code->file_size < sizeof header) return damaged(c, "too short");
    memcpy(&header, code->file, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_REL)
        return damaged(c, "no relocatable 64-bit ELF file");
    if (header.e_machine != OSP_THIS_MACHINE.elf_machine) return damaged(c, "made for another machine");
    if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 || (header.e_shoff & 7) != 0 ||
        !inside(code->file_size, header.e_shoff, (uint64_t)header.e_shnum * sizeof(Elf64_Shdr)))
        return damaged(c, "section headers");
    code->sections = (const Elf64_Shdr *)(void *)(code->file + header.e_shoff);
    code->section_count = header.e_shnum;
    if (header.e_shstrndx < header.e_shnum) {
        const Elf64_Shdr *names = &code->sections[header.e_shstrndx];
        if (names->sh_type == SHT_STRTAB && inside(code->file_size, names->sh_offset, names->sh_size) && names->sh_size > 0 &&
            code->file[names->sh_offset + names->sh_size - 1] == '\0') {
            code->section_names = code->file + names->sh_offset;
            code->section_names_size = (size_t)names->sh_size;
        }
    }
    return 0;
}

static const char *section_name(const struct osp_code *code, const Elf64_Shdr *section) {
    return section->sh_name < code->section_names_size ? code->section_names + section->sh_name : "";
}

static int find_symbols(struct context *c, const Elf64_Shdr *table) {
    struct osp_code *code = c->code;
    if (code->symbols != NULL) return damaged(c, "two symbol tables");
    if (table->sh_entsize != sizeof(Elf64_Sym) || (table->sh_offset & 7) != 0 || table->sh_link >= code->section_count)
        return damaged(c, "symbol table");
    const Elf64_Shdr *strings = &code->sections[table->sh_link];
    if (strings->sh_type != SHT_STRTAB || !inside(code->file_size, strings->sh_offset, strings->sh_size) ||
        strings->sh_size == 0 || code->file[strings->sh_offset + strings->sh_size - 1] != '\0')
        return damaged(c, "string table");
    code->strings = code->file + strings->sh_offset;
    code->strings_size = (size_t)strings->sh_size;
    code->symbols = (const Elf64_Sym *)(void *)(code->file + table->sh_offset);
    code->symbol_count = (size_t)(table->sh_size / sizeof(Elf64_Sym));
    return 0;
}

static int check_sections(struct context *c) {
    struct osp_code *code = c->code;
    for (size_t i = 0; i < code->section_count; i++) {
        const Elf64_Shdr *section = &code->sections[i];
        if (section->sh_type == SHT_NULL && allocated(section)) return damaged(c, "a section without a type");
        if (section->sh_type != SHT_NOBITS && section->sh_type != SHT_NULL &&
            !inside(code->file_size, section->sh_offset, section->sh_size))
            return damaged(c, "section bounds");
        if (section->sh_type == SHT_SYMTAB) {
            int error = find_symbols(c, section);
            if (error != 0) return error;
        }
        if (!allocated(section)) continue;
        uint64_t alignment = section->sh_addralign;
        if (section->sh_size > MAX_OBJECT || alignment > 4096 || (alignment & (alignment - 1)) != 0)
            return damaged(c, "section size or alignment");
        if ((section->sh_flags & SHF_TLS) != 0 || section->sh_type == SHT_INIT_ARRAY || section->sh_type == SHT_FINI_ARRAY ||
            section->sh_type == SHT_PREINIT_ARRAY)
            return damaged(c, "thread-local data or initialisers");
    }
    return code->symbols == NULL ? damaged(c, "no symbols") : 0;
}

/* ---- where everything goes ----------------------------------------------------------------------------------------- */

static enum group group_of(const struct osp_code *code, const Elf64_Shdr *section) {
    if (section->sh_flags & SHF_EXECINSTR) return CODE;
    if (!(section->sh_flags & SHF_WRITE)) return CONSTANT;
    return strncmp(section_name(code, section), ".data.rel.ro", 12) == 0 ? CONSTANT : DATA;
}

static uint64_t up(uint64_t value, uint64_t alignment) { return alignment > 1 ? (value + alignment - 1) & ~(alignment - 1) : value; }

static bool undefined(const Elf64_Sym *symbol) { return symbol->st_shndx == SHN_UNDEF; }

/* Sets sh_addr to each section's offset in its group, then reserves the memory and makes them addresses. */
static int place_sections(struct context *c) {
    struct osp_code *code = c->code;
    uint64_t sizes[GROUPS] = {0};
    for (size_t i = 0; i < code->section_count; i++) {
        Elf64_Shdr *section = (Elf64_Shdr *)(void *)&code->sections[i];
        if (!allocated(section)) continue;
        uint64_t *size = &sizes[group_of(code, section)];
        section->sh_addr = up(*size, section->sh_addralign);
        *size = section->sh_addr + section->sh_size + 8; /* zeroes behind each: they end an unwind table */
        if (*size > MAX_OBJECT) return damaged(c, "too large");
    }
    size_t externals = 0;
    for (size_t i = 0; i < code->symbol_count; i++) externals += undefined(&code->symbols[i]);
    uint64_t stubs = up(sizes[CODE], 16), slots = up(sizes[CONSTANT], 16);
    sizes[CODE] = stubs + externals * OSP_THIS_MACHINE.stub_size;
    sizes[CONSTANT] = slots + code->symbol_count * sizeof(uint64_t);
    size_t total = 0, at[GROUPS];
    for (int group = 0; group < GROUPS; group++) {
        at[group] = total;
        code->sizes[group] = (size_t)up(sizes[group], PAGE);
        total += code->sizes[group];
    }
    if (total == 0 || total > MAX_OBJECT) return damaged(c, "too large");
    code->memory = osp__map_code(total);
    if (code->memory == NULL) return out_of_memory(c);
    code->memory_size = total;
    for (int group = 0; group < GROUPS; group++) code->starts[group] = code->memory + at[group];
    code->stubs = code->starts[CODE] + stubs;
    code->slots = (uint64_t *)(void *)(code->starts[CONSTANT] + slots);
    return 0;
}

static int copy_sections(struct context *c) {
    struct osp_code *code = c->code;
    for (size_t i = 0; i < code->section_count; i++) {
        Elf64_Shdr *section = (Elf64_Shdr *)(void *)&code->sections[i];
        if (!allocated(section)) continue;
        char *place = code->starts[group_of(code, section)] + section->sh_addr;
        if (section->sh_type != SHT_NOBITS && section->sh_size != 0)
            memcpy(place, code->file + section->sh_offset, (size_t)section->sh_size);
        section->sh_addr = (uint64_t)(uintptr_t)place;
        if (strcmp(section_name(code, section), ".eh_frame") == 0 && section->sh_size != 0) {
            if (code->frames != NULL) return damaged(c, "two unwind tables");
            code->frames = place;
        }
    }
    return 0;
}

/* ---- symbols -------------------------------------------------------------------------------------------------------- */

static const char *symbol_name(const struct osp_code *code, const Elf64_Sym *symbol) {
    return symbol->st_name < code->strings_size ? code->strings + symbol->st_name : "";
}

static int resolve_external(struct context *c, const Elf64_Sym *symbol, uint64_t *address) {
    const char *name = symbol_name(c->code, symbol);
    *address = (uint64_t)(uintptr_t)osp__resolve(name, c->surroundings);
    if (*address != 0 || ELF64_ST_BIND(symbol->st_info) == STB_WEAK || strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0) return 0;
    snprintf(c->why, c->why_size, "%s", name);
    return -ENOENT;
}

static int resolve_symbols(struct context *c) {
    struct osp_code *code = c->code;
    code->addresses = osp__alloc_zeroed((code->symbol_count + 1) * sizeof *code->addresses);
    if (code->addresses == NULL) return out_of_memory(c);
    char *stub = code->stubs;
    for (size_t i = 0; i < code->symbol_count; i++) {
        const Elf64_Sym *symbol = &code->symbols[i];
        uint64_t *address = &code->addresses[i];
        if (undefined(symbol)) {
            if (i != 0) {
                int error = resolve_external(c, symbol, address);
                if (error != 0) return error;
            }
            OSP_THIS_MACHINE.write_stub(stub, *address);
            stub += OSP_THIS_MACHINE.stub_size;
        } else if (symbol->st_shndx == SHN_ABS) {
            *address = symbol->st_value;
        } else {
            if (symbol->st_shndx >= code->section_count) return damaged(c, "a symbol's section");
            const Elf64_Shdr *section = &code->sections[symbol->st_shndx];
            if (symbol->st_value > section->sh_size) return damaged(c, "a symbol's value");
            *address = allocated(section) ? section->sh_addr + symbol->st_value : 0;
        }
        code->slots[i] = *address;
    }
    return 0;
}

/* ---- relocations ---------------------------------------------------------------------------------------------------- */

/* The stub of each external symbol is found by counting, once for all. */
static uint64_t stub_of(const struct osp_code *code, const uint32_t *ranks, size_t symbol) {
    return (uint64_t)(uintptr_t)(code->stubs + ranks[symbol] * OSP_THIS_MACHINE.stub_size);
}

static int apply(struct context *c, const Elf64_Shdr *target, const Elf64_Rela *rela, const uint32_t *ranks) {
    struct osp_code *code = c->code;
    uint32_t type = (uint32_t)ELF64_R_TYPE(rela->r_info);
    size_t symbol = (size_t)ELF64_R_SYM(rela->r_info);
    if (type == 0) return 0;
    enum osp_reloc_need need = OSP_THIS_MACHINE.need(type);
    if (need == OSP_RELOC_INVALID || symbol >= code->symbol_count) return damaged(c, "an unknown relocation");
    if (!inside((size_t)target->sh_size, rela->r_offset, OSP_THIS_MACHINE.width(type))) return damaged(c, "a relocation's place");
    struct osp_reloc reloc = {type, (char *)(uintptr_t)(target->sh_addr + rela->r_offset), target->sh_addr + rela->r_offset,
                              need == OSP_RELOC_SLOT ? (uint64_t)(uintptr_t)&code->slots[symbol] : code->addresses[symbol],
                              rela->r_addend};
    if (OSP_THIS_MACHINE.apply(&reloc)) return 0;
    if (need == OSP_RELOC_CALL && undefined(&code->symbols[symbol])) {
        reloc.target = stub_of(code, ranks, symbol);
        if (OSP_THIS_MACHINE.apply(&reloc)) return 0;
    }
    return damaged(c, "a distance that does not fit");
}

static int relocate_section(struct context *c, const Elf64_Shdr *section, const uint32_t *ranks) {
    struct osp_code *code = c->code;
    if (section->sh_info >= code->section_count) return damaged(c, "a relocation's section");
    const Elf64_Shdr *target = &code->sections[section->sh_info];
    if (!allocated(target)) return 0;
    if (section->sh_type != SHT_RELA || section->sh_entsize != sizeof(Elf64_Rela) || target->sh_type == SHT_NOBITS)
        return damaged(c, "relocations of an unknown form");
    for (uint64_t at = 0; section->sh_size - at >= sizeof(Elf64_Rela); at += sizeof(Elf64_Rela)) {
        Elf64_Rela rela;
        memcpy(&rela, code->file + section->sh_offset + at, sizeof rela);
        int error = apply(c, target, &rela, ranks);
        if (error != 0) return error;
    }
    return 0;
}

static int relocate(struct context *c) {
    struct osp_code *code = c->code;
    uint32_t *ranks = osp__alloc((code->symbol_count + 1) * sizeof *ranks);
    if (ranks == NULL) return out_of_memory(c);
    uint32_t rank = 0;
    for (size_t i = 0; i < code->symbol_count; i++) {
        ranks[i] = rank;
        rank += undefined(&code->symbols[i]);
    }
    int error = 0;
    for (size_t i = 0; i < code->section_count && error == 0; i++)
        if (code->sections[i].sh_type == SHT_RELA || code->sections[i].sh_type == SHT_REL)
            error = relocate_section(c, &code->sections[i], ranks);
    osp__release(ranks);
    return error;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static int protect(struct context *c) {
    static const int protections[GROUPS] = {PROT_READ | PROT_EXEC, PROT_READ, PROT_READ | PROT_WRITE};
    struct osp_code *code = c->code;
    __builtin___clear_cache(code->starts[CODE], code->starts[CODE] + code->sizes[CODE]);
    for (int group = 0; group < GROUPS; group++) {
        if (code->sizes[group] == 0) continue;
        int error = osp__protect(code->starts[group], code->sizes[group], protections[group]);
        if (error != 0) {
            snprintf(c->why, c->why_size, "the system does not allow code to be loaded");
            return error;
        }
    }
    return 0;
}

OSP_API void osp_code_unload(struct osp_code *code) {
    if (code == NULL) return;
    if (code->ready && code->frames != NULL) __deregister_frame(code->frames);
    if (code->memory != NULL) osp__unmap(code->memory, code->memory_size);
    osp__release(code->addresses);
    osp__release(code->file);
    osp__release(code);
}

OSP_API int osp_code_load(const void *object, size_t size, const struct osp_code_surroundings *surroundings,
                          struct osp_code **result, char *why, size_t why_size) {
    struct context c = {osp__alloc_zeroed(sizeof *c.code), surroundings, why, why_size};
    if (c.code == NULL) return out_of_memory(&c);
    static int (*const steps[])(struct context *) = {check_header,    check_sections, place_sections, copy_sections,
                                                     resolve_symbols, relocate,       protect};
    int error = size > MAX_OBJECT ? damaged(&c, "too large") : 0;
    if (error == 0 && (c.code->file = osp__alloc(size + 1)) == NULL) error = out_of_memory(&c);
    if (error == 0) {
        memcpy(c.code->file, object, size);
        c.code->file_size = size;
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps && error == 0; i++) error = steps[i](&c);
    if (error != 0) {
        osp_code_unload(c.code);
        return error;
    }
    if (c.code->frames != NULL) __register_frame(c.code->frames);
    c.code->ready = true;
    *result = c.code;
    return 0;
}

OSP_API void *osp_code_symbol(const struct osp_code *code, const char *name) {
    for (size_t i = 1; i < code->symbol_count; i++)
        if (!undefined(&code->symbols[i]) && strcmp(symbol_name(code, &code->symbols[i]), name) == 0)
            return (void *)(uintptr_t)code->addresses[i];
    return NULL;
}
