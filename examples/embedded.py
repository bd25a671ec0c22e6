"""Handlers in a Python program, in both spellings: `python examples/embedded.py [PORT]`.

`fast` is Osprey, compiled to machine code when the file is loaded; requests never wait for the interpreter.
`flexible` is Python, called on one of a few threads.
"""

import sys

import ospjit


@ospjit.handler
def fast(method: str, path: str, headers: str, body: str) -> str:
    """
    if startsWith(path, "/square/") {
        match parseInt(drop(path, 8)) {
            Success n => match n * n {
                Success square => "${square}"
                Error message => message
            }
            Error message => message
        }
    } else {
        "Hello from Osprey"
    }
    """


@ospjit.handler
def flexible(request: ospjit.Request) -> ospjit.Response:
    if request.path == "/":
        return ospjit.Response("Hello from Python")
    return ospjit.Response(f"nothing at {request.path}", status=404)


if __name__ == "__main__":
    assert fast("GET", "/square/7", "", "") == "49"  # a handler can be called like a function
    with fast:
        print(f"Osprey answers on http://127.0.0.1:{fast.port}", flush=True)
        flexible.serve(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
