"""Where nginx or Node judge a request of the table in another way than we do, and why ours stands.

A difference is a request that one takes and the other refuses. Most are leniency that the standards allow a
recipient ("MAY") and that smuggling lives on: two recipients that read one message differently. The command
that finds them is `python -m tests.hostile.compare`.
"""

from __future__ import annotations

LENIENT_LINES = "RFC 9112 2.2 and 3 let a recipient be lenient about line ends and spaces; we are not"
TARGET = "takes a target that no grammar of RFC 9112 3.2 and RFC 3986 produces; the application has to notice"
HOST = "does not check the grammar of Host, which RFC 9112 3.2 demands to be answered with 400"
LIMIT = "another limit: it is a matter of configuration"
METHOD = "leaves the methods to the application; ours knows those of HttpMethod"
FIELD = "RFC 9110 5 does not produce this field line; nginx lets it through or drops it"
CHUNK = "is lenient about chunks, where RFC 9112 7.1 demands CRLF and digits and nothing else"
TRAILER = "does not look at trailers closely, since it drops them"

_NGINX: dict[str, tuple[str, ...]] = {
    LENIENT_LINES: (
        "RFC 9112 2.2: bare LF after the request line",
        "RFC 9112 2.2: bare LF after a field",
        "RFC 9112 2.2: bare LF instead of the empty line",
        "RFC 9112 2.2: bare LF everywhere",
        "RFC 9112 2.2: CR CR LF",
        "RFC 9112 2.2: three empty lines before the request",
        "RFC 9112 3: two spaces before the target",
        "RFC 9112 3: two spaces before the version",
        "RFC 9112 3: space behind the version",
        "RFC 9112 2.3: two digits",
    ),
    TARGET: (
        "RFC 3986 3.5: fragment",
        "RFC 3986 2: bytes outside ASCII",
        "RFC 3986 3.3: quote",
        "RFC 3986 3.3: angle bracket",
        "RFC 3986 3.3: backslash in the path",
    ),
    "does not know OPTIONS *, which RFC 9112 3.2.4 defines": ("RFC 9112 3.2.4: asterisk for OPTIONS",),
    HOST: (
        "RFC 9110 7.2: with user information",
        "RFC 3986 3.2.3: port out of range",
        "RFC 3986 3.2.3: port that is no number",
        "RFC 3986 3.2.2: open bracket",
        "RFC 3986 3.2.2: bad IPv6 address",
    ),
    LIMIT: (
        "RFC 9112 3: 8 KiB and a byte",
        "RFC 6585 5: 101 fields",
        "RFC 9112 7.1.1: an extension of 10 KB",
    ),
    METHOD: ("RFC 9110 15.6.2: BREW", "RFC 9110 15.6.2: PROPFIND", "RFC 9110 15.6.2: GETT"),
    FIELD: (
        "RFC 9112 5: no colon",
        "RFC 9110 5.1: separator in a name",
        "RFC 9110 5.1: byte outside ASCII in a name",
        "RFC 9110 5.5: escape in a value",
        "RFC 9110 5.5: DEL in a value",
    ),
    CHUNK: (
        "RFC 9112 7.1: space behind the size",
        "RFC 9112 7.1: bare LF behind the size",
        "RFC 9112 7.1: less data than announced",
        "RFC 9112 7.1: bare LF behind the data",
        "RFC 9112 7.1.1: bare LF in an extension",
        "RFC 9112 7.1.1: control character in an extension",
        "RFC 9112 7.1.1: extension without a name",
    ),
    TRAILER: (
        "RFC 9112 7.1.2: folded trailer",
        "RFC 9112 7.1.2: trailer without a colon",
        "RFC 9112 7.1.2: bare LF in a trailer",
    ),
    "ignores expectations that it does not know; RFC 9110 10.1.1 allows a 417": (
        "RFC 9110 10.1.1: another expectation",
    ),
    "takes a half-closed connection for a client that left (proxy_ignore_client_abort is off)": (
        "RFC 9112 9.6: half closed behind a whole request",
    ),
}

_NODE: dict[str, tuple[str, ...]] = {
    LENIENT_LINES: (
        "RFC 9112 2.2: three empty lines before the request",
        "RFC 9112 3: two spaces before the target",
        "RFC 9112 3: two spaces before the version",
    ),
    "speaks versions that it does not implement, and not those that it must": (
        "RFC 1945 4.1: HTTP/0.9",
        "RFC 9110 15.6.6: HTTP/2.0",
        "RFC 9110 15.6.6: HTTP/0.9 spelled out",
        "RFC 9110 6.2: HTTP/1.2 is served as 1.1",
    ),
    METHOD: ("RFC 9110 15.6.2: TRACE", "RFC 9110 15.6.2: PROPFIND"),
    TARGET: (
        "RFC 3986 3.5: fragment",
        "RFC 3986 2.1: bad percent-encoding",
        "RFC 3986 2.1: percent-encoding cut short",
        "RFC 3986 3.3: quote",
        "RFC 3986 3.3: angle bracket",
        "RFC 3986 3.3: backslash in the path",
        "RFC 9112 3.2.4: asterisk for GET",
        "RFC 9110 4.2.1: absolute form without host",
        "RFC 9110 4.2.4: absolute form with user information",
        "RFC 9112 3.2.2: absolute form of another scheme",
        "RFC 3986 3.2.3: absolute form with a bad port",
    ),
    HOST: (
        "RFC 9112 3.2: twice the same",
        "RFC 9112 3.2: two",
        "RFC 9110 7.2: empty",
        "RFC 9110 7.2: blank",
        "RFC 9110 7.2: with a path",
        "RFC 9110 7.2: with user information",
        "RFC 9110 7.2: with a space",
        "RFC 9110 7.2: a list",
        "RFC 9110 7.2: with a scheme",
        "RFC 3986 3.2.3: port out of range",
        "RFC 3986 3.2.3: port that is no number",
        "RFC 3986 3.2.2: open bracket",
        "RFC 3986 3.2.2: bad IPv6 address",
    ),
    LIMIT: (
        "RFC 9112 3: 8 KiB and a byte",
        "RFC 6585 5: 101 fields",
        "RFC 6585 5: a field of 60 KB",
        "RFC 9112 7.1.1: an extension of 10 KB",
    ),
    "RFC 9112 6.1 has a server that receives chunked in HTTP/1.0 treat the framing as faulty": (
        "RFC 9112 6.1: in HTTP/1.0",
    ),
    "hands a coding that it has not undone to the application; RFC 9112 6.1 has 501 for it": (
        "RFC 9112 6.1: gzip before chunked",
    ),
    "skips empty list elements, as RFC 9110 5.6.1 allows; others read them as an unknown coding": (
        "RFC 9112 6.1: empty element",
    ),
    "refuses framing fields in trailers; ours ignores all trailers, as RFC 9110 6.5.1 allows": (
        "RFC 9112 7.1.2: trailer that looks like framing",
    ),
    "answers the bytes behind the last request with another 400; RFC 9112 9.6 has them ignored": (
        "RFC 9112 9.6: what follows a close is not answered",
        "RFC 9112 6.3: an HTTP/1.0 request has no body without a length",
    ),
}

REASONS: dict[str, dict[str, str]] = {
    peer: {case: reason for reason, cases in groups.items() for case in cases}
    for peer, groups in {"nginx": _NGINX, "node": _NODE}.items()
}
"""By peer and case."""
