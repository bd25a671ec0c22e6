"""How long code and memory of modules live; threads, forks, event loops, and the end of the interpreter."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import threading
import time
from pathlib import Path

import pytest

import ospjit
from ospjit.backend import runtime
from ospjit.embed.loaded import sweep, waiting_modules
from tests.e2e.program import PATIENCE
from tests.embed.test_serving import FORK_IS_MEANT
from tests.sanitizers import SANITIZED

SOURCE = """
type Point = { x: int, y: int }
let words = [toUpperCase("a"), "b" + "c"]
mut count = 1
export fn add(a: int, b: int) = a + b
export fn swap(p: Point) -> Point = Point { x: p.y, y: p.x }
export fn word(n: int) -> string = words[n] ?: ""
export fn adder(n: int) -> (int) -> int = fn(x) => (x + n) ?: 0
export fn apply(f: (int) -> int, x: int) -> int = f(x)
export fn slow(ms: int) -> int { sleep(ms)  ms }
export fn busy(n: int) -> int = if n == 0 { 0 } else { busy((n - 1) ?: 0) }
"""


@pytest.fixture(scope="module")
def m() -> ospjit.Module:
    return ospjit.compile(SOURCE, opt_level=0)


def resident() -> int:
    """KiB of memory in use; what the allocator keeps for later, for whoever asks next, is not."""
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def mappings() -> int:
    return len(Path("/proc/self/maps").read_text().splitlines())


def cycle(number: int) -> None:
    """Compile, call everything, drop everything."""
    module = ospjit.compile(SOURCE.replace("Point", f"Point{number % 7}"), opt_level=0)
    assert module.add(number, 1) == ospjit.Success(number + 1)
    made = getattr(module, f"Point{number % 7}")
    assert module.swap(made(1, number)) == made(number, 1)
    assert module.word(1) == "bc"
    adder = module.adder(number)
    assert module.apply(lambda x: adder(x), 1) == number + 1


def test_modules_give_their_memory_back() -> None:
    for number in range(20):
        cycle(number)
    gc.collect()
    cells, before, maps, objects = (
        runtime.library().osp_live_cells(), resident(), mappings(), len(gc.get_objects())
    )  # fmt: skip
    for number in range(60):
        cycle(number)
    gc.collect()
    assert runtime.library().osp_live_cells() == cells
    assert SANITIZED or mappings() <= maps + 2  # their allocators map memory as they like
    assert len(gc.get_objects()) < objects + 200
    assert SANITIZED or resident() < before + 3000  # sixty modules that stay would be more than ten megabytes
    assert waiting_modules() == 0


def test_functions_keep_their_code() -> None:
    module = ospjit.compile(SOURCE, opt_level=0)
    add, adder, point = module.add, module.adder(5), module.Point
    del module
    gc.collect()
    assert (add(1, 2), adder(1), point(1, 2).x) == (ospjit.Success(3), 6, 1)


def test_a_closed_module_has_no_functions() -> None:
    with ospjit.compile(SOURCE, opt_level=0) as module:
        assert module.add(1, 2) == ospjit.Success(3)
    assert not hasattr(module, "add")
    module.close()


def test_code_waits_for_its_fibers() -> None:
    """A fiber that was started by a module runs on after the module has gone."""
    source = """
    fn work(n: int, c: Channel<int>) -> int { sleep(n)  send(c, 1)  n }
    export fn start() -> int {
        let c = Channel<int> { capacity: 5 }
        let f = spawn work(300, c)
        0
    }
    """
    module = ospjit.compile(source, opt_level=0)
    assert module.start() == 0
    del module
    gc.collect()
    assert waiting_modules() == 1
    until = time.monotonic() + PATIENCE
    while waiting_modules() and time.monotonic() < until:
        time.sleep(0.05)
        sweep()
    assert waiting_modules() == 0


def test_handlers_give_their_memory_back() -> None:
    def cycle(number: int) -> None:
        scope: dict[str, object] = {}
        exec(f"def made(method, path, headers, body):\n    'path + toString({number})'\n", scope)
        handler = ospjit.handler(scope["made"])  # type: ignore[call-overload]
        assert handler("GET", "/", "", "") == f"/{number}"

    for number in range(5):
        cycle(number)
    gc.collect()
    maps = mappings()
    for number in range(20):
        cycle(number)
    gc.collect()
    sweep()
    assert waiting_modules() <= 1  # the last call's fiber may be on its way out
    assert SANITIZED or mappings() <= maps + 2  # their allocators map memory as they like


# ---- threads and event loops


def test_calls_from_many_threads(m) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        add5 = m.adder(number)
        for n in range(100):
            got = (m.add(n, number).value, add5(n), m.apply(lambda x: x + number, n))
            if set(got) != {n + number} or m.swap(m.Point(n, number)) != m.Point(number, n):
                wrong.append((number, n, got))

    threads = [threading.Thread(target=work, args=(t,)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert wrong == []


def test_compiling_in_many_threads() -> None:
    made: list[int] = []

    def work(number: int) -> None:
        with ospjit.compile(f"fn f() -> int = {number}", opt_level=0) as module:
            made.append(module.f())

    threads = [threading.Thread(target=work, args=(t,)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(made) == list(range(8))


@pytest.mark.parametrize("call", ["busy", "slow"])
def test_other_threads_run_during_a_call(m, call: str) -> None:
    """The interpreter's lock is free while Osprey runs: on this thread, or on a fiber."""
    argument = {"busy": 100_000_000, "slow": 300}[call]
    caller = threading.Thread(target=getattr(m, call), args=(argument,))
    caller.start()
    steps = 0
    while caller.is_alive():
        steps += 1
    assert steps > 1000


def test_in_an_event_loop(m) -> None:
    async def many() -> list[int]:
        start = time.monotonic()
        results = await asyncio.gather(*(asyncio.to_thread(m.slow, 200) for _ in range(5)))
        assert time.monotonic() - start < 5 * 0.2
        return results

    assert asyncio.run(many()) == [200] * 5

    async def called_back() -> int:
        loop = asyncio.get_running_loop()

        async def doubled(x: int) -> int:
            await asyncio.sleep(0.01)
            return 2 * x

        def ask(x: int) -> int:
            return asyncio.run_coroutine_threadsafe(doubled(x), loop).result()

        return await asyncio.to_thread(m.apply, ask, 21)

    assert asyncio.run(called_back()) == 42


# ---- processes


PROGRAM = f"import ospjit, os, sys, threading, time\nm = ospjit.compile('''{SOURCE}''', opt_level=0)\n"


def test_a_forked_child_gets_a_clear_error(script) -> None:
    """Calls that need a worker cannot be made; those that run on the calling thread can."""
    done = script(
        PROGRAM
        + """
child = os.fork()
if child == 0:
    assert m.add(1, 2).value == 3
    for attempt in (lambda: m.slow(1), lambda: m.apply(lambda x: x, 1), lambda: ospjit.compile("")):
        try:
            attempt()
        except RuntimeError as error:
            print(error, flush=True)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert m.slow(1) == 1
""",
        FORK_IS_MEANT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and all("forked" in line for line in lines)


@pytest.mark.parametrize(
    "end",
    [
        "",
        "sys.exit(5)",
        "threading.Thread(target=m.slow, args=(300,)).start()",
        "threading.Thread(target=m.slow, args=(60000,), daemon=True).start(); time.sleep(0.2)",
        "ospjit.set_print_sink(ospjit.print_to_python)",
        "keep = m.adder(1); keep.itself = keep",
    ],
)
def test_the_interpreter_ends(script, end: str) -> None:
    start = time.monotonic()
    done = script(PROGRAM + end)
    assert (done.returncode, done.stdout, done.stderr) == (5 if "5)" in end else 0, "", "")
    assert time.monotonic() - start < PATIENCE / 2


def test_async_servers_that_run_at_the_end(script) -> None:
    done = script("""
import asyncio, sys, threading, time, urllib.request
import ospjit

@ospjit.handler
async def handler(request):
    if request.path == "/wait":
        await asyncio.sleep(1)
    return "done"

port = handler.start()
router = ospjit.Router({"/": handler})
router.start()
answers = []
def ask():
    answers.append(urllib.request.urlopen(f"http://127.0.0.1:{port}/wait", timeout=60).read())
    print(answers, flush=True)
client = threading.Thread(target=ask, daemon=True)
client.start()
time.sleep(0.3)
""")
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_ends_the_wait_for_a_call(script) -> None:
    done = script(
        PROGRAM
        + """
import signal
for call in (lambda: m.slow(60000), lambda: m.apply(lambda x: m.slow(60000), 1)):
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    try:
        call()
    except KeyboardInterrupt:
        print(time.monotonic() - start < 10)
assert m.add(1, 2).value == 3
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nTrue\n", "")
