"""Programs of any length for measuring the compiler: a block of declarations of many kinds, again and again.

Each block has types, functions with checked arithmetic, matches, strings, lists, lambdas and a generic
function. Every block is called once, by functions of a hundred calls each, so that nothing is dead and no
function grows with the program.
"""

from __future__ import annotations

_BLOCK = """\
type Shape{n} = Circle{n} {{ radius: int }} | Square{n} {{ side: int, label: string }} | Dot{n}

fn area{n}(shape: Shape{n}) -> int = match shape {{
    Circle{n} {{ radius }} => radius * radius * 3 ?: 0
    Square{n} {{ side, label }} => (side * side ?: 0) + length(label) ?: 0
    Dot{n} => {n}
}}

type Account{n} = {{ owner: string, balance: int, open: bool }}

fn deposit{n}(account: Account{n}, amount: int) -> Account{n} =
    account {{ balance: account.balance + amount ?: account.balance }}

fn describe{n}(account: Account{n}) -> string = match account.open {{
    true => "${{account.owner}} has ${{account.balance}}"
    false => "${{account.owner}} is closed"
}}

fn classify{n}(value: int) -> string = match value {{
    0 => "zero"
    1 => "one"
    7{n} => "own"
    n if n > 100 => "large"
    _ => "other"
}}

fn sum{n}(limit: int) -> int =
    range(0, limit) |> filter(fn(x: int) => (x % 3 ?: 1) != 0) |> fold(0, fn(a: int, b: int) => a + b ?: a)

fn average{n}(total: int, count: int) -> string = match total / count {{
    Success value => "average ${{value}}"
    Error message => "no average: ${{message}}"
}}

fn second{n}<T>(first: T, second: T) -> T = second

fn block{n}() -> int = {{
    let shapes = [Circle{n} {{ radius: {n} }}, Square{n} {{ side: 2, label: "s{n}" }}, Dot{n}]
    let areas = shapes |> mapList(area{n})
    let account = deposit{n}(Account{n} {{ owner: "owner{n}", balance: {n}, open: true }}, 10)
    let text = describe{n}(account) + classify{n}({n}) + average{n}({n}, 3) + second{n}("a", "b")
    length(text) + listLength(areas) + sum{n}(10) + second{n}(1, 2) ?: 0
}}
"""
_LINES = _BLOCK.count("\n") + 1
_CALLS = 100


def program(lines: int) -> str:
    """A program of about so many lines, at least one block. It prints a number."""
    blocks = max(1, round(lines / _LINES))
    parts = [_BLOCK.format(n=n) for n in range(blocks)]
    groups = range(0, blocks, _CALLS)
    for group in groups:
        calls = [f"block{n}()" for n in range(group, min(blocks, group + _CALLS))]
        parts.append(f"fn group{group}() -> int = {' + '.join(['0', *calls])} ?: 0\n")
    total = " + ".join(f"group{group}()" for group in groups)
    return "\n".join([*parts, f"print(0 + {total} ?: 0)\n"])
