"""A certificate authority of the tests, and servers' certificates: good ones, and others."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of the tests; a program that is told so (SSL_CERT_FILE) trusts `file`."""

    file: Path
    _key: ec.EllipticCurvePrivateKey
    _name: x509.Name

    @classmethod
    def made(cls, folder: Path) -> "Authority":
        key, name = ec.generate_private_key(ec.SECP256R1()), _named("Authority of the tests")
        basic = x509.BasicConstraints(ca=True, path_length=None)
        own = _certificate(name, name, key).add_extension(basic, critical=True).sign(key, hashes.SHA256())
        file = folder / "authority.pem"
        file.write_bytes(own.public_bytes(Encoding.PEM))
        return cls(file, key, name)

    def server(self, address: str, *, days: int = 1, trusted: bool = True) -> ssl.SSLContext:
        """A server's side of TLS with a certificate for `address`, valid for so many days (less than 0: no longer)."""
        key, name = ec.generate_private_key(ec.SECP256R1()), _named(address)
        owner, signer = (self._name, self._key) if trusted else (name, key)
        host = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        signed = _certificate(name, owner, key, days).add_extension(host, critical=False).sign(signer, hashes.SHA256())
        file = self.file.with_name(f"{address}{days}{trusted}.pem")
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(signed.public_bytes(Encoding.PEM) + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _certificate(
    name: x509.Name, owner: x509.Name, key: ec.EllipticCurvePrivateKey, days: int = 1
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    since, until = sorted((now - timedelta(hours=1), now + timedelta(days=days)))
    return x509.CertificateBuilder(owner, name, key.public_key(), x509.random_serial_number(), since, until)
