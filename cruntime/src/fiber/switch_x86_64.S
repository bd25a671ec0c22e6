/* switch_x86_64.S - changing stacks without entering the kernel (System V ABI, x86-64).
 *
 * swapcontext saves the signal mask with a system call at every switch, which costs twenty times what these
 * instructions cost; all fibers of a worker share one mask, so nothing is lost. Only what the ABI calls
 * callee-saved is kept: rbx, rbp, r12-r15, the SSE control word and the x87 control word.
 *
 *   void osp__switch(void **save, void *load);
 *       Saves the registers on this stack and its pointer in *save; continues where `load` was saved.
 *   void osp__switch_enter(void **save, const ucontext_t *first);
 *       The same, but continues with setcontext(first): a stack that makecontext has just prepared.
 *
 * Not used when shadow stacks are on: they would have to be switched as well, and swapcontext does that. */

    .text

    .macro SAVE
    pushq   %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq   %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq   %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq   %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq   %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq   %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq    $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw  4(%rsp)
    movq    %rsp, (%rdi)
    .endm

    .globl  osp__switch
    .hidden osp__switch
    .type   osp__switch, @function
    .p2align 4
osp__switch:
    .cfi_startproc
    endbr64
    SAVE
    movq    %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw   4(%rsp)
    addq    $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq    %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq    %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq    %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq    %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq    %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq    %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    ret
    .cfi_endproc
    .size   osp__switch, . - osp__switch

    .globl  osp__switch_enter
    .hidden osp__switch_enter
    .type   osp__switch_enter, @function
    .p2align 4
osp__switch_enter:
    .cfi_startproc
    endbr64
    SAVE
    movq    %rsi, %rdi
    call    setcontext@PLT
    ud2                             /* setcontext returns only when it was given nonsense */
    .cfi_endproc
    .size   osp__switch_enter, . - osp__switch_enter

    .section .note.GNU-stack, "", @progbits

    /* This object is fit for indirect branch tracking and shadow stacks: the linker marks the library so only if
     * every object says it. */
    .section .note.gnu.property, "a"
    .p2align 3
    .long   4                       /* length of the name */
    .long   16                      /* length of the description */
    .long   5                       /* NT_GNU_PROPERTY_TYPE_0 */
    .asciz  "GNU"
    .long   0xc0000002              /* GNU_PROPERTY_X86_FEATURE_1_AND */
    .long   4
    .long   3                       /* IBT | SHSTK */
    .long   0
