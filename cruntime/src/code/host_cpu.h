/* host_cpu.h - what decides which code the compiler makes for "this CPU", as text. */
#ifndef OSP_CODE_HOST_CPU_H
#define OSP_CODE_HOST_CPU_H

/* Equal on two machines only if LLVM sees the same CPU and features on both. Static; computed once. */
const char *osp__host_cpu(void);

#endif
