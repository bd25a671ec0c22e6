"""The applications of the Python servers: raw ASGI for uvicorn, RSGI for granian, and socketify's own.

Run as a script, with a port, it is the socketify server; the others import `asgi` and `rsgi` by name. It must
not import anything that the virtual environment of the peers does not have.
"""

# mypy: ignore-errors

import sys

BODY = b"Hello, World!"
HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"13")]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    found = scope["path"] == "/plaintext"
    await send({"type": "http.response.start", "status": 200 if found else 404, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def rsgi(scope, protocol):
    found = scope.path == "/plaintext"
    protocol.response_bytes(200 if found else 404, [("content-type", "text/plain; charset=utf-8")], BODY)


def serve_socketify(port):
    from socketify import App

    app = App()
    app.get("/plaintext", lambda response, request: response.end("Hello, World!"))
    app.listen({"port": port, "host": "127.0.0.1"}, lambda config: None)
    app.run()


if __name__ == "__main__":
    serve_socketify(int(sys.argv[1]))
