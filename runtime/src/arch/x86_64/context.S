// novelo_context_switch(save_sp in rdi, load_sp in rsi, where to go on later in rdx), System V x86-64. It is jumped to, and
// leaves by a jump: a call or a return here would put the processor's stack of return addresses out of step, and each
// return after the switch would be guessed wrong. See context.h; the layout of the frame is written down there too.
#if defined(__x86_64__)
        .text
        .globl  novelo_context_switch
        .hidden novelo_context_switch
        .type   novelo_context_switch, @function
        .p2align 4
novelo_context_switch:
        pushq   %rdx
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
        popq    %rcx
        jmpq    *%rcx
2:      ldmxcsr (%rsp)
        fldcw   4(%rsp)
        jmp     1b
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
