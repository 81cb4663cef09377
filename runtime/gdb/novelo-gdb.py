"""Goroutines in gdb. Debug information is not needed, only symbols.

    gdb -p $(pidof novelod) -x novelo-gdb.py
    (gdb) info goroutines
    (gdb) goroutine 17 bt
    (gdb) goroutine all bt

`goroutine ID COMMAND` runs any command of gdb in the innermost frame of a goroutine that waits or is runnable: bt, up,
info locals, print. One that runs is a thread's: see `info threads`. One that has waited for so long that its stack is
kept without a page of memory has only a bt.
"""
import gdb
import gdb.unwinder

FIELDS = (
    "version scheduler slabs slab_records record_bytes id state wait_reason name sp stack_bottom created_at "
    "is_cold cold cold_begin cold_words cold_state cold_bits context_bytes frame_pointer return_address state_names reason_names"
).split()
VERSION = 2
NAME_BYTES = 48
WORD = 8
# Bytes below the stack pointer that jump_context() leaves alone.
RED_ZONE = {"i386:x86-64": 128, "aarch64": 0}
REGISTERS = {  # by the words of a saved context; runtime/src/arch/context.h
    "i386:x86-64": {"r15": 1, "r14": 2, "r13": 3, "r12": 4, "rbx": 5, "rbp": 6},
    "aarch64": {**{f"x{19 + i}": 8 + i for i in range(10)}, "x29": 18},
}
STACK_POINTER = {"i386:x86-64": ("rsp", "rip"), "aarch64": ("sp", "pc")}


def read(address: int, size: int) -> bytes:
    return bytes(gdb.selected_inferior().read_memory(address, size))


def word(address: int) -> int:
    return int.from_bytes(read(address, WORD), "little")


def text(address: int, limit: int) -> str:
    return read(address, limit).split(b"\0")[0].decode(errors="replace")


class Table:
    def __init__(self):
        try:
            at = int(gdb.parse_and_eval("(unsigned long)&novelo_debugger_table"))
        except gdb.error:
            raise gdb.GdbError("no novelo runtime is in this program, or its symbols were stripped")
        for i, field in enumerate(FIELDS):
            setattr(self, field, word(at + i * WORD))
        if self.version != VERSION:
            raise gdb.GdbError(f"this script is of another version of novelo (table {self.version}, script {VERSION})")


class ColdStack:
    """What stood on a stack whose page went back to the system: its words but for zeros, which a bit each stands for."""

    def __init__(self, table: Table, at: int):
        self.begin = word(at + table.cold_begin)
        words = int.from_bytes(read(at + table.cold_words, 2), "little")
        bits_bytes = (words + 63) // 64 * WORD
        bits = int.from_bytes(read(at + table.cold_bits, bits_bytes), "little")
        kept = read(at + table.cold_bits + bits_bytes, bin(bits).count("1") * WORD)
        content, next_kept = bytearray(words * WORD), 0
        for i in range(words):
            if bits >> i & 1:
                content[i * WORD : (i + 1) * WORD] = kept[next_kept : next_kept + WORD]
                next_kept += WORD
        self.content = bytes(content)

    def holds(self, address: int, size: int) -> bool:
        return self.begin <= address and address + size <= self.begin + len(self.content)

    def read(self, address: int, size: int) -> bytes:
        return self.content[address - self.begin : address - self.begin + size]


class Goroutine:
    def __init__(self, table: Table, record: int):
        self.id = word(record + table.id)
        self.state_number = read(record + table.state, 1)[0]
        self.state = text(word(table.state_names + self.state_number * WORD), 16)
        reason = read(record + table.wait_reason, 1)[0]
        self.reason = text(word(table.reason_names + reason * WORD), 24) if reason else ""
        self.name = text(record + table.name, NAME_BYTES)
        self.created_at = word(record + table.created_at)
        self.has_stack = word(record + table.stack_bottom) != 0
        self.sp = word(record + table.sp)
        self.context_bytes = table.context_bytes
        self.return_address = table.return_address
        self.frame_pointer = table.frame_pointer
        self.cold = None
        if read(record + table.is_cold, 1)[0]:
            cold = word(record + table.cold)
            if read(cold + table.cold_state, 1)[0] == 0:
                self.cold = ColdStack(table, cold)

    def is_stopped(self) -> bool:
        return self.state in ("waiting", "runnable") and self.has_stack and self.sp != 0

    def words(self) -> list:
        raw = read(self.sp, self.context_bytes) if self.cold is None else self.cold.read(self.sp, self.context_bytes)
        return [int.from_bytes(raw[i : i + WORD], "little") for i in range(0, self.context_bytes, WORD)]

    def calls_by_frame_pointers(self) -> str:
        pc, frame = self.words()[self.return_address], self.words()[self.frame_pointer]
        calls = []
        while pc:
            calls.append(f"#{len(calls) + 1:<3} {pc:#018x} in {symbol(pc)} ()\n")
            if not self.cold.holds(frame, 2 * WORD):
                break
            raw = self.cold.read(frame, 2 * WORD)
            caller, pc = int.from_bytes(raw[:WORD], "little"), int.from_bytes(raw[WORD:], "little")
            if caller <= frame:
                pc = 0
            frame = caller
        return "".join(calls)

    def line(self) -> str:
        state = self.reason if self.state == "waiting" else self.state
        name = f' "{self.name}"' if self.name else ""
        place = symbol(self.words()[self.return_address]) if self.is_stopped() else ""
        started = f", started in {symbol(self.created_at)}" if self.created_at else ""
        return f"{self.id:>8}  {state:<14}{name}{' in ' + place if place else ''}{started}"


def symbol(pc: int) -> str:
    found = gdb.execute(f"info symbol {pc}", to_string=True)
    return hex(pc) if found.startswith("No symbol") else found.split(" in section")[0].split(" of /")[0].rsplit(" + ", 1)[0]


def goroutines() -> list:
    table = Table()
    scheduler = word(table.scheduler)
    if scheduler == 0:
        return []
    first, last = word(scheduler + table.slabs), word(scheduler + table.slabs + WORD)
    found = []
    for slab in range(first, last, WORD):
        records = word(slab)
        for i in range(table.slab_records):
            one = Goroutine(table, records + i * table.record_bytes)
            if one.state != "dead":
                found.append(one)
    return sorted(found, key=lambda one: one.id)


class FrameId:
    def __init__(self, sp: int, pc: int):
        self.sp = sp
        self.pc = pc


class GoroutineUnwinder(gdb.unwinder.Unwinder):
    """Makes the frames of one goroutine those below the innermost frame of the selected thread."""

    def __init__(self):
        super().__init__("novelo goroutine")
        self.goroutine = None

    def __call__(self, pending_frame):
        if self.goroutine is None or pending_frame.level() != 0:
            return None
        architecture = pending_frame.architecture().name()
        words = self.goroutine.words()
        sp_name, pc_name = STACK_POINTER[architecture]
        sp = self.goroutine.sp + self.goroutine.context_bytes + RED_ZONE[architecture]
        # An identity that gdb takes for a frame inside the goroutine's innermost one.
        identity = FrameId(gdb.Value(self.goroutine.sp - WORD), gdb.Value(words[self.goroutine.return_address]))
        unwound = pending_frame.create_unwind_info(identity)
        kind = gdb.lookup_type("unsigned long") if has_type("unsigned long") else gdb.Value(0).type
        for name, index in REGISTERS[architecture].items():
            unwound.add_saved_register(name, gdb.Value(words[index]).cast(kind))
        unwound.add_saved_register(sp_name, gdb.Value(sp).cast(kind))
        unwound.add_saved_register(pc_name, gdb.Value(words[self.goroutine.return_address]).cast(kind))
        return unwound


def has_type(name: str) -> bool:
    try:
        gdb.lookup_type(name)
        return True
    except gdb.error:
        return False


UNWINDER = GoroutineUnwinder()
gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)


def run_in(goroutine: Goroutine, command: str) -> None:
    if goroutine.cold is not None:
        if command.split()[0] not in ("bt", "backtrace", "where"):
            raise gdb.GdbError(f"the stack of goroutine {goroutine.id} is kept without memory: there is only a bt")
        gdb.write(goroutine.calls_by_frame_pointers())
        return
    UNWINDER.goroutine = goroutine
    gdb.invalidate_cached_frames()
    try:
        gdb.execute("frame 1", to_string=True)
        shown = gdb.execute(command, to_string=True)
        if command.split()[0] in ("bt", "backtrace", "where"):
            _, found, calls = shown.partition("\n#1 ")  # without the frame of the thread
            shown = "#1 " + calls if found else shown
        gdb.write(shown)
    finally:
        UNWINDER.goroutine = None
        gdb.invalidate_cached_frames()
        gdb.execute("frame 0", to_string=True)


class InfoGoroutines(gdb.Command):
    """List all goroutines: number, what they wait for, where they are and who started them."""

    def __init__(self):
        super().__init__("info goroutines", gdb.COMMAND_STACK, gdb.COMPLETE_NONE)

    def invoke(self, argument, from_tty):
        found = goroutines()
        for one in found:
            gdb.write(one.line() + "\n")
        gdb.write(f"{len(found)} goroutines\n")


class GoroutineCommand(gdb.Command):
    """Run a command of gdb in a goroutine: goroutine ID|all COMMAND."""

    def __init__(self):
        super().__init__("goroutine", gdb.COMMAND_STACK, gdb.COMPLETE_NONE)

    def invoke(self, argument, from_tty):
        which, _, command = argument.strip().partition(" ")
        if not command or not (which == "all" or which.isdigit()):
            raise gdb.GdbError("usage: goroutine ID|all COMMAND, for instance: goroutine 1 bt")
        chosen = [one for one in goroutines() if which == "all" or one.id == int(which)]
        if not chosen:
            raise gdb.GdbError(f"there is no goroutine {which}: see info goroutines")
        for one in chosen:
            if which == "all":
                gdb.write(one.line() + "\n")
            if one.is_stopped():
                run_in(one, command)
            elif which != "all":
                raise gdb.GdbError(
                    f"goroutine {one.id} is on a thread: see info threads" if one.state == "running" else f"goroutine {one.id} has not run yet"
                )


InfoGoroutines()
GoroutineCommand()
