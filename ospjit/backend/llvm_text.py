"""The lowest dialects as the text of an LLVM module.

Text is many times faster to write than objects are to build, and LLVM reads it as fast. Compiled functions
use `tailcc` and take the context first; what C calls are thunks with the C convention at the edges. The
module holds no address: strings and static cells are constants of its own, runtime functions are
declarations.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Container

from ospjit.backend import cells
from ospjit.backend.call_graph import CallGraph
from ospjit.backend.code import EXPORT, PROGRAM
from ospjit.backend.debug_info import DebugInfo
from ospjit.backend.fast_paths import fast_path
from ospjit.backend.frequency import Frequencies
from ospjit.backend.halves import ModuleText
from ospjit.backend.single_calls import called_once
from ospjit.backend.stack_checks import functions_that_check
from ospjit.builtins.table import RUNTIME, RuntimeFn
from ospjit.dialects.rt import IN_PLACE, TOKEN, first_slot, is_counted
from ospjit.ir import (
    Block,
    BlockArgument,
    DialectType,
    Location,
    Operation,
    Region,
    Type,
    Value,
    body_of,
    f64,
    i1,
    i64,
)

#: The C-ABI thunk through which the runtime calls a function value that takes one pointer.
THUNK = "osp_thunk_pointer"
ENTRY = "osp.entry"
#: What precedes its name in that of a plain C function, if it takes and gives machine numbers only (or a
#: `Result` of one): it runs on the calling thread when it can never wait, and else the thread sleeps. What
#: went wrong is left with the thread (`osp_take_pending`), and the result is 0.
DIRECT = "osp_direct$"
#: The thunk that runs the file's statements, of a module that can be unloaded; and the C function that
#: gives up the file's variables before its code goes.
START, UNLOAD = "osp_module_start", "osp_module_unload"
#: Where such a module keeps what it has made immortal.
IMMORTALS = "@osp_module_immortals"

#: What every module starts with, beside what `cells` brings.
_PRELUDE = """
declare {i64, i1} @llvm.sadd.with.overflow.i64(i64, i64)
declare {i64, i1} @llvm.ssub.with.overflow.i64(i64, i64)
declare {i64, i1} @llvm.smul.with.overflow.i64(i64, i64)
declare i64 @llvm.ctpop.i64(i64)
declare double @llvm.fabs.f64(double)
declare ptr @llvm.frameaddress.p0(i32)
declare void @llvm.assume(i1)
declare i32 @__gcc_personality_v0(...)
"""

#: Lets the fiber yield, if that is why it is called; tells whether it is because the stack has run out. It is
#: called in loops, seldom, and changes no register: so LLVM can keep there what the loop needs. Whatever a
#: landing pad needs must not be there, so nothing that may end the fiber is called like this. What a fiber
#: sees of the memory does not change while others run, for what they share does not change; so LLVM can keep
#: that in registers, too. (The context comes as a number: a pointer would be one to memory that is changed.)
_POLL = """
define internal preserve_allcc zeroext i1 @rt.poll(i64 %context)
    noinline cold nounwind memory(inaccessiblemem: readwrite) #2 {
  %ctx = inttoptr i64 %context to ptr
  %exhausted = call zeroext i1 @osp_stack_poll(ptr %ctx)
  ret i1 %exhausted
}
"""

#: What a checked variable needs; `@rt.global_check` is inlined, so that a check is a load and a branch.
_GLOBAL_CHECK = """
define internal void @rt.global_check(ptr %ctx, ptr %flag, ptr %message) alwaysinline {
  %set = load i8, ptr %flag
  %ready = icmp ne i8 %set, 0
  br i1 %ready, label %end, label %early, !prof !0
early:
  call void @osp_fiber_fail(ptr %ctx, ptr %message)
  unreachable
end:
  ret void
}
"""

_EPILOGUE = """
attributes #0 = { uwtable "frame-pointer"="all" "probe-stack"="inline-asm" }
attributes #2 = { uwtable "frame-pointer"="all" }
attributes #1 = { uwtable noinline optnone "frame-pointer"="all" "probe-stack"="inline-asm" }
!0 = !{!"branch_weights", i32 2000, i32 1}
!1 = !{!"branch_weights", i32 1, i32 2000}
!2 = !{!5, !5, i64 0}
!3 = !{!6, !6, i64 0}
!4 = !{!"ospjit"}
!5 = !{!"a field of a list", !4, i64 0}
!6 = !{!"an element of a list", !4, i64 0}
!7 = !{!8, !8, i64 0}
!8 = !{!"a header", !4, i64 0}
"""

_RT_LLVM = {
    "int": "i64",
    "float": "double",
    "bool": "i1",
    "string": "ptr",
    "Ptr": "ptr",
    "Unit": "void",
    "cell": "ptr",
    "strings": "ptr",
    "word": "i64",
}

_PREDICATES_I = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
_PREDICATES_F = (
    "false",
    "oeq",
    "ogt",
    "oge",
    "olt",
    "ole",
    "one",
    "ord",
    "ueq",
    "ugt",
    "uge",
    "ult",
    "ule",
    "une",
    "uno",
    "true",
)
_BINARY = {
    "arith.addi": "add",
    "arith.subi": "sub",
    "arith.muli": "mul",
    "arith.divsi": "sdiv",
    "arith.remsi": "srem",
    "arith.andi": "and",
    "arith.ori": "or",
    "arith.xori": "xor",
    "arith.shli": "shl",
    "arith.shrsi": "ashr",
    "arith.shrui": "lshr",
    "arith.addf": "fadd",
    "arith.subf": "fsub",
    "arith.mulf": "fmul",
    "arith.divf": "fdiv",
    "arith.remf": "frem",
}


def llvm_type(t: Type) -> str:
    """The LLVM type of a lowered type."""
    if t is i64:
        return "i64"
    if t is i1:
        return "i1"
    if t is f64:
        return "double"
    if is_counted(t) or t is TOKEN or (isinstance(t, DialectType) and t.name == "osp.ptr"):
        return "ptr"
    raise TypeError(f"type {t} has no machine representation")


def result_type(types: list[str]) -> str:
    """The LLVM type of a function's results together."""
    return "void" if not types else types[0] if len(types) == 1 else "{" + ", ".join(types) + "}"


def in_memory(types: list[str]) -> bool:
    """Whether results are too many for the registers: then the caller passes, behind the context, a pointer
    to where they go. Every such function does it, so that tail calls among them can hand that pointer on."""
    floats = types.count("double")
    return len(types) - floats > 3 or floats > 2


def quoted(symbol: str) -> str:
    """A global name, with what LLVM does not allow escaped."""
    if symbol.replace("_", "a").replace(".", "a").replace("$", "a").isalnum() and symbol.isascii():
        return "@" + symbol
    return '@"' + "".join(c if " " <= c < "\x7f" and c not in '"\\' else _escaped(c) for c in symbol) + '"'


def _escaped(c: str) -> str:
    return "".join(f"\\{byte:02X}" for byte in c.encode("utf-8", "surrogateescape"))


def emit(
    module: Operation,
    *,
    name: str = "osprey",
    unloadable: bool = False,
    on_system_stack: Container[str] = (),
    debug: bool = False,
) -> ModuleText:
    """The LLVM IR of a lowered module. `unloadable`: its code and variables can be given up
    again; `debug`: it says where each instruction came from."""
    return _Emitter(module, name, unloadable, on_system_stack, debug).run()


class _Emitter:
    def __init__(
        self,
        module: Operation,
        name: str,
        unloadable: bool,
        on_system_stack: Container[str],
        debug: bool,
    ) -> None:
        self.module = module
        self.name = name
        self.debug = DebugInfo() if debug else None
        self.unloadable = unloadable
        #: Externs that need more stack than a fiber has, or one that is a thread's own.
        self.on_system_stack = on_system_stack
        self.frequencies = Frequencies(module, ENTRY)
        #: The functions that compare the stack with its limit.
        functions = [op for op in body_of(module).ops if op.name == "func.func"]
        graph = CallGraph(functions)
        self.that_check = functions_that_check(graph)
        #: Those that become part of the function that calls them.
        fixed = {f.attr("sym_name") for f in functions if f.attr("exported") or f.attr("inlined")}
        self.parts = called_once(graph, {ENTRY, *self.frequencies.seldom}, fixed)
        self.waiting = waiting(module) if unloadable else frozenset()
        #: The counted parts of the file's variables that are not immortal.
        self.counted_globals: list[str] = []
        self.lines: list[str] = []
        self.constants: list[str] = []
        self.strings: dict[bytes, str] = {}
        self.static: dict[tuple[int, str], str] = {}
        self.used: set[str] = set(cells.CALLED)
        self.drops: dict[str, str] = {}
        self.fast_paths: dict[str, str] = {}
        self.mutable: dict[str, bool] = {}
        self.callbacks: set[str] = set()
        self.conventions: dict[str, str] = {}
        #: The titles of the variables whose reads are checked.
        self.checked: dict[str, str] = {}

    def run(self) -> ModuleText:
        for op in body_of(self.module).ops:
            if op.name == "func.func":
                self._choose_convention(op)
        entry = False
        for op in body_of(self.module).ops:
            if op.name == "func.func":
                _Function(self, op).run()
                if op.attr("exported"):
                    self._export(op)
                    if self.unloadable:
                        self._direct(op)
                entry = entry or op.attr("sym_name") == ENTRY
            elif op.name == "rt.extern":
                self._extern(op)
            elif op.name == "rt.global":
                self._global(op)
            else:
                raise TypeError(f"{op.name} was not lowered")
        if entry:
            self._program()
        if self.unloadable:
            self._module_edges()
        self._thunk()
        declarations = [self._declaration(RUNTIME[symbol]) for symbol in sorted(self.used)]
        head = [f"; ModuleID = '{self.name}'", f'source_filename = "{self.name}"']
        check = [_GLOBAL_CHECK] if self.checked else []
        check += [_POLL] if "osp_stack_poll" in self.used else []
        inlined = [_PRELUDE, cells.PRELUDE, *check, *declarations, *self.drops.values()]
        inlined += self.fast_paths.values()
        debug = [self.debug.text()] if self.debug is not None else []
        return ModuleText(head, self.constants, inlined, self.lines, [_EPILOGUE, *debug])

    def convention(self, symbol: str | None) -> str:
        """The calling convention of a function, or of those behind function values."""
        return self.conventions.get(symbol or "", "tailcc")

    def _choose_convention(self, op: Operation) -> None:
        """`fastcc` is cheaper, for here the caller owns the arguments' space. It has tail calls as well, as
        long as a function calls only itself so, with all its arguments in registers."""
        symbol = op.attr("sym_name")
        if not op.attr("direct"):
            return
        params = ["ptr ctx", *(f"{llvm_type(t)} a" for t in op.attr("function_type").inputs)]
        if in_memory([llvm_type(t) for t in op.attr("function_type").results]):
            params.append("ptr out")
        loops = any(o.attr("tail") and o.attr("callee") == symbol for o in op.walk())
        if in_registers(params) or not loops:
            self.conventions[symbol] = "fastcc"

    def _global(self, op: Operation) -> None:
        name = op.attr("sym_name")
        self.mutable[name] = bool(op.attr("mutable"))
        if op.attr("checked"):
            self.checked[name] = op.attr("title")
            self.constants.append(f"{quoted(name + '.set')} = internal global i8 0")
            self.used.add("osp_fiber_fail")
        for index, t in enumerate(op.attr("types")):
            name = quoted(f"{op.attr('sym_name')}.{index}")
            self.constants.append(f"{name} = internal global {llvm_type(t)} zeroinitializer")
            if is_counted(t) and op.attr("mutable"):
                self.counted_globals.append(name)

    def _extern(self, op: Operation) -> None:
        """C passes a bool as a zero-extended byte and nothing for Unit."""
        t = op.attr("function_type")
        params = ", ".join(self.c_type(p) for p in t.inputs)
        result = " ".join(reversed(self.c_type(t.results[0]).split())) if t.results else "void"
        self.constants.append(f"declare {result} {quoted(op.attr('sym_name'))}({params}) nounwind")
        if op.attr("sym_name") in self.on_system_stack:
            self._extern_elsewhere(op.attr("sym_name"), [*t.inputs], list(t.results))

    def _extern_elsewhere(self, symbol: str, inputs: list[Type], results: list[Type]) -> None:
        """A function that calls a C function on the system stack: arguments and result travel in words."""
        result = self.c_type(results[0]) if results else "void"
        bare, has_result = result.split()[0], result != "void"
        name, there = quoted("osp_elsewhere$" + symbol), quoted("osp_there$" + symbol)
        count = max(len(inputs), 1)
        here = [f"  %words = alloca [{count} x i64], align 16"]
        gone, args = [], []
        for index, t in enumerate(inputs):
            here.append(f"  %p{index} = getelementptr i64, ptr %words, i64 {index}")
            here.append(f"  store {llvm_type(t)} %a{index}, ptr %p{index}")
            gone.append(f"  %p{index} = getelementptr i64, ptr %words, i64 {index}")
            gone.append(f"  %a{index} = load {llvm_type(t)}, ptr %p{index}")
            args.append(f"{self.c_type(t)} %a{index}")
        here.append(f"  call void @osp_call_elsewhere(ptr %ctx, ptr {there}, ptr %words)")
        returned = " ".join(reversed(result.split()))
        gone.append(f"  {'%r = ' if has_result else ''}call {returned} {quoted(symbol)}({', '.join(args)})")
        if has_result:
            gone.append(f"  store {bare} %r, ptr %words")
            here += [f"  %r = load {bare}, ptr %words", f"  ret {bare} %r"]
        else:
            here.append("  ret void")
        params = ", ".join(["ptr %ctx", *(f"{llvm_type(t)} %a{i}" for i, t in enumerate(inputs))])
        self.used.add("osp_call_elsewhere")
        self.lines.append("\n".join([f"define internal {bare} {name}({params}) #0 {{", *here, "}"]))
        head = f"define internal void {there}(ptr %words) #0 {{"
        self.lines.append("\n".join([head, *gone, "  ret void\n}"]))

    @staticmethod
    def c_type(t: Type) -> str:
        """The LLVM type of a parameter or result of a C function."""
        if isinstance(t, DialectType) and t.name == "osp.unit":
            return "void"
        return "i1 zeroext" if t is i1 else llvm_type(t)

    def c_function(self, op: Operation) -> str:
        """The C function that calls the function behind a static function value."""
        closure = op.operands[0].owner
        assert isinstance(closure, Operation) and closure.name == "rt.closure"
        callee = closure.attr("callee")
        name = quoted(f"osp_callback${callee}")
        if name not in self.callbacks:
            self.callbacks.add(name)
            self._callback(name, callee, closure.result.type)
        return name

    def _callback(self, name: str, callee: str, t: Type) -> None:
        assert isinstance(t, DialectType)
        result, *inputs = t.params
        lines = ["  %ctx = call ptr @osp_current_context()"]
        args = ["ptr %ctx", f"ptr {self.static_cell(0, quoted(callee))}"]
        params = []
        for index, each in enumerate(inputs):
            assert isinstance(each, Type)
            params.append(f"{self.c_type(each)} %a{index}")
            if isinstance(each, DialectType) and each.name == "osp.string":
                self.used.add("osp_string_from_c")
                lines.append(f"  %s{index} = call ptr @osp_string_from_c(ptr %ctx, ptr %a{index})")
                args.append(f"ptr %s{index}")
            else:
                args.append(f"{llvm_type(each)} %a{index}")
        assert isinstance(result, Type)
        returned = " ".join(reversed(self.c_type(result).split()))
        bare = returned.split()[-1]
        call = f"call {self.convention(callee)} {bare} {quoted(callee)}({', '.join(args)})"
        if bare == "void":
            lines += [f"  {call}", "  ret void"]
        else:
            lines += [f"  %result = {call}", f"  ret {bare} %result"]
        self.used.add("osp_current_context")
        head = f"define internal {returned} {name}({', '.join(params)}) #0 {{"
        self.lines.append("\n".join([head, *lines, "}"]))

    def _declaration(self, fn: RuntimeFn) -> str:
        params = ["ptr"] if fn.context else []
        for _, machine in fn.params:
            params += ["ptr", "ptr"] if machine == "thunk" else [_RT_LLVM[machine] + _extension(machine)]
        if fn.fallible:
            params.append("ptr")
        # What waits may die waiting, which unwinds the stack; so does what never returns.
        attributes = " noreturn cold" if fn.noreturn else "" if fn.fails else " nounwind"
        extension = _extension(fn.result)
        return f"declare{extension} {_RT_LLVM[fn.result]} @{fn.symbol}({', '.join(params)}){attributes}"

    def _program(self) -> None:
        self.lines.append(
            f"define void @{PROGRAM}(ptr %ctx, ptr %status) #0 {{\n"
            f"  %result = call {self.convention(ENTRY)} i64 {quoted(ENTRY)}(ptr %ctx)\n"
            "  store i64 %result, ptr %status\n  ret void\n}"
        )

    def _export(self, op: Operation) -> None:
        """The thunk of an exported function. It passes ownership on, in both directions."""
        symbol, function_type = op.attr("sym_name"), op.attr("function_type")
        inputs = [llvm_type(t) for t in function_type.inputs]
        results = [llvm_type(t) for t in function_type.results]
        lines, args = [], ["ptr %ctx"]
        for index, t in enumerate(inputs):
            lines += [f"  %p{index} = getelementptr i64, ptr %words, i64 {index}"]
            if t == "i1":
                lines += [
                    f"  %w{index} = load i64, ptr %p{index}",
                    f"  %a{index} = trunc i64 %w{index} to i1",
                ]
            else:
                lines += [f"  %a{index} = load {t}, ptr %p{index}"]
            args.append(f"{t} %a{index}")
        returned = result_type(results)
        bound = "%r = " if results else ""
        called = f"{self.convention(symbol)} {'void' if in_memory(results) else returned} {quoted(symbol)}"
        if in_memory(results):
            lines += [
                f"  %out = alloca {returned}, align 16",
                f"  call {called}({', '.join([args[0], 'ptr %out', *args[1:]])})",
                f"  %r = load {returned}, ptr %out",
            ]
        else:
            lines.append(f"  {bound}call {called}({', '.join(args)})")
        for index, t in enumerate(results):
            value = "%r"
            if len(results) > 1:
                value = f"%r{index}"
                lines.append(f"  {value} = extractvalue {returned} %r, {index}")
            lines.append(f"  %q{index} = getelementptr i64, ptr %words, i64 {index}")
            if t == "i1":
                lines.append(f"  %b{index} = zext i1 {value} to i64")
                t, value = "i64", f"%b{index}"
            lines.append(f"  store {t} {value}, ptr %q{index}")
        head = f"define void {quoted(EXPORT + symbol)}(ptr %ctx, ptr %env, ptr %words) #0 {{"
        self.lines.append("\n".join([head, *lines, "  ret void\n}"]))

    def _module_edges(self) -> None:
        """How the file's statements are run as a call, and how its variables are given up."""
        self.lines.append(
            f"define void @{START}(ptr %ctx, ptr %env, ptr %arg) #0 {{\n"
            f"  %result = call {self.convention(ENTRY)} i64 {quoted(ENTRY)}(ptr %ctx)\n  ret void\n}}"
        )
        self.constants.append(f"{IMMORTALS} = internal global ptr null")
        self.used.add("osp_free_module")
        lines = [f"  call void @osp_free_module(ptr {IMMORTALS})"]
        for index, name in enumerate(self.counted_globals):
            lines += [f"  %v{index} = load ptr, ptr {name}", f"  store ptr null, ptr {name}"]
            lines.append(f"  call void @osp_drop(ptr %v{index})")
        self.lines.append("\n".join([f"define void @{UNLOAD}() #0 {{", *lines, "  ret void\n}"]))

    def _direct(self, op: Operation) -> None:
        """The plain C function of an exported one, if its types allow it."""
        symbol, function_type = op.attr("sym_name"), op.attr("function_type")
        inputs, results = list(function_type.inputs), list(function_type.results)
        fallible = len(results) > 1
        value = list(results[1:-1]) if fallible else results
        if any(is_counted(t) for t in (*inputs, *value)) or (fallible and results[0] is not i1):
            return
        if len(value) > 1 or (fallible and not is_counted(results[-1])):
            return
        self.used.update(("osp_call_direct", "osp_raise_error"))
        count = max(len(inputs), len(results), 1)
        lines = [f"  %words = alloca [{count} x i64], align 16"]
        for index, t in enumerate(inputs):
            lines.append(f"  %p{index} = getelementptr i64, ptr %words, i64 {index}")
            if t is i1:
                lines.append(f"  %w{index} = zext i1 %a{index} to i64")
            stored = f"i64 %w{index}" if t is i1 else f"{llvm_type(t)} %a{index}"
            lines.append(f"  store {stored}, ptr %p{index}")
        waits = "true" if symbol in self.waiting else "false"
        code = quoted(EXPORT + symbol)
        call = f"call zeroext i1 @osp_call_direct(ptr {code}, ptr %words, i1 zeroext {waits})"
        lines += [f"  %called = {call}", "  br i1 %called, label %done, label %none"]
        lines.append("done:")
        if fallible:
            lines += ["  %flag = load i64, ptr %words", "  %bad = icmp ne i64 %flag, 0"]
            lines += ["  br i1 %bad, label %error, label %good", "error:"]
            lines.append(f"  %m = getelementptr i64, ptr %words, i64 {len(results) - 1}")
            lines += ["  %message = load ptr, ptr %m", "  call void @osp_raise_error(ptr %message)"]
            lines += ["  br label %none", "good:"]
        returned = "void"
        if value:
            t = llvm_type(value[0])
            returned = self.c_type(value[0])
            lines.append(f"  %q = getelementptr i64, ptr %words, i64 {int(fallible)}")
            lines.append(f"  %r = load {'i64' if t == 'i1' else t}, ptr %q")
            if t == "i1":
                lines.append("  %b = trunc i64 %r to i1")
            zero = {"ptr": "null", "double": "0.0", "i1": "false"}.get(t, "0")
            lines += [f"  ret {t} {'%b' if t == 'i1' else '%r'}", "none:", f"  ret {t} {zero}"]
        else:
            lines += ["  ret void", "none:", "  ret void"]
        params = ", ".join(f"{self.c_type(t)} %a{i}" for i, t in enumerate(inputs))
        returned = " ".join(reversed(returned.split()))
        head = f"define {returned} {quoted(DIRECT + symbol)}({params}) #0 {{"
        self.lines.append("\n".join([head, *lines, "}"]))

    def _thunk(self) -> None:
        """The runtime keeps its reference to the environment; the call takes one of its own."""
        self.lines.append(
            f"define void @{THUNK}(ptr %ctx, ptr %env, ptr %arg) #0 {{\n"
            "  call void @rt.dup(ptr %env)\n  %code = load ptr, ptr %env\n"
            "  call tailcc void %code(ptr %ctx, ptr %env, ptr %arg)\n  ret void\n}"
        )

    def string(self, text: str) -> str:
        """The address of the first byte of a static string."""
        data = text.encode("utf-8", "surrogateescape")
        if data not in self.strings:
            name = f"@str.{len(self.strings)}"
            self.strings[data] = f"getelementptr (i8, ptr {name}, i64 16)"
            body = "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in data)
            size = len(data) + 1
            self.constants.append(
                f"{name} = private unnamed_addr constant {{i64, i64, [{size} x i8]}} "
                f'{{i64 {len(data)}, i64 0, [{size} x i8] c"{body}\\00"}}, align 16'
            )
        return self.strings[data]

    def static_cell(self, tag: int, code: str = "") -> str:
        """The address of a static cell: a variant without fields, or a function value without captures."""
        key = (tag, code)
        if key not in self.static:
            name = f"@cell.{len(self.static)}"
            self.static[key] = f"getelementptr (i8, ptr {name}, i64 8)"
            info = cells.info_word(cells.KIND_CLOSURE if code else cells.KIND_CELL, 0, tag)
            first = f"ptr {code}" if code else "ptr null"
            self.constants.append(
                f"{name} = private constant {{i32, i32, ptr}} {{i32 0, i32 {info}, {first}}}, align 16"
            )
        return self.static[key]


#: Runtime functions that need a worker or wait, beside those that the table calls suspending.
_OF_WORKERS = tuple(
    f"osp_{room}" for room in ("spawn", "fiber_d", "channel", "http", "websocket", "test", "print", "input")
)


def waiting(module: Operation) -> frozenset[str]:
    """The functions of a lowered module that may wait, print, or call what is not known: they need a fiber
    of a worker. The others can run on any thread."""
    callers: dict[str, list[str]] = {}
    work: list[str] = []
    for function in body_of(module).ops:
        if function.name != "func.func":
            continue
        symbol = function.attr("sym_name")
        for op in function.walk():
            if op.name == "func.call":
                callers.setdefault(op.attr("callee"), []).append(symbol)
            elif op.name in ("rt.call_closure", "rt.select") or (
                op.name == "rt.call"
                and (RUNTIME[op.attr("callee")].suspends or op.attr("callee").startswith(_OF_WORKERS))
            ):
                work.append(symbol)
    found = set(work)
    while work:
        for caller in callers.get(work.pop(), ()):
            if caller not in found:
                found.add(caller)
                work.append(caller)
    return frozenset(found)


def _extension(machine: str) -> str:
    """C passes a bool as a zero-extended byte."""
    return " zeroext" if machine == "bool" else ""


def in_registers(typed: list[str]) -> bool:
    """Whether arguments ("type name", the context first) all travel in registers: six of integers and
    pointers and eight of floats on x86-64; AArch64 has more."""
    floats = sum(t.startswith("double ") for t in typed)
    return floats <= 8 and len(typed) - floats <= 6


class _Function:
    def __init__(self, emitter: _Emitter, op: Operation) -> None:
        self.e = emitter
        self.op = op
        self.region: Region = op.regions[0]
        self.names: dict[Value, str] = {}
        self.labels: dict[Block, str] = {}
        self.lines: list[str] = []
        self.allocas: list[str] = []
        self.counter = 0
        #: What the next call must give up if the fiber dies in it; and what the pads made so far give up.
        self.held: list[Value] = []
        #: Where calls of the runtime say that they changed their first argument in place, by their results.
        self.kept: dict[Value, str] = {}
        self.pads: list[tuple[str, list[Value]]] = []
        self.last_label = ""
        self.last_labels: dict[str, str] = {}
        #: What stands behind instructions: where they came from, if anybody wants to know.
        self.place = ""
        self.scope = emitter.debug.function(op) if emitter.debug is not None else 0
        self.stand_at(op.loc)

    def fresh(self) -> str:
        self.counter += 1
        return f"%v{self.counter}"

    def emit(self, line: str) -> None:
        self.lines.append(f"  {line}{self.place}")

    def stand_at(self, loc: Location) -> None:
        """What is emitted from now on came from `loc`, or from the function if that is unknown."""
        if self.e.debug is not None:
            self.place = self.e.debug.place(loc if loc.known else self.op.loc, self.scope)

    def run(self) -> None:
        function_type = self.op.attr("function_type")
        self.results = [llvm_type(t) for t in function_type.results]
        blocks = list(self.region.blocks)
        self.out = in_memory(self.results)
        params = ["ptr %ctx", "ptr %out"] if self.out else ["ptr %ctx"]
        for argument in blocks[0].args:
            self.names[argument] = self.fresh()
            params.append(f"{llvm_type(argument.type)} {self.names[argument]}")
        self.params_in_registers = in_registers(params)
        self.convention = self.e.convention(self.op.attr("sym_name"))
        for index, block in enumerate(blocks):
            self.labels[block] = f"b{index}"
        for block in blocks[1:]:
            for argument in block.args:
                self.names[argument] = self.fresh()
        for block in blocks:
            self._block(block, block is blocks[0])
        self.stand_at(self.op.loc)
        prologue = self._prologue()
        self._landing_pads()
        lines = [self._with_last_labels(line) for line in self.lines]
        symbol = self.op.attr("sym_name")
        # Optimizing what runs once, as the file's statements do, costs more than it gives.
        attributes = "#1" if symbol == ENTRY or symbol in self.e.frequencies.seldom else "#0"
        if self.op.attr("inlined") or symbol in self.e.parts:
            attributes = "alwaysinline #0"
        returned = "void" if self.out else result_type(self.results)
        signature = f"{returned} {quoted(symbol)}({', '.join(params)})"
        personality = " personality ptr @__gcc_personality_v0" if self.pads else ""
        debug = f" !dbg !{self.scope}" if self.scope else ""
        head = f"define internal {self.convention} {signature} {attributes}{personality}{debug} {{"
        self.e.lines.append("\n".join([head, "entry:", *prologue, *lines, "}"]))

    def _prologue(self) -> list[str]:
        """Space for arrays, and, if the function is one that checks, the comparison with the stack's limit.

        The limit is also raised to make a fiber yield, hence the atomic load: it must not be hoisted out of
        a loop that a tail call has become.
        """
        lines = ["  " + a for a in self.allocas]
        if self.op.attr("sym_name") not in self.e.that_check or self.op.attr("inlined"):
            return [*lines, f"  br label %b0{self.place}"]
        self.e.used |= {"osp_stack_poll", "osp_stack_exhausted"}
        return [
            *lines,
            f"  %frame = call ptr @llvm.frameaddress.p0(i32 0){self.place}",
            f"  %limit = load atomic ptr, ptr %ctx monotonic, align 8{self.place}",
            f"  %check = icmp ult ptr %frame, %limit{self.place}",
            f"  br i1 %check, label %slow, label %b0, !prof !1{self.place}",
            "slow:",
            *self._stack_check(),
        ]

    def _stack_check(self) -> list[str]:
        """The slow path of the prologue. If the stack has run out, the arguments are dropped on the way."""
        owned = [self.region.entry.args[index] for index in self.op.attr("owned", ())]
        lines = [
            f"  %context = ptrtoint ptr %ctx to i64{self.place}",
            f"  %exhausted = call preserve_allcc i1 @rt.poll(i64 %context){self.place}",
            f"  br i1 %exhausted, label %end, label %b0, !prof !1{self.place}",
            "end:",
        ]
        if owned:
            self.pads.append(("lp.entry", owned))
            onward = f"to label %never unwind label %lp.entry{self.place}"
            lines += [f"  invoke void @osp_stack_exhausted(ptr %ctx) {onward}", "never:"]
        else:
            lines.append(f"  call void @osp_stack_exhausted(ptr %ctx){self.place}")
        return [*lines, f"  unreachable{self.place}"]

    def _poll(self, op: Operation) -> None:
        self.e.used.add("osp_stack_poll")
        frame, limit, check, context, polled = (self.fresh() for _ in range(5))
        self.counter += 1
        asked, onward = f"ask{self.counter}", f"ok{self.counter}"
        self.emit(f"{frame} = call ptr @llvm.frameaddress.p0(i32 0)")
        self.emit(f"{limit} = load atomic ptr, ptr %ctx monotonic, align 8")
        self.emit(f"{check} = icmp ult ptr {frame}, {limit}")
        self.emit(f"br i1 {check}, label %{asked}, label %{onward}, !prof !1")
        self.lines.append(f"{asked}:")
        self.emit(f"{context} = ptrtoint ptr %ctx to i64")
        self.emit(f"{polled} = call preserve_allcc i1 @rt.poll(i64 {context})")
        self.emit(f"br label %{onward}")
        self.lines.append(f"{onward}:")
        self.last_label = onward

    # ---- what happens when a fiber dies in a call

    def _cleanup(self, op: Operation) -> None:
        """The next call gets a landing pad that gives these references up."""
        self.held = list(op.operands)

    def call(self, text: str, result: str = "") -> None:
        """A call that may not return, because the fiber dies in it: `call …`, and the name of its result."""
        assign = f"{result} = " if result else ""
        if not self.held:
            self.emit(assign + text)
            return
        self.counter += 1
        onward, pad = f"ok{self.counter}", f"lp{self.counter}"
        self.emit(f"{assign}invoke{text.removeprefix('call')} to label %{onward} unwind label %{pad}")
        self.lines.append(f"{onward}:")
        self.last_label = onward
        self.pads.append((pad, self.held))
        self.held = []

    def _landing_pads(self) -> None:
        for pad, held in self.pads:
            self.lines.append(f"{pad}:")
            dying = self.fresh()
            self.emit(f"{dying} = landingpad {{ptr, i32}} cleanup")
            for value in held:
                give_up = "rt.free_token" if value.type is TOKEN else "rt.drop_call"
                self.emit(f"call void @{give_up}({self.typed(value)})")
            self.emit(f"resume {{ptr, i32}} {dying}")

    def _with_last_labels(self, line: str) -> str:
        """A block may have been cut into several: branches come from the last one."""
        if "%@" not in line:
            return line
        return re.sub(r"%@(b\d+)", lambda m: "%" + self.last_labels[m.group(1)], line)

    def _block(self, block: Block, first: bool) -> None:
        self.lines.append(f"{self.labels[block]}:")
        self.last_label = self.labels[block]
        if not first:
            for argument in block.args:
                self._phi(block, argument)
        for op in block.ops:
            emit = _EMIT.get(op.name)
            if emit is None:
                raise TypeError(f"{op.name} was not lowered")
            self.stand_at(op.loc)
            emit(self, op)
        self.last_labels[self.labels[block]] = self.last_label

    def _phi(self, block: Block, argument: BlockArgument) -> None:
        incoming = []
        for user, index in block.uses:
            assert user.parent is not None
            value = user.successor_args(index)[argument.index]
            incoming.append(f"[{self.name(value)}, %@{self.labels[user.parent]}]")
        self.emit(f"{self.names[argument]} = phi {llvm_type(argument.type)} {', '.join(incoming)}")

    def name(self, value: Value) -> str:
        """How a value is written: constants stand for themselves."""
        found = self.names.get(value)
        if found is None:
            owner = value.owner
            if isinstance(owner, Operation) and owner.name in _IMMEDIATE:
                found = _IMMEDIATE[owner.name](self, owner)
            else:
                found = self.fresh()
            self.names[value] = found
        return found

    def typed(self, value: Value) -> str:
        """A value behind its type."""
        return f"{llvm_type(value.type)} {self.name(value)}"

    def pieces(self, op: Operation, struct_type: str, value: str) -> None:
        """Take a returned struct apart into the results of an operation."""
        for index, result in enumerate(op.results):
            self.emit(f"{self.name(result)} = extractvalue {struct_type} {value}, {index}")

    # ---- operations

    def _nothing(self, op: Operation) -> None:
        """An immediate: written where it is used."""

    def _binary(self, op: Operation) -> None:
        a, b = op.operands
        self.emit(f"{self.name(op.result)} = {_BINARY[op.name]} {self.typed(a)}, {self.name(b)}")

    def _negf(self, op: Operation) -> None:
        self.emit(f"{self.name(op.result)} = fneg {self.typed(op.operands[0])}")

    def _absf(self, op: Operation) -> None:
        self.emit(f"{self.name(op.result)} = call double @llvm.fabs.f64({self.typed(op.operands[0])})")

    def _compare(self, op: Operation) -> None:
        a, b = op.operands
        integers = op.name == "arith.cmpi"
        predicate = (_PREDICATES_I if integers else _PREDICATES_F)[op.attr("predicate")]
        self.emit(
            f"{self.name(op.result)} = {'icmp' if integers else 'fcmp'} {predicate} "
            f"{self.typed(a)}, {self.name(b)}"
        )

    def _select(self, op: Operation) -> None:
        self.emit(f"{self.name(op.result)} = select {', '.join(map(self.typed, op.operands))}")

    def _to_float(self, op: Operation) -> None:
        self.emit(f"{self.name(op.result)} = sitofp {self.typed(op.operands[0])} to double")

    def _overflow(self, op: Operation) -> None:
        kind = {"rt.add_overflow": "sadd", "rt.sub_overflow": "ssub", "rt.mul_overflow": "smul"}[op.name]
        pair = self.fresh()
        operands = ", ".join(map(self.typed, op.operands))
        self.emit(f"{pair} = call {{i64, i1}} @llvm.{kind}.with.overflow.i64({operands})")
        self.pieces(op, "{i64, i1}", pair)

    def _string_length(self, op: Operation) -> None:
        at = self.fresh()
        self.emit(f"{at} = getelementptr i8, {self.typed(op.operands[0])}, i64 -16")
        self.emit(f"{self.name(op.result)} = load i64, ptr {at}")

    def _same_address(self, op: Operation) -> None:
        a, b = op.operands
        self.emit(f"{self.name(op.result)} = icmp eq {self.typed(a)}, {self.name(b)}")

    def _assume(self, op: Operation) -> None:
        self.emit(f"call void @llvm.assume({self.typed(op.operands[0])})")

    def _in_place(self, op: Operation) -> None:
        kept = self.kept.get(op.operands[0])
        if kept is None:  # the call was no quick one
            self.names[op.result] = "false"
        else:
            told = self.fresh()
            self.emit(f"{told} = load i8, ptr {kept}")
            self.emit(f"{self.name(op.result)} = icmp ne i8 {told}, 0")

    def _is_null(self, op: Operation) -> None:
        self.emit(f"{self.name(op.result)} = icmp eq {self.typed(op.operands[0])}, null")

    def _tag(self, op: Operation) -> None:
        at, half = self.fresh(), self.fresh()
        self.emit(f"{at} = getelementptr i8, {self.typed(op.operands[0])}, i64 -2")
        self.emit(f"{half} = load i16, ptr {at}")
        self.emit(f"{self.name(op.result)} = zext i16 {half} to i64")

    def _slot_address(self, cell: Value, index: int) -> str:
        at = self.fresh()
        self.emit(f"{at} = getelementptr i8, {self.typed(cell)}, i64 {8 * index}")
        return at

    def _load(self, at: str, result: Value) -> None:
        if result.type is i1:
            word = self.fresh()
            self.emit(f"{word} = load i64, ptr {at}")
            self.emit(f"{self.name(result)} = trunc i64 {word} to i1")
        else:
            self.emit(f"{self.name(result)} = load {llvm_type(result.type)}, ptr {at}")

    def _store(self, value: Value, at: str) -> None:
        if value.type is i1:
            word = self.fresh()
            self.emit(f"{word} = zext {self.typed(value)} to i64")
            self.emit(f"store i64 {word}, ptr {at}")
        else:
            self.emit(f"store {self.typed(value)}, ptr {at}")

    def _load_word(self, op: Operation) -> None:
        self._load(self._slot_address(op.operands[0], op.attr("index")), op.result)

    def _store_word(self, op: Operation) -> None:
        self._store(op.operands[1], self._slot_address(op.operands[0], op.attr("index")))

    def _slot(self, op: Operation) -> None:
        self._load(self._slot_address(op.operands[0], op.attr("index")), op.result)

    def _new_cell(self, op: Operation, info: int, words: int) -> None:
        self.e.used.add("osp_cell_new")
        self.emit(f"{self.name(op.result)} = call ptr @osp_cell_new(ptr %ctx, i64 {info}, i64 {words})")

    def _cell(self, op: Operation) -> None:
        info = cells.info_word(cells.KIND_CELL, op.attr("scan"), op.attr("tag"))
        self._new_cell(op, info, len(op.operands))
        for index, value in enumerate(op.operands):
            self._store(value, self._slot_address(op.result, index))

    def _cell_reuse(self, op: Operation) -> None:
        token, *fields = op.operands
        info = cells.info_word(cells.KIND_CELL, op.attr("scan"), op.attr("tag"))
        args = f"ptr %ctx, {self.typed(token)}, i64 {info}, i64 {len(fields)}"
        self.emit(f"{self.name(op.result)} = call ptr @rt.cell_reuse({args})")
        for index, value in enumerate(fields):
            self._store(value, self._slot_address(op.result, index))

    def _drop_cell(self, op: Operation) -> None:
        """Every layout and choice of slots that move has a function of its own."""
        cell = op.operands[0]
        first, scan, slots = first_slot(cell.type), op.attr("scan"), op.attr("slots")
        reuse = op.name == "rt.drop_reuse"
        often = op.parent in self.e.frequencies.repeated
        name = cells.drop_name(first, scan, slots, reuse, often)
        if name not in self.e.drops:
            self.e.drops[name] = cells.drop_function(name, first, scan, slots, reuse, often)
        bound = f"{self.name(op.result)} = " if reuse else ""
        result = "ptr" if reuse else "void"
        self.emit(f"{bound}call {result} @{name}({', '.join(map(self.typed, op.operands))})")

    def _closure(self, op: Operation) -> None:
        self._new_cell(op, cells.info_word(cells.KIND_CLOSURE, op.attr("scan"), 0), len(op.operands) + 1)
        self.emit(f"store ptr {quoted(op.attr('callee'))}, ptr {self.name(op.result)}")
        for index, value in enumerate(op.operands):
            self._store(value, self._slot_address(op.result, index + 1))

    def _maybe_closure(self, op: Operation) -> None:
        if op.operands:
            self._closure(op)

    def _global_name(self, op: Operation) -> str:
        return quoted(f"{op.attr('global')}.{op.attr('index')}")

    def _global_load(self, op: Operation) -> None:
        self.emit(f"{self.name(op.result)} = load {llvm_type(op.result.type)}, ptr {self._global_name(op)}")

    def _global_store(self, op: Operation) -> None:
        value = op.operands[0]
        name = self._global_name(op)
        if is_counted(value.type):
            # Every thread may read it. What is never replaced need not be counted any more.
            replaced = self.e.mutable[op.attr("global")]
            immortal = "osp_mark_module" if self.e.unloadable else "osp_mark_immortal"
            mark = "osp_mark_shared" if replaced else immortal
            old = self.fresh()
            self.e.used.add(mark)
            module = f", ptr {IMMORTALS}" if mark == "osp_mark_module" else ""
            self.emit(f"call void @{mark}(ptr {self.name(value)}{module})")
            self.emit(f"{old} = load ptr, ptr {name}")
            self.emit(f"store {self.typed(value)}, ptr {name}")
            self.emit(f"call void @rt.drop_call(ptr {old})")
        else:
            self.emit(f"store {self.typed(value)}, ptr {name}")
        if op.attr("global") in self.e.checked:
            self.emit(f"store i8 1, ptr {quoted(op.attr('global') + '.set')}")

    def _global_check(self, op: Operation) -> None:
        name = op.attr("global")
        place = f"{op.loc.file}:{op.loc.line}:{op.loc.column}: " if op.loc.known else ""
        message = self.e.string(f"{place}'{self.e.checked[name]}' is read before its initialiser has run")
        self.call(f"call void @rt.global_check(ptr %ctx, ptr {quoted(name + '.set')}, ptr {message})")

    def _count(self, op: Operation) -> None:
        self.emit(f"call void @{op.name}({self.typed(op.operands[0])})")

    def _reference(self, op: Operation) -> None:
        """One more reference to a cell, or one less."""
        callee = op.name if op.parent in self.e.frequencies.repeated else f"{op.name}_call"
        self.emit(f"call void @{callee}({self.typed(op.operands[0])})")

    def _array(self, count: int, t: str = "ptr") -> str:
        """Space in the frame; once per function and use, never in a loop."""
        name = self.fresh()
        self.allocas.append(f"{name} = alloca [{count} x {t}], align 16")
        return name

    def _concat(self, op: Operation) -> None:
        parts = self._array(len(op.operands))
        for index, value in enumerate(op.operands):
            at = self.fresh()
            self.emit(f"{at} = getelementptr ptr, ptr {parts}, i64 {index}")
            self.emit(f"store {self.typed(value)}, ptr {at}")
        self.e.used.add("osp_string_concat_n")
        self.emit(
            f"{self.name(op.result)} = call ptr @osp_string_concat_n"
            f"(ptr %ctx, ptr {parts}, i64 {len(op.operands)})"
        )

    def _list(self, op: Operation) -> None:
        elements, *words = op.operands
        array = self._array(len(words), "i64")
        for index, value in enumerate(words):
            at = self.fresh()
            self.emit(f"{at} = getelementptr i64, ptr {array}, i64 {index}")
            self.emit(f"store i64 {self._word(value)}, ptr {at}")
        self.e.used.add("osp_list_from_words")
        args = f"ptr %ctx, {self.typed(elements)}, ptr {array}, i64 {len(words)}"
        self.emit(f"{self.name(op.result)} = call ptr @osp_list_from_words({args})")

    def _word(self, value: Value) -> str:
        """A value as a 64-bit word."""
        t = llvm_type(value.type)
        if t == "i64":
            return self.name(value)
        word = self.fresh()
        self.emit(f"{word} = {_TO_WORD[t]} {self.typed(value)} to i64")
        return word

    def _from_word(self, word: str, result: Value) -> None:
        t = llvm_type(result.type)
        self.emit(f"{self.name(result)} = {_FROM_WORD[t]} i64 {word} to {t}")

    def _select_arms(self, op: Operation) -> None:
        """The arms in the frame, as the runtime lays them out: kind, channel, word."""
        kinds = op.attr("kinds")
        arms = self.name(op.results[1])
        self.allocas.append(f"{arms} = alloca [{3 * len(kinds)} x i64], align 16")
        rest = list(op.operands)
        for index, kind in enumerate(kinds):
            words = [str(("recv", "send", "sleep", "default").index(kind)), "0", "0"]
            if kind in ("recv", "send"):
                words[1] = self._word(rest.pop(0))
            if kind in ("send", "sleep"):
                words[2] = self._word(rest.pop(0))
            for offset, word in enumerate(words):
                at = self.fresh()
                self.emit(f"{at} = getelementptr i64, ptr {arms}, i64 {3 * index + offset}")
                self.emit(f"store i64 {word}, ptr {at}")
        self.e.used.add("osp_select")
        self._note_place(op)
        call = f"call i64 @osp_select(ptr %ctx, ptr {arms}, i64 {len(kinds)})"
        self.call(call, self.name(op.results[0]))

    def _take_word(self, op: Operation) -> None:
        self._load(self._slot_address(op.operands[0], 3 * op.attr("index") + 2), op.result)

    def _note_place(self, op: Operation) -> None:
        """Where the fiber waits, for the report of a deadlock."""
        if op.loc.known:
            at = self.fresh()
            self.emit(f"{at} = getelementptr i8, ptr %ctx, i64 40")
            self.emit(f"store ptr {self.e.string(f'{op.loc.file}:{op.loc.line}')}, ptr {at}")

    def _runtime_call(self, op: Operation) -> None:
        fn = RUNTIME[op.attr("callee")]
        self.e.used.add(fn.symbol)
        args = ["ptr %ctx"] if fn.context else []
        for (_, machine), value in zip(fn.params, op.operands, strict=True):
            if machine == "thunk":
                args += [f"ptr @{THUNK}", self.typed(value)]
            elif machine == "word":
                args.append(f"i64 {self._word(value)}")
            else:
                args.append(f"{_RT_LLVM[machine]}{_extension(machine)} {self.name(value)}")
        symbol, path = fn.symbol, fast_path(op)
        if path is not None and not self.held:
            self.e.fast_paths |= {path.name: path.text, **path.calls}
            symbol = path.name
        error = ""
        if fn.fallible:
            error = self._array(1)
            self.emit(f"store ptr null, ptr {error}")
            args.append(f"ptr {error}")
        if fn.symbol in IN_PLACE and symbol != fn.symbol:
            self.kept[op.results[0]] = kept = self._array(1, "i8")
            args.append(f"ptr {kept}")
        if fn.suspends:
            self._note_place(op)
        call = f"call{_extension(fn.result)} {_RT_LLVM[fn.result]} @{symbol}({', '.join(args)})"
        if fn.result == "Unit":
            self.call(call)
        elif fn.result == "word" and op.results[0].type is not i64:
            word = self.fresh()
            self.call(call, word)
            self._from_word(word, op.results[0])
        else:
            self.call(call, self.name(op.results[0]))
        if fn.fallible:
            self.emit(f"{self.name(op.results[-1])} = load ptr, ptr {error}")

    def _extern_call(self, op: Operation) -> None:
        args = ", ".join(f"{self.e.c_type(v.type)} {self.name(v)}" for v in op.operands)
        callee = quoted(op.attr("callee"))
        if op.attr("callee") in self.e.on_system_stack:
            args = ", ".join(["ptr %ctx", *map(self.typed, op.operands)])
            callee = quoted("osp_elsewhere$" + op.attr("callee"))
        if not op.results:
            self.emit(f"call void {callee}({args})")
        elif isinstance(op.result.type, DialectType) and op.result.type.name == "osp.string":
            text = self.fresh()
            self.e.used.add("osp_string_from_c")
            self.emit(f"{text} = call ptr {callee}({args})")
            self.emit(f"{self.name(op.result)} = call ptr @osp_string_from_c(ptr %ctx, ptr {text})")
        else:
            result = " ".join(reversed(self.e.c_type(op.result.type).split()))
            if op.attr("callee") in self.e.on_system_stack:
                result = llvm_type(op.result.type)
            self.emit(f"{self.name(op.result)} = call {result} {callee}({args})")

    def _call(self, op: Operation) -> None:
        args = ["ptr %ctx", *map(self.typed, op.operands)]
        self._compiled_call(op, quoted(op.attr("callee")), args)

    def _call_closure(self, op: Operation) -> None:
        code = self.fresh()
        self.emit(f"{code} = load ptr, {self.typed(op.operands[0])}")
        self._compiled_call(op, code, ["ptr %ctx", *map(self.typed, op.operands)])

    def _compiled_call(self, op: Operation, callee: str, args: list[str]) -> None:
        types = [llvm_type(r.type) for r in op.results]
        together = returned = result_type(types)
        tail = op.attr("tail") and types == self.results
        convention = self.e.convention(op.attr("callee"))
        out = ""
        if in_memory(types):
            returned, out = "void", "%out" if tail else self._array(1, together)
            args.insert(1, f"ptr {out}")
        kind = ""
        if tail:
            # Under `tailcc` both are kept; but LLVM 22 passes no argument on the stack in a `musttail` call.
            kept = op.attr("callee") == self.op.attr("sym_name") if convention == "fastcc" else True
            kept = kept and convention == self.convention and self.params_in_registers and in_registers(args)
            kind = "musttail " if kept else "tail "
        value = ""
        if returned != "void":
            value = self.name(op.results[0]) if len(types) == 1 else self.fresh()
        self.call(f"{kind}call {convention} {returned} {callee}({', '.join(args)})", value)
        if tail:
            self.emit(f"ret {returned} {value}".rstrip())
        elif out:
            value = self.fresh()
            self.emit(f"{value} = load {together}, ptr {out}")
        if not tail and len(types) > 1:
            self.pieces(op, together, value)

    def _return(self, op: Operation) -> None:
        previous = op.prev
        if previous is not None and previous.attr("tail"):
            return  # the tail call brought its own
        if len(op.operands) == 1:
            self.emit(f"ret {self.typed(op.operands[0])}")
            return
        struct_type = result_type(self.results)
        value = "poison"
        for index, part in enumerate(op.operands):
            new = self.fresh()
            self.emit(f"{new} = insertvalue {struct_type} {value}, {self.typed(part)}, {index}")
            value = new
        if self.out:
            self.emit(f"store {struct_type} {value}, ptr %out")
        self.emit("ret void" if self.out or not op.operands else f"ret {struct_type} {value}")

    def _branch(self, op: Operation) -> None:
        self.emit(f"br label %{self.labels[op.successors[0]]}")

    def _conditional(self, op: Operation) -> None:
        yes, no = (self.labels[b] for b in op.successors)
        # Overflow is an accident: what comes after it must not wait to be chosen between two values.
        unlikely = ", !prof !1" if _tells_overflow(op.operands[0]) else ""
        self.emit(f"br {self.typed(op.operands[0])}, label %{yes}, label %{no}{unlikely}")

    def _switch(self, op: Operation) -> None:
        value = self.typed(op.operands[0])
        default, *targets = (self.labels[b] for b in op.successors)
        cases = " ".join(
            f"i64 {case}, label %{target}"
            for case, target in zip(op.attr("case_values"), targets, strict=True)
        )
        self.emit(f"switch {value}, label %{default} [{cases}]")

    def _unreachable(self, op: Operation) -> None:
        self.emit("unreachable")


_OVERFLOWS = ("rt.add_overflow", "rt.sub_overflow", "rt.mul_overflow")


def _tells_overflow(flag: Value) -> bool:
    return isinstance(flag.owner, Operation) and flag.owner.name in _OVERFLOWS


def _constant(f: _Function, op: Operation) -> str:
    value = op.attr("value")
    if op.result.type is f64:
        return "0x" + struct.pack(">d", value).hex().upper()
    return str(value).lower() if isinstance(value, bool) else str(value)


_TO_WORD = {"double": "bitcast", "i1": "zext", "ptr": "ptrtoint"}
_FROM_WORD = {"double": "bitcast", "i1": "trunc", "ptr": "inttoptr"}

_IMMEDIATE: dict[str, Callable[[_Function, Operation], str]] = {
    "arith.constant": _constant,
    "rt.string": lambda f, op: f.e.string(op.attr("value")),
    "rt.null": lambda f, op: "null",
    "rt.static_cell": lambda f, op: f.e.static_cell(op.attr("tag")),
    "rt.cast": lambda f, op: f.name(op.operands[0]),
    "rt.c_function": lambda f, op: f.e.c_function(op),
}


def _closure_immediate(f: _Function, op: Operation) -> str:
    return f.e.static_cell(0, quoted(op.attr("callee"))) if not op.operands else f.fresh()


_IMMEDIATE["rt.closure"] = _closure_immediate

_EMIT: dict[str, Callable[[_Function, Operation], None]] = {
    **dict.fromkeys(_BINARY, _Function._binary),
    **dict.fromkeys(
        ("arith.constant", "rt.string", "rt.null", "rt.static_cell", "rt.cast", "rt.c_function"),
        _Function._nothing,
    ),
    **dict.fromkeys(_OVERFLOWS, _Function._overflow),
    "arith.negf": _Function._negf,
    "math.absf": _Function._absf,
    "arith.cmpi": _Function._compare,
    "arith.cmpf": _Function._compare,
    "arith.select": _Function._select,
    "arith.sitofp": _Function._to_float,
    "rt.string_length": _Function._string_length,
    "rt.is_null": _Function._is_null,
    "arith.assume": _Function._assume,
    "rt.in_place": _Function._in_place,
    "rt.same_address": _Function._same_address,
    "rt.tag": _Function._tag,
    "rt.slot": _Function._slot,
    "rt.load_word": _Function._load_word,
    "rt.store_word": _Function._store_word,
    "rt.cell": _Function._cell,
    "rt.closure": _Function._maybe_closure,
    "rt.global_load": _Function._global_load,
    "rt.global_store": _Function._global_store,
    "rt.cleanup": _Function._cleanup,
    "rt.global_check": _Function._global_check,
    "rt.dup": _Function._reference,
    "rt.drop": _Function._reference,
    "rt.drop_cell": _Function._drop_cell,
    "rt.drop_reuse": _Function._drop_cell,
    "rt.cell_reuse": _Function._cell_reuse,
    "rt.free_token": _Function._count,
    "rt.concat": _Function._concat,
    "rt.list": _Function._list,
    "rt.select": _Function._select_arms,
    "rt.take_word": _Function._take_word,
    "rt.call": _Function._runtime_call,
    "rt.call_extern": _Function._extern_call,
    "func.call": _Function._call,
    "rt.call_closure": _Function._call_closure,
    "func.return": _Function._return,
    "cf.br": _Function._branch,
    "cf.cond_br": _Function._conditional,
    "cf.switch": _Function._switch,
    "rt.poll": _Function._poll,
    "rt.unreachable": _Function._unreachable,
}
