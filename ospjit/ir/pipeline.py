"""The textual form of a pass pipeline: `lower-match,inline{threshold=40 aggressive},dce`.

Names are separated by commas; options stand in braces, separated by spaces. `builtin.module(…)` around the
whole, which `mlir-opt` wants, is accepted and means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields

from ospjit.diagnostics import nearest
from ospjit.ir.pass_base import BrokenPass, Pass, PassRegistry, UnknownPass

#: `NAME`, `NAME{options}`, and behind them the place: `@before:PASS` or `@after:PASS`.
_ADDITION = re.compile(r"\s*([^@]+?)\s*(?:@\s*(before|after)\s*:\s*([\w.-]+)\s*)?\Z")
_ENTRY = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*(?:\{([^{}]*)\})?\s*(,|\Z)")
_WRAPPED = re.compile(r"\s*builtin\.module\((.*)\)\s*\Z", re.DOTALL)


class PipelineError(Exception):
    """A pipeline that cannot be run. The message is a sentence for the one who wrote it."""


def parse_pipeline(text: str, registry: PassRegistry) -> list[Pass]:
    """The passes that `text` names, in order, with their options. Raises `PipelineError`."""
    return [_make(name, options, registry) for name, options in _entries(text)]


def add_passes(passes: Sequence[Pass], additions: Sequence[str], registry: PassRegistry) -> list[Pass]:
    """`passes` with more of them: each of `additions` is `NAME`, which goes to the end, or a name with its
    place, `NAME@before:PASS` or `NAME@after:PASS`; options stand in braces behind the name.

    If PASS is there several times, the first one is meant by `before` and the last one by `after`. Raises
    `PipelineError`.
    """
    result = list(passes)
    for text in additions:
        match = _ADDITION.match(text)
        if match is None:
            raise PipelineError(f"'{text}' is not NAME, NAME@before:PASS or NAME@after:PASS")
        name, side, anchor = match.groups()
        position = len(result)
        if anchor is not None:
            places = [index for index, entry in enumerate(result) if entry.name == anchor]
            if not places:
                names = [entry.name for entry in result]
                hint = nearest(anchor, names)
                said = f"did you mean '{hint}'?" if hint else f"it is: {', '.join(names) or 'empty'}"
                raise PipelineError(f"cannot add '{name}': no pass '{anchor}' is in the pipeline; {said}")
            position = places[0] if side == "before" else places[-1] + 1
        result[position:position] = parse_pipeline(name, registry)
    return result


def pipeline_text(passes: Sequence[Pass]) -> str:
    """`passes` in the form that `parse_pipeline` reads."""
    return ",".join(map(str, passes))


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The names in a pipeline and the text between their braces."""
    wrapped = _WRAPPED.match(text)
    if wrapped is not None:
        text = wrapped.group(1)
    position = 0
    while text[position:].strip():
        match = _ENTRY.match(text, position)
        if match is None:
            rest = text[position:].strip()
            raise PipelineError(f"the pipeline cannot be read from '{rest}' on")
        yield match.group(1), match.group(2) or ""
        position = match.end()
        if match.group(3) and not text[position:].strip():
            raise PipelineError("the pipeline ends in a comma")


def _make(name: str, options: str, registry: PassRegistry) -> Pass:
    try:
        kind = registry.lookup(name)
    except (UnknownPass, BrokenPass) as error:
        raise PipelineError(str(error)) from None
    known = {entry.name: entry for entry in fields(kind)}
    values: dict[str, bool | int | str] = {}
    for item in options.split():
        key, equals, value = item.partition("=")
        entry = known.get(key.replace("-", "_"))
        if entry is None:
            hint = nearest(key, [field.replace("_", "-") for field in known])
            said = f"; did you mean '{hint}'?" if hint else ""
            raise PipelineError(f"pass '{name}' has no option '{key}'{said}")
        values[entry.name] = _value(name, key, value if equals else "true", entry.default)
    return kind(**values)


def _value(name: str, key: str, text: str, default: object) -> bool | int | str:
    """`text` as a value of the type that the option's default has."""
    if isinstance(default, bool):
        if text in ("true", "false"):
            return text == "true"
        raise PipelineError(f"option '{key}' of pass '{name}' is true or false, not '{text}'")
    if isinstance(default, int):
        if re.fullmatch(r"-?[0-9]{1,18}", text):
            return int(text)
        raise PipelineError(f"option '{key}' of pass '{name}' is an integer, not '{text}'")
    return text
