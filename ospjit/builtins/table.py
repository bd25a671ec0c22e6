"""The one table: each built-in function and each runtime function, declared once.

From it come the type environment, named arguments, `ospjit doc`, the sandbox, the LLVM declarations, the
ctypes signatures, the prototypes in the generated C header, and a hash that is checked when the library is
loaded. Nothing else may declare a runtime function.

A built-in whose `symbol` is set is a plain call of that C function: `osp_ctx *` first, then the parameters
of its only signature. A result of type `Result<T, E>` is returned as T (nothing for Unit) with a last
parameter `char **error`. A built-in without a symbol is expanded by the IR generator, which uses the
functions under RUNTIME.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ospjit.builtins.signature import ConText, Sig, TypeText, parse

#: Runtime functions that end the fiber for some arguments, or call back, although they never wait.
FAILING = frozenset(("osp_channel_new", "osp_list_sort"))


@dataclass(frozen=True)
class RuntimeFn:
    """One C function of the runtime.

    `params` and `result` are names of machine types: `int float bool string Ptr Unit`, `cell` (a counted
    heap cell of any kind), `word` (an element of a list or map: 64 bits that hold an integer, the bits of a
    float, a bool or a counted pointer), `thunk` (two C parameters: the code and its environment cell, which
    is owned by the callee), `strings` (`char **`). Arguments are borrowed unless their index is in `owned`;
    results are owned by the caller. `context` is false for the few functions without the hidden first
    argument.
    """

    symbol: str
    params: tuple[tuple[str, str], ...]
    result: str
    fallible: bool = False
    owned: frozenset[int] = frozenset()
    suspends: bool = False
    noreturn: bool = False
    context: bool = True

    @property
    def fails(self) -> bool:
        """Whether the fiber may die in it: it waits, calls back, or says so. Memory running out aside."""
        return self.suspends or self.noreturn or self.symbol in FAILING


@dataclass(frozen=True)
class Builtin:
    """One built-in function of the language; several signatures are overloads."""

    name: str
    signatures: tuple[str, ...]
    doc: str
    section: str
    symbol: str | None = None
    capability: str | None = None
    shadowable: bool = False
    suspends: bool = False
    example: str | None = None

    @property
    def sigs(self) -> tuple[Sig, ...]:
        """The parsed signatures."""
        return tuple(parse(s) for s in self.signatures)


BUILTINS: dict[str, Builtin] = {}
#: What only generated code calls: no program can write these names.
INTERNAL: dict[str, Builtin] = {}
_section = ""


def _section_of(name: str) -> None:
    global _section
    _section = name


def _b(
    name: str,
    signature: str | Iterable[str],
    doc: str,
    *,
    c: str | None = None,
    cap: str | None = None,
    shadow: bool = False,
    suspends: bool = False,
) -> None:
    signatures = (signature,) if isinstance(signature, str) else tuple(signature)
    if name in BUILTINS:
        raise ValueError(f"built-in {name} is declared twice")
    BUILTINS[name] = Builtin(name, signatures, doc, _section, c, cap, shadow, suspends)


_section_of("Input and output")
_b(
    "print",
    "<T: printable>(v: T) -> Unit",
    "Writes a value and a newline to standard output; strings raw.",
)
_b(
    "printErr",
    "<T: printable>(v: T) -> Unit",
    "Writes a value and a newline to standard error.",
    shadow=True,
)
_b(
    "input",
    "() -> string",
    "Reads a line without its newline; the empty string at the end of the file.",
    c="osp_input",
    suspends=True,
)
_b("toString", "<T: printable>(v: T) -> string", "The rendering of a value, as `print` shows it.")
_b(
    "args",
    "() -> List<string>",
    "The arguments after the program's name on the command line.",
    c="osp_args",
    shadow=True,
)
_b(
    "exit",
    "(code: int) -> Unit",
    "Ends the process with this exit status (modulo 256).",
    c="osp_exit",
    shadow=True,
)
_b(
    "getEnv",
    "(name: string) -> Result<string, Error>",
    "An environment variable.",
    c="osp_get_env",
    shadow=True,
)
_b("currentTimeMillis", "() -> int", "Milliseconds since 1970-01-01 UTC.", c="osp_current_time_millis")
_b("monotonicNanos", "() -> int", "Nanoseconds of a clock that never goes back.", c="osp_monotonic_nanos")
_b(
    "sleep",
    "(ms: int) -> Unit",
    "Suspends the fiber (not its thread) for this many milliseconds.",
    c="osp_sleep",
    suspends=True,
)

_section_of("Files")
_b(
    "readFile",
    "(path: string) -> Result<string, Error>",
    "The whole contents of a file.",
    c="osp_read_file",
    cap="fs",
    suspends=True,
)
_b(
    "writeFile",
    "(path: string, text: string) -> Result<int, Error>",
    "Replaces a file's contents; the number of bytes written.",
    c="osp_write_file",
    cap="fs",
    suspends=True,
)
_b(
    "appendFile",
    "(path: string, text: string) -> Result<int, Error>",
    "Adds to the end of a file; the number of bytes written.",
    c="osp_append_file",
    cap="fs",
    suspends=True,
)
_b(
    "deleteFile",
    "(path: string) -> Result<Unit, Error>",
    "Removes a file.",
    c="osp_delete_file",
    cap="fs",
    suspends=True,
)
_b(
    "createDirectory",
    "(path: string) -> Result<Unit, Error>",
    "Makes a directory.",
    c="osp_create_directory",
    cap="fs",
    suspends=True,
)
_b(
    "listDirectory",
    "(path: string) -> Result<List<string>, Error>",
    "The names in a directory, sorted.",
    c="osp_list_directory",
    cap="fs",
    suspends=True,
)
_b(
    "fileExists",
    "(path: string) -> bool",
    "Whether something exists at a path.",
    c="osp_file_exists",
    cap="fs",
    suspends=True,
)
_b(
    "openFile",
    "(path: string) -> Result<int, Error>",
    "Opens a file for reading; its descriptor.",
    c="osp_open_file",
    cap="fs",
    shadow=True,
    suspends=True,
)
_b(
    "createFile",
    "(path: string) -> Result<int, Error>",
    "Makes or empties a file for writing; its descriptor.",
    c="osp_create_file",
    cap="fs",
    shadow=True,
    suspends=True,
)
_b(
    "readFd",
    "(fd: int, maxBytes: int) -> Result<string, Error>",
    "Reads at most so many bytes from a descriptor; the empty string at the end.",
    c="osp_read_fd",
    cap="fs",
    shadow=True,
    suspends=True,
)
_b(
    "writeFd",
    "(fd: int, text: string) -> Result<int, Error>",
    "Writes all of a text to a descriptor.",
    c="osp_write_fd",
    cap="fs",
    shadow=True,
    suspends=True,
)
_b(
    "closeFd",
    "(fd: int) -> Result<Unit, Error>",
    "Closes a descriptor.",
    c="osp_close_fd",
    cap="fs",
    shadow=True,
)

_section_of("Processes")
_b(
    "spawnProcess",
    "(command: string, handler: (int, int, string) -> Unit) -> Result<int, Error>",
    "Starts a shell command; the handler gets its id, a kind (1 stdout, 2 stderr, 3 exit) and a text.",
    cap="process",
    suspends=True,
)
_b(
    "awaitProcess",
    "(id: int) -> int",
    "Waits for a process and its output; its exit status (128 and the number of a signal), or -1.",
    c="osp_await_process",
    cap="process",
    suspends=True,
)
_b(
    "cleanupProcess",
    "(id: int) -> Unit",
    "Releases what is kept of a process; one that still runs goes on.",
    c="osp_cleanup_process",
    cap="process",
)

_section_of("Strings")
_b(
    "length",
    ["(s: string) -> int", "<T>(s: List<T>) -> int", "<K, V>(s: Map<K, V>) -> int"],
    "The number of bytes of a string, or of elements of a list or map.",
)
_b("byteLength", "(s: string) -> int", "The number of bytes of a string.")
_b(
    "isEmpty",
    ["(s: string) -> bool", "<T>(s: List<T>) -> bool", "<K, V>(s: Map<K, V>) -> bool"],
    "Whether a string, list or map holds nothing.",
)
_b("contains", "(s: string, what: string) -> bool", "Whether `what` occurs in `s`.", c="osp_string_contains")
_b(
    "startsWith",
    "(s: string, prefix: string) -> bool",
    "Whether `s` begins with `prefix`.",
    c="osp_string_starts_with",
)
_b(
    "endsWith",
    "(s: string, suffix: string) -> bool",
    "Whether `s` ends with `suffix`.",
    c="osp_string_ends_with",
)
_b(
    "indexOf",
    "(s: string, what: string) -> Result<int, Error>",
    "The byte offset of the first `what` in `s`.",
    c="osp_string_index_of",
)
_b(
    "byteAt",
    "(s: string, i: int) -> Result<int, Error>",
    "The byte at an offset.",
    c="osp_string_byte_at",
)
_b(
    "codePointAt",
    "(s: string, i: int) -> Result<int, Error>",
    "The code point that starts at a byte offset.",
    c="osp_string_code_point_at",
)
_b(
    "codePointWidth",
    "(c: int) -> Result<int, Error>",
    "The number of bytes that a code point takes.",
    c="osp_code_point_width",
)
_b(
    "fromCodePoint",
    "(c: int) -> Result<string, Error>",
    "The string of one code point.",
    c="osp_from_code_point",
)
_b(
    "substring",
    "(s: string, a: int, b: int) -> Result<string, Error>",
    "The bytes from `a` up to `b`.",
    c="osp_string_substring",
)
_b(
    "take",
    ["(s: string, n: int) -> string", "<T>(s: Iterator<T>, n: int) -> Iterator<T>"],
    "The first `n` bytes of a string, or elements of an iterator.",
    shadow=True,
)
_b(
    "drop",
    "(s: string, n: int) -> string",
    "A string without its first `n` bytes.",
    c="osp_string_drop",
)
_b(
    "split",
    "(s: string, sep: string) -> Result<List<string>, Error>",
    "The parts between separators.",
    c="osp_string_split",
)
_b(
    "join",
    "(parts: List<string>, sep: string) -> string",
    "The parts with a separator between them.",
    c="osp_string_join",
)
_b(
    "lines",
    "(s: string) -> List<string>",
    "The lines without their ends (\\n or \\r\\n).",
    c="osp_string_lines",
)
_b(
    "words",
    "(s: string) -> List<string>",
    "The runs of characters that are not white space.",
    c="osp_string_words",
)
_b("toUpperCase", "(s: string) -> string", "With a-z (ASCII) turned to A-Z.", c="osp_string_to_upper")
_b("toLowerCase", "(s: string) -> string", "With A-Z (ASCII) turned to a-z.", c="osp_string_to_lower")
_b("trim", "(s: string) -> string", "Without white space at both ends.", c="osp_string_trim")
_b("trimStart", "(s: string) -> string", "Without white space at the start.", c="osp_string_trim_start")
_b("trimEnd", "(s: string) -> string", "Without white space at the end.", c="osp_string_trim_end")
_b(
    "replace",
    "(s: string, what: string, with: string) -> Result<string, Error>",
    "With every `what` replaced.",
    c="osp_string_replace",
)
_b(
    "repeat",
    "(s: string, n: int) -> Result<string, Error>",
    "`n` copies, one after the other.",
    c="osp_string_repeat",
)
_b("reverse", "(s: string) -> string", "The code points in reverse.", c="osp_string_reverse")
_b(
    "padStart",
    "(s: string, n: int, fill: string) -> Result<string, Error>",
    "Filled at the start up to `n` bytes, without cutting a character of `fill`.",
    c="osp_string_pad_start",
)
_b(
    "padEnd",
    "(s: string, n: int, fill: string) -> Result<string, Error>",
    "Filled at the end up to `n` bytes, without cutting a character of `fill`.",
    c="osp_string_pad_end",
)
_b("parseInt", "(s: string) -> Result<int, Error>", "The integer that a string spells.", c="osp_parse_int")
_b(
    "parseFloat",
    "(s: string) -> Result<float, Error>",
    "The number that a string spells.",
    c="osp_parse_float",
)
_b(
    "matchesPattern",
    "(s: string, regex: string) -> Result<bool, Error>",
    "Whether a POSIX extended regular expression (or \\d \\w \\s) matches somewhere.",
    c="osp_matches_pattern",
    suspends=True,
)

_section_of("Lists")
_b("List", "<T>() -> List<T>", "The empty list.")
_b("listLength", "<T>(xs: List<T>) -> int", "The number of elements.")
_b("listGet", "<T>(xs: List<T>, i: int) -> Result<T, Error>", "The element at an index.")
_b(
    "listSet",
    "<T>(xs: List<T>, i: int, value: T) -> Result<List<T>, Error>",
    "With the element at an index replaced.",
    shadow=True,
)
_b("listAppend", "<T>(xs: List<T>, value: T) -> List<T>", "With an element added at the end.")
_b("listPrepend", "<T>(xs: List<T>, value: T) -> List<T>", "With an element added at the front.")
_b("listConcat", "<T>(xs: List<T>, ys: List<T>) -> List<T>", "The elements of `xs`, then those of `ys`.")
_b("listReverse", "<T>(xs: List<T>) -> List<T>", "The elements in reverse.")
_b(
    "listContains",
    "<T: comparable>(xs: List<T>, value: T) -> bool",
    "Whether an equal element is in the list.",
)
_b("listDrop", "<T>(xs: List<T>, n: int) -> List<T>", "Without the first `n` elements.", shadow=True)
_b("listTake", "<T>(xs: List<T>, n: int) -> List<T>", "The first `n` elements.", shadow=True)
_b(
    "listSort",
    "<T>(xs: List<T>, compare: (T, T) -> int) -> List<T>",
    "Sorted by a comparison (negative, zero, positive); stable.",
    shadow=True,
)
_b("forEachList", "<T>(xs: List<T>, f: (T) -> Unit) -> Unit", "Calls `f` with each element.")
_b("mapList", "<T, U>(xs: List<T>, f: (T) -> U) -> List<U>", "The results of `f` for each element.")
_b("filterList", "<T>(xs: List<T>, f: (T) -> bool) -> List<T>", "The elements for which `f` holds.")
_b("foldList", "<T, A>(xs: List<T>, init: A, f: (A, T) -> A) -> A", "Combines the elements from the left.")
_b(
    "listFind",
    "<T>(xs: List<T>, f: (T) -> bool) -> Result<T, Error>",
    "The first element for which `f` holds.",
    shadow=True,
)
_b(
    "listZip",
    "<A, B, C>(xs: List<A>, ys: List<B>, f: (A, B) -> C) -> List<C>",
    "`f` of the elements at the same index, as far as both lists reach.",
    shadow=True,
)

_section_of("Maps")
_b("Map", "<K, V>() -> Map<K, V>", "The empty map.")
_b("mapLength", "<K, V>(m: Map<K, V>) -> int", "The number of entries.")
_b("mapGet", "<K, V>(m: Map<K, V>, key: K) -> Result<V, Error>", "The value at a key.")
_b("mapSet", "<K, V>(m: Map<K, V>, key: K, value: V) -> Map<K, V>", "With a value at a key.")
_b("mapRemove", "<K, V>(m: Map<K, V>, key: K) -> Map<K, V>", "Without a key.")
_b("mapContains", "<K, V>(m: Map<K, V>, key: K) -> bool", "Whether a key is present.")
_b("mapKeys", "<K, V>(m: Map<K, V>) -> List<K>", "The keys, in the map's order.")
_b("mapValues", "<K, V>(m: Map<K, V>) -> List<V>", "The values, in the map's order.")
_b("mapMerge", "<K, V>(m: Map<K, V>, other: Map<K, V>) -> Map<K, V>", "Both maps' entries; `other` wins.")
_b(
    "mapEntries",
    "<K, V, R>(m: Map<K, V>, f: (K, V) -> R) -> List<R>",
    "`f` of each entry, in the map's order.",
    shadow=True,
)

_section_of("Iterators")
_b(
    "range",
    "(a: int, b: int) -> Iterator<int>",
    "The integers from `a` up to, not including, `b`.",
)
_b(
    "map",
    ["<T, U>(it: Iterator<T>, f: (T) -> U) -> Iterator<U>", "<T, U>(it: List<T>, f: (T) -> U) -> List<U>"],
    "The results of `f` for each element.",
)
_b(
    "filter",
    ["<T>(it: Iterator<T>, f: (T) -> bool) -> Iterator<T>", "<T>(it: List<T>, f: (T) -> bool) -> List<T>"],
    "The elements for which `f` holds.",
)
_b(
    "forEach",
    ["<T>(it: Iterator<T>, f: (T) -> Unit) -> Unit", "<T>(it: List<T>, f: (T) -> Unit) -> Unit"],
    "Calls `f` with each element.",
)
_b(
    "fold",
    [
        "<T, A>(it: Iterator<T>, init: A, f: (A, T) -> A) -> A",
        "<T, A>(it: List<T>, init: A, f: (A, T) -> A) -> A",
    ],
    "Combines the elements from the left.",
)
_b(
    "toList",
    ["<T>(it: Iterator<T>) -> List<T>", "<T>(it: List<T>) -> List<T>"],
    "The elements as a list.",
    shadow=True,
)

_section_of("Numbers")
_b("abs", ["(n: int) -> Result<int, Error>", "(n: float) -> Result<float, Error>"], "The absolute value.")
_b("intDiv", "(a: int, b: int) -> Result<int, Error>", "Division rounded towards zero.")
_b("checkedAdd", "(a: int, b: int) -> Result<int, Error>", "The sum.")
_b("checkedSub", "(a: int, b: int) -> Result<int, Error>", "The difference.")
_b("checkedMul", "(a: int, b: int) -> Result<int, Error>", "The product.")
_b("toFloat", "(i: int) -> float", "The nearest float.")
_b("floor", "(x: float) -> float", "Rounded down.", c="osp_floor", shadow=True)
_b("ceil", "(x: float) -> float", "Rounded up.", c="osp_ceil", shadow=True)
_b(
    "round",
    "(x: float) -> float",
    "Rounded to the nearest integer, halves away from zero.",
    c="osp_round",
    shadow=True,
)
_b(
    "sqrt",
    "(x: float) -> Result<float, Error>",
    "The square root of a number that is not negative.",
    c="osp_sqrt",
    shadow=True,
)
_b("pow", "(x: float, y: float) -> float", "`x` to the power `y`.", c="osp_pow", shadow=True)
_b("min", ["(a: int, b: int) -> int", "(a: float, b: float) -> float"], "The smaller one.", shadow=True)
_b("max", ["(a: int, b: int) -> int", "(a: float, b: float) -> float"], "The larger one.", shadow=True)
_b("random", "() -> int", "A non-negative random integer from the operating system's CSPRNG.", c="osp_random")
_b(
    "randomBelow",
    "(n: int) -> Result<int, Error>",
    "A uniform random integer in [0, n).",
    c="osp_random_below",
)

_section_of("Predicates")
_b("notEmpty", "(s: string) -> bool", "Whether a string holds something.", shadow=True)
_b("between", "(n: int, low: int, high: int) -> bool", "Whether low <= n <= high.", shadow=True)
_b("positive", "(n: int) -> bool", "Whether n > 0.", shadow=True)
_b("negative", "(n: int) -> bool", "Whether n < 0.", shadow=True)
_b("nonNegative", "(n: int) -> bool", "Whether n >= 0.", shadow=True)
_b("greaterThan", "(n: int, than: int) -> bool", "Whether n > than.", shadow=True)
_b("lessThan", "(n: int, than: int) -> bool", "Whether n < than.", shadow=True)

_section_of("JSON")
_b(
    "jsonParse",
    "(text: string) -> Result<int, Error>",
    "Parses a JSON text; a handle on it.",
    c="osp_json_parse",
    suspends=True,
)
_b(
    "jsonGet",
    "(h: int, path: string) -> Result<string, Error>",
    "The value at a path like user.items[0].name: a string raw, anything else as its JSON text.",
    c="osp_json_get",
)
_b(
    "jsonLength",
    "(h: int, path: string) -> int",
    "The number of elements of the array or object at a path; -1 if there is none.",
    c="osp_json_length",
)
_b("jsonFree", "(h: int) -> Result<Unit, Error>", "Releases a parsed JSON text.", c="osp_json_free")
_b(
    "jsonEscape",
    "(s: string) -> string",
    "The string as a JSON string literal's inside.",
    c="osp_json_escape",
    shadow=True,
)
_b(
    "jsonDecode",
    "(text: string) -> Result<JsonValue, Error>",
    "The value that a JSON text spells.",
    c="osp_json_decode",
    shadow=True,
    suspends=True,
)
_b(
    "jsonEncode",
    "(value: JsonValue) -> string",
    "The JSON text of a value, without white space; numbers that JSON cannot spell become null.",
    c="osp_json_encode",
    shadow=True,
    suspends=True,
)

_section_of("Fibers and channels")
_b("await", "<T>(f: Fiber<T>) -> T", "Waits for a fiber and gives its value.", suspends=True)
_b(
    "awaitResult",
    "<T>(f: Fiber<T>) -> Result<T, string>",
    "Waits for a fiber; its failure is a value.",
    suspends=True,
)
_b("fiberDone", "<T>(f: Fiber<T>) -> bool", "Whether a fiber has ended.")
_b("yield", ["() -> Unit", "<T>(v: T) -> T"], "Lets other fibers run; gives its argument.", suspends=True)
_b("Channel", "<T>(n: int) -> Channel<T>", "A channel; capacity 0 is a rendezvous.")
_b(
    "send",
    "<T>(ch: Channel<T>, v: T) -> Unit",
    "Sends, waiting while the channel is full.",
    suspends=True,
)
_b("recv", "<T>(ch: Channel<T>) -> T", "Receives, waiting while the channel is empty.", suspends=True)
_b("tryRecv", "<T>(ch: Channel<T>) -> Result<T, string>", "Receives if a value is there.")
_b(
    "close",
    "<T>(ch: Channel<T>) -> Unit",
    "Closes a channel; what it holds can still be received.",
    shadow=True,
)

_section_of("Tests")
_b("test", "(name: string, body: () -> Unit) -> Unit", "Runs a named test case.", shadow=True)
_b(
    "expect",
    "<T: printable, U: printable>(actual: T, expected: U) -> Unit",
    "Compares two values.",
    shadow=True,
)
_b(
    "check",
    "<T: printable, U: printable>(label: string, expected: T, actual: U) -> Unit",
    "Compares, with a label.",
    shadow=True,
)
_b(
    "expectTrue",
    ["(v: bool) -> Unit", "<E: printable>(v: Result<bool, E>) -> Unit"],
    "The value is true.",
    shadow=True,
)
_b(
    "expectFalse",
    ["(v: bool) -> Unit", "<E: printable>(v: Result<bool, E>) -> Unit"],
    "The value is false.",
    shadow=True,
)
_b(
    "checkTrue",
    [
        "(label: string, v: bool) -> Unit",
        "<E: printable>(label: string, v: Result<bool, E>) -> Unit",
    ],
    "The value is true, with a label.",
    shadow=True,
)
_b(
    "checkFalse",
    [
        "(label: string, v: bool) -> Unit",
        "<E: printable>(label: string, v: Result<bool, E>) -> Unit",
    ],
    "The value is false, with a label.",
    shadow=True,
)
_b("expectAll", "(values: List<bool>) -> Unit", "All values are true.", shadow=True)
_b(
    "checkAll",
    "(label: string, values: List<bool>) -> Unit",
    "All values are true, with a label.",
    shadow=True,
)

_section_of("HTTP server")
_HANDLER_RESULTS = ("string", "HttpResponse", "Result<string, string>", "Result<HttpResponse, string>")
_b(
    "httpCreateServer",
    "(port: int, address: string) -> Result<int, string>",
    "Opens and binds a server's socket (port 0 picks a free one); its id.",
    c="osp_http_create_server",
    cap="http",
    suspends=True,
)
_b(
    "httpCreateServerTls",
    "(port: int, address: string, certificateFile: string, keyFile: string) -> Result<int, string>",
    "Like httpCreateServer, for HTTPS: with a chain of PEM certificates and the server's PEM key.",
    c="osp_http_create_server_tls",
    cap="http",
    suspends=True,
)
_b(
    "httpConfigure",
    "(serverID: int, options: HttpOptions) -> Result<Unit, string>",
    "Sets limits, time-outs and the access log of a server that does not listen yet.",
    cap="http",
)
_b(
    "httpServerPort",
    "(serverID: int) -> int",
    "The port that a server is bound to.",
    c="osp_http_server_port",
    cap="http",
)
_b(
    "httpListen",
    [
        f"(serverID: int, handler: ({params}) -> {result}) -> Result<Unit, string>"
        for params in ("string, string, string, string", "HttpRequest")
        for result in _HANDLER_RESULTS
    ],
    "Starts accepting requests; each runs the handler in a fiber of its own.",
    cap="http",
    suspends=True,
)
_b(
    "requestBodyFd",
    "() -> Result<int, Error>",
    "In a request handler: a descriptor to read the request's body from, closed when it has been answered.",
    c="osp_http_request_body_fd",
    cap="http",
    suspends=True,
)
_b(
    "httpStopServer",
    "(serverID: int) -> Result<Unit, string>",
    "Stops a server, giving requests in flight up to 5 s.",
    c="osp_http_stop_server",
    cap="http",
    suspends=True,
)

_b(
    "urlDecode",
    "(s: string) -> Result<string, Error>",
    "With every %XX replaced by its byte; a + stays.",
    c="osp_url_decode",
    shadow=True,
)
_b(
    "urlEncode",
    "(s: string) -> string",
    "With everything but letters, digits and - . _ ~ as %XX.",
    c="osp_url_encode",
    shadow=True,
)
_b(
    "queryParam",
    "(query: string, name: string) -> Result<string, Error>",
    "The decoded value of the first parameter of this name in a query; + is a space.",
    c="osp_query_param",
    shadow=True,
)
_b(
    "headerValue",
    "(headers: string, name: string) -> Result<string, Error>",
    "The value of the first field of this name, in any case, in raw headers.",
    c="osp_header_value",
    shadow=True,
)

_section_of("HTTP client")
_b(
    "httpCreateClient",
    "(baseUrl: string, timeout: int) -> Result<int, string>",
    "A client for a base URL; the time-out in milliseconds covers connecting, each read and the whole.",
    c="osp_http_create_client",
    cap="http",
)
_b(
    "httpConfigureClient",
    "(clientID: int, options: HttpClientOptions) -> Result<Unit, string>",
    "Says how many redirects a client follows, its time-outs and its limits, for the requests from now on.",
    cap="http",
)
_b(
    "httpGet",
    "(clientID: int, path: string, headers: string) -> Result<int, string>",
    "GET; the status code.",
    c="osp_http_get",
    cap="http",
    suspends=True,
)
_b(
    "httpPost",
    "(clientID: int, path: string, body: string, headers: string) -> Result<int, string>",
    "POST; the status code.",
    c="osp_http_post",
    cap="http",
    suspends=True,
)
_b(
    "httpPut",
    "(clientID: int, path: string, body: string, headers: string) -> Result<int, string>",
    "PUT; the status code.",
    c="osp_http_put",
    cap="http",
    suspends=True,
)
_b(
    "httpDelete",
    "(clientID: int, path: string, headers: string) -> Result<int, string>",
    "DELETE; the status code.",
    c="osp_http_delete",
    cap="http",
    suspends=True,
)
_b(
    "httpRequest",
    "(clientID: int, method: HttpMethod, path: string, headers: string, body: string) -> Result<int, string>",
    "A request with any method; the status code.",
    cap="http",
    suspends=True,
)
_b(
    "httpGetResponse",
    "(clientID: int, path: string, headers: string) -> Result<int, Error>",
    "GET; a handle on the response.",
    c="osp_http_get_response",
    cap="http",
    suspends=True,
)
_b(
    "httpFetch",
    "(clientID: int, method: HttpMethod, path: string, headers: string, body: string) -> Result<int, Error>",
    "A request with any method; a handle on the response.",
    cap="http",
    suspends=True,
)
_b(
    "httpResponseStatus",
    "(id: int) -> int",
    "The status code of a response.",
    c="osp_http_response_status",
    cap="http",
)
_b(
    "httpResponseBody",
    "(id: int) -> Result<string, Error>",
    "The whole body of a response.",
    c="osp_http_response_body",
    cap="http",
    suspends=True,
)
_b(
    "httpResponseHeader",
    "(id: int, name: string) -> Result<string, Error>",
    "A header field of a response.",
    c="osp_http_response_header",
    cap="http",
)
_b(
    "httpResponseRead",
    "(id: int, maxBytes: int) -> Result<string, Error>",
    "The next part of a body; the empty string at the end.",
    c="osp_http_response_read",
    cap="http",
    suspends=True,
)
_b(
    "httpResponseFree",
    "(id: int) -> Result<Unit, Error>",
    "Releases a response.",
    c="osp_http_response_free",
    cap="http",
)
_b(
    "httpCloseClient",
    "(clientID: int) -> Result<Unit, string>",
    "Closes a client and its connections.",
    c="osp_http_close_client",
    cap="http",
)

_section_of("WebSockets")
_b(
    "websocketConnect",
    [
        f"(url: string, messageHandler: ({message}) -> {result}) -> Result<int, string>"
        for message in ("string", "WebSocketMessage")
        for result in ("Result<Unit, string>", "Unit")
    ],
    "Connects to a WebSocket server (`ws://`, `wss://`); the connection's id. The handler gets one message"
    " after the other; an `Error` from it closes the connection with 1011.",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketConnectWith",
    [
        f"(url: string, options: WebSocketClientOptions, messageHandler: ({message}) -> {result})"
        " -> Result<int, string>"
        for message in ("string", "WebSocketMessage")
        for result in ("Result<Unit, string>", "Unit")
    ],
    "Connects like `websocketConnect`, with subprotocols, headers, a limit and compression of one's own.",
    cap="websocket",
    shadow=True,
    suspends=True,
)
_b(
    "websocketSend",
    "(wsID: int, message: string) -> Result<Unit, string>",
    "Sends a text message.",
    c="osp_websocket_send",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketSendBinary",
    "(wsID: int, message: string) -> Result<Unit, string>",
    "Sends a binary message.",
    c="osp_websocket_send_binary",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketClose",
    "(wsID: int) -> Result<Unit, string>",
    "Closes a connection with code 1000, and waits for the server to do so too.",
    c="osp_websocket_close",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketAwaitClose",
    "(wsID: int) -> Result<int, string>",
    "Waits until a connection has ended; its close code, 1006 if it was lost. An `Error` if it had ended"
    " before.",
    c="osp_websocket_await_close",
    cap="websocket",
    shadow=True,
    suspends=True,
)
_b(
    "websocketCreateServer",
    "(port: int, address: string, path: string) -> int",
    "Describes a WebSocket server: an id, or -7 bad port, -8 bad address, -9 bad path.",
    c="osp_websocket_create_server",
    cap="websocket",
)
_b(
    "websocketCreateServerTls",
    "(port: int, address: string, path: string, certificateFile: string, keyFile: string) -> int",
    "Describes a `wss://` server with a certificate chain and a key in PEM files: an id, a code as of"
    " `websocketCreateServer`, or -10 if these cannot be used.",
    c="osp_websocket_create_server_tls",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketConfigure",
    "(serverID: int, options: WebSocketOptions) -> Result<Unit, string>",
    "Sets origins, subprotocols, limits and compression of a server that does not listen yet.",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketServerOnOpen",
    [
        f"(serverID: int, handler: (int, HttpRequest) -> {result}) -> Result<Unit, string>"
        for result in ("Result<Unit, string>", "Unit")
    ],
    "Sets what decides about a connection before it is accepted: an `Error` refuses with 403, or with 401 if"
    " its message starts with 401.",
    cap="websocket",
)
_b(
    "websocketServerOnMessage",
    [
        f"(serverID: int, handler: (int, {message}) -> {result}) -> Result<Unit, string>"
        for message in ("string", "WebSocketMessage")
        for result in ("Result<Unit, string>", "Unit")
    ],
    "Sets what gets the messages of a connection, one after the other; an `Error` from it closes the"
    " connection with 1011.",
    cap="websocket",
)
_b(
    "websocketServerOnClose",
    "(serverID: int, handler: (int, int, string) -> Unit) -> Result<Unit, string>",
    "Sets what is told that a connection has ended: its code (1005: none was given, 1006: it was lost) and"
    " reason.",
    cap="websocket",
)
_b(
    "websocketServerListen",
    "(serverID: int) -> int",
    "Binds and listens: 0, or -1 bad id, -2 socket, -3 socket options, -4 bind, -5 listen, -6 worker start.",
    c="osp_websocket_server_listen",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketServerBroadcast",
    "(serverID: int, message: string) -> int",
    "Sends a text message to every client and waits for none: how many it was queued for, or a negative"
    " code.",
    c="osp_websocket_server_broadcast",
    cap="websocket",
)
_b(
    "websocketServerBroadcastBinary",
    "(serverID: int, message: string) -> int",
    "Sends a binary message to every client: how many it was queued for, or a negative code.",
    c="osp_websocket_server_broadcast_binary",
    cap="websocket",
    shadow=True,
)
_b(
    "websocketServerSend",
    "(serverID: int, connectionID: int, message: string) -> Result<Unit, string>",
    "Sends a text message to one client, waiting while too much is queued for it already.",
    c="osp_websocket_server_send",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketServerSendBinary",
    "(serverID: int, connectionID: int, message: string) -> Result<Unit, string>",
    "Sends a binary message to one client, waiting while too much is queued for it already.",
    c="osp_websocket_server_send_binary",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketServerClose",
    "(serverID: int, connectionID: int, code: int, reason: string) -> Result<Unit, string>",
    "Closes the connection to one client with a code from 1000 to 1014 or 3000 to 4999, and a reason.",
    c="osp_websocket_server_close",
    cap="websocket",
)
_b(
    "websocketStopServer",
    "(serverID: int) -> int",
    "Stops a WebSocket server, giving its connections up to 6 s: 0, or -1 bad id. Its port is free then.",
    c="osp_websocket_stop_server",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketServerPort",
    "(serverID: int) -> int",
    "The port a WebSocket server listens on; -1 if it does not listen.",
    c="osp_websocket_server_port",
    cap="websocket",
    shadow=True,
)
_b(
    "websocketKeepAlive",
    "() -> Unit",
    "Waits for SIGINT or SIGTERM.",
    c="osp_websocket_keep_alive",
    cap="websocket",
    suspends=True,
)
_b(
    "websocketErrorMessage",
    "(code: int) -> string",
    "What a code of a server function, or a close code, means; right after a failure also why.",
    c="osp_websocket_error_message",
    cap="websocket",
)


# ---- what compiled code calls besides the built-ins

RUNTIME: dict[str, RuntimeFn] = {}


def _r(
    symbol: str,
    signature: str,
    *,
    owned: Iterable[int] = (),
    suspends: bool = False,
    noreturn: bool = False,
    context: bool = True,
) -> None:
    RUNTIME[symbol] = _runtime_fn(symbol, parse(signature), frozenset(owned), suspends, noreturn, context)


def _machine(t: TypeText) -> str:
    """The machine type of a signature's type."""
    if isinstance(t, ConText):
        if t.name in ("int", "float", "bool", "string", "Ptr", "Unit", "word", "cell", "thunk", "strings"):
            return t.name
        if t.name in ("Error", "MathError", "ConstructionError"):
            return "string"
        return "cell"
    return "thunk"


def _runtime_fn(
    symbol: str, sig: Sig, owned: frozenset[int], suspends: bool, noreturn: bool, context: bool
) -> RuntimeFn:
    result, fallible = sig.result, False
    if isinstance(result, ConText) and result.name == "Result":
        result, fallible = result.args[0], True
    params = tuple((name, _machine(t)) for name, t in sig.params)
    return RuntimeFn(symbol, params, _machine(result), fallible, owned, suspends, noreturn, context)


_r("osp_print", "(text: string) -> Unit")
_r("osp_print_err", "(text: string) -> Unit")
_r("osp_int_to_string", "(value: int) -> string")
_r("osp_float_to_string", "(value: float) -> string")
_r("osp_bool_to_string", "(value: bool) -> string")
_r("osp_string_quote", "(text: string) -> string")
_r("osp_string_concat", "(a: string, b: string) -> string")
_r("osp_string_append", "(a: string, b: string) -> string", owned=[0])
_r("osp_string_concat_n", "(parts: strings, count: int) -> string")
_r("osp_string_equal", "(a: string, b: string) -> bool")
_r("osp_string_compare", "(a: string, b: string) -> int")
_r("osp_current_context", "() -> Ptr", context=False)
_r("osp_string_from_c", "(text: Ptr) -> string")
_r("osp_string_hash", "(text: string) -> int")
_r("osp_string_take", "(s: string, count: int) -> string")
_r("osp_string_char_at", "(s: string, index: int) -> Result<string, Error>")
_r("osp_float_mod", "(a: float, b: float) -> float")
# What the elements of a list are: see `ospjit.dialects.rt.ELEMENTS`.
_r("osp_list_empty", "(elements: int) -> cell")
_r("osp_list_with_room", "(elements: int, count: int) -> cell")
_r("osp_list_from_words", "(elements: int, words: Ptr, count: int) -> cell")  # takes the words' counts
_r("osp_list_length", "(list: cell) -> int")
_r("osp_list_run", "(list: cell, index: int, count: Ptr) -> Ptr", context=False)
_r("osp_list_get", "(list: cell, index: int) -> Result<word, Error>")
_r("osp_list_get_unchecked", "(list: cell, index: int) -> word")
_r("osp_list_set", "(list: cell, index: int, value: word) -> Result<cell, Error>", owned=[0, 2])
_r("osp_list_append", "(list: cell, value: word) -> cell", owned=[0, 1])
_r("osp_list_prepend", "(list: cell, value: word) -> cell", owned=[0, 1])
_r("osp_list_concat", "(a: cell, b: cell) -> cell", owned=[0, 1])
_r("osp_list_reverse", "(list: cell) -> cell", owned=[0])
_r("osp_list_drop", "(list: cell, count: int) -> cell", owned=[0])
_r("osp_list_take", "(list: cell, count: int) -> cell", owned=[0])
_r("osp_list_sort", "(list: cell, compare: thunk) -> cell", owned=[0], suspends=True)
_r("osp_map_empty", "(stringKeys: bool, pointerValues: bool) -> cell")
_r("osp_map_length", "(map: cell) -> int")
_r("osp_map_contains", "(map: cell, key: word) -> bool")
_r("osp_map_get", "(map: cell, key: word) -> Result<word, Error>")
_r("osp_map_set", "(map: cell, key: word, value: word) -> cell", owned=[0, 1, 2])
_r("osp_map_remove", "(map: cell, key: word) -> cell", owned=[0])
_r("osp_map_keys", "(map: cell, elements: int) -> cell")
_r("osp_map_values", "(map: cell, elements: int) -> cell")
_r("osp_map_merge", "(map: cell, other: cell) -> cell", owned=[0, 1])
_r("osp_cell_new", "(info: int, words: int) -> cell")
_r("osp_cell_free", "(cell: cell) -> Unit", context=False)  # the memory alone: what it held has moved on
_r("osp_dup", "(value: cell) -> Unit", context=False)
_r("osp_drop", "(value: cell) -> Unit", owned=[0], context=False)
_r("osp_mark_shared", "(value: cell) -> Unit", context=False)
_r("osp_mark_immortal", "(value: cell) -> Unit", context=False)
# The same for a module that can be unloaded: `module` points to a pointer, first null, to what it made
# immortal.
_r("osp_mark_module", "(value: cell, module: Ptr) -> Unit", context=False)
_r("osp_free_module", "(module: Ptr) -> Unit", context=False)
_r("osp_stack_poll", "() -> bool", suspends=True)
_r("osp_stack_exhausted", "() -> Unit", noreturn=True)

_r("osp_yield", "() -> Unit", suspends=True)
_r("osp_spawn", "(body: thunk, words: int, pointers: int) -> cell")
_r("osp_await", "(fiber: cell) -> Ptr", suspends=True)
_r("osp_await_result", "(fiber: cell) -> Result<Ptr, string>", suspends=True)
_r("osp_fiber_done", "(fiber: cell) -> bool")
_r("osp_fiber_id", "(fiber: cell) -> int")
_r("osp_channel_new", "(capacity: int, pointers: bool) -> cell")
_r("osp_channel_id", "(channel: cell) -> int")
_r("osp_channel_send", "(channel: cell, value: word) -> Unit", owned=[1], suspends=True)
_r("osp_channel_receive", "(channel: cell) -> word", suspends=True)
_r("osp_channel_try_receive", "(channel: cell) -> Result<word, string>")
_r("osp_channel_close", "(channel: cell) -> Unit")
_r("osp_select", "(arms: Ptr, count: int) -> int", suspends=True)
_r("osp_poll", "() -> Unit", suspends=True)
_r("osp_fiber_fail", "(message: string) -> Unit", noreturn=True)
_r("osp_spawn_process", "(command: string, handler: thunk) -> Result<int, Error>", suspends=True)
_r("osp_test_begin", "(name: string) -> bool")
_r("osp_test_end", "() -> Unit")
_r("osp_test_compare", "(label: string, place: string, expected: string, actual: string) -> Unit")
_r("osp_test_all", "(label: string, place: string, values: List<bool>) -> Unit")
_r("osp_http_listen", "(serverID: int, handler: thunk) -> Result<Unit, string>", suspends=True)
_r(
    "osp_http_configure",
    "(serverID: int, requestLineBytes: int, headerBytes: int, headerFields: int, bodyBytes: int,"
    " totalBodyBytes: int, headerTimeout: int, idleTimeout: int, stallTimeout: int, connections: int,"
    " accessLog: string) -> Result<Unit, string>",
)
_r(
    "osp_http_request",
    "(clientID: int, method: string, path: string, headers: string, body: string) -> Result<int, string>",
    suspends=True,
)
_r(
    "osp_http_fetch",
    "(clientID: int, method: string, path: string, headers: string, body: string) -> Result<int, Error>",
    suspends=True,
)
_r(
    "osp_http_configure_client",
    "(clientID: int, maxRedirects: int, connectTimeout: int, readTimeout: int, headerBytes: int,"
    " bodyBytes: int) -> Result<Unit, string>",
)
_r("osp_http_request_method", "(request: Ptr) -> string")
_r("osp_http_request_method_index", "(request: Ptr) -> int")
_r("osp_http_request_target", "(request: Ptr) -> string")
_r("osp_http_request_path", "(request: Ptr) -> string")
_r("osp_http_request_query", "(request: Ptr) -> string")
_r("osp_http_request_headers", "(request: Ptr) -> string")
_r("osp_http_request_body", "(request: Ptr) -> string")
_r("osp_http_respond_text", "(request: Ptr, body: string) -> Unit")
_r(
    "osp_http_respond",
    "(request: Ptr, status: int, headers: string, contentType: string, contentLength: int, streamFd: int,"
    " isComplete: bool, partialBody: string, partialLength: int) -> Unit",
)
_r("osp_http_respond_error", "(request: Ptr, message: string) -> Unit")
_r("osp_websocket_connect", "(url: string, handler: thunk) -> Result<int, string>", suspends=True)
_r(
    "osp_websocket_connect_with",
    "(url: string, subprotocols: List<string>, headers: string, maxMessageBytes: int, deflate: bool,"
    " handler: thunk) -> Result<int, string>",
    suspends=True,
)
_r(
    "osp_websocket_configure",
    "(serverID: int, origins: List<string>, subprotocols: List<string>, maxMessageBytes: int,"
    " maxFrameBytes: int, maxQueueBytes: int, maxConnections: int, maxPerAddress: int,"
    " handshakesPerSecond: int, messagesPerSecond: int, pingSeconds: int, deflate: bool)"
    " -> Result<Unit, string>",
    suspends=True,
)
_r("osp_websocket_on_open", "(serverID: int, handler: thunk) -> Result<Unit, string>")
_r("osp_websocket_on_message", "(serverID: int, handler: thunk) -> Result<Unit, string>")
_r("osp_websocket_on_close", "(serverID: int, handler: thunk) -> Result<Unit, string>")
_r("osp_websocket_event_connection", "(event: Ptr) -> int")
_r("osp_websocket_event_data", "(event: Ptr) -> string")
_r("osp_websocket_event_is_text", "(event: Ptr) -> bool")
_r("osp_websocket_event_code", "(event: Ptr) -> int")
_r("osp_websocket_event_path", "(event: Ptr) -> string")
_r("osp_websocket_event_query", "(event: Ptr) -> string")
_r("osp_websocket_event_headers", "(event: Ptr) -> string")
_r("osp_websocket_event_fail", "(event: Ptr, reason: string) -> Unit")


def _i(name: str, signature: str, *, suspends: bool = False) -> None:
    """An internal built-in; `stream.readInt` is osp_stream_read_int."""
    symbol = "osp_" + re.sub(r"[A-Z]", lambda m: "_" + m.group().lower(), name.replace(".", "_"))
    INTERNAL[name] = Builtin(name, (signature,), "", "Embedding", symbol, suspends=suspends)


_i("stream.readInt", "(stream: Ptr) -> int")
_i("stream.readFloat", "(stream: Ptr) -> float")
_i("stream.readPointer", "(stream: Ptr) -> Ptr")
_i("stream.readString", "(stream: Ptr) -> string")
_i("stream.readShared", "(stream: Ptr) -> Shared")
_i("stream.readObject", "(stream: Ptr) -> Foreign")
_i("stream.writeInt", "(stream: Ptr, value: int) -> Unit")
_i("stream.writeFloat", "(stream: Ptr, value: float) -> Unit")
_i("stream.writePointer", "(stream: Ptr, value: Ptr) -> Unit")
_i("stream.writeString", "(stream: Ptr, value: string) -> Unit")
_i("stream.writeShared", "(stream: Ptr, value: Shared) -> Unit")
_i("call.given", "() -> Ptr")
_i("call.kept", "() -> Ptr")
_i("call.stream", "() -> Ptr")
_i("call.streamEnd", "(stream: Ptr) -> Unit")
_i("call.embedder", "(callee: Foreign, stream: Ptr) -> Unit", suspends=True)
_r("osp_call_direct", "(code: Ptr, words: Ptr, waits: bool) -> bool", context=False)
_r("osp_call_elsewhere", "(code: Ptr, words: Ptr) -> Unit")
_r("osp_raise_error", "(message: string) -> Unit", owned=[0], context=False)


def builtin(name: str) -> Builtin:
    """The built-in of that name, internal ones included."""
    return BUILTINS.get(name) or INTERNAL[name]


def _add_builtins() -> None:
    for builtin in (*BUILTINS.values(), *INTERNAL.values()):
        if builtin.symbol is not None:
            RUNTIME[builtin.symbol] = _runtime_fn(
                builtin.symbol, builtin.sigs[0], frozenset(), builtin.suspends, builtin.name == "exit", True
            )


_add_builtins()

_C_TYPES = {
    "int": "int64_t",
    "word": "int64_t",
    "float": "double",
    "bool": "bool",
    "string": "char *",
    "Ptr": "void *",
    "Unit": "void",
    "cell": "void *",
    "strings": "char **",
}


def c_prototype(fn: RuntimeFn) -> str:
    """The C prototype of a runtime function."""
    params = ["osp_ctx *ctx"] if fn.context else []
    for name, machine in fn.params:
        if machine == "thunk":
            params += [f"osp_thunk {name}", f"void *{name}_env"]
        else:
            c_type = _C_TYPES[machine]
            params.append(f"{c_type}{'' if c_type.endswith('*') else ' '}{name}")
    if fn.fallible:
        params.append("char **error")
    result = _C_TYPES[fn.result]
    noreturn = "_Noreturn " if fn.noreturn else ""
    space = "" if result.endswith("*") else " "
    return f"{noreturn}{result}{space}{fn.symbol}({', '.join(params) or 'void'});"


def abi_hash() -> int:
    """A 64-bit hash of every prototype, checked against the library when it is loaded."""
    text = "\n".join(c_prototype(RUNTIME[symbol]) for symbol in sorted(RUNTIME))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
