// novelo_context_switch(void** save_sp /* x0 */, void* load_sp /* x1 */), AAPCS64.
// The layout of the frame is also written down in context.cc.
#if defined(__aarch64__)
        .text
        .globl  novelo_context_switch
        .type   novelo_context_switch, %function
        .p2align 4
novelo_context_switch:
        .cfi_startproc
        sub     sp, sp, #176
        stp     d8,  d9,  [sp, #0]
        stp     d10, d11, [sp, #16]
        stp     d12, d13, [sp, #32]
        stp     d14, d15, [sp, #48]
        stp     x19, x20, [sp, #64]
        stp     x21, x22, [sp, #80]
        stp     x23, x24, [sp, #96]
        stp     x25, x26, [sp, #112]
        stp     x27, x28, [sp, #128]
        stp     x29, x30, [sp, #144]
        mrs     x9, fpcr
        str     x9, [sp, #160]
        mov     x10, sp
        str     x10, [x0]
        mov     sp, x1
        ldr     x10, [sp, #160]
        cmp     x9, x10
        b.eq    1f
        msr     fpcr, x10
1:      ldp     d8,  d9,  [sp, #0]
        ldp     d10, d11, [sp, #16]
        ldp     d12, d13, [sp, #32]
        ldp     d14, d15, [sp, #48]
        ldp     x19, x20, [sp, #64]
        ldp     x21, x22, [sp, #80]
        ldp     x23, x24, [sp, #96]
        ldp     x25, x26, [sp, #112]
        ldp     x27, x28, [sp, #128]
        ldp     x29, x30, [sp, #144]
        add     sp, sp, #176
        ret
        .cfi_endproc
        .size   novelo_context_switch, .-novelo_context_switch

        .globl  novelo_context_start
        .type   novelo_context_start, %function
        .p2align 4
novelo_context_start:
        .cfi_startproc
        .cfi_undefined x30              // the end of every backtrace
        mov     x0, x20
        blr     x19
        brk     #1
        .cfi_endproc
        .size   novelo_context_start, .-novelo_context_start
#endif
        .section .note.GNU-stack,"",%progbits
