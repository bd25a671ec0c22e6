"""The passes: one file each, with what it does, an example before and after, the patterns and the pass.

`REGISTRY` knows them by name without importing them. Pipelines are put together by the driver; nothing here
may decide an order.
"""

from __future__ import annotations

from collections.abc import Sequence

from ospjit.ir.pass_base import Pass, PassRegistry
from ospjit.ir.pipeline import add_passes
from ospjit.ir.pipeline import parse_pipeline as _parse_pipeline

REGISTRY = PassRegistry(
    {
        "canonicalize": "ospjit.passes.canonicalize:Canonicalize",
        "check-globals": "ospjit.passes.check_globals:CheckGlobals",
        "cleanups": "ospjit.passes.cleanups:Cleanups",
        "cse": "ospjit.passes.cse:CommonSubexpressions",
        "dce": "ospjit.passes.dce:DeadCode",
        "fuse-iterators": "ospjit.passes.fuse_iterators:FuseIterators",
        "inline-recursion": "ospjit.passes.inline_recursion:InlineRecursion",
        "localize-globals": "ospjit.passes.localize_globals:LocalizeGlobals",
        "lower-builtins": "ospjit.passes.lower_builtins:LowerBuiltins",
        "lower-data": "ospjit.passes.lower_data:LowerData",
        "lower-enums": "ospjit.passes.lower_enums:LowerEnums",
        "lower-match": "ospjit.passes.lower_match:LowerMatch",
        "perceus": "ospjit.passes.perceus:Perceus",
        "specialize": "ospjit.passes.specialize:Specialize",
        "tail-calls": "ospjit.passes.tail_calls:TailCalls",
        "tail-loops": "ospjit.passes.tail_loops:TailLoops",
        "unbox-records": "ospjit.passes.unbox_records:UnboxRecords",
        "unbox-results": "ospjit.passes.unbox_results:UnboxResults",
    }
)


def parse_pipeline(text: str, additions: Sequence[str] = ()) -> list[Pass]:
    """The passes that `text` names, found in `REGISTRY`, and `additions` to them in the form that
    `ospjit.ir.pipeline.add_passes` reads. Raises `ospjit.ir.PipelineError`."""
    return add_passes(_parse_pipeline(text, REGISTRY), additions, REGISTRY)
