"""The C runtime, loaded once a process through ctypes.

What may be called is what the table and the public header declare; the library says which table it was built
against, and a library of another build is refused before anything can crash in it.
"""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache
from pathlib import Path

from ospjit.builtins.table import abi_hash


class RuntimeUnavailable(RuntimeError):
    """The C library is missing or does not fit; the message says what to do."""


def library_path() -> Path:
    """Where the runtime library is: `OSPJIT_RUNTIME` if set, else beside the package's build information."""
    override = os.environ.get("OSPJIT_RUNTIME")
    if override:
        return Path(override)
    try:
        from ospjit import _build
    except ImportError:
        raise RuntimeUnavailable(
            "the C runtime is not built: install ospjit with 'pip install .' (or 'pip install -e .')"
        ) from None
    return Path(_build.LIB_DIR) / "libospjit_rt.so"


class Config(ctypes.Structure):
    """`osp_config` of the public header."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("workers", ctypes.c_int32),
        ("blocking_threads", ctypes.c_int32),
        ("argc", ctypes.c_int32),
        ("argv", ctypes.POINTER(ctypes.c_char_p)),
        ("access_log", ctypes.c_char_p),
        ("stats", ctypes.c_int32),
    )


_p, _i64, _str, _size = ctypes.c_void_p, ctypes.c_int64, ctypes.c_char_p, ctypes.c_size_t
_errors = ctypes.POINTER(ctypes.c_void_p)

#: The public functions that are not in the table: result and parameters.
_PUBLIC: dict[str, tuple[object, list[object]]] = {
    "osp_abi_hash": (ctypes.c_uint64, []),
    "osp_runtime_start": (ctypes.c_int, [_p]),
    "osp_run_program": (_i64, [_p]),
    "osp_code_load": (ctypes.c_int, [_str, _size, _p, _p, _p, _size]),
    "osp_code_symbol": (_p, [_p, _str]),
    "osp_code_unload": (None, [_p]),
    "osp_cache_path": (ctypes.c_bool, [_p, _size, _p]),
    "osp_cache_load": (ctypes.c_int, [_p, _i64, _p, _p, _p]),
    "osp_cache_release": (None, [_p]),
    "osp_cache_store": (ctypes.c_int, [_p, _i64, _p, _p, _p, _p, _p]),
    "osp_dependencies_new": (_p, []),
    "osp_dependencies_add": (ctypes.c_int, [_p, ctypes.c_char, _str]),
    "osp_dependencies_free": (None, [_p]),
    "osp_where_remember": (ctypes.c_int, [_str, _str, _str]),
    "osp_call_on_fiber": (ctypes.c_int, [_p, _p, _p, _errors]),
    "osp_string_new": (_p, [_str, _size]),
    "osp_string_length": (ctypes.c_uint64, [_p]),
    "osp_drop": (None, [_p]),
    "osp_dup": (None, [_p]),
    "osp_live_cells": (_i64, []),
    "osp_set_print_sink": (None, [_p, _p]),
    "osp_flush": (None, []),
    "osp_stream_new": (_p, [_str, _size]),
    "osp_stream_bytes": (_p, [_p, ctypes.POINTER(_size)]),
    "osp_stream_refill": (ctypes.c_bool, [_p, _str, _size]),
    "osp_stream_free": (None, [_p]),
    "osp_call_begin": (_p, [_p, _p, _p, ctypes.POINTER(ctypes.c_int)]),
    "osp_call_wait": (ctypes.c_int, [_p, _i64, ctypes.POINTER(ctypes.c_void_p), _errors]),
    "osp_next_request": (_p, [_i64]),
    "osp_request_number": (_i64, [_p]),
    "osp_request_stream": (_p, [_p]),
    "osp_request_answer": (None, [_p, _str, _size]),
    "osp_next_released": (_size, [ctypes.POINTER(_i64), _size]),
    "osp_collect_messages": (None, [ctypes.c_bool]),
    "osp_next_message": (_size, [_p, _size, _i64]),
    "osp_is_idle": (ctypes.c_bool, []),
    "osp_take_pending": (_p, [ctypes.POINTER(ctypes.c_int)]),
    "osp_gdb_register": (_p, [_str, _size]),
    "osp_gdb_unregister": (None, [_p]),
    "osp_http_create_server": (_i64, [_p, _i64, _p, _errors]),
    "osp_http_create_server_tls": (_i64, [_p, _i64, _p, _p, _p, _errors]),
    "osp_http_server_port": (_i64, [_p, _i64]),
    "osp_http_listen": (None, [_p, _i64, _p, _p, _errors]),
    "osp_http_stop_server": (None, [_p, _i64, _errors]),
    "osp_http_listen_queue": (None, [_p, _i64, _errors]),
    "osp_http_next_job": (_p, [_i64, _i64]),
    "osp_http_queue_open": (ctypes.c_bool, [_i64]),
    **{
        f"osp_http_job_{part}": (_p, [_p, ctypes.POINTER(_size)])
        for part in ("method", "target", "headers", "body")
    },
    "osp_http_job_respond": (None, [_p, _i64, _str, _str, _str, _size]),
}


@cache
def library() -> ctypes.CDLL:
    """The loaded library with its signatures set. Raises `RuntimeUnavailable`."""
    path = library_path()
    try:
        lib = ctypes.CDLL(str(path))
    except OSError as error:
        raise RuntimeUnavailable(f"the C runtime cannot be loaded: {error}") from None
    for name, (result, params) in _PUBLIC.items():
        try:
            function = getattr(lib, name)
        except AttributeError:
            raise RuntimeUnavailable(f"the C runtime {path} has no function '{name}': rebuild it") from None
        function.restype, function.argtypes = result, params
    if lib.osp_abi_hash() != abi_hash():
        raise RuntimeUnavailable(
            f"the C runtime {path} was built from another table of built-ins: install ospjit again"
        )
    return lib


def start(
    workers: int = 0, arguments: list[str] | None = None, access_log: str = "", stats: bool = False
) -> None:
    """Start the runtime's workers; a second call changes nothing. Raises `RuntimeUnavailable`."""
    lib = library()
    if _keep and lib.osp_runtime_start(None) == 0:
        return
    encoded = [os.fsencode(a) for a in arguments or []]
    argv = (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)
    _keep.append(argv)  # the runtime borrows the arguments for the life of the process
    arguments_of_c = ctypes.cast(argv, ctypes.POINTER(ctypes.c_char_p))
    place = os.fsencode(access_log)
    config = Config(ctypes.sizeof(Config), workers, 0, len(encoded), arguments_of_c, place, stats)
    _keep.append(place)
    status = lib.osp_runtime_start(ctypes.byref(config))
    if status != 0:
        raise RuntimeUnavailable(f"the runtime cannot start: {reason(status)}")


def reason(status: int) -> str:
    """What a negative errno of the runtime means."""
    if -status == errno.EDEADLK:
        return "this process was forked from one in which it was running"
    return os.strerror(-status).lower()


_keep: list[object] = []
