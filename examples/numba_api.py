"""A web API in Osprey whose numeric kernel is numba: `python examples/numba_api.py [PORT]`.
 The service routes, checks and answers in Osprey; the number crunching is a function that numba compiled,
called through `extern fn` by its address, on an array of NumPy's that is never copied. No request meets the
interpreter.

    $ curl http://127.0.0.1:8080/mean?from=10&to=20
    {"mean": 14.5, "count": 10}
"""

import signal
import sys

import numpy as np
from numba import carray, cfunc, types

import ospjit

VALUES = np.arange(1_000_000, dtype=np.float64)


@cfunc(types.float64(types.CPointer(types.float64), types.int64, types.int64))
def total(values, start, end):
    """The kernel: the sum of a part of an array."""
    result = 0.0
    for value in carray(values, (end,))[start:]:
        result += value
    return result


SERVICE = """
extern fn total(values: Ptr, start: int, end: int) -> float

/// One of the numbers of the query, such as 5 in "from=5&to=9".
fn bound(query: string, name: string) -> Result<int, string> = match queryParam(query, name) {
    Success text => match parseInt(text) {
        Success number => Success(number)
        Error _ => Error("${name}: not a number")
    }
    Error _ => Error("${name} is missing")
}

fn problem(message: string) -> HttpResponse =
    HttpResponse { status: 400, body: "{\\"error\\": \\"${jsonEscape(message)}\\"}" }

fn mean(values: Ptr, size: int, start: int, end: int) -> HttpResponse =
    if start < 0 || end > size || start >= end {
        problem("the range must lie in 0 to ${size} and hold something")
    } else {
        let count = (end - start) ?: 1
        let average = total(values, start, end) / toFloat(count) ?: 0.0
        HttpResponse { status: 200, body: "{\\"mean\\": ${average}, \\"count\\": ${count}}" }
    }

fn answer(values: Ptr, size: int, request: HttpRequest) -> HttpResponse = match request.path {
    "/mean" => match bound(request.queryParams, "from") {
        Success start => match bound(request.queryParams, "to") {
            Success end => mean(values, size, start, end)
            Error message => problem(message)
        }
        Error message => problem(message)
    }
    _ => HttpResponse { status: 404, body: "{\\"error\\": \\"not found\\"}" }
}

/// Serves the values on a port; the port that it has, and the server's number to stop it by.
export fn start(values: Ptr, size: int, port: int) -> Result<{ port: int, server: int }, string> =
    match httpCreateServer(port, "127.0.0.1") {
        Success server => match httpListen(server, fn(request: HttpRequest) => answer(values, size,
        request)) {
            Success _ => Success({ port: httpServerPort(server), server: server })
            Error message => Error(message)
        }
        Error message => Error(message)
    }

export fn stop(server: int) -> Result<Success, string> = httpStopServer(server)
"""

service = ospjit.compile(SERVICE, {"total": total}, name="service")

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    match service.start(VALUES, len(VALUES), int(sys.argv[1]) if len(sys.argv) > 1 else 8080):
        case ospjit.Success(running):
            print(f"serving on http://127.0.0.1:{running.port}; Ctrl-C stops it", file=sys.stderr, flush=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
            service.stop(running.server)
        case ospjit.Error(message):
            sys.exit(message)
