"""`python cruntime/fuzz/run.py [--seconds N] [TARGET ...]`: fuzzing with clang's libFuzzer.

Builds the targets under the address and undefined-behaviour sanitizers, runs each for N seconds from its
corpus, and adds to the corpus the inputs that reached new code, the smallest that suffice. An input that
fails stays in the build folder and its path is printed: mend the cause, then copy it into the corpus, where
the replay tests keep it.

Needs clang with its runtime (apt-get install clang libclang-rt-14-dev, or what the release calls it).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "fuzz"
MAX_BYTES = 512
"""Longer inputs reach nothing that shorter ones do not, and the replay tests try every cut and every byte."""


def targets() -> list[str]:
    return sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c"))


def build(names: list[str]) -> None:
    configure = ["cmake", "-S", str(HERE.parent), "-B", str(BUILD), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug"]
    subprocess.run([*configure, "-DCMAKE_C_COMPILER=clang", "-DOSP_SANITIZE=address,undefined"], check=True)
    subprocess.run(
        ["cmake", "--build", str(BUILD), "--target", *(f"fuzz_{name}" for name in names)], check=True
    )


def fuzz(name: str, seconds: int) -> bool:
    """Runs one target; False if an input failed."""
    program, corpus = BUILD / "fuzz" / f"fuzz_{name}", HERE / "corpus" / name
    found = BUILD / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    before = len(list(corpus.iterdir()))
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-dict={HERE / 'http.dict'}"]
    options += [f"-artifact_prefix={BUILD / 'found'}/{name}-", "-timeout=10", "-print_final_stats=1"]
    status = subprocess.run([str(program), *options, str(found), str(corpus)]).returncode
    # Only what reaches new code is kept: counting how often it is reached would keep hundreds of inputs.
    merge = ["-merge=1", "-use_counters=0", f"-max_len={MAX_BYTES}", str(corpus), str(found)]
    subprocess.run([str(program), *merge], check=True)
    after = len(list(corpus.iterdir()))
    print(f"{name}: {after - before} new inputs, {after} in all{'' if status == 0 else '; AN INPUT FAILED'}")
    return status == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"some of {', '.join(targets())}; default all"
    )
    parser.add_argument("--seconds", type=int, default=600, help="of each target (default 600)")
    options = parser.parse_args()
    names = options.targets or targets()
    if unknown := set(names) - set(targets()):
        parser.error(f"no target is called {', '.join(sorted(unknown))}")
    if shutil.which("clang") is None:
        print("run.py: clang is not installed: apt-get install clang libclang-rt-14-dev", file=sys.stderr)
        return 2
    build(names)
    outcomes = [fuzz(name, options.seconds) for name in names]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
