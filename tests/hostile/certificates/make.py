"""Makes the certificates that the TLS tests of the HTTP client use; their keys protect nothing.

They are committed, and valid for a century, so that the tests need neither the `openssl` command nor the
`cryptography` package, which this script needs: `python make.py` in this folder.
"""

# mypy: ignore-errors

from __future__ import annotations

import ipaddress
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FIRST, LAST, PAST = datetime(2020, 1, 1), datetime(2120, 1, 1), datetime(2021, 1, 1)
LOOPBACK = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates; a server that signs its own is one too."""

    def __init__(self, title: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = name(title)
        builder = self._builder(self.subject, self.key, LAST)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, last: datetime
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return builder.not_valid_before(FIRST).not_valid_after(last)

    def sign(self, subject: str, names: list[x509.GeneralName], last: datetime = LAST) -> bytes:
        """Key and certificate of a server, PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        return private(key) + self._signed(name(subject), key, names, last)

    def sign_itself(self, names: list[x509.GeneralName]) -> bytes:
        """Key and certificate of a server that is its own authority, PEM."""
        return private(self.key) + self._signed(self.subject, self.key, names, LAST)

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: list[x509.GeneralName],
        last: datetime,
    ) -> bytes:
        builder = self._builder(subject, key, last)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def private(key: ec.EllipticCurvePrivateKey) -> bytes:
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def main() -> None:
    folder = Path(__file__).parent
    authority = Authority("ospjit test authority")
    localhost, address = LOOPBACK
    files = {
        "authority": authority.certificate.public_bytes(serialization.Encoding.PEM),
        "good": authority.sign("good", LOOPBACK),
        "name": authority.sign("name", [localhost]),
        "address": authority.sign("address", [address]),
        "wildcard": authority.sign("wildcard", [x509.DNSName("*"), x509.DNSName("*.host")]),
        "subject": authority.sign("localhost", []),
        "other": authority.sign("other", [x509.DNSName("other.example")]),
        "expired": authority.sign("expired", LOOPBACK, PAST),
        "stranger": Authority("somebody").sign("stranger", LOOPBACK),
        "self": Authority("localhost").sign_itself(LOOPBACK),
    }
    for title, content in files.items():
        (folder / f"{title}.pem").write_bytes(content)


if __name__ == "__main__":
    main()
