"""Whom the HTTP client trusts over TLS (RFC 9110 4.3.4): one program, a server for each certificate."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.hostile.bad_server import Answer, bad_server
from tests.hostile.test_client import OK, TRUST, run_lines, tls_context

CASES = [
    ("good", "localhost", "Success(200)"),
    ("good", "127.0.0.1", "Success(200)"),
    ("name", "localhost", "Success(200)"),
    ("address", "127.0.0.1", "Success(200)"),
    ("name", "127.0.0.1", "IP address mismatch"),
    ("address", "localhost", "hostname mismatch"),
    ("other", "localhost", "hostname mismatch"),
    ("wildcard", "localhost", "hostname mismatch"),  # "*" stands for no name of one part (RFC 6125 6.4.3)
    ("subject", "localhost", "hostname mismatch"),  # a common name is no host name
    ("expired", "localhost", "certificate has expired"),
    ("stranger", "localhost", "unable to get local issuer certificate"),
    ("self", "localhost", "self-signed certificate"),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    answer = Answer(OK + b"Content-Length: 0\r\n\r\n")
    lines = []
    with contextlib.ExitStack() as stack:
        for certificate, host, _ in CASES:
            server = stack.enter_context(bad_server({"/": answer}, tls_context(certificate)))
            lines.append(
                f'print(httpGet(httpCreateClient("https://{host}:{server.port}", 5000) ?: 0, "/", ""))'
            )
        return run_lines(tmp_path_factory.mktemp("tls"), lines, TRUST)


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: f"{CASES[n][0]}-{CASES[n][1]}")
def test_trust(outcomes: list[str], number: int) -> None:
    _, host, expected = CASES[number]
    assert expected in outcomes[number]
    if expected != "Success(200)":
        assert outcomes[number].startswith(f"Error(tls: {host}:")


def test_trust_is_not_configured(tmp_path: Path) -> None:
    """The authority of the tests is nobody's without SSL_CERT_FILE."""
    with bad_server({}, tls_context("good")) as server:
        url = f"https://localhost:{server.port}"
        (line,) = run_lines(tmp_path, [f'print(httpGet(httpCreateClient("{url}", 5000) ?: 0, "/", ""))'])
    assert "certificate verify failed" in line
