"""llvmlite's C library through ctypes: the few functions that text to machine code needs.

`import llvmlite.binding` takes several times as long as opening its library, and every cold start would pay.
The functions and their types are those that `llvmlite.binding` declares for the version that the package
requires. Each module has an LLVM context of its own, so that nothing is shared with whoever else uses LLVM in
this process; objects are freed with the `Module` or `Machine` that holds them.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from functools import cache
from threading import Thread

_p, _text, _int = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_texts = ctypes.POINTER(ctypes.c_void_p)

#: Result and parameters.
_FUNCTIONS: dict[str, tuple[object, list[object]]] = {
    "InitializeNativeTarget": (None, []),
    "InitializeNativeAsmPrinter": (None, []),
    "DisposeString": (None, [_p]),
    "GetDefaultTargetTriple": (None, [_texts]),
    "GetHostCPUName": (None, [_texts]),
    "GetHostCPUFeatures": (_int, [_texts]),
    "GetTargetFromTriple": (_p, [_text, _texts]),
    "CreateTargetMachine": (_p, [_p, _text, _text, _text, _int, _text, _text, _int, _int, _text]),
    "DisposeTargetMachine": (None, [_p]),
    "TargetMachineEmitToMemory": (_p, [_p, _p, _int, _texts]),
    "GetBufferStart": (_p, [_p]),
    "GetBufferSize": (ctypes.c_size_t, [_p]),
    "DisposeMemoryBuffer": (None, [_p]),
    "ContextCreate": (_p, []),
    "ContextDispose": (None, [_p]),
    "ParseAssembly": (_p, [_p, _text, _texts]),
    "VerifyModule": (ctypes.c_bool, [_p, _texts]),
    "PrintModuleToString": (None, [_p, _texts]),
    "DisposeModule": (None, [_p]),
    "CreatePipelineTuningOptions": (_p, []),
    "DisposePipelineTuningOptions": (None, [_p]),
    "PTOSetLoopUnrolling": (None, [_p, ctypes.c_bool]),
    "CreatePassBuilder": (_p, [_p, _p]),
    "DisposePassBuilder": (None, [_p]),
    "buildPerModuleDefaultPipeline": (_p, [_p, _int]),
    "RunNewModulePassManager": (None, [_p, _p, _p]),
    "DisposeNewModulePassManger": (None, [_p]),
}


def package() -> str:
    """The folder of the package llvmlite, which is not imported. Raises ImportError."""
    if "llvmlite" not in sys.modules:
        for folder in sys.path:
            found = os.path.join(folder, "llvmlite")
            if os.path.exists(os.path.join(found, "binding", "libllvmlite.so")):
                return found
    import llvmlite

    return os.path.dirname(llvmlite.__file__ or "")


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(os.path.join(package(), "binding", "libllvmlite.so"))
    for name, (result, parameters) in _FUNCTIONS.items():
        function = getattr(library, f"LLVMPY_{name}")
        function.restype, function.argtypes = result, parameters
    library.LLVMPY_InitializeNativeTarget()
    library.LLVMPY_InitializeNativeAsmPrinter()
    return library


#: Characters of the text of a module that is large: that of some 5,000 lines of a program.
_LARGE = 2_000_000


class _Output:
    """A string that a function of LLVM leaves at an address."""

    def __init__(self) -> None:
        self._address = ctypes.c_void_p()
        self.place = ctypes.byref(self._address)

    def take(self) -> str:
        """The string, which is freed; empty if there is none."""
        if not self._address.value:
            return ""
        text = ctypes.string_at(self._address.value).decode("utf-8", "replace")
        _library().LLVMPY_DisposeString(self._address)
        self._address.value = None
        return text


def _said(name: str) -> str:
    output = _Output()
    getattr(_library(), f"LLVMPY_{name}")(output.place)
    return output.take()


class Module:
    """An LLVM module, verified, from its text. Raises RuntimeError with LLVM's words."""

    def __init__(self, text: str) -> None:
        lib = _library()
        self.handle = None
        self.large = len(text) > _LARGE
        self._context = lib.LLVMPY_ContextCreate()
        output = _Output()
        self.handle = lib.LLVMPY_ParseAssembly(self._context, text.encode(), output.place)
        problem = output.take()
        if problem or not self.handle:
            raise RuntimeError(f"LLVM IR parsing error\n{problem}")
        if lib.LLVMPY_VerifyModule(self.handle, output.place):
            raise RuntimeError(output.take())
        output.take()

    def __str__(self) -> str:
        output = _Output()
        _library().LLVMPY_PrintModuleToString(self.handle, output.place)
        return output.take()

    def __del__(self) -> None:
        lib = _library()
        if self.handle:
            lib.LLVMPY_DisposeModule(self.handle)
        lib.LLVMPY_ContextDispose(self._context)


class Machine:
    """A target machine: position-independent code of the small model, which is faster than the default large
    one and holds only relocations that a loader handles easily."""

    def __init__(self, opt_level: int, cpu: str) -> None:
        """For the CPU of that name with what all of its kind can do; empty: for this host's."""
        self._lib = lib = _library()
        #: Options and pass builder for each level. They are kept: a builder that is disposed of leaves more
        #: than a kilobyte behind, which a process that compiles for ever would notice.
        self._builders: dict[tuple[int, bool], tuple[int, int]] = {}
        triple = _said("GetDefaultTargetTriple")
        output = _Output()
        target = lib.LLVMPY_GetTargetFromTriple(triple.encode(), output.place)
        if not target:
            raise RuntimeError(output.take())
        name = cpu or _said("GetHostCPUName")
        features = "" if cpu else _said("GetHostCPUFeatures")
        fixed = (opt_level, b"pic", b"small", 0, 1, b"")
        self.handle = lib.LLVMPY_CreateTargetMachine(
            target, triple.encode(), name.encode(), features.encode(), *fixed
        )
        if not self.handle:
            raise RuntimeError("LLVM cannot make a target machine")

    def __del__(self) -> None:
        lib = self._lib  # this may be the end of the interpreter, where modules have lost their names
        for options, builder in self._builders.values():
            lib.LLVMPY_DisposePassBuilder(builder)
            lib.LLVMPY_DisposePipelineTuningOptions(options)
        if getattr(self, "handle", None):
            lib.LLVMPY_DisposeTargetMachine(self.handle)

    def emit_object(self, module: Module) -> bytes:
        """The machine code of a module as a relocatable object file. The module is used up."""
        return self._emit(module, True)

    def emit_assembly(self, module: Module) -> str:
        """The machine code of a module as text. The module is used up."""
        return self._emit(module, False).decode()

    def _emit(self, module: Module, as_object: bool) -> bytes:
        lib = _library()
        output = _Output()
        buffer = lib.LLVMPY_TargetMachineEmitToMemory(self.handle, module.handle, as_object, output.place)
        if not buffer:
            raise RuntimeError(output.take())
        data = ctypes.string_at(lib.LLVMPY_GetBufferStart(buffer), lib.LLVMPY_GetBufferSize(buffer))
        lib.LLVMPY_DisposeMemoryBuffer(buffer)
        return data

    def optimize(self, module: Module, level: int) -> None:
        """Run LLVM's own pipeline for a level (0: only what the code needs to be valid). Loops of a large
        module are not unrolled: few gain by it, and all take their time."""
        lib = _library()
        key = level, module.large
        if key not in self._builders:
            options = lib.LLVMPY_CreatePipelineTuningOptions()
            if module.large:
                lib.LLVMPY_PTOSetLoopUnrolling(options, False)
            self._builders[key] = options, lib.LLVMPY_CreatePassBuilder(self.handle, options)
        _, builder = self._builders[key]
        manager = lib.LLVMPY_buildPerModuleDefaultPipeline(builder, level)
        lib.LLVMPY_RunNewModulePassManager(manager, module.handle, builder)
        lib.LLVMPY_DisposeNewModulePassManger(manager)


@cache
def kept_machine(opt_level: int, cpu: str) -> Machine:
    """A machine for a level and a CPU that the process keeps; for one thread at a time."""
    return Machine(opt_level, cpu)


def in_two_threads(texts: Sequence[str], opt_level: int, cpu: str) -> list[bytes]:
    """The objects of modules that are optimized and made into machine code at the same time, or one after the
    other where there can be no second thread. Raises RuntimeError with LLVM's words."""
    _library()  # loaded by one thread
    objects: dict[int, bytes] = {}
    problems: list[Exception] = []

    large = sum(map(len, texts)) > _LARGE

    def make(index: int) -> None:
        try:
            machine, module = Machine(opt_level, cpu), Module(texts[index])
            module.large = large
            machine.optimize(module, opt_level)
            objects[index] = machine.emit_object(module)
        except Exception as error:
            problems.append(error)

    started, left = [], [0]
    for index in range(1, len(texts)):
        other = Thread(target=make, args=(index,))
        try:
            other.start()
            started.append(other)
        except RuntimeError:  # the system lets this process have no more threads
            left.append(index)
    for index in left:
        make(index)
    for other in started:
        other.join()
    if problems:
        raise problems[0]
    return [objects[index] for index in range(len(texts))]
