"""Functions of Python that compiled code calls, and function values of compiled code that Python calls.
 A fiber that calls one of Python's functions is parked meanwhile. If the fiber is the one of a call from
Python, the thread that waits for that call runs the function; for fibers that nobody waits for (spawned
ones, handlers) a thread of a small pool does. What the function raises ends the fiber; the call that waits
for it raises the same exception. No Python ever runs on a fiber's stack.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ospjit.backend import runtime
from ospjit.embed.errors import FiberError
from ospjit.embed.loaded import Loaded
from ospjit.embed.log import log
from ospjit.embed.native import take_string
from ospjit.embed.values import FunctionCodec, Reader, pack_all
from ospjit.types.types import Fun

_numbers = itertools.count(1)
_functions: dict[int, tuple[Callable[..., Any], FunctionCodec, Loaded]] = {}
_pool_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None
#: How many functions of Python may run at once for fibers that no call waits for.
POOL_THREADS = 32


class Functions:
    """What `values.FunctionCodec` asks for, for one module: `applies` are the addresses of the functions that
    call its function values, by type."""

    def __init__(self, loaded: Loaded, applies: Mapping[Fun, int]) -> None:
        self._loaded = loaded
        self._applies = applies

    def give(self, value: Any, codec: FunctionCodec) -> tuple[int, int]:
        """How compiled code is to know a callable."""
        if isinstance(value, Closure) and value._loaded is self._loaded and value._codec.type is codec.type:
            return 0, value._cell
        forget_released()
        number = next(_numbers)
        _functions[number] = (value, codec, self._loaded)
        _ensure_pool()
        return 1, number

    def take(self, cell: int, codec: FunctionCodec) -> Closure:
        """A function value that Python owns from now on."""
        return Closure(self._loaded, self._applies[codec.type], cell, codec)


class Closure:
    """A function value of a module, called like a function of Python."""

    __module__ = "ospjit"
    _codec: FunctionCodec

    def __init__(self, loaded: Loaded, apply: int, cell: int, codec: FunctionCodec) -> None:
        self._loaded, self._apply, self._cell, self._codec = loaded, apply, cell, codec
        self._drop = runtime.library().osp_drop

    def __call__(self, *arguments: Any) -> Any:
        codec = self._codec
        if len(arguments) != len(codec.params):
            raise TypeError(f"a function of type {codec.text} was called with {len(arguments)} arguments")
        names = [str(n) for n in range(1, len(arguments) + 1)]
        data = pack_all(codec.params, arguments, names, codec.text)
        data = self._cell.to_bytes(8, "little") + data
        return codec.result.unpack(Reader(run(self._apply, data)))

    def __repr__(self) -> str:
        return f"<Osprey function of type {self._codec.text}>"

    def __del__(self) -> None:
        cell, self._cell = getattr(self, "_cell", 0), 0
        if cell:
            self._drop(cell)


def run(address: int, data: bytes) -> bytes:
    """Call a function that reads its arguments from a stream and writes its result to another: on a fiber,
    while this thread waits without the interpreter's lock and runs the functions of Python that the fiber
    calls.

    Raises what such a function raised, FiberError if the fiber failed, RuntimeError if it could not be
    started.
    """
    library = runtime.library()
    streams = Streams(library, data)
    wait_for(address, streams.words, streams)
    return stream_bytes(library, streams.sink)


class Streams:
    """A stream to read and one to write, freed when nothing refers to them any more; `words` are their
    addresses."""

    def __init__(self, library: ctypes.CDLL, data: bytes) -> None:
        self._free = library.osp_stream_free
        self.source = library.osp_stream_new(data, len(data)) or 0
        self.sink = library.osp_stream_new(None, 0) or 0
        self.words = (ctypes.c_uint64 * 2)(self.source, self.sink)
        if not self.source or not self.sink:
            raise MemoryError

    def __del__(self) -> None:
        self._free(self.source)
        self._free(self.sink)


def wait_for(address: int, words: Any, keep: object = None) -> None:
    """Call a thunk on a fiber and see it through; what is printed is out when it returns. Signals are
    handled meanwhile: if a handler raises, as that of Ctrl-C does, the fiber goes on without anybody who
    waits for it, and `words` and `keep` live as long as it does."""
    library = runtime.library()
    status = ctypes.c_int()
    call = library.osp_call_begin(address, None, words, ctypes.byref(status))
    if not call:
        raise RuntimeError(f"the call could not be started: {runtime.reason(status.value)}")
    raised: list[BaseException] = []
    try:
        message = _ended(library, call, raised)
    except BaseException:
        abandoned = threading.Thread(target=_abandon, args=(call, words, keep), name="ospjit abandoned call")
        abandoned.daemon = True
        abandoned.start()
        raise
    library.osp_flush()
    if message is not None:
        if raised and message == _message_of(raised[-1]):
            raise raised[-1]
        raise FiberError(message)


#: How long the main thread waits at a time, since signals are handled in between.
_PATIENCE_MS = 50


def _ended(library: ctypes.CDLL, call: int, raised: list[BaseException]) -> str | None:
    """Wait for a call; the diagnostic if it has failed."""
    request, failure = ctypes.c_void_p(), ctypes.c_void_p()
    patience = _PATIENCE_MS if threading.current_thread() is threading.main_thread() else -1
    while True:
        state = library.osp_call_wait(call, patience, ctypes.byref(request), ctypes.byref(failure))
        if state == 1:
            _answer(library, request.value or 0, raised.append)
        elif state == 0:
            return None
        elif state < 0:
            return take_string(failure.value or 0).decode("utf-8", "replace")


def _abandon(call: int, words: Any, keep: object) -> None:
    """Wait for a call in whose end nobody is interested any more."""
    _ended(runtime.library(), call, [])


def stream_bytes(library: ctypes.CDLL, stream: int) -> bytes:
    """A copy of what is in a stream."""
    length = ctypes.c_size_t()
    at = library.osp_stream_bytes(stream, ctypes.byref(length))
    return ctypes.string_at(at, length.value) if length.value else b""


def _answer(library: ctypes.CDLL, request: int, failed: Callable[[BaseException], None]) -> None:
    """Run the function that a request asks for; `failed` is told what it raises before the fiber is."""
    try:
        function, codec, _ = _functions[library.osp_request_number(request)]
        stream = library.osp_request_stream(request)
        reader = Reader(stream_bytes(library, stream))
        result = function(*[param.unpack(reader) for param in codec.params])
        name = getattr(function, "__qualname__", type(function).__name__)
        data = codec.result.packed(result, f"the result of '{name}' ({codec.result.text})")
        if not library.osp_stream_refill(stream, data, len(data)):
            raise MemoryError
    except BaseException as error:
        failed(error)
        text = _message_of(error).encode("utf-8", "surrogateescape")
        library.osp_request_answer(request, text, len(text))
    else:
        library.osp_request_answer(request, None, 0)


def _message_of(error: BaseException) -> str:
    """The diagnostic of a fiber that an exception ended."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # its __str__ fails
        text = type(error).__name__
    clean = text.encode("utf-8", "replace").decode()
    return f"a function of Python raised {clean}"


def forget_released() -> None:
    """Forget the functions that no compiled code can call any more."""
    numbers = (ctypes.c_int64 * 64)()
    while count := runtime.library().osp_next_released(numbers, 64):
        for number in numbers[:count]:
            _functions.pop(number, None)


# ---- for fibers that no call waits for


def _ensure_pool() -> None:
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(POOL_THREADS, "ospjit function")
            threading.Thread(target=_dispatch, name="ospjit functions", daemon=True).start()


def _dispatch() -> None:
    """The thread that waits for requests and hands them out."""
    library = runtime.library()
    while True:
        request = library.osp_next_request(1000)
        if not request:
            continue
        try:
            assert _pool is not None
            _pool.submit(_answer_and_log, request)
        except RuntimeError:  # the interpreter ends
            text = b"the interpreter has ended"
            library.osp_request_answer(request, text, len(text))


def _answer_and_log(request: int) -> None:
    def failed(error: BaseException) -> None:
        log.error("a function called by a fiber failed", exc_info=error)

    _answer(runtime.library(), request, failed)
