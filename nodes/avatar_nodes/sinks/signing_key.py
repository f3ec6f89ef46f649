"""The key this machine signs with: made on first use, kept in the user's data folder.

    signing/identity.pem    private key, leaf and root certificate in one file (mode 0600): never a mixture of two
    signing/roots/*.pem     every root that was ever made here: what is trusted as "signed by this machine"

The root's private key is thrown away once the leaf is signed: nobody can issue another leaf.
"""

from __future__ import annotations

import datetime
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Without a time-stamp server a signature counts only as long as its certificate, so it is made for long.
VALID_FOR = datetime.timedelta(days=3650)
RENEW_BEFORE = datetime.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A P-256 private key and its certificates (leaf, root), all PEM."""

    private_key: bytes
    certificates: bytes


def default_folder() -> Path:
    """Where this user's key is kept: `$XDG_DATA_HOME/graphcore/signing`, or what the system has for that."""
    if given := os.environ.get("XDG_DATA_HOME"):
        return Path(given) / "graphcore" / "signing"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "graphcore" / "signing"
    return Path.home() / ".local" / "share" / "graphcore" / "signing"


def load_or_make(folder: Path, now: datetime.datetime | None = None) -> SigningKey:
    """This machine's key; a missing or outdated one is made. Raises OSError where the folder cannot be used.

    Two processes may do this at once: of two first keys one stays, and both processes use it. A file that
    is no key is kept as `identity.pem.broken`.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    identity = folder / "identity.pem"
    try:
        key, last_day = _parse(identity.read_bytes())
    except FileNotFoundError:
        return _keep(folder, now, replace=False)
    except ValueError:
        os.replace(identity, identity.with_name("identity.pem.broken"))
        return _keep(folder, now, replace=False)
    return key if now < last_day - RENEW_BEFORE else _keep(folder, now, replace=True)


def trusted_roots(folder: Path) -> bytes:
    """The roots that were made here, PEM, one after the other; empty where there are none."""
    try:
        return b"".join(path.read_bytes() for path in sorted((folder / "roots").glob("*.pem")))
    except OSError:
        return b""


def _keep(folder: Path, now: datetime.datetime, *, replace: bool) -> SigningKey:
    """Make a key and put it in place in one step; without `replace`, the first one to arrive stays."""
    (folder / "roots").mkdir(parents=True, exist_ok=True, mode=0o700)
    content, root = _make(now)
    fingerprint = root.fingerprint(hashes.SHA256()).hex()[:16]
    identity, root_path = folder / "identity.pem", folder / "roots" / f"{fingerprint}.pem"
    _write_whole(root_path, root.public_bytes(serialization.Encoding.PEM), replace=True)  # before anything is signed
    if not _write_whole(identity, content, replace=replace):
        root_path.unlink()
        content = identity.read_bytes()
    return _parse(content)[0]


def _write_whole(path: Path, content: bytes, *, replace: bool) -> bool:
    """Write a file, mode 0600, that is never seen half; False where it is there already and not to be replaced."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(name, path)
        else:
            _link(name, path, content)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink(missing_ok=True)
    return True


def _link(name: str, path: Path, content: bytes) -> None:
    """Give a file its name in one step; unlike a rename, raises FileExistsError rather than overwrite."""
    try:
        os.link(name, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, as FAT: there a reader may come while it is written
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def _parse(content: bytes) -> tuple[SigningKey, datetime.datetime]:
    """The key, and when its leaf expires; raises ValueError for anything else."""
    end = b"-----END PRIVATE KEY-----\n"
    private_key, found, certificates = content.partition(end)
    serialization.load_pem_private_key(private_key + found, password=None)
    leaf = x509.load_pem_x509_certificates(certificates)[0]
    return SigningKey(private_key + found, certificates), leaf.not_valid_after_utc


def _make(now: datetime.datetime) -> tuple[bytes, x509.Certificate]:
    """A new identity (PEM: key, leaf, root) and its root."""
    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, leaf_name = _name("graphcore local root"), _name("graphcore on this machine")
    root_id = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    root = (
        _certificate(root_name, root_name, root_key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(root_id, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _certificate(leaf_name, root_name, leaf_key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(leaf_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_id), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private_key = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private_key + leaf.public_bytes(pem) + root.public_bytes(pem), root


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "graphcore"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # another machine's clock may be behind
        .not_valid_after(now + VALID_FOR)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
