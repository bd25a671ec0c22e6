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
    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = name("ospjit test authority")
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
        builder = self._builder(name(subject), key, last)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return secret + builder.sign(self.key, hashes.SHA256()).public_bytes(pem)


def main() -> None:
    folder = Path(__file__).parent
    authority = Authority()
    (folder / "authority.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "good.pem").write_bytes(authority.sign("good", LOOPBACK))
    (folder / "other.pem").write_bytes(authority.sign("other", [x509.DNSName("other.example")]))
    (folder / "expired.pem").write_bytes(authority.sign("expired", LOOPBACK, PAST))


if __name__ == "__main__":
    main()
