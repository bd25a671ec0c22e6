"""Numba and ctypes both ways: C functions behind `extern fn`, and Osprey functions by their addresses."""

from __future__ import annotations

import ctypes
import gc
import threading

import numba
import numpy as np
import pytest
from numba import carray, cfunc, njit, types

import ospjit

SOURCE = """
extern fn total(values: Ptr, count: int) -> float
extern fn twice(x: int) -> int
extern fn isEven(x: int) -> bool
extern fn note(x: float)

export fn mean(values: Ptr, count: int) -> float = total(values, count) / toFloat(count) ?: 0.0
export fn quadruple(x: int) -> int = twice(twice(x))
export fn parity(x: int) -> string = if isEven(x) { "even" } else { "odd" }
export fn noted(x: float) -> Unit = note(x)
export fn polynomial(x: float) -> float = 2.0 * x * x + 3.0 * x + 1.0
export fn mixed(a: int, b: float, c: bool, d: Ptr) -> bool = c && toFloat(a) < b
export fn offset(p: Ptr) -> Ptr = p
export fn fails(n: int) -> int = (fails((n + 1) ?: 0) + 1) ?: 0
export fn checked(n: int) = n + 1
"""


@cfunc(types.float64(types.CPointer(types.float64), types.int64))
def total(values, count):
    result = 0.0
    for value in carray(values, (count,)):
        result += value
    return result


@cfunc(types.int64(types.int64))
def twice(x):
    return 2 * x


notes: list[tuple[float, int]] = []


@ctypes.CFUNCTYPE(None, ctypes.c_double)
def note(x):
    notes.append((x, threading.get_ident()))


def even(x: int) -> bool:
    if x < 0:
        raise ValueError("negative")
    return x % 2 == 0


EXTERNS = {
    "total": total,
    "twice": twice.address,
    "isEven": ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_int64)(even),
    "note": note,
}


@pytest.fixture(scope="module")
def m() -> ospjit.Module:
    return ospjit.compile(SOURCE, EXTERNS, opt_level=1)


def test_arrays_pass_without_a_copy(m) -> None:
    values = np.arange(10, dtype=np.float64)
    assert m.mean(values, len(values)) == 4.5
    assert m.offset(values) == values.ctypes.data
    assert m.mean(values[2:5], 3) == 3.0
    buffer = (ctypes.c_double * 3)(1.0, 2.0, 6.0)
    assert m.mean(buffer, 3) == 3.0
    assert m.offset(None) == 0
    assert m.offset(ctypes.c_void_p(16)) == 16
    with pytest.raises(TypeError, match="array that lies in one piece"):
        m.mean(values[::2], 5)
    with pytest.raises(TypeError, match=r"argument 'p' of 'offset' \(Ptr\)"):
        m.offset("text")
    with pytest.raises(TypeError, match=r"\(Ptr\)"):
        m.offset(-1)


def test_c_functions_behind_externs(m) -> None:
    assert m.quadruple(5) == 20
    assert (m.parity(4), m.parity(5)) == ("even", "odd")
    m.noted(2.5)
    assert notes == [(2.5, threading.get_ident())]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_exception_in_a_ctypes_callback_is_lost(m) -> None:
    """C has no place for it: Python reports it, the result is anything, and the program goes on."""
    assert m.parity(-1) in ("even", "odd")
    assert m.parity(4) == "even"


def test_callbacks_of_python_have_a_stack_of_a_thread(m) -> None:
    def deep(n: int) -> int:
        return 0 if n == 0 else 1 + deep(n - 1)

    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(deep)
    source = "extern fn deep(n: int) -> int\nexport fn call(n: int) -> int = deep(n)\n"
    source += "export fn inFiber(n: int) -> int = await(spawn deep(n))"
    with ospjit.compile(source, {"deep": function}, opt_level=0) as made:
        assert (made.call(500), made.inFiber(500)) == (500, 500)


def test_osprey_functions_in_compiled_python(m) -> None:
    polynomial, mixed, quadruple = m.polynomial.ctypes, m.mixed.ctypes, m.quadruple.ctypes

    @njit
    def summed(n):
        result = 0.0
        for i in range(n):
            result += polynomial(float(i))
        return result + quadruple(n) if mixed(1, 2.0, True, 0) else 0.0

    expected = sum(2.0 * x * x + 3.0 * x + 1.0 for x in range(1000)) + 4000
    assert summed(1000) == expected
    direct = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(m.polynomial.address)
    assert direct(1.0) == 6.0
    assert not hasattr(m.checked, "address")  # a Result is no machine number


def test_a_failure_by_address_is_told_by_the_next_call(m) -> None:
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(m.fails.address)(0) == 0
    with pytest.raises(ospjit.FiberError, match="stack exhausted"):
        m.quadruple(1)
    assert m.quadruple(1) == 4


def test_functions_keep_what_they_call() -> None:
    def make():
        @cfunc(types.int64(types.int64))
        def plus(x):
            return x + 5

        module = ospjit.compile(
            "extern fn plus(x: int) -> int\nexport fn f(x: int) -> int = plus(x)", {"plus": plus}, opt_level=0
        )
        return module.f

    function = make()
    gc.collect()
    assert function(1) == 6


def test_what_cannot_be_bound() -> None:
    source = "extern fn f(x: int) -> int\nexport fn g(x: int) -> int = f(x)"
    with pytest.raises(TypeError, match="extern 'f' must be a numba @cfunc, a ctypes function pointer"):
        ospjit.compile(source, {"f": lambda x: x})
    with pytest.raises(TypeError, match="declares no 'extern fn h'"):
        ospjit.compile(source, {"f": twice, "h": twice})
    with pytest.raises(ValueError, match="null"):
        ospjit.compile(source, {"f": 0})
    with pytest.raises(ospjit.CompileError, match="no library defines the function 'f'"):
        ospjit.compile(source)


def test_modules_of_their_own() -> None:
    """Two modules may bind the same name to different functions."""

    @cfunc(types.int64(types.int64))
    def thrice(x):
        return 3 * x

    source = "extern fn times(x: int) -> int\nexport fn g(x: int) -> int = times(x)"
    first = ospjit.compile(source, {"times": twice}, opt_level=0)
    second = ospjit.compile(source, {"times": thrice}, opt_level=0)
    assert (first.g(5), second.g(5), first.g(5)) == (10, 15, 10)
    assert numba.__version__
