"""What an `extern fn` may stand for: the address of anything that C could call."""

from __future__ import annotations

import ctypes
from typing import Any

#: The class of all ctypes functions.
C_FUNCTION: Any = ctypes.CFUNCTYPE(None).__mro__[1]


def runs_python(value: Any) -> bool:
    """Whether a ctypes function is a callback, made from a function of Python: it must not run on a fiber's
    stack."""
    return isinstance(value, C_FUNCTION) and bool(value._objects)


def extern_address(name: str, value: Any) -> int:
    """The address of a C function: of a numba `@cfunc`, a ctypes function, or a number that is one."""
    if isinstance(value, int) and not isinstance(value, bool):
        address = value
    elif isinstance(value, C_FUNCTION):
        address = ctypes.cast(value, ctypes.c_void_p).value or 0
    elif isinstance(getattr(value, "address", None), int):
        address = value.address
    else:
        raise TypeError(
            f"extern '{name}' must be a numba @cfunc, a ctypes function pointer or an address, "
            f"not {type(value).__name__}"
        )
    if address <= 0:
        raise ValueError(f"extern '{name}' is a null pointer")
    return address
