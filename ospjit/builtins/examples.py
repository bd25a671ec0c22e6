"""An example or two of built-in functions, for `ospjit doc`: an expression and what `print` shows of it.

A test runs them all. They are no part of the table, and nothing compiled depends on them; what cannot be
shown by one expression (input, files, servers) has none.
"""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "toString": (("toString([1.5, 2.0])", "[1.5, 2.0]"),),
    # Strings
    "length": (('length("héllo")', "6"), ("length([1, 2, 3])", "3")),
    "byteLength": (('byteLength("é")', "2"),),
    "isEmpty": (('isEmpty("")', "true"), ("isEmpty([0])", "false")),
    "contains": (('"pipeline" |> contains("line")', "true"),),
    "startsWith": (('startsWith("/api/users", "/api/")', "true"),),
    "endsWith": (('endsWith("app.osp", ".osp")', "true"),),
    "indexOf": (
        ('indexOf("a=1", "=")', "Success(1)"),
        ('indexOf("a", "=")', "Error(indexOf: substring not found)"),
    ),
    "byteAt": (
        ('byteAt("abc", 1)', "Success(98)"),
        ('byteAt("abc", 3)', "Error(index out of bounds: 3 (length 3))"),
    ),
    "codePointAt": (('codePointAt("aé", 1)', "Success(233)"),),
    "codePointWidth": (("codePointWidth(233)", "Success(2)"),),
    "fromCodePoint": (
        ("fromCodePoint(233)", "Success(é)"),
        ("fromCodePoint(-1)", "Error(fromCodePoint: not a code point: -1)"),
    ),
    "substring": (
        ('substring("hello", 1, 3)', "Success(el)"),
        ('substring("hello", 3, 1)', "Error(substring: start 3 is after end 1)"),
    ),
    "take": (('take("hello", 2)', "he"), ("range(0, 100) |> take(3) |> toList", "[0, 1, 2]")),
    "drop": (('drop("hello", 2)', "llo"),),
    "split": (
        ('split("a,b,,c", ",")', 'Success(["a", "b", "", "c"])'),
        ('split("abc", "")', "Error(split: separator must not be empty)"),
    ),
    "join": (('join(["a", "b"], ", ")', "a, b"),),
    "lines": (('lines("one\\ntwo\\n")', '["one", "two"]'),),
    "words": (('words(" to  be\\nor not ")', '["to", "be", "or", "not"]'),),
    "toUpperCase": (('toUpperCase("abc")', "ABC"),),
    "toLowerCase": (('toLowerCase("ABC")', "abc"),),
    "trim": (('"[" + trim("  a b ") + "]"', "[a b]"),),
    "trimStart": (('"[" + trimStart("  a ") + "]"', "[a ]"),),
    "trimEnd": (('"[" + trimEnd("  a ") + "]"', "[  a]"),),
    "replace": (('replace("a-b-c", "-", "+")', "Success(a+b+c)"),),
    "repeat": (
        ('repeat("ab", 3)', "Success(ababab)"),
        ('repeat("ab", -1)', "Error(repeat: count must not be negative: -1)"),
    ),
    "reverse": (('reverse("abc")', "cba"),),
    "padStart": (('padStart("7", 3, "0")', "Success(007)"),),
    "padEnd": (('padEnd("a", 3, ".")', "Success(a..)"),),
    "parseInt": (
        ('parseInt("42")', "Success(42)"),
        ('parseInt("4 2")', 'Error(parseInt: not an integer: "4 2")'),
    ),
    "parseFloat": (('parseFloat("1.5e3")', "Success(1500.0)"),),
    "matchesPattern": (('matchesPattern("a1", "^[a-z][0-9]$")', "Success(true)"),),
    # Lists
    "List": (("List() |> listAppend(1)", "[1]"),),
    "listLength": (("listLength([1, 2])", "2"),),
    "listGet": (
        ("listGet([5, 6], 1)", "Success(6)"),
        ("listGet([5, 6], 9)", "Error(index out of bounds: 9 (length 2))"),
    ),
    "listSet": (("listSet([5, 6], 0, 7)", "Success([7, 6])"),),
    "listAppend": (("listAppend([1], 2)", "[1, 2]"),),
    "listPrepend": (("listPrepend([1], 0)", "[0, 1]"),),
    "listConcat": (("listConcat([1], [2, 3])", "[1, 2, 3]"),),
    "listReverse": (("listReverse([1, 2, 3])", "[3, 2, 1]"),),
    "listContains": (("listContains([1, 2], 2)", "true"),),
    "listDrop": (("listDrop([1, 2, 3], 1)", "[2, 3]"),),
    "listTake": (("listTake([1, 2, 3], 2)", "[1, 2]"),),
    "listSort": (('listSort(["b", "a"], fn(x, y) => if x < y { -1 } else { 1 })', '["a", "b"]'),),
    "forEachList": (("forEachList([], print)", "()"),),
    "mapList": (("mapList([1.5, 2.5], fn(x) => x * 2.0)", "[3.0, 5.0]"),),
    "filterList": (("filterList([1, 5, 2], fn(x) => x > 1)", "[5, 2]"),),
    "foldList": (("foldList([1, 2, 3], 0, fn(sum, x) => (sum + x) ?: 0)", "6"),),
    "listFind": (
        ("listFind([1, 5, 2], fn(x) => x > 1)", "Success(5)"),
        ("listFind([1], fn(x) => x > 1)", "Error(listFind: no element satisfies it)"),
    ),
    "listZip": (('listZip([1, 2], ["a", "b"], fn(n, s) => "${n}${s}")', '["1a", "2b"]'),),
    # Maps
    "Map": (('Map() |> mapSet("a", 1)', '{"a": 1}'),),
    "mapLength": (('mapLength({ "a": 1, "b": 2 })', "2"),),
    "mapGet": (
        ('mapGet({ "a": 1 }, "a")', "Success(1)"),
        ('mapGet({ "a": 1 }, "b")', "Error(mapGet: key not found: b)"),
    ),
    "mapSet": (('mapSet({ "a": 1 }, "a", 2)', '{"a": 2}'),),
    "mapRemove": (('mapRemove({ "a": 1 }, "a")', "{}"),),
    "mapContains": (('mapContains({ "a": 1 }, "b")', "false"),),
    "mapKeys": (('mapKeys({ "a": 1 })', '["a"]'),),
    "mapValues": (('mapValues({ "a": 1 })', "[1]"),),
    "mapMerge": (('mapMerge({ "a": 1 }, { "a": 2 })', '{"a": 2}'),),
    "mapEntries": (('mapEntries({ "a": 1 }, fn(key, value) => "${key}=${value}")', '["a=1"]'),),
    # Iterators
    "range": (("range(1, 4) |> toList", "[1, 2, 3]"),),
    "map": (("range(0, 3) |> map(fn(i) => toFloat(i) * 0.5) |> toList", "[0.0, 0.5, 1.0]"),),
    "filter": (("range(0, 6) |> filter(fn(i) => i > 3) |> toList", "[4, 5]"),),
    "forEach": (("range(0, 0) |> forEach(print)", "()"),),
    "fold": (("range(1, 5) |> fold(0, fn(sum, i) => (sum + i) ?: 0)", "10"),),
    "toList": (("toList(range(0, 3))", "[0, 1, 2]"),),
    # Numbers
    "abs": (("abs(-5)", "Success(5)"), ("abs(-9223372036854775808)", "Error(integer overflow)")),
    "intDiv": (("intDiv(-7, 2)", "Success(-3)"), ("intDiv(1, 0)", "Error(division by zero)")),
    "checkedAdd": (("checkedAdd(9223372036854775807, 1)", "Error(integer overflow)"),),
    "checkedSub": (("checkedSub(1, 2)", "Success(-1)"),),
    "checkedMul": (("checkedMul(6, 7)", "Success(42)"),),
    "toFloat": (("toFloat(3)", "3.0"),),
    "floor": (("floor(-2.5)", "-3.0"),),
    "ceil": (("ceil(2.1)", "3.0"),),
    "round": (("round(2.5)", "3.0"),),
    "sqrt": (("sqrt(2.25)", "Success(1.5)"), ("sqrt(-1.0)", "Error(sqrt: negative number)")),
    "pow": (("pow(2.0, 10.0)", "1024.0"),),
    "min": (("min(3, 2)", "2"),),
    "max": (("max(1.5, 2.5)", "2.5"),),
    "randomBelow": (("randomBelow(1)", "Success(0)"),),
    # JSON
    "jsonEscape": (('jsonEscape("say \\"hi\\"")', 'say \\"hi\\"'),),
    "jsonDecode": (('jsonDecode("[1]")', "Success(JsonArray { items: [JsonNumber { value: 1.0 }] })"),),
    "jsonEncode": (("jsonEncode(JsonArray { items: [JsonBool { value: true }] })", "[true]"),),
    # Fibers and channels
    "await": (('await(spawn length("abc"))', "3"),),
    "awaitResult": (("awaitResult(spawn 1)", "Success(1)"),),
    "yield": (("yield(5)", "5"),),
    "Channel": (("{ let c = Channel(1); send(c, 5); recv(c) }", "5"),),
    "send": (("{ let c = Channel(1); send(c, 5); recv(c) }", "5"),),
    "recv": (("{ let c = Channel(1); send(c, 5); recv(c) }", "5"),),
    "tryRecv": (("{ let c: Channel<int> = Channel(1); close(c); tryRecv(c) }", "Error(channel closed)"),),
    "close": (("{ let c = Channel(1); send(c, 5); close(c); recv(c) }", "5"),),
    # Addresses
    "urlEncode": (('urlEncode("a b&c")', "a%20b%26c"),),
    "urlDecode": (('urlDecode("a%20b")', "Success(a b)"),),
    "queryParam": (('queryParam("x=1&y=2", "y")', "Success(2)"),),
    "headerValue": (('headerValue("Host: a\\r\\nAccept: b\\r\\n", "accept")', "Success(b)"),),
}
