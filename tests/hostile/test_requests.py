"""Every case of the table, each on its own connection; after it the server must serve an honest client."""

from __future__ import annotations

import time

import pytest

from tests.hostile.cases import CASES, Case, get, post
from tests.hostile.wire import Connection, Reply

Address = tuple[str, int]


def _send(connection: Connection, case: Case) -> None:
    step = case.step or max(len(case.send), 1)
    for start in range(0, len(case.send), step):
        connection.send(case.send[start : start + step])
        if case.step:
            time.sleep(0.0005)
    if case.half_close:
        connection.end_input()


def _check_honest_client(server: Address) -> None:
    with Connection(server) as connection:
        connection.send(get(b"/alive"))
        reply = connection.read_reply()
        assert reply is not None and reply.status == 200


def _check_replies(case: Case, replies: list[Reply]) -> None:
    if case.contains:
        assert case.contains in replies[-1].body
    for reply in replies:
        assert not case.lacks or case.lacks not in reply.body
        assert reply.status < 200 or "date" in reply.headers, "RFC 9110 6.6.1"
    if case.closes and replies and not case.half_close:
        assert replies[-1].announces_close, "RFC 9112 9.6"


def test_the_table_is_large_enough() -> None:
    assert len(CASES) >= 150
    assert len({str(case) for case in CASES}) == len(CASES)


def test_continue(server: Address) -> None:
    """RFC 9110 10.1.1: the body is asked for when the handler is going to see it."""
    with Connection(server) as connection:
        connection.send(post(b"Expect: 100-continue\r\nContent-Length: 5\r\n", b""))
        interim = connection.read_reply()
        assert interim is not None and interim.status == 100
        connection.send(b"hello")
        reply = connection.read_reply()
        assert reply is not None and reply.status == 200 and reply.body.endswith(b"hello")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(server: Address, case: Case) -> None:
    with Connection(server) as connection:
        _send(connection, case)
        replies: list[Reply] = []
        for expected in case.statuses:
            reply = connection.read_reply(case.to_head)
            assert reply is not None, f"closed instead of {expected}"
            replies.append(reply)
            assert reply.status == expected, reply.body
        if case.closes:
            assert connection.closed_by_peer(), "the connection is still open, or there is another answer"
        else:
            connection.send(get(b"/next"))
            following = connection.read_reply()
            assert following is not None and following.status == 200 and b"/next" in following.body
        _check_replies(case, replies)
    _check_honest_client(server)
