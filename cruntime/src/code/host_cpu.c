/* host_cpu.c - see host_cpu.h. The same facts that LLVM's host detection reads: CPUID's feature leaves and what the
 * system has enabled (XCR0) on x86-64; the kernel's capabilities and the CPU's model on AArch64. Bits that differ
 * between the cores of one machine, such as APIC ids, are left out. */
#include "host_cpu.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

static char identity[512];

#if defined(__x86_64__)
#include <cpuid.h>

static void describe(void) {
    uint32_t words[40];
    int count = 0;
    uint32_t a, b, c, d;
    __cpuid(0, a, b, c, d);
    const uint32_t highest = a;
    words[count++] = b, words[count++] = c, words[count++] = d; /* the vendor */
    __cpuid(1, a, b, c, d);
    words[count++] = a, words[count++] = c & ~(UINT32_C(1) << 27), words[count++] = d; /* OSXSAVE is in XCR0 below */
    const uint32_t leaves[][2] = {{7, 0}, {7, 1}, {0xd, 1}, {0x14, 0}, {0x19, 0}, {0x1e, 1}, {0x24, 0}};
    for (unsigned i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        if (leaves[i][0] > highest) continue;
        __cpuid_count(leaves[i][0], leaves[i][1], a, b, c, d);
        words[count++] = a;
        if (leaves[i][0] != 0xd) words[count++] = b, words[count++] = c, words[count++] = d; /* sizes of state */
    }
    __cpuid(0x80000000, a, b, c, d);
    const uint32_t extended = a;
    if (extended >= 0x80000001) {
        __cpuid(0x80000001, a, b, c, d);
        words[count++] = c, words[count++] = d;
    }
    if (extended >= 0x80000008) {
        __cpuid(0x80000008, a, b, c, d);
        words[count++] = b;
    }
    __cpuid(1, a, b, c, d);
    if (c & (UINT32_C(1) << 27)) {
        uint32_t low, high;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        words[count++] = low, words[count++] = high;
    }
    int length = snprintf(identity, sizeof identity, "x86-64");
    for (int i = 0; i < count; i++)
        length += snprintf(identity + length, sizeof identity - (size_t)length, " %x", words[i]);
}

#else
#include <sys/auxv.h>

#ifndef AT_HWCAP2
#define AT_HWCAP2 26
#endif

static void describe(void) {
    unsigned long long model = 0;
    FILE *file = fopen("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", "re");
    if (file != NULL) {
        if (fscanf(file, "%llx", &model) != 1) model = 0;
        fclose(file);
    }
    snprintf(identity, sizeof identity, "aarch64 %lx %lx %llx", getauxval(AT_HWCAP), getauxval(AT_HWCAP2), model);
}
#endif

const char *osp__host_cpu(void) {
    static pthread_once_t described = PTHREAD_ONCE_INIT;
    pthread_once(&described, describe);
    return identity;
}
