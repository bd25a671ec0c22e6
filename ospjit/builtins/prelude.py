"""The types that every program sees, as Osprey source, and the defaults of their fields.

Programs may shadow any of them (a declaration that repeats one exactly is that type). The field order is
binding: the runtime's reply functions take the fields of `HttpResponse` in it.
"""

from __future__ import annotations

#: Parsed once by the ordinary parser, before the program's own declarations.
PRELUDE = """
/// The methods that a server hands to a handler.
type HttpMethod = GET | POST | PUT | DELETE | PATCH | HEAD | OPTIONS

/// A request as the handler sees it: `path` and `queryParams` are the halves of the target, not decoded.
type HttpRequest = {
    method: HttpMethod,
    path: string,
    headers: string,
    body: string,
    queryParams: string
}

/// A response. Every field but `status` has a default; `body:` may be written for `partialBody:`.
type HttpResponse = {
    status: int,
    headers: string,
    contentType: string,
    contentLength: int,
    streamFd: int,
    isComplete: bool,
    partialBody: string,
    partialLength: int
}

/// What `httpConfigure` sets for a server: sizes in bytes, times in milliseconds.
type HttpOptions = {
    requestLineBytes: int,
    headerBytes: int,
    headerFields: int,
    bodyBytes: int,
    totalBodyBytes: int,
    headerTimeout: int,
    idleTimeout: int,
    stallTimeout: int,
    connections: int,
    accessLog: string
}

/// What a client does beyond its base URL and time-out; every field has a default. Times are milliseconds,
/// and 0 leaves the client's time-out alone. The field order is binding.
type HttpClientOptions = {
    maxRedirects: int,
    connectTimeout: int,
    readTimeout: int,
    headerBytes: int,
    bodyBytes: int
}

/// A JSON text as a value. The order of the variants is binding: the runtime makes and reads them.
type JsonValue = JsonNull
    | JsonBool { value: bool }
    | JsonNumber { value: float }
    | JsonString { value: string }
    | JsonArray { items: List<JsonValue> }
    | JsonObject { fields: Map<string, JsonValue> }

/// A message of a WebSocket.
type WebSocketMessage = Text { data: string } | Binary { data: string }

/// What `websocketConfigure` sets for a server. 0 stands for no limit where a limit makes sense without one.
type WebSocketOptions = {
    origins: List<string>,
    subprotocols: List<string>,
    maxMessageBytes: int,
    maxFrameBytes: int,
    maxQueueBytes: int,
    maxConnections: int,
    maxPerAddress: int,
    handshakesPerSecond: int,
    messagesPerSecond: int,
    pingSeconds: int,
    deflate: bool
}

/// What `websocketConnectWith` sets for a connection of a client.
type WebSocketClientOptions = {
    subprotocols: List<string>,
    headers: string,
    maxMessageBytes: int,
    deflate: bool
}
"""

#: What `contentLength` and `partialLength` hold when the runtime is to compute them.
COMPUTED = -2

#: An empty tuple is the empty list.
FIELD_DEFAULTS: dict[str, dict[str, int | str | bool | tuple[()]]] = {
    "HttpResponse": {
        "headers": "",
        "contentType": "",
        "contentLength": COMPUTED,
        "streamFd": -1,
        "isComplete": True,
        "partialBody": "",
        "partialLength": COMPUTED,
    },
    "HttpOptions": {
        "requestLineBytes": 8192,
        "headerBytes": 65536,
        "headerFields": 100,
        "bodyBytes": 16 << 20,
        "totalBodyBytes": 256 << 20,
        "headerTimeout": 10000,
        "idleTimeout": 60000,
        "stallTimeout": 30000,
        "connections": 0,
        "accessLog": "",
    },
    "HttpClientOptions": {
        "maxRedirects": 0,
        "connectTimeout": 0,
        "readTimeout": 0,
        "headerBytes": 64 * 1024,
        "bodyBytes": 64 * 1024 * 1024,
    },
    "WebSocketOptions": {
        "origins": (),
        "subprotocols": (),
        "maxMessageBytes": 16 << 20,
        "maxFrameBytes": 16 << 20,
        "maxQueueBytes": 4 << 20,
        "maxConnections": 0,
        "maxPerAddress": 0,
        "handshakesPerSecond": 0,
        "messagesPerSecond": 0,
        "pingSeconds": 30,
        "deflate": False,
    },
    "WebSocketClientOptions": {
        "subprotocols": (),
        "headers": "",
        "maxMessageBytes": 16 << 20,
        "deflate": False,
    },
}

#: Other names for fields, accepted in constructions and updates.
FIELD_ALIASES: dict[str, dict[str, str]] = {"HttpResponse": {"body": "partialBody"}}
