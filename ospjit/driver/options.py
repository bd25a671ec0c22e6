"""What a compilation can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ospjit.ir import PassOptions

#: Capabilities that can be switched off, and the flag that says so.
CAPABILITIES = {
    "http": "--no-http",
    "websocket": "--no-websocket",
    "fs": "--no-fs",
    "ffi": "--no-ffi",
    "process": "--no-process",
}

#: The passes, in order; see docs for what each needs from those before it.
PIPELINE = (
    "specialize,check-globals,localize-globals,fuse-iterators,lower-builtins,lower-match,lower-enums,unbox-results,"
    "lower-data,tail-calls,unbox-records,perceus,cleanups,tail-loops,inline-recursion"
)

#: The same without what only makes programs faster.
QUICK_PIPELINE = PIPELINE.replace("fuse-iterators,", "").replace(
    "unbox-records,perceus", "perceus{specialize=false reuse=false}"
).removesuffix(",tail-loops,inline-recursion")


@dataclass
class CompileOptions:
    """Options of one compilation."""

    opt_level: int = 2
    disabled: frozenset[str] = frozenset()
    passes: PassOptions = field(default_factory=PassOptions)
    unloadable: bool = False
    """A module whose functions are called from outside and whose code can be given up, not a program."""
    externs: Mapping[str, int] = field(default_factory=dict)
    """Addresses of C functions that the program declares; they come before those of libraries."""
    on_system_stack: frozenset[str] = frozenset()
    """Those of them that must run on a stack of a thread."""
    debug_info: bool = False
    """Whether machine code says which lines it came from, to debuggers and profilers."""
    perf: str = ""
    """What to write for `perf`: nothing, `map` (names of functions) or `jitdump` (code and lines as well)."""
    pipeline: str = ""
    """Empty: what the level asks for."""
    cpu: str = ""
    """The CPU to make code for, by LLVM's name; empty: this host's."""
    cache: bool = True
    """Whether the code may come from the cache and go there."""

    def __post_init__(self) -> None:
        self.debug_info = self.debug_info or self.perf == "jitdump"
        if not self.pipeline:
            self.pipeline = PIPELINE if self.opt_level > 0 else QUICK_PIPELINE

    @property
    def cacheable(self) -> bool:
        """Whether the code may be cached: only if nothing asks for another pipeline or to see it at work, and
        no addresses of this process are a part of it."""
        standard = PIPELINE if self.opt_level > 0 else QUICK_PIPELINE
        plain = not (self.externs or self.debug_info or self.perf)
        return self.cache and plain and self.pipeline == standard and self.passes == PassOptions()

    def described(self) -> str:
        """What of the options decides about the code, beside the CPU; the launcher spells it the same way."""
        text = f"O{self.opt_level} no={','.join(sorted(self.disabled))}"
        return f"{text} unloadable" if self.unloadable else text
