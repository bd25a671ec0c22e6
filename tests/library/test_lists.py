"""Persistent lists against Python's: a version of a list keeps its elements, whatever becomes of others."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ospjit.dialects.rt import ELEMENTS
from tests.library.runtime import THUNK, Failed, Runtime

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)


class Elements:
    """Integers as they are, as bytes, or as strings, so that elements are counted pointers."""

    def __init__(self, rt: Runtime, kind: str) -> None:
        self.rt = rt
        self.kind = ELEMENTS[kind]
        self.pointers = kind == "pointers"
        self.word = ctypes.c_uint8 if kind == "bytes" else ctypes.c_int64

    def seen(self, model: list[int]) -> list[int]:
        """What is read of these integers: of bytes, the lower eight bits."""
        return [n % 256 for n in model] if self.word is ctypes.c_uint8 else model

    def make(self, n: int) -> int:
        """An owned element."""
        return self.rt.string(b"%d" % n) if self.pointers else n

    def read(self, word: int) -> int:
        """The integer of a borrowed element."""
        return int(self.rt.bytes(word)) if self.pointers else word

    def read_list(self, address: int) -> list[int]:
        """All elements, read run by run."""
        length = self.rt.osp_list_length(address)
        elements: list[int] = []
        count = ctypes.c_uint64()
        while len(elements) < length:
            run = self.rt.osp_list_run(address, len(elements), ctypes.addressof(count))
            words = (self.word * count.value).from_address(run)
            elements += [self.read(word) for word in words]
        assert len(elements) == length
        return elements

    def make_list(self, model: list[int]) -> int:
        """An owned list."""
        words = (ctypes.c_int64 * len(model))(*[self.make(n) for n in model])
        address: int = self.rt.osp_list_from_words(self.kind, ctypes.addressof(words), len(model))
        return address


SIZE = st.one_of(st.integers(0, 5), st.integers(0, 80), st.integers(1000, 1100))
KIND = st.sampled_from(list(ELEMENTS))
STEP = st.tuples(
    st.sampled_from(
        "append prepend append_many prepend_many set drop take concat concat_self reverse get".split()
    ),
    st.integers(0, 2**20),
    st.booleans(),
)


def apply(
    name: str, n: int, list_: int, model: list[int], other: tuple[int, list[int]], elements: Elements
) -> int:
    """Performs one step on an owned list and on its model; returns the owned result."""
    rt = elements.rt
    if name in ("append", "append_many"):
        for i in range(1 if name == "append" else n % 70):
            list_ = rt.osp_list_append(list_, elements.make(n + i))
            model.append(n + i)
    elif name in ("prepend", "prepend_many"):
        for i in range(1 if name == "prepend" else n % 70):
            list_ = rt.osp_list_prepend(list_, elements.make(n + i))
            model.insert(0, n + i)
    elif name == "set" and model:
        list_ = rt.osp_list_set(list_, n % len(model), elements.make(n))
        model[n % len(model)] = n
    elif name == "get" and model:
        word = rt.osp_list_get(list_, n % len(model))
        assert [elements.read(word)] == elements.seen([model[n % len(model)]])
        if elements.pointers:
            rt.drop(word)
    elif name == "drop":
        list_ = rt.osp_list_drop(list_, n % (len(model) + 2))
        del model[: n % (len(model) + 2)]
    elif name == "take":
        list_ = rt.osp_list_take(list_, n % (len(model) + 2))
        del model[n % (len(model) + 2) :]
    elif name == "concat":
        other_list, other_model = other
        if n % 2:
            list_ = rt.osp_list_concat(list_, rt.dup(other_list))
            model += other_model
        else:
            list_ = rt.osp_list_concat(rt.dup(other_list), list_)
            model[:0] = other_model
    elif name == "concat_self" and len(model) < 5000:
        list_ = rt.osp_list_concat(list_, rt.dup(list_))
        model += model
    elif name == "reverse":
        list_ = rt.osp_list_reverse(list_)
        model.reverse()
    return list_


@RELAXED
@given(
    kind=KIND,
    size=SIZE,
    shared=st.booleans(),
    steps=st.lists(st.tuples(STEP, st.integers(0, 7)), max_size=30),
)
def test_versions(
    rt: Runtime, kind: str, size: int, shared: bool, steps: list[tuple[tuple[str, int, bool], int]]
) -> None:
    elements = Elements(rt, kind)
    versions = [(elements.make_list(list(range(size))), list(range(size))), (elements.make_list([]), [])]
    if shared:
        rt.share(versions[0][0])
    for (name, n, keep), which in steps:
        list_, model = versions[which % len(versions)]
        copy = list(model)
        other = versions[(which + 1) % len(versions)]
        if keep or len(versions) < 2:
            versions.append((apply(name, n, rt.dup(list_), copy, other, elements), copy))
        else:
            versions[which % len(versions)] = (apply(name, n, list_, copy, other, elements), copy)
    for list_, model in versions:
        assert elements.read_list(list_) == elements.seen(model)
    for list_, _ in versions:
        rt.drop(list_)


@pytest.mark.parametrize("kind", ELEMENTS)
def test_long_lists(rt: Runtime, kind: str) -> None:
    elements = Elements(rt, kind)
    list_, model = rt.osp_list_empty(elements.kind), []
    for n in range(40_000):
        list_ = rt.osp_list_append(list_, elements.make(n))
    for n in range(1, 3_000):
        list_ = rt.osp_list_prepend(list_, elements.make(-n))
    model = list(range(-2999, 40_000))
    assert elements.read_list(list_) == elements.seen(model)
    whole = rt.dup(list_)
    for count in (1, 31, 32, 33, 1023, 1025, 9000):
        list_, model = rt.osp_list_drop(list_, count), model[count:]
        list_, model = rt.osp_list_take(list_, len(model) - count), model[: len(model) - count]
        assert elements.read_list(list_) == elements.seen(model)
    assert elements.read_list(whole) == elements.seen(list(range(-2999, 40_000)))
    rt.drop(whole)
    rt.drop(list_)


def test_a_queue_stays_shallow_and_small(rt: Runtime) -> None:
    elements = Elements(rt, "pointers")
    queue = elements.make_list(list(range(100)))
    before = rt.live
    for n in range(100, 50_000):
        queue = rt.osp_list_drop(rt.osp_list_append(queue, elements.make(n)), 1)
        assert rt.live <= before + 8
    assert elements.read_list(queue) == list(range(49_900, 50_000))
    assert ctypes.c_uint64.from_address(queue + 24).value <= 1  # its height
    for n in range(50_000):
        queue = rt.osp_list_take(rt.osp_list_prepend(queue, elements.make(n)), 100)
    assert elements.read_list(queue) == list(range(49_999, 49_899, -1))
    assert ctypes.c_uint64.from_address(queue + 24).value <= 1
    rt.drop(queue)


def test_a_list_that_nobody_else_holds_is_changed_in_place(rt: Runtime) -> None:
    elements = Elements(rt, "words")
    list_ = elements.make_list(list(range(2000)))
    count = ctypes.c_uint64()
    place = rt.osp_list_run(list_, 1234, ctypes.addressof(count))
    assert rt.osp_list_set(list_, 1234, -1) == list_
    assert rt.osp_list_run(list_, 1234, ctypes.addressof(count)) == place
    rt.drop(list_)


@pytest.mark.parametrize("kind", ELEMENTS)
def test_room_for_what_will_come(rt: Runtime, kind: str) -> None:
    elements = Elements(rt, kind)
    list_ = rt.osp_list_with_room(elements.kind, 100)
    assert rt.osp_list_length(list_) == 0
    count = ctypes.c_uint64()
    places = set()
    for n in range(100):
        list_ = rt.osp_list_append(list_, elements.make(n))
        places.add(rt.osp_list_run(list_, 0, ctypes.addressof(count)))
    assert len(places) == 1 or kind == "pointers"
    list_ = rt.osp_list_prepend(rt.osp_list_append(list_, elements.make(100)), elements.make(-1))
    assert elements.read_list(list_) == elements.seen(list(range(-1, 101)))
    rt.drop(list_)
    for promised in (0, -1, -(2**63), 2**63 - 1):  # the last is not believed
        list_ = rt.osp_list_append(rt.osp_list_with_room(elements.kind, promised), elements.make(7))
        assert elements.read_list(list_) == [7]
        rt.drop(list_)


def test_what_is_cut_off_is_released_at_once(rt: Runtime) -> None:
    elements = Elements(rt, "pointers")
    list_ = elements.make_list(list(range(1000)))
    before = rt.live
    list_ = rt.osp_list_take(rt.osp_list_drop(list_, 500), 1)
    assert before - rt.live >= 999
    rt.drop(list_)


def test_indices(rt: Runtime) -> None:
    elements = Elements(rt, "pointers")
    list_ = elements.make_list([1, 2, 3])
    for index in (9, 3, -1, 2**63 - 1, -(2**63)):
        message = re.escape(f"index out of bounds: {index} (length 3)")
        with pytest.raises(Failed, match=f"^{message}$"):
            rt.osp_list_get(list_, index)
        with pytest.raises(Failed, match=f"^{message}$"):
            rt.osp_list_set(rt.dup(list_), index, elements.make(0))
    for count in (-1, -(2**63)):
        assert rt.osp_list_drop(list_, count) == list_
    list_ = rt.osp_list_drop(list_, 2**63 - 1)
    assert rt.osp_list_length(list_) == 0
    rt.drop(rt.osp_list_take(list_, -5))


def sort_with(rt: Runtime, list_: int, compare: Callable[[int, int], int]) -> int:
    """Sorts an owned list with a comparison of words."""

    def code(_ctx: Any, _env: Any, argument: int) -> None:
        comparison = (ctypes.c_int64 * 3).from_address(argument)
        comparison[2] = compare(comparison[0], comparison[1])

    result: int = rt.osp_list_sort(list_, THUNK(code), None)
    return result


@RELAXED
@given(kind=KIND, model=st.lists(st.integers(0, 50), max_size=100))
def test_sorting_is_stable(rt: Runtime, kind: str, model: list[int]) -> None:
    elements = Elements(rt, kind)
    list_ = elements.make_list(model)
    kept = rt.dup(list_)
    result = sort_with(rt, list_, lambda a, b: elements.read(a) // 10 - elements.read(b) // 10)
    assert elements.read_list(result) == sorted(model, key=cmp_to_key(lambda a, b: a // 10 - b // 10))
    assert elements.read_list(kept) == model
    rt.drop(kept)
    rt.drop(result)


def test_a_senseless_order_loses_nothing(rt: Runtime) -> None:
    elements = Elements(rt, "pointers")
    for compare in (lambda a, b: 1, lambda a, b: -1, lambda a, b: hash((a, b)) % 3 - 1):
        result = sort_with(rt, elements.make_list(list(range(100))), compare)
        assert sorted(elements.read_list(result)) == list(range(100))
        rt.drop(result)


def strings(rt: Runtime, list_: int) -> list[bytes]:
    """The strings of an owned list."""
    result = []
    for i in range(rt.osp_list_length(list_)):
        result.append(rt.take(rt.osp_list_get(list_, i)))
    rt.drop(list_)
    return result


TEXT = st.text(alphabet="ab ,\n\r\t\0é", max_size=30).map(str.encode)


@RELAXED
@given(s=TEXT, separator=st.sampled_from([b",", b"a", b"ab", b"\0", b"\n", "é".encode()]))
def test_split_and_join(rt: Runtime, s: bytes, separator: bytes) -> None:
    assert strings(rt, rt.osp_string_split(s, separator)) == s.split(separator)
    parts = rt.osp_string_split(s, separator)
    assert rt.osp_string_join(parts, separator) == s
    assert rt.osp_string_join(parts, b"") == s.replace(separator, b"")
    rt.drop(parts)
    with pytest.raises(Failed, match=r"^split: separator must not be empty$"):
        rt.osp_string_split(s, b"")


@RELAXED
@given(s=TEXT)
def test_words_and_lines(rt: Runtime, s: bytes) -> None:
    assert strings(rt, rt.osp_string_words(s)) == s.split()
    lines = [line[:-1] if line.endswith(b"\r") else line for line in s.split(b"\n")]
    if s.endswith(b"\n") or not s:
        lines.pop()
    elif s.endswith(b"\r"):
        lines[-1] += b"\r"
    assert strings(rt, rt.osp_string_lines(s)) == lines


def test_join_of_nothing(rt: Runtime) -> None:
    assert rt.osp_string_join(rt.osp_list_empty(ELEMENTS["pointers"]), b",") == b""


@pytest.mark.parametrize("kind", ["words", "bytes"])
@pytest.mark.parametrize("shared", [False, True])
def test_versions_of_a_long_list_share_what_they_have_in_common(rt: Runtime, shared: bool, kind: str) -> None:
    """The first is a copy. More of one list, or of a copy, take the memory of a path in a tree."""
    length, count = 100_000, 50
    elements = Elements(rt, kind)
    base = elements.make_list(list(range(length)))
    if shared:
        rt.share(base)
    copy = rt.osp_list_set(rt.dup(base), 0, -1)
    before = rt.live
    of_base = [rt.osp_list_set(rt.dup(base), i * 1999, -i) for i in range(count)]
    of_copy = [rt.osp_list_set(rt.dup(copy), i * 1999, -i) for i in range(count)]
    nodes_of_a_tree = (length + length // 4) * 33 // 32 // 32
    assert rt.live - before < 2 * (nodes_of_a_tree + count * 10)
    for versions, first in ((of_base, 0), (of_copy, -1)):
        for i, version in enumerate(versions):
            places = (i * 1999, 99_999, *((0,) if i > 0 else ()))
            words = [rt.osp_list_get(version, place) for place in places]
            assert words == elements.seen([-i, 99_999, first])[: len(places)]
    for list_ in (base, copy, *of_base, *of_copy):
        rt.drop(list_)


def test_a_list_that_is_held_alone_again_is_changed_in_place(rt: Runtime) -> None:
    list_ = Elements(rt, "words").make_list(list(range(1000)))
    versions = [rt.osp_list_set(rt.dup(list_), i, -1) for i in range(3)]
    for version in versions:
        rt.drop(version)
    cells = rt.live
    list_ = rt.osp_list_set(list_, 500, 7)
    assert rt.live < cells  # the tree is given up
    assert (rt.osp_list_get(list_, 500), rt.osp_list_get(list_, 999)) == (7, 999)
    cells = rt.live
    for i in range(1000):
        list_ = rt.osp_list_set(list_, i, i)
    assert rt.live == cells
    rt.drop(list_)
