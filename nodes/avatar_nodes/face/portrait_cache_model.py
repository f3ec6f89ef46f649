"""Prepared portraits of photos that were used before, in the user's cache folder, found by content."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from avatar_nodes.face.avatar_file_model import SUFFIX, Origin, is_avatar, read_avatar, write_avatar
from avatar_nodes.face.photo_file_model import PortraitError, read_photo
from avatar_nodes.face.portrait_model import Portrait, prepare_photo

MOST_KEPT = 32  # the newest ones


def load_portrait(path: Path, size: int | None = 512) -> Portrait:
    """The portrait of a photo, or of an `.avatar` of any size, framed as `prepare_portrait` does.

    A photo that was prepared before comes from the cache. Raises PortraitError where the file cannot serve.
    """
    try:
        avatar = is_avatar(path)
        content = path.read_bytes()
    except OSError:
        avatar, content = False, b""  # reading it as a photo says what is wrong
    if not avatar:
        return _cached(content, path.name, size, lambda: prepare_photo(read_photo(path), path, size))
    portrait, origin = read_avatar(path)
    if size == len(portrait.image):
        return portrait
    return _cached(content, origin.photo, size, lambda: prepare_photo(portrait.photo, path, size))


def origin_of(content: bytes, name: str) -> Origin:
    """What is told of a photo file with this content."""
    try:
        tool = f"graphcore {version('graphcore')}"
    except PackageNotFoundError:  # run from a folder, not installed
        tool = "graphcore"
    return Origin(name, hashlib.sha256(content).hexdigest(), tool)


def cache_folder() -> Path:
    """Where prepared portraits are kept: `$XDG_CACHE_HOME/graphcore/portraits`, or what the system has for that."""
    given = os.environ.get("XDG_CACHE_HOME")
    if not given and sys.platform == "win32":
        given = os.environ.get("LOCALAPPDATA")
    return (Path(given) if given else Path.home() / ".cache") / "graphcore" / "portraits"


def _cached(content: bytes, name: str, size: int | None, prepare: Callable[[], Portrait]) -> Portrait:
    """From the cache, or prepared and kept there; a cache that cannot be read or written is done without."""
    try:
        kept = cache_folder() / f"{_key(content, size)}{SUFFIX}"
    except (OSError, RuntimeError):  # no home folder
        return prepare()
    with suppress(PortraitError, OSError):
        portrait, _ = read_avatar(kept)
        os.utime(kept)
        return portrait
    portrait = prepare()
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_avatar(kept, portrait, origin_of(content, name))
        _forget_old(kept.parent)
    return portrait


def _key(content: bytes, size: int | None) -> str:
    return hashlib.sha256(f"{_preparation()} {size} ".encode() + content).hexdigest()


@functools.cache
def _preparation() -> str:
    """Changes with any line of the code that prepares a photo, so that no portrait of an older one is taken."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _forget_old(folder: Path) -> None:
    kept = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[MOST_KEPT:]:
        path.unlink(missing_ok=True)
