"""`ospjit explain`: the lines of a function beside what they became, in IR after a pass and machine code."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from ospjit.cli.files import read_source
from ospjit.cli.pass_options import colored
from ospjit.diagnostics import Source, nearest
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions
from ospjit.driver.report import machine_code, place_in
from ospjit.ir import Operation, Pass, PassOptions, PipelineError
from ospjit.ir.instrumentation import Instrumentation, Selection
from ospjit.passes import parse_pipeline
from ospjit.report.snapshot import Numbers, SnapshotLine, snapshot

OK, USAGE = 0, 2

Lines = Sequence[tuple[str, int]]
"""Lines of IR or assembly, and those in the source that they came from."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ospjit explain`; the exit status. Raises `CompileFailed` for errors of the program."""
    args = _parser().parse_args(argv)
    source = read_source(args.file)
    if source is None:
        return USAGE
    options = CompileOptions(
        opt_level=args.opt,
        passes=PassOptions(pass_pipeline=args.pass_pipeline),
        pipeline=args.pass_pipeline or "",
    )
    try:
        sys.stdout.write(explain(source, options, args.function, args.after, colored(sys.stdout)))
    except PipelineError as error:
        print(f"ospjit explain: error: {error}", file=sys.stderr)
        return USAGE
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ospjit explain",
        description="Show the source lines of a function beside what they became.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="an Osprey program, or - for standard input")
    parser.add_argument("--function", metavar="NAME", help="which function (default: all)")
    parser.add_argument("--after", metavar="PASS", help="IR after this pass, or 'input' (default: the last)")
    parser.add_argument("--pass-pipeline", metavar="PASSES", help="passes to run instead of the usual ones")
    parser.add_argument(
        "-O", dest="opt", type=int, choices=(0, 1, 2, 3), default=2, help="optimization level (2)"
    )
    return parser


class _Capture(Instrumentation):
    """Keeps the IR after one pass, named `after`; of several of the name the last one counts."""

    def __init__(self, after: str, source: Source) -> None:
        self._after = after
        self._place = place_in(source)
        self.texts: dict[str, tuple[SnapshotLine, ...]] = {}

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        if self._after == "input":
            self._take(module)

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        if entry.name == self._after:
            self._take(module)

    def _take(self, module: Operation) -> None:
        self.texts = snapshot(module, Numbers(), self._place)


def explain(
    source: Source, options: CompileOptions, function: str | None, after: str | None, color: bool = False
) -> str:
    """What `ospjit explain` prints. Raises `PipelineError` for a pass or function that is not there."""
    names = [entry.name for entry in parse_pipeline(options.pipeline)]
    after = after or (names[-1] if names else "input")
    if after not in names and after != "input":
        hint = nearest(after, names)
        said = f"did you mean '{hint}'?" if hint else f"it is: {', '.join(names)}"
        raise PipelineError(f"--after: no pass '{after}' is in the pipeline; {said}")
    capture = _Capture(after, source)
    compilation = Compilation(source, options)
    compilation.watchers.append(capture)
    module = compilation.lowered
    try:
        assembly = machine_code(module, source.name, options.opt_level).assembly
    except TypeError:  # other passes were asked for, and do not go all the way
        assembly = {}
    chosen = _chosen([*capture.texts, *assembly], function)
    title = "the input" if after == "input" else after
    parts = []
    for symbol in chosen:
        ir = [(line.text, line.line) for line in capture.texts.get(symbol, ())]
        code = [(line.text, line.line) for line in assembly.get(symbol, ())]
        parts.append(_side_by_side(source, symbol, title, ir, code, color))
    return "\n".join(parts)


def _chosen(symbols: Sequence[str], function: str | None) -> list[str]:
    """The symbols that are asked for, each once; instantiations and adapters of a function with it."""
    known = [symbol for symbol in dict.fromkeys(symbols) if "#" not in symbol]
    if function is None:
        return known
    selects: Callable[[str], bool] = Selection(function)
    found = [symbol for symbol in known if selects(symbol) or symbol == f"{function}$closure"]
    if not found:
        hint = nearest(function, known)
        said = f"did you mean '{hint}'?" if hint else f"there are: {', '.join(known)}"
        raise PipelineError(f"--function: there is no '{function}'; {said}")
    return found


_WIDEST = 52


def _side_by_side(source: Source, symbol: str, after: str, ir: Lines, code: Lines, color: bool) -> str:
    """One function: source on the left; on the right the IR of each line (│), then its machine code (┃)."""
    bold, dim, reset = ("\033[1m", "\033[2m", "\033[0m") if color else ("", "", "")
    texts = source.text.splitlines()
    right: dict[int, list[str]] = defaultdict(list)
    for mark, lines in (("│", ir), ("┃", code)):
        for text, line in _with_labels_placed(lines):
            right[line].append(f"{mark} {text}")
    numbers = [line for line in right if 0 < line <= len(texts)]
    widest = max((len(texts[line - 1]) for line in numbers), default=0)
    width = max(12, min(widest, _WIDEST, shutil.get_terminal_size((160, 24)).columns // 3))
    what = f"IR after {after} (│)" if after != "the input" else "IR before the passes (│)"
    head = f"{bold}{symbol}{reset}: {source.name} beside its {what} and machine code (┃)\n"
    if not code:
        head += f"{dim}There is no machine code of its own: it was inlined, or nothing calls it.{reset}\n"
    return head + "".join(_rows(texts, sorted(numbers), right, width))


def _with_labels_placed(lines: Lines) -> Iterator[tuple[str, int]]:
    """`lines`, where labels of blocks come from where what they stand in front of does."""
    following = 0
    placed = []
    for text, line in reversed(lines):
        if not text.lstrip().startswith(("^", ".L")):
            following = line
        placed.append((text, following))
    return reversed(placed)


def _rows(
    texts: Sequence[str], numbers: Sequence[int], right: dict[int, list[str]], width: int
) -> Iterator[str]:
    for line in numbers:
        text = texts[line - 1].replace("\t", "    ")
        shown = text if len(text) <= width else text[: width - 1] + "…"
        for position, row in enumerate(right[line]):
            left = f"{line:5}  {shown:{width}}" if position == 0 else " " * (7 + width)
            yield f"{left}  {row}\n"
    if right.get(0):
        yield f"{'':5}  {'(from no line)':{width}}  {right[0][0]}\n"
        yield from (f"{'':{7 + width}}  {row}\n" for row in right[0][1:])
