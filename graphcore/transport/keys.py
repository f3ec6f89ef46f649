"""CURVE keys: who a place is, and whom it lets in.

A key pair is two files: `NAME.pub`, to be given to the other side, and `NAME.key`, which only its user can read.
Each holds one line, 32 bytes as 40 characters of Z85 (https://rfc.zeromq.org/spec/32), as ZeroMQ spells keys.
"""

from __future__ import annotations

import base64
import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from graphcore.errors import ChannelError

PUBLIC, SECRET = ".pub", ".key"
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_B85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_TO_Z85, _FROM_Z85 = bytes.maketrans(_B85, _Z85), bytes.maketrans(_Z85, _B85)


@dataclass(frozen=True, slots=True)
class Keys:
    """Our own key pair, in Z85."""

    public: bytes
    secret: bytes = field(repr=False)


def make_keys(folder: Path, name: str = "graphcore") -> Keys:
    """Make a key pair in a folder; raises ChannelError where one is there already."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    keys = Keys(to_z85(public), to_z85(private.private_bytes_raw()))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_pair(folder / (name + SECRET), folder / (name + PUBLIC), keys)
    except FileExistsError as error:
        raise ChannelError(f"{error.filename} exists; choose another folder, or remove it") from error
    except OSError as error:
        raise ChannelError(f"{folder}: {error.strerror}; expected a folder to write keys to") from error
    return keys


def load_keys(folder: Path, name: str = "graphcore") -> Keys:
    """Read a key pair; raises ChannelError where it is not there, is no pair, or others can read it."""
    path = folder / (name + SECRET)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ChannelError(f"{path}: {error.strerror}; make keys with `graphcore keys new {folder}`") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ChannelError(f"{path} can be read by others; run `chmod 600 {path}`, or make new keys")
    public = folder / (name + PUBLIC)
    keys = Keys(load_public(public), _read(path))
    if _public_of(keys.secret) != keys.public:
        raise ChannelError(f"{public} does not belong to {path}; make new keys with `graphcore keys new FOLDER`")
    return keys


def load_public(path: Path) -> bytes:
    """Read somebody's public key; raises ChannelError where the file holds none."""
    return _read(path)


def load_allowed(paths: Iterable[Path]) -> frozenset[bytes]:
    """Read the public keys of those who may come in."""
    return frozenset(load_public(path) for path in paths)


def to_z85(key: bytes) -> bytes:
    """32 bytes as ZeroMQ spells them."""
    return base64.b85encode(key).translate(_TO_Z85)


def _read(path: Path) -> bytes:
    try:
        text = path.read_bytes()[:100].strip()
    except OSError as error:
        raise ChannelError(f"{path}: {error.strerror}; expected a key file") from error
    try:
        if len(text) != 40 or not set(text) <= set(_Z85) or len(base64.b85decode(text.translate(_FROM_Z85))) != 32:
            raise ValueError
    except ValueError as error:
        raise ChannelError(f"{path} holds no key; expected one line of 40 characters") from error
    return text


def _public_of(secret: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.from_private_bytes(base64.b85decode(secret.translate(_FROM_Z85)))
    return to_z85(private.public_key().public_bytes_raw())


def _write_pair(secret: Path, public: Path, keys: Keys) -> None:
    """Both, or neither."""
    for path in (secret, public):
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    _write_new(secret, keys.secret, 0o600)
    try:
        _write_new(public, keys.public, 0o644)
    except OSError:
        secret.unlink()
        raise


def _write_new(path: Path, key: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(fd, "wb") as file:
        file.write(key + b"\n")
