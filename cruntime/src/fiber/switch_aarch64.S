/* switch_aarch64.S - changing stacks without entering the kernel (AAPCS64).
 *
 * What swapcontext would do, less the system call for the signal mask: x19-x28, the frame pointer and the link
 * register, d8-d15, and the floating-point control register. Return addresses are signed against the stack pointer,
 * which is the same at the signing and at the check, so switching in between is sound.
 *
 *   void osp__switch(void **save, void *load);
 *       Saves the registers on this stack and its pointer in *save; continues where `load` was saved.
 *   void osp__switch_enter(void **save, const ucontext_t *first);
 *       The same, but continues with setcontext(first): a stack that makecontext has just prepared. */

    .text

    .macro SAVE
    hint    #25                     /* paciasp: also a landing pad for indirect calls */
    .cfi_negate_ra_state
    sub     sp, sp, #176
    .cfi_adjust_cfa_offset 176
    stp     x29, x30, [sp, #0]
    .cfi_rel_offset x29, 0
    .cfi_rel_offset x30, 8
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    mrs     x9, fpcr
    str     x9, [sp, #160]
    mov     x9, sp
    str     x9, [x0]
    .endm

    .globl  osp__switch
    .hidden osp__switch
    .type   osp__switch, %function
    .p2align 4
osp__switch:
    .cfi_startproc
    SAVE
    mov     sp, x1
    ldr     x9, [sp, #160]
    msr     fpcr, x9
    ldp     d14, d15, [sp, #144]
    ldp     d12, d13, [sp, #128]
    ldp     d10, d11, [sp, #112]
    ldp     d8, d9, [sp, #96]
    ldp     x27, x28, [sp, #80]
    ldp     x25, x26, [sp, #64]
    ldp     x23, x24, [sp, #48]
    ldp     x21, x22, [sp, #32]
    ldp     x19, x20, [sp, #16]
    ldp     x29, x30, [sp, #0]
    add     sp, sp, #176
    .cfi_adjust_cfa_offset -176
    .cfi_restore x29
    .cfi_restore x30
    hint    #29                     /* autiasp */
    .cfi_negate_ra_state
    ret
    .cfi_endproc
    .size   osp__switch, . - osp__switch

    .globl  osp__switch_enter
    .hidden osp__switch_enter
    .type   osp__switch_enter, %function
    .p2align 4
osp__switch_enter:
    .cfi_startproc
    SAVE
    mov     x0, x1
    bl      setcontext
    brk     #1                      /* setcontext returns only when it was given nonsense */
    .cfi_endproc
    .size   osp__switch_enter, . - osp__switch_enter

    .section .note.GNU-stack, "", %progbits

    /* Branch targets and return addresses are protected here too. */
    .section .note.gnu.property, "a"
    .p2align 3
    .long   4
    .long   16
    .long   5                       /* NT_GNU_PROPERTY_TYPE_0 */
    .asciz  "GNU"
    .long   0xc0000000              /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
    .long   4
    .long   3                       /* BTI | PAC */
    .long   0
