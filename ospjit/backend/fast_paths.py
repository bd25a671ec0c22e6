"""Runtime functions whose usual case is a few instructions: that case as LLVM IR, inlined into compiled code.

Each function here takes what the runtime's takes; what it is given as the place for an error it does not hand
on, so that LLVM can keep it in a register. One that changes its first argument in place (`IN_PLACE`) also
takes the place of a byte, which tells that it has, and that nothing else has changed. What is not the usual
case (an index out of range, a key that is not there, something that others hold, too) is left to the runtime.
The layout of lists stands in `list.c` and `row.h` of the runtime, that of maps in `map.c`, and the hash of
integers in `map_key.h`: what changes there changes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ospjit.backend.cells import KIND_ROW, ROW_BYTES
from ospjit.dialects.rt import is_counted
from ospjit.ir import Operation, Type, i1


@dataclass(frozen=True)
class FastPath:
    """An inlined function: its name and text, and for which calls of the runtime's function it is right."""

    name: str
    text: str
    fits: Callable[[Operation], bool]
    #: What it calls: functions by name.
    calls: Mapping[str, str] = field(default_factory=dict)


#: What tells LLVM that elements are not stored where a list's own fields are: `!tbaa` of each. The nodes are
#: at the end of `llvm_text.py`'s modules.
_FIELD = ", !tbaa !2"
_ELEMENT = ", !tbaa !3"
_HEADER = ", !tbaa !7"


@dataclass(frozen=True)
class Elements:
    """What the elements of a list are, for the text: how they lie in memory, and become words."""

    #: What the names of functions end with.
    suffix: str
    #: LLVM's type of one in memory.
    type: str
    #: The logarithm of its size.
    shift: int
    counted: bool = False

    @property
    def own_row(self) -> int:
        """The header of a row that may be written: its count is 1, the other half tells what is in it."""
        return 1 | (KIND_ROW | (ROW_BYTES << 16 if self.shift == 0 else 0)) << 32

    def load(self, at: str) -> str:
        """Leaves the word, with a count of its own."""
        word = "%word" if self.type == "i64" else "%element"
        text = f"  {word} = load {self.type}, ptr {at}{_ELEMENT}\n"
        if self.type != "i64":
            text += f"  %word = zext {self.type} %element to i64\n"
        return text + (_DUP if self.counted else "")

    def store(self, at: str) -> str:
        """Stores %value, which is not counted."""
        element, text = "%value", ""
        if self.type != "i64":
            element, text = "%element", f"  %element = trunc i64 %value to {self.type}\n"
        return f"{text}  store {self.type} {element}, ptr {at}{_ELEMENT}\n"

    def fit(self, t: Type) -> bool:
        """Whether values of a type are such elements."""
        return (t is i1) == (self.type == "i8") and is_counted(t) == self.counted


_WORDS = Elements("", "i64", 3)
_POINTERS = Elements("_counted", "i64", 3, counted=True)
_BYTES = Elements("_bytes", "i8", 0)

#: Goes down a tree to the leaf of a position.
_LIST_WALK = """
define internal preserve_allcc ptr @rt.list_walk(ptr %root, i64 %height, i64 %position)
    noinline nounwind willreturn memory(read) {
entry:
  br label %level
level:
  %node = phi ptr [%root, %entry], [%child, %down]
  %left = phi i64 [%height, %entry], [%next, %down]
  %low = icmp eq i64 %left, 0
  br i1 %low, label %leaf, label %down
down:
  %bits = mul nuw nsw i64 %left, 5
  %shifted = lshr i64 %position, %bits
  %slot = and i64 %shifted, 31
  %child.at = getelementptr ptr, ptr %node, i64 %slot
  %child = load ptr, ptr %child.at
  %next = add nsw i64 %left, -1
  br label %level
leaf:
  ret ptr %node
}
"""


def _item(elements: Elements) -> str:
    """The address, %item, of the element at %position below %root, at %height. The block that comes first is
    called `walk`, and what follows goes on in a block `leaf`. Where there is one level, positions are places
    in the root."""
    return f"""
walk:
  %flat = icmp eq i64 %height, 0
  br i1 %flat, label %row, label %tree, !prof !0
row:
  %in.row = getelementptr {elements.type}, ptr %root, i64 %position
  br label %leaf
tree:
  %node = call preserve_allcc ptr @rt.list_walk(ptr %root, i64 %height, i64 %position)
  %slot = and i64 %position, 31
  %in.tree = getelementptr {elements.type}, ptr %node, i64 %slot
  br label %leaf
leaf:
  %item = phi ptr [%in.row, %row], [%in.tree, %tree]
"""


#: The %root of %list, and its %height. All fields are read before the first decision: in a loop over a list,
#: that is before the loop, since there is a list in any case.
_TREE = f"""
  %root = load ptr, ptr %list{_FIELD}
  %height.at = getelementptr i64, ptr %list, i64 3
  %height = load i64, ptr %height.at{_FIELD}
"""

#: Leaves the %start of %list, and its %end.
_ENDS = f"""
  %start.at = getelementptr i64, ptr %list, i64 1
  %end.at = getelementptr i64, ptr %list, i64 2
  %start = load i64, ptr %start.at{_FIELD}
  %end = load i64, ptr %end.at{_FIELD}
"""

#: Whether %index lies in %list; leaves %position.
_RANGE = f"""{_ENDS}
  %length = sub nuw i64 %end, %start
  %position = add i64 %start, %index
  %inside = icmp ult i64 %index, %length
"""

#: Takes a count of %word.
_DUP = """
  %counted = inttoptr i64 %word to ptr
  call void @rt.dup(ptr %counted)
"""


#: A static empty string stands for the error that nobody reads.
_MISSING_TEXT = "@NAME.missing = private constant {i64, i64, i8} zeroinitializer, align 16"
_MISSING = """
  store ptr getelementptr (i8, ptr @NAME.missing, i64 16), ptr %failure
  ret i64 0
"""


def _slow(symbol: str, result: str, types: Sequence[str]) -> dict[str, str]:
    """A function that calls one of the runtime which may fail, by its name. It returns the error, too: a
    place for one, in the function that this is inlined into, would be one that the call could change each
    time."""
    name, pair = _slow_name(symbol), f"{{{result}, ptr}}"
    args = ", ".join(["ptr %ctx", *(f"{t} %a{i}" for i, t in enumerate(types))])
    text = f"""
define internal {pair} @{name}({args}) noinline cold #2 {{
  %error = alloca ptr
  store ptr null, ptr %error
  %r = call {result} @{symbol}({args}, ptr %error)
  %e = load ptr, ptr %error
  %half = insertvalue {pair} poison, {result} %r, 0
  %both = insertvalue {pair} %half, ptr %e, 1
  ret {pair} %both
}}
"""
    return {name: text}


def _slow_name(symbol: str) -> str:
    return "rt.slow_" + symbol.removeprefix("osp_")


def _ask(symbol: str, result: str, args: str) -> str:
    """Calls that function; returns what it does."""
    pair = f"{{{result}, ptr}}"
    return f"""
  %both = call {pair} @{_slow_name(symbol)}(ptr %ctx, {args})
  %e = extractvalue {pair} %both, 1
  store ptr %e, ptr %failure
  %r = extractvalue {pair} %both, 0
  ret {result} %r
"""


_SAY_OUTSIDE = _ask("osp_list_get", "i64", "ptr %list, i64 %index")


def _list_get(elements: Elements, unread: bool) -> FastPath:
    name = f"rt.list_get{elements.suffix}{'_or' if unread else ''}"
    static = _MISSING_TEXT.replace("NAME", name) if unread else ""
    slow = _MISSING.replace("NAME", name) if unread else _SAY_OUTSIDE
    text = f"""
{static}
define internal i64 @{name}(ptr %ctx, ptr %list, i64 %index, ptr %failure) alwaysinline {{
entry:
{_TREE}
{_RANGE}
  br i1 %inside, label %walk, label %slow, !prof !0
{_item(elements)}
{elements.load("%item")}
  store ptr null, ptr %failure
  ret i64 %word
slow:
{slow}
}}
"""
    return FastPath(
        name,
        text,
        lambda op: elements.fit(op.results[0].type) and _unread(op) == unread,
        {"rt.list_walk": _LIST_WALK, **_slow("osp_list_get", "i64", ("ptr", "i64"))},
    )


def _list_item(elements: Elements) -> FastPath:
    """The element at an index that is inside."""
    name = f"rt.list_item{elements.suffix}"
    text = f"""
define internal i64 @{name}(ptr %ctx, ptr %list, i64 %index) alwaysinline {{
entry:
{_TREE}
  %start.at = getelementptr i64, ptr %list, i64 1
  %start = load i64, ptr %start.at{_FIELD}
  %position = add i64 %start, %index
  br label %walk
{_item(elements)}
{elements.load("%item")}
  ret i64 %word
}}
"""
    return FastPath(name, text, lambda op: elements.fit(op.results[0].type), {"rt.list_walk": _LIST_WALK})


_LIST_LENGTH = f"""
define internal i64 @rt.list_length(ptr %ctx, ptr %list) alwaysinline {{
{_ENDS}
  %length = sub nuw i64 %end, %start
  ret i64 %length
}}
"""


#: Stands for a row that nobody may write.
_NO_ROW = "getelementptr (i8, ptr @rt.no_row, i64 8)"
_NO_ROWS = {"rt.no_row": "@rt.no_row = private constant i64 0"}


def _mine(elements: Elements) -> str:
    """Whether nobody else holds %list, and its %root is a row that may be written: %mine. An empty list,
    which has none, is looked at as if it had one that may not."""
    return f"""
  %holders.at = getelementptr i8, ptr %list, i64 -8
  %holders = load i32, ptr %holders.at{_HEADER}
  %alone = icmp eq i32 %holders, 1
  %root = load ptr, ptr %list{_FIELD}
  %empty = icmp eq ptr %root, null
  %row = select i1 %empty, ptr {_NO_ROW}, ptr %root
  %row.header.at = getelementptr i64, ptr %row, i64 -1
  %row.header = load i64, ptr %row.header.at{_HEADER}
  %writable = icmp eq i64 %row.header, {elements.own_row}
  %mine = and i1 %alone, %writable
"""


def _list_append(elements: Elements) -> FastPath:
    name = f"rt.list_append{elements.suffix}"
    text = f"""
define internal ptr @{name}(ptr %ctx, ptr %list, i64 %value, ptr %kept) alwaysinline {{
entry:
{_mine(elements)}
{_ENDS}
  br i1 %mine, label %look, label %slow, !prof !0
look:
  %bytes.at = getelementptr i64, ptr %root, i64 -2
  %bytes = load i64, ptr %bytes.at
  %capacity = lshr i64 %bytes, {elements.shift}
  %room = icmp ult i64 %end, %capacity
  br i1 %room, label %fast, label %slow, !prof !0
fast:
  %item = getelementptr {elements.type}, ptr %root, i64 %end
{elements.store("%item")}
  %next = add nuw i64 %end, 1
  store i64 %next, ptr %end.at{_FIELD}
  store i8 1, ptr %kept
  ret ptr %list
slow:
  store i8 0, ptr %kept
  %l = call ptr @osp_list_append(ptr %ctx, ptr %list, i64 %value)
  ret ptr %l
}}
"""
    return FastPath(name, text, lambda op: elements.fit(op.operands[1].type), _NO_ROWS)


_UNIQUE = """
  %count.at = getelementptr i8, ptr %node, i64 -8
  %count = load i32, ptr %count.at
  %own = icmp eq i32 %count, 1
  br i1 %own, label %mine, label %slow, !prof !0
mine:"""


def _list_set(elements: Elements) -> FastPath:
    name = f"rt.list_set{elements.suffix}"
    text = f"""
define internal ptr @{name}(ptr %ctx, ptr %list, i64 %index, i64 %value, ptr %failure, ptr %kept)
    alwaysinline {{
entry:
{_mine(elements)}
{_RANGE}
  br i1 %mine, label %look, label %slow, !prof !0
look:
  br i1 %inside, label %fast, label %slow, !prof !0
fast:
  %item = getelementptr {elements.type}, ptr %root, i64 %position
{elements.store("%item")}
  store ptr null, ptr %failure
  store i8 1, ptr %kept
  ret ptr %list
slow:
  store i8 0, ptr %kept
{_ask("osp_list_set", "ptr", "ptr %list, i64 %index, i64 %value")}
}}
"""
    calls = _slow("osp_list_set", "ptr", ("ptr", "i64", "i64")) | _NO_ROWS
    return FastPath(name, text, lambda op: elements.fit(op.operands[2].type), calls)


_BYTE_AT = f"""
define internal i64 @rt.byte_at(ptr %ctx, ptr %s, i64 %index, ptr %failure) alwaysinline {{
entry:
  %length.at = getelementptr i8, ptr %s, i64 -16
  %length = load i64, ptr %length.at
  %inside = icmp ult i64 %index, %length
  br i1 %inside, label %fast, label %slow, !prof !0
fast:
  %at = getelementptr i8, ptr %s, i64 %index
  %byte = load i8, ptr %at
  %word = zext i8 %byte to i64
  store ptr null, ptr %failure
  ret i64 %word
slow:
{_ask("osp_string_byte_at", "i64", "ptr %s, i64 %index")}
}}
"""


def _map_walk(check: str, values_first: bool) -> str:
    """Goes down to the entry of an integer key, or to `slow` if there is none. Expects %map, %key; leaves the
    address of the value, %item, in a block `found`. The block that comes first is called `walk`.

    A digit of the hash is a place in a node. The node's first word tells by a bit of its lower half whether
    an entry is there, and by one of its upper half whether a child is. The hash is a bijection, so its digits
    lead to the key's entry or to none before they end."""
    return f"""
walk:
  %half = lshr i64 %key, 30
  %folded = xor i64 %key, %half
  %mixed = mul i64 %folded, {0xBF58476D1CE4E5B9 - 2**64}
  %mixed.high = lshr i64 %mixed, 27
  %mixed.folded = xor i64 %mixed, %mixed.high
  %spread = mul i64 %mixed.folded, {0x94D049BB133111EB - 2**64}
  %spread.high = lshr i64 %spread, 31
  %hash = xor i64 %spread, %spread.high
  %root = load ptr, ptr %map
  %empty = icmp eq ptr %root, null
  br i1 %empty, label %slow, label %level
level:
  %node = phi ptr [%root, %walk], [%child, %down]
  %rest = phi i64 [%hash, %walk], [%next, %down]
{check}
  %digit = and i64 %rest, 31
  %next = lshr i64 %rest, 5
  %bits = load i64, ptr %node
  %bits.children = lshr i64 %bits, 32
  %one = shl nuw nsw i64 1, %digit
  %below = add nsw i64 %one, -1
  %bit.child = and i64 %bits.children, %one
  %leaf = icmp eq i64 %bit.child, 0
  br i1 %leaf, label %place, label %down
down:
  %children.below = and i64 %bits.children, %below
  %rank = call i64 @llvm.ctpop.i64(i64 %children.below)
  %slots = getelementptr i8, ptr %node, i64 8
  %child.at = getelementptr ptr, ptr %slots, i64 %rank
  %child = load ptr, ptr %child.at
  br label %level
place:
  %bit.entry = and i64 %bits, %one
  %absent = icmp eq i64 %bit.entry, 0
  br i1 %absent, label %slow, label %compare
compare:
  %children = call i64 @llvm.ctpop.i64(i64 %bits.children)
  %bits.entries = and i64 %bits, {2**32 - 1}
  %entries = call i64 @llvm.ctpop.i64(i64 %bits.entries)
  %entries.below = and i64 %bits, %below
  %at = call i64 @llvm.ctpop.i64(i64 %entries.below)
  %columns = getelementptr i8, ptr %node, i64 8
  %first = getelementptr i64, ptr %columns, i64 %children
  %second = getelementptr i64, ptr %first, i64 %entries
  %there.at = getelementptr i64, ptr {"%second" if values_first else "%first"}, i64 %at
  %there = load i64, ptr %there.at
  %item = getelementptr i64, ptr {"%first" if values_first else "%second"}, i64 %at
  %same = icmp eq i64 %there, %key
  br i1 %same, label %found, label %slow
found:
"""


_SAY_MISSING = _ask("osp_map_get", "i64", "ptr %map, i64 %key")


def _map_get(name: str, counted: bool, unread: bool) -> FastPath:
    static = _MISSING_TEXT.replace("NAME", name) if unread else ""
    text = f"""
{static}
define internal i64 @{name}(ptr %ctx, ptr %map, i64 %key, ptr %failure) {{
entry:
  br label %walk
{_map_walk("", counted)}
  %word = load i64, ptr %item
{_DUP if counted else ""}
  store ptr null, ptr %failure
  ret i64 %word
slow:
{_MISSING.replace("NAME", name) if unread else _SAY_MISSING}
}}
"""
    return FastPath(
        name,
        text,
        lambda op: _integer_keys(op) and is_counted(op.results[0].type) == counted and _unread(op) == unread,
        _slow("osp_map_get", "i64", ("ptr", "i64")),
    )


def _map_set(name: str, counted: bool) -> str:
    old = "  %old = load ptr, ptr %item\n" if counted else ""
    drop = "  call void @rt.drop(ptr %old)\n" if counted else ""
    return f"""
define internal ptr @{name}(ptr %ctx, ptr %map, i64 %key, i64 %value, ptr %kept) {{
entry:
  %holders.at = getelementptr i8, ptr %map, i64 -8
  %holders = load i32, ptr %holders.at
  %alone = icmp eq i32 %holders, 1
  br i1 %alone, label %walk, label %slow, !prof !0
{_map_walk(_UNIQUE, counted)}
{old}  store i64 %value, ptr %item
{drop}  store i8 1, ptr %kept
  ret ptr %map
slow:
  store i8 0, ptr %kept
  %m = call ptr @osp_map_set(ptr %ctx, ptr %map, i64 %key, i64 %value)
  ret ptr %m
}}
"""


def _integer_keys(op: Operation) -> bool:
    return not is_counted(op.operands[1].type)


def _unread(op: Operation) -> bool:
    """Whether it matters only if there is an error, as before a `?:`."""
    return all(user.name in ("rt.is_null", "rt.drop") for user in op.results[1].users)


#: For symbols of the runtime, the first that fits.
FAST_PATHS: dict[str, tuple[FastPath, ...]] = {
    "osp_list_get": tuple(
        _list_get(elements, unread) for elements in (_WORDS, _POINTERS, _BYTES) for unread in (False, True)
    ),
    "osp_list_get_unchecked": tuple(_list_item(elements) for elements in (_WORDS, _POINTERS, _BYTES)),
    "osp_list_length": (FastPath("rt.list_length", _LIST_LENGTH, lambda op: True),),
    "osp_list_append": tuple(_list_append(elements) for elements in (_WORDS, _BYTES)),
    "osp_list_set": tuple(_list_set(elements) for elements in (_WORDS, _BYTES)),
    "osp_map_get": (
        _map_get("rt.map_get", False, False),
        _map_get("rt.map_get_counted", True, False),
        _map_get("rt.map_get_or", False, True),
        _map_get("rt.map_get_counted_or", True, True),
    ),
    "osp_map_set": (
        FastPath(
            "rt.map_set_counted",
            _map_set("rt.map_set_counted", True),
            lambda op: _integer_keys(op) and is_counted(op.operands[2].type),
        ),
        FastPath("rt.map_set", _map_set("rt.map_set", False), _integer_keys),
    ),
    "osp_string_byte_at": (
        FastPath("rt.byte_at", _BYTE_AT, lambda op: True, _slow("osp_string_byte_at", "i64", ("ptr", "i64"))),
    ),
}


def fast_path(op: Operation) -> FastPath | None:
    """What is inlined for a call of the runtime, if anything is."""
    return next((path for path in FAST_PATHS.get(op.attr("callee"), ()) if path.fits(op)), None)
