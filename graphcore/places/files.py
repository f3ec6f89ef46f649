"""The files of nodes that run on a worker: what they read comes by content, what they write stays in one folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, get_args

from graphcore.errors import CodecError, RunError
from graphcore.graph.spec import GraphNode
from graphcore.node import Node
from graphcore.places.messages import Content
from graphcore.port import Param

PIECE = 4 * 2**20
MOST = 2**30  # bytes that one coordinator may send
INPUTS = ".inputs"
LOCK = "lock"  # in each folder of inputs; held while somebody uses it
YOUNG_S = 60.0  # a folder without a lock may be one that is just being made


def sent_params(node: GraphNode) -> tuple[dict[str, Any], dict[str, Path]]:
    """The params of a node for a worker, and the files to send by their digest; raises RunError.

    A file that is read becomes {"content": digest, "name": ...}, one that is written {"out": path below the folder}.
    """
    params: dict[str, Any] = {}
    files: dict[str, Path] = {}
    for name, value in node.params.items():
        kind = _kind(node.name, node.node_class.params[name])
        if not kind or value is None:
            params[name] = value
        elif kind == "in":
            digest = _digest(node.name, value)
            files[digest] = value
            params[name] = {"content": digest, "name": value.name}
            _check_size(node.name, files)
        else:
            params[name] = {"out": _below(node.name, value)}
    return params, files


def _kind(node: str, param: Param[Any]) -> str:
    """Whether a param is a file to read ("in") or to write ("out"); raises RunError for several paths in one."""
    if Path in get_args(param.type):
        raise RunError(node, None, f"{param.name}: a list of files cannot be given to a worker")
    return param.file or ("out" if param.type is Path else "")


def _check_size(node: str, files: Mapping[str, Path]) -> None:
    size = sum(path.stat().st_size for path in files.values())
    if size > MOST:
        paths = ", ".join(str(path) for path in files.values())
        what = f"{paths}: {size} bytes, too large to be sent; a worker takes {MOST} bytes of files at most"
        raise RunError(node, None, what)


def pieces(digest: str, path: Path) -> Iterator[Content]:
    """A file as messages; raises OSError where it cannot be read."""
    import numpy as np

    with path.open("rb") as file:
        data = file.read(PIECE)
        yield Content(digest, 0, np.frombuffer(data, np.uint8))  # an empty file has one piece, too
        while data := file.read(PIECE):
            yield Content(digest, file.tell() - len(data), np.frombuffer(data, np.uint8))


def _digest(node: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(node, None, f"{path}: {error.strerror}; it cannot be sent to the worker") from error


def _below(node: str, path: Path) -> str:
    """A path to write, relative to the working directory: it will stand like that below the worker's folder."""
    relative = PurePath(os.path.relpath(path))
    if relative.parts[:1] == ("..",):
        what = f"{path}: a worker writes below its own folder only; give a path inside the working directory"
        raise RunError(node, None, what)
    return relative.as_posix()


class WorkerFiles:
    """What one coordinator has sent to a worker, and where its nodes may write; `close` forgets what was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        inputs = self.folder / INPUTS
        inputs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._inputs = Path(tempfile.mkdtemp(dir=inputs))
        self._lock = _lock(self._inputs / LOCK, os.O_CREAT)
        self._total = 0
        self._whole: set[str] = set()

    def take(self, content: Content) -> None:
        """A piece of a file; raises CodecError for what is none, too much, or cannot be kept."""
        digest = content.digest
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise CodecError("a file whose name is no digest")
        self._total += len(content.data)
        if self._total > MOST:
            raise CodecError(f"a file is too large: this worker takes {MOST} bytes of files at most")
        try:
            self._append(self._inputs / digest, content)
        except OSError as error:
            raise CodecError(f"a file cannot be kept by the worker: {error.strerror}") from error

    def params(self, node: str, node_class: type[Node], given: Mapping[str, Any]) -> dict[str, Any]:
        """What `sent_params` wrote, with paths of this machine; raises RunError for a path by any other way."""
        files = {}
        for name, param in node_class.params.items():
            if kind := _kind(node, param):
                files[name] = self._path(node, param, kind, given.get(name))
        return {**given, **files}

    def close(self) -> None:
        """Forget what was sent."""
        shutil.rmtree(self._inputs, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _append(self, path: Path, content: Content) -> None:
        size = path.stat().st_size if path.exists() else 0
        if content.start != size:
            raise CodecError(f"a file's piece at byte {content.start}; expected {size}")
        with path.open("ab") as file:
            file.write(content.data.tobytes())

    def _path(self, node: str, param: Param[Any], kind: str, value: object) -> str | None:
        """Only what was sent may be read, and only below the folder may be written, whatever the value looks like."""
        if value is None and param.optional:
            return None
        given = value if isinstance(value, dict) else {}
        try:
            if kind == "in" and isinstance(digest := given.get("content"), str):
                return str(self._input(node, digest, str(given.get("name", ""))))
            if kind == "out" and isinstance(path := given.get("out"), str):
                return str(self._output(node, path))
        except (OSError, ValueError, RuntimeError) as error:  # names that no file can have, links in a circle
            raise RunError(node, None, f"{param.name}: no such file can be made at the worker: {error}") from error
        expected = "the content of a file" if kind == "in" else "a path below the worker's folder"
        raise RunError(node, None, f"{param.name}: expected {expected}")

    def _input(self, node: str, digest: str, name: str) -> Path:
        """The file, under its own name: nodes may look at the suffix."""
        sent = self._inputs / PurePath(digest).name
        if digest not in self._whole:
            if not sent.is_file() or _digest(node, sent) != digest:
                raise RunError(node, None, f"{name}: did not arrive whole")
            self._whole.add(digest)
        own = PurePath(name).name
        named = self._inputs / f"{digest}.d" / ("file" if own in ("", "..") else own)
        named.parent.mkdir(exist_ok=True)
        if not named.exists():
            os.link(sent, named)
        return named

    def _output(self, node: str, path: str) -> Path:
        whole = (self.folder / path).resolve()
        parts = whole.relative_to(self.folder).parts if whole.is_relative_to(self.folder) else ()
        if not parts or parts[0] == INPUTS:
            raise RunError(node, None, f"{path}: outside of the worker's folder")
        whole.parent.mkdir(parents=True, exist_ok=True)
        return whole


def sweep(folder: Path) -> None:
    """Remove what coordinators sent to workers that were killed; what a living one holds stays."""
    for left in (folder / INPUTS).glob("*"):
        try:
            lock = _lock(left / LOCK)
            if lock is None and time.time() - left.stat().st_mtime < YOUNG_S:
                continue
        except OSError:  # somebody holds it, or has removed it by now
            continue
        shutil.rmtree(left, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _lock(path: Path, flags: int = 0) -> int | None:
    """Hold a file until the descriptor is closed; None: it is not there. Raises OSError where another holds it."""
    import fcntl  # there are no workers on Windows

    try:
        fd = os.open(path, os.O_RDWR | flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd
