"""Files that a browser sends while a graph runs: kept in a private folder, bounded, gone at the end."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from graphcore.errors import GraphcoreError, counted

MAX_FILE = 32 << 20  # bytes
MAX_ALL = 256 << 20
MAX_FILES = 64
MAX_NAME = 100  # characters


class UploadError(GraphcoreError):
    """A file that is not taken: its name, its size, or how much is here already."""


class Uploads:
    """The files by name; one that comes again under its name takes the place of the first. Sizes are in bytes."""

    def __init__(self, max_file: int = MAX_FILE, max_all: int = MAX_ALL) -> None:
        self._max_file, self._max_all = max_file, max_all
        self._folder: Path | None = None  # made for the first file: most runs get none
        self._sizes: dict[str, int] = {}
        self._coming = 0  # bytes of uploads that are not complete
        self._number = 0

    @property
    def names(self) -> list[str]:
        """What is here, in the order it came."""
        return list(self._sizes)

    def path(self, name: str) -> Path | None:
        """Where a file is; None: no such name was sent."""
        return self._home() / name if name in self._sizes else None

    def name_of(self, path: Path) -> str | None:
        """The name under which a path of ours was sent."""
        return path.name if path.parent == self._folder else None

    async def take(self, name: str, pieces: AsyncIterator[bytes]) -> str:
        """Keep what comes, and return the name it is known by; raises UploadError."""
        kept = clean_name(name)
        if kept not in self._sizes and len(self._sizes) >= MAX_FILES:
            raise UploadError(f"there are {counted(MAX_FILES, 'file')} already; send one again under an old name")
        self._number += 1
        partial = self._home() / f".{self._number}.partial"
        size = 0
        try:
            with partial.open("xb") as file:
                async for piece in pieces:
                    size += len(piece)
                    self._coming += len(piece)
                    self._check_size(kept, size)
                    file.write(piece)
            os.replace(partial, self._home() / kept)
        finally:
            self._coming -= size
            partial.unlink(missing_ok=True)
        self._sizes[kept] = size
        return kept

    def close(self) -> None:
        """Remove the folder."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _home(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="graphcore-studio-"))  # readable by this user only
        return self._folder

    def _check_size(self, name: str, size: int) -> None:
        if size > self._max_file:
            raise UploadError(f"{name} is larger than {self._max_file >> 20} MB; send a smaller one")
        others = sum(self._sizes.values()) - self._sizes.get(name, 0)
        if others + self._coming > self._max_all:
            raise UploadError(f"all files together are larger than {self._max_all >> 20} MB; send a smaller one")


def clean_name(name: str) -> str:
    """A name without a folder and without what a file system or a command line may take amiss; raises UploadError."""
    last = re.split(r"[/\\]", name)[-1]
    cleaned = re.sub(r"[^\w.-]+", "_", last, flags=re.ASCII).lstrip(".-_")
    stem, dot, suffix = cleaned.rpartition(".")
    if not dot:
        stem, suffix = cleaned, ""
    cleaned = stem[: MAX_NAME - len(suffix) - 1] + dot + suffix if len(suffix) < MAX_NAME // 2 else cleaned[:MAX_NAME]
    if not cleaned:
        raise UploadError(f"{name[:MAX_NAME]!r} is no name for a file; expected one like me.jpg")
    return cleaned
