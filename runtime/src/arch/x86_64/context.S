// novelo_context_switch(void** save_sp /* rdi */, void* load_sp /* rsi */), System V x86-64.
// The layout of the frame is also written down in context.cc.
#if defined(__x86_64__)
        .text
        .globl  novelo_context_switch
        .type   novelo_context_switch, @function
        .p2align 4
novelo_context_switch:
        .cfi_startproc
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        // Each word by a load of its own: one load of both would have to wait until the two stores are in the cache.
        movl    (%rsp), %eax
        movzwl  4(%rsp), %ecx
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        // Loading the control words is slow and they are nearly always the same.
        cmpl    (%rsp), %eax
        jne     2f
        cmpw    4(%rsp), %cx
        jne     2f
1:      addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        // An indirect jump: a return would miss the processor's stack of return addresses each time.
        popq    %rcx
        jmpq    *%rcx
2:      ldmxcsr (%rsp)
        fldcw   4(%rsp)
        jmp     1b
        .cfi_endproc
        .size   novelo_context_switch, .-novelo_context_switch

        .globl  novelo_context_start
        .type   novelo_context_start, @function
        .p2align 4
novelo_context_start:
        .cfi_startproc
        .cfi_undefined rip              // the end of every backtrace
        movq    %r12, %rdi
        callq   *%r13
        ud2
        .cfi_endproc
        .size   novelo_context_start, .-novelo_context_start
#endif
        .section .note.GNU-stack,"",@progbits
