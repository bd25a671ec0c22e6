"""Running a cached program without the compiler and without what Python's own command lines import.

The C library understands the command line and looks into the cache; it says no to whatever is not a plain run
of a program that is there.
"""

from __future__ import annotations

import os
import sys

import ospjit

#: The launcher that started this process and found nothing to run, if one did.
launcher: str | None = None


def run_cached(arguments: list[str]) -> None:
    """Run the program and end the process, or return if that is not to be."""
    global launcher
    launcher = os.environ.pop("OSPJIT_HANDOVER", None)
    _forget_coercion()
    if launcher is not None or not arguments or os.environ.get("OSPJIT_CACHE") == "0":
        return
    library = _library()
    if library is None:
        return
    import ctypes

    try:
        launch = ctypes.CDLL(library).osp_launch
    except (OSError, AttributeError):
        return  # the command line says what is wrong
    launch.restype = ctypes.c_int64
    package = os.path.dirname(os.path.abspath(ospjit.__file__))
    argv = (ctypes.c_char_p * (len(arguments) + 1))(*map(os.fsencode, arguments), None)
    since = ctypes.c_int64(ospjit.STARTED)
    status = launch(os.fsencode(package), os.fsencode(library), since, len(arguments), argv)
    if status >= 0:
        os._exit(status)


def _library() -> str | None:
    override = os.environ.get("OSPJIT_RUNTIME")
    if override:
        return override
    try:
        from ospjit._build import LIB_DIR
    except ImportError:
        return None
    return LIB_DIR + "/libospjit_rt.so"


def _forget_coercion() -> None:
    """Python puts a locale into the environment when there is none (PEP 538); programs must not see that."""
    if os.environ.get("LC_CTYPE") != "C.UTF-8" or sys.flags.utf8_mode == 0:
        return
    try:
        with open("/proc/self/environ", "rb") as file:
            given = file.read().split(b"\0")
    except OSError:
        return
    if not any(variable.startswith(b"LC_CTYPE=") for variable in given):
        del os.environ["LC_CTYPE"]
