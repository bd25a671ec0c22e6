"""Persistent maps against Python dictionaries, with keys chosen so that their paths collide."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ospjit.dialects.rt import ELEMENTS
from tests.library.runtime import Failed, Runtime
from tests.library.test_lists import Elements

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)

MASK = 2**64 - 1


def mix(x: int) -> int:
    """The hash of an integer key."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def unmix(x: int) -> int:
    """Its inverse: the key with a given hash."""
    x = x ^ x >> 31 ^ x >> 62
    x = x * pow(0x94D049BB133111EB, -1, 2**64) & MASK
    x = x ^ x >> 27 ^ x >> 54
    x = x * pow(0xBF58476D1CE4E5B9, -1, 2**64) & MASK
    return x ^ x >> 30 ^ x >> 60


def signed(x: int) -> int:
    """As a signed 64-bit integer."""
    return x - 2**64 if x >> 63 else x


def hash_bytes(data: bytes) -> int:
    """The hash of a string key."""
    result = len(data) * 0x9E3779B97F4A7C15 & MASK
    while len(data) >= 8:
        result = mix(result ^ int.from_bytes(data[:8], "little"))
        data = data[8:]
    return mix(result ^ int.from_bytes(data, "little"))


def colliding(prefix: bytes) -> bytes:
    """A string of 24 bytes with the given first 8 whose 64-bit hash is 0: what an attacker would send."""
    state = mix(24 * 0x9E3779B97F4A7C15 & MASK ^ int.from_bytes(prefix, "little"))
    last = unmix(0)  # the state before the final mix, since no bytes are left
    middle = b"12345678"
    state = mix(state ^ int.from_bytes(middle, "little"))
    return prefix + middle + (state ^ unmix(last)).to_bytes(8, "little")


COLLIDING = [
    colliding(prefix) for prefix in (b"AAAAAAAA", b"AAAAAAAB", b"BAAAAAAA", b"BAAAAAAB", b"CCCCCCCC")
]
# Integers whose hashes differ only in their last digits, or only in their first.
NEAR = [signed(unmix(n)) for n in (0, 1 << 60, 2 << 60, 1 << 55, 1 << 5, 1, 33, (1 << 60) + 1)]
STRINGS = [b"", b"\0", b"\0\0", b"a", b"a\0", "é".encode(), *COLLIDING, *(b"key%d" % i for i in range(40))]
INTEGERS = [*NEAR, *range(-20, 20), 2**63 - 1, -(2**63)]


def test_the_collisions_are_collisions() -> None:
    assert {hash_bytes(key) for key in COLLIDING} == {0}
    assert mix(unmix(12345)) == 12345


class Maps:
    """Maps of one kind: keys integers or strings, values integers or strings."""

    def __init__(self, rt: Runtime, string_keys: bool, pointers: bool) -> None:
        self.rt = rt
        self.string_keys = string_keys
        self.keys: list[bytes] | list[int] = STRINGS if string_keys else INTEGERS
        self.values = Elements(rt, "pointers" if pointers else "words")

    def empty(self) -> int:
        """An empty map."""
        address: int = self.rt.osp_map_empty(self.string_keys, self.values.pointers)
        return address

    def set(self, map_: int, key: bytes | int, value: int) -> int:
        """The owned map with an entry."""
        word = self.rt.string(key) if isinstance(key, bytes) else key
        address: int = self.rt.osp_map_set(map_, word, self.values.make(value))
        return address

    def remove(self, map_: int, key: bytes | int) -> int:
        """The owned map without a key."""
        word = self.rt.string(key) if isinstance(key, bytes) else key
        address: int = self.rt.osp_map_remove(map_, word)
        if self.string_keys:
            self.rt.drop(word)
        return address

    def items(self, map_: int) -> list[tuple[bytes | int, int]]:
        """The entries in the map's order."""
        kind = ELEMENTS["pointers" if self.string_keys else "words"]
        keys, values = self.rt.osp_map_keys(map_, kind), self.rt.osp_map_values(map_, self.values.kind)
        words = Elements(self.rt, "words").read_list(keys)
        result = list(
            zip(
                [self.rt.bytes(word) for word in words] if self.string_keys else words,
                self.values.read_list(values),
                strict=True,
            )
        )
        self.rt.drop(keys)
        self.rt.drop(values)
        return result  # type: ignore[return-value]

    def check(self, map_: int, model: dict[bytes | int, int]) -> None:
        """The map holds what the model holds, and finds it."""
        items = self.items(map_)
        assert len(items) == self.rt.osp_map_length(map_) == len(model) and dict(items) == model
        for key in self.keys:
            assert self.rt.osp_map_contains(map_, key) == (key in model)
            if key in model:
                word = self.rt.osp_map_get(map_, key)
                assert self.values.read(word) == model[key]
                if self.values.pointers:
                    self.rt.drop(word)
            else:
                with pytest.raises(Failed, match=r"^mapGet: key not found: "):
                    self.rt.osp_map_get(map_, key)


STEP = st.tuples(
    st.sampled_from("set set set remove remove set_many merge remove_many".split()),
    st.integers(0, 2**20),
    st.booleans(),
    st.integers(0, 7),
)


def apply(name: str, n: int, map_: int, model: dict, other: tuple[int, dict], maps: Maps) -> int:
    """Performs one step on an owned map and on its model; returns the owned result."""
    keys = maps.keys
    if name.startswith("set"):
        for i in range(1 if name == "set" else n % 40):
            map_ = maps.set(map_, keys[(n + i) % len(keys)], n + i)
            model[keys[(n + i) % len(keys)]] = n + i
    elif name.startswith("remove"):
        for i in range(1 if name == "remove" else n % 40):
            map_ = maps.remove(map_, keys[(n + i) % len(keys)])
            model.pop(keys[(n + i) % len(keys)], None)
    elif name == "merge":
        map_ = maps.rt.osp_map_merge(map_, maps.rt.dup(other[0]))
        model.update(other[1])
    return map_


@RELAXED
@given(
    string_keys=st.booleans(), pointers=st.booleans(), shared=st.booleans(), steps=st.lists(STEP, max_size=40)
)
def test_versions(
    rt: Runtime, string_keys: bool, pointers: bool, shared: bool, steps: list[tuple[str, int, bool, int]]
) -> None:
    maps = Maps(rt, string_keys, pointers)
    first = maps.set(maps.empty(), maps.keys[3], 3)
    if shared:
        rt.share(first)
    versions: list[tuple[int, dict]] = [(first, {maps.keys[3]: 3}), (maps.empty(), {})]
    for name, n, keep, which in steps:
        map_, model = versions[which % len(versions)]
        copy = dict(model)
        other = versions[(which + 1) % len(versions)]
        if keep:
            versions.append((apply(name, n, rt.dup(map_), copy, other, maps), copy))
        else:
            versions[which % len(versions)] = (apply(name, n, map_, copy, other, maps), copy)
    for map_, model in versions:
        maps.check(map_, model)
    for map_, _ in versions:
        rt.drop(map_)


@pytest.mark.parametrize("string_keys", [False, True])
@pytest.mark.parametrize("pointers", [False, True])
def test_the_order_depends_on_the_contents_only(rt: Runtime, string_keys: bool, pointers: bool) -> None:
    maps = Maps(rt, string_keys, pointers)
    forwards, backwards = maps.empty(), maps.empty()
    for key in maps.keys:
        forwards = maps.set(forwards, key, 1)
    for key in reversed(maps.keys):
        backwards = maps.set(backwards, key, 1)
    for key in maps.keys[::2]:
        forwards, backwards = maps.remove(forwards, key), maps.remove(backwards, key)
        assert maps.items(forwards) == maps.items(backwards)
    once = maps.empty()
    for key in maps.keys[1::2]:
        once = maps.set(once, key, 1)
    assert maps.items(forwards) == maps.items(once)
    for map_ in (forwards, backwards, once):
        rt.drop(map_)


def test_the_order_is_the_same_everywhere(rt: Runtime) -> None:
    maps = Maps(rt, True, False)
    map_ = maps.empty()
    for key in (b"apple", b"banana", b"cherry", b"date", b"elderberry"):
        map_ = maps.set(map_, key, len(key))
    expected = sorted(
        [b"apple", b"banana", b"cherry", b"date", b"elderberry"], key=lambda key: hash_bytes(key) & 31
    )
    assert (
        len({hash_bytes(key) & 31 for key in expected}) == 5
    )  # else the order would not be that of the first digit
    assert [key for key, _ in maps.items(map_)] == expected
    rt.drop(map_)


def test_many_entries(rt: Runtime) -> None:
    maps = Maps(rt, True, True)
    map_ = maps.empty()
    for n in range(20_000):
        map_ = maps.set(map_, b"%d" % n, n)
    kept = rt.dup(map_)
    for n in range(0, 20_000, 2):
        map_ = maps.remove(map_, b"%d" % n)
    assert rt.osp_map_length(map_) == 10_000 and rt.osp_map_length(kept) == 20_000
    assert dict(maps.items(map_)) == {b"%d" % n: n for n in range(1, 20_000, 2)}
    assert dict(maps.items(kept)) == {b"%d" % n: n for n in range(20_000)}
    rt.drop(map_)
    rt.drop(kept)


def test_removing_everything_leaves_nothing(rt: Runtime) -> None:
    for string_keys in (False, True):
        maps = Maps(rt, string_keys, True)
        before = rt.live
        map_ = maps.empty()
        for key in maps.keys:
            map_ = maps.set(map_, key, 1)
        for key in maps.keys:
            map_ = maps.remove(map_, key)
        assert rt.live == before


def test_missing_keys(rt: Runtime) -> None:
    long = "é" * 400
    for key, shown in (
        (b"name", "name"),
        (b'a\0\n"', r'a\0\n"'),
        (long.encode(), long[:163] + "..."),
        (7, "7"),
    ):
        map_ = rt.osp_map_empty(isinstance(key, bytes), False)
        with pytest.raises(Failed, match=re.escape(f"mapGet: key not found: {shown}") + "$"):
            rt.osp_map_get(map_, key)
