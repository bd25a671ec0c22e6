/* test_code.c - cached code: relocations of both machines, damaged objects, and a store whose disk fails. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"
#include "code/cached.h"
#include "code/loader.h"
#include "code/relocate.h"
#include "code/store.h"
#include "sys/sys.h"

/* ---- relocations -------------------------------------------------------------------------------------------------- */

static bool relocate(const struct osp_machine *machine, uint32_t type, void *place, uint64_t address, uint64_t target, int64_t addend) {
    const struct osp_reloc reloc = {type, place, address, target, addend};
    return machine->need(type) != OSP_RELOC_INVALID && machine->apply(&reloc);
}

static void x86_64(void) {
    const struct osp_machine *machine = &osp__machine_x86_64;
    unsigned char place[8] = {0};
    int32_t narrow;
    uint64_t wide;
    CHECK(relocate(machine, R_X86_64_PC32, place, 0x1000, 0x3000, -4));
    memcpy(&narrow, place, 4);
    CHECK(narrow == 0x1ffc);
    CHECK(relocate(machine, R_X86_64_PLT32, place, 0x3000, 0x1000, -4));
    memcpy(&narrow, place, 4);
    CHECK(narrow == -0x2004);
    CHECK(relocate(machine, R_X86_64_64, place, 0, UINT64_C(0x123456789abc), 4));
    memcpy(&wide, place, 8);
    CHECK(wide == UINT64_C(0x123456789ac0));
    CHECK(!relocate(machine, R_X86_64_PC32, place, 0, UINT64_C(0x80000000), 0));
    CHECK(relocate(machine, R_X86_64_PC32, place, 0, UINT64_C(0x7fffffff), 0));
    CHECK(relocate(machine, R_X86_64_PC32, place, UINT64_C(0x80000000), 0, 0));
    CHECK(!relocate(machine, R_X86_64_PC32, place, UINT64_C(0x80000001), 0, 0));
    CHECK(!relocate(machine, R_X86_64_32, place, 0, 0, 0));
    CHECK(!relocate(machine, R_X86_64_TPOFF32, place, 0, 0, 0));
    CHECK(machine->need(R_X86_64_REX_GOTPCRELX) == OSP_RELOC_SLOT);
}

static uint32_t patched(uint32_t type, uint32_t instruction, uint64_t address, uint64_t target) {
    return relocate(&osp__machine_aarch64, type, &instruction, address, target, 0) ? instruction : 0;
}

/* The expected words are what an assembler makes of the instructions. */
static void aarch64(void) {
    CHECK(patched(R_AARCH64_CALL26, 0x94000000, 0x1000, 0x1100) == 0x94000040);  /* bl .+0x100 */
    CHECK(patched(R_AARCH64_JUMP26, 0x14000000, 0x1000, 0x0ffc) == 0x17ffffff);  /* b .-4 */
    CHECK(patched(R_AARCH64_CALL26, 0x94000000, 0, UINT64_C(0x8000000)) == 0);   /* 128 MiB are too far */
    CHECK(patched(R_AARCH64_CALL26, 0x94000000, 0, 2) == 0);                     /* no instruction there */
    CHECK(patched(R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 0x1234, 0x5678) == 0x90000020); /* adrp x0, .+4 pages */
    CHECK(patched(R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 0x5678, 0x1234) == 0x90ffffe0); /* adrp x0, .-4 pages */
    CHECK(patched(R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 0, UINT64_C(0x100000000)) == 0);
    CHECK(patched(R_AARCH64_ADD_ABS_LO12_NC, 0x91000000, 0, 0x5678) == 0x9119e000);       /* add x0, x0, #0x678 */
    CHECK(patched(R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400000, 0, 0x5678) == 0xf9433c00);    /* ldr x0, [x0, #0x678] */
    CHECK(patched(R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400000, 0, 0x5674) == 0);             /* not a multiple of 8 */
    CHECK(patched(R_AARCH64_LDST128_ABS_LO12_NC, 0x3dc00000, 0, 0x5670) == 0x3dc19c00);   /* ldr q0, [x0, #0x670] */
    CHECK(patched(R_AARCH64_CONDBR19, 0x54000000, 0x1000, 0x1010) == 0x54000080);         /* b.eq .+16 */
    CHECK(patched(R_AARCH64_TSTBR14, 0x36000000, 0x1000, 0x0ff0) == 0x3607ff80);          /* tbz w0, #0, .-16 */
    int32_t distance = 0;
    CHECK(relocate(&osp__machine_aarch64, R_AARCH64_PREL32, &distance, 0x2000, 0x1000, 0) && distance == -0x1000);
    CHECK(!relocate(&osp__machine_aarch64, R_AARCH64_PREL32, &distance, 0, UINT64_C(0x100000000), 0));
    CHECK(!relocate(&osp__machine_aarch64, R_AARCH64_TLSLE_ADD_TPREL_HI12, &distance, 0, 0, 0));
}

/* ---- objects ------------------------------------------------------------------------------------------------------ */

/* A small object: `answer` calls `external`; `other` points to it from writable data. */
struct object {
    Elf64_Ehdr header;
    Elf64_Shdr sections[8];
    Elf64_Sym symbols[4];
    Elf64_Rela text_relocations[1], data_relocations[1];
    unsigned char text[16];
    uint64_t data[1];
    char strings[32];
};

enum { TEXT = 1, TEXT_RELA, DATA, DATA_RELA, SYMBOLS, STRINGS, EMPTY };

static Elf64_Shdr section(uint32_t type, uint64_t flags, size_t at, size_t size, uint32_t link, uint32_t info, uint64_t entry) {
    return (Elf64_Shdr){.sh_type = type, .sh_flags = flags, .sh_offset = at, .sh_size = size, .sh_link = link,
                        .sh_info = info, .sh_addralign = 8, .sh_entsize = entry};
}

#define PART(name) offsetof(struct object, name), sizeof((struct object *)0)->name

static struct object make_object(void) {
    struct object o = {0};
    memcpy(o.header.e_ident, ELFMAG, SELFMAG);
    o.header.e_ident[EI_CLASS] = ELFCLASS64;
    o.header.e_ident[EI_DATA] = ELFDATA2LSB;
    o.header.e_type = ET_REL;
    o.header.e_machine = OSP_THIS_MACHINE.elf_machine;
    o.header.e_shoff = offsetof(struct object, sections);
    o.header.e_shentsize = sizeof(Elf64_Shdr);
    o.header.e_shnum = 8;
    o.sections[TEXT] = section(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, PART(text), 0, 0, 0);
    o.sections[TEXT_RELA] = section(SHT_RELA, 0, PART(text_relocations), SYMBOLS, TEXT, sizeof(Elf64_Rela));
    o.sections[DATA] = section(SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, PART(data), 0, 0, 0);
    o.sections[DATA_RELA] = section(SHT_RELA, 0, PART(data_relocations), SYMBOLS, DATA, sizeof(Elf64_Rela));
    o.sections[SYMBOLS] = section(SHT_SYMTAB, 0, PART(symbols), STRINGS, 1, sizeof(Elf64_Sym));
    o.sections[STRINGS] = section(SHT_STRTAB, 0, PART(strings), 0, 0, 0);
    o.sections[EMPTY] = section(SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0, 100000, 0, 0, 0);
    memcpy(o.strings, "\0answer\0other\0external", 23);
    const unsigned char global = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
    o.symbols[1] = (Elf64_Sym){.st_name = 1, .st_info = global, .st_shndx = TEXT};
    o.symbols[2] = (Elf64_Sym){.st_name = 8, .st_info = global, .st_shndx = DATA};
    o.symbols[3] = (Elf64_Sym){.st_name = 14, .st_info = global};
#if defined(__x86_64__)
    o.text[0] = 0xe9; /* jmp external */
    o.text_relocations[0] = (Elf64_Rela){1, ELF64_R_INFO(3, R_X86_64_PLT32), -4};
    o.data_relocations[0] = (Elf64_Rela){0, ELF64_R_INFO(1, R_X86_64_64), 0};
#else
    const uint32_t jump = UINT32_C(0x14000000);
    memcpy(o.text, &jump, 4);
    o.text_relocations[0] = (Elf64_Rela){0, ELF64_R_INFO(3, R_AARCH64_JUMP26), 0};
    o.data_relocations[0] = (Elf64_Rela){0, ELF64_R_INFO(1, R_AARCH64_ABS64), 0};
#endif
    return o;
}

static int forty_two(void) { return 42; }

static int load(const void *bytes, size_t size, const char *name, struct osp_code **code) {
    const uint64_t address = (uint64_t)(uintptr_t)forty_two;
    const struct osp_code_surroundings around = {.names = &name, .addresses = &address, .symbol_count = 1};
    char why[128];
    return osp_code_load(bytes, size, &around, code, why, sizeof why);
}

static void runs(void) {
    const struct object object = make_object();
    struct osp_code *code = NULL;
    CHECK(load(&object, sizeof object, "external", &code) == 0);
    int (*answer)(void);
    *(void **)&answer = osp_code_symbol(code, "answer");
    uint64_t *other = osp_code_symbol(code, "other");
    CHECK(answer != NULL && answer() == 42);
    CHECK(other != NULL && *other == (uint64_t)(uintptr_t)answer);
    CHECK(osp_code_symbol(code, "external") == NULL);
    osp_code_unload(code);
    CHECK(load(&object, sizeof object, "another", &code) == -ENOENT);
}

/* Every byte of the headers in turn becomes something else, and every length of the file is tried. What still loads is
 * not run: only the loader must survive. */
static void damaged(void) {
    const struct object good = make_object();
    static const unsigned char values[] = {0, 1, 7, 0x7f, 0x80, 0xff};
    struct osp_code *code;
    for (size_t at = 0; at < sizeof good; at++) {
        for (size_t i = 0; i < sizeof values; i++) {
            struct object bad = good;
            ((unsigned char *)&bad)[at] = values[i];
            if (load(&bad, sizeof bad, "external", &code) == 0) osp_code_unload(code);
        }
    }
    for (size_t size = 0; size < sizeof good; size += 3) {
        char *exact = malloc(size + !size); /* so that a sanitizer sees a read behind the end */
        memcpy(exact, &good, size);
        if (load(exact, size, "external", &code) == 0) osp_code_unload(code);
        free(exact);
    }
    uint64_t state = 1;
    for (int round = 0; round < 20000; round++) {
        struct object bad = good;
        for (int change = 0; change < 3; change++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            ((unsigned char *)&bad)[(state >> 33) % sizeof bad] = (unsigned char)(state >> 25);
        }
        if (load(&bad, sizeof bad, "external", &code) == 0) osp_code_unload(code);
    }
}

static void out_of_memory(void) {
    const struct object object = make_object();
    for (int successes = 0;; successes++) {
        struct osp_code *code = NULL;
        osp__fault_plan(3, successes, 1, ENOMEM);
        int status = load(&object, sizeof object, "external", &code);
        osp__fault_plan(0, 0, 0, 0);
        if (status == 0) {
            osp_code_unload(code);
            CHECK(successes >= 5);
            return;
        }
        CHECK(status < 0);
    }
}

/* ---- the store ---------------------------------------------------------------------------------------------------- */

static char folder_path[] = "/tmp/osp-test-code-XXXXXX";

static int files(void) {
    char command[96];
    snprintf(command, sizeof command, "test -z \"$(ls -A %s)\"", folder_path);
    return system(command);
}

static int store(const char **why) {
    const struct object object = make_object();
    const struct osp_bytes key[OSP_KEY_PARTS] = {[OSP_KEY_SOURCE] = {"source", 6}};
    const struct osp_bytes none = {"", 0}, notes = {"\0\0", 3}, code = {&object, sizeof object};
    struct osp_dependencies list = {0};
    return osp_cache_store(key, INT64_MAX, &list, &none, &notes, &code, why);
}

static int fetch(const char **why) {
    const struct osp_bytes key[OSP_KEY_PARTS] = {[OSP_KEY_SOURCE] = {"source", 6}};
    struct osp_entry entry;
    int status = osp__entry_find(key, INT64_MAX, &entry, why);
    if (status == 0) osp__release(entry.bytes);
    return status;
}

/* Every system call of a store fails in turn, as on a full disk: nothing is left behind, and nothing is found. */
static void failing_disk(void) {
    const char *why = "";
    for (int successes = 0;; successes++) {
        osp__fault_plan(3, successes, 1, ENOSPC);
        int status = store(&why);
        osp__fault_plan(0, 0, 0, 0);
        if (status == 0) break;
        CHECK(status < 0 && *why != '\0');
        CHECK(fetch(&why) == -ENOENT);
        CHECK(files() == 0);
    }
    CHECK(fetch(&why) == 0);
    for (int successes = 0; successes < 8; successes++) {
        osp__fault_plan(3, successes, 1, EIO);
        int status = fetch(&why);
        osp__fault_plan(0, 0, 0, 0);
        CHECK(status <= 0);
        if (status == 0) return;
    }
    CHECK(!"a look-up takes fewer calls than that");
}

int main(void) {
    if (mkdtemp(folder_path) == NULL) abort();
    setenv("OSPJIT_CACHE_DIR", folder_path, 1);
    unsetenv("OSPJIT_CACHE");
    x86_64();
    aarch64();
    runs();
    damaged();
    out_of_memory();
    failing_disk();
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder_path);
    CHECK(system(command) == 0);
    return check_report();
}
