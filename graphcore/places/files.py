"""The files of nodes that run on a worker: what they read comes by content, what they write stays in one folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from graphcore.errors import CodecError, RunError
from graphcore.graph.spec import GraphNode
from graphcore.places.messages import Content

PIECE = 4 * 2**20
MOST = 2**30  # bytes that one coordinator may send
INPUTS = ".inputs"


def sent_params(node: GraphNode) -> tuple[dict[str, Any], dict[str, Path]]:
    """The params of a node for a worker, and the files to send by their digest; raises RunError.

    A file that is read becomes {"content": digest, "name": ...}, one that is written {"out": path below the folder}.
    """
    params: dict[str, Any] = {}
    files: dict[str, Path] = {}
    for name, value in node.params.items():
        kind = node.node_class.params[name].file
        if not isinstance(value, Path):
            params[name] = value
        elif kind == "in":
            digest = _digest(node.name, value)
            files[digest] = value
            params[name] = {"content": digest, "name": value.name}
        else:
            params[name] = {"out": _below(node.name, value)}
    return params, files


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
        self._total = 0
        self._whole: set[str] = set()

    def take(self, content: Content) -> None:
        """A piece of a file; raises CodecError for what is none, or too much."""
        digest = content.digest
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise CodecError("a file whose name is no digest")
        self._total += len(content.data)
        path = self._inputs / digest
        size = path.stat().st_size if path.exists() else 0
        if self._total > MOST or content.start != size:
            raise CodecError(f"a file's piece at byte {content.start}; expected {size}, and {MOST} bytes at most")
        with path.open("ab") as file:
            file.write(content.data.tobytes())

    def params(self, node: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """What `sent_params` wrote, with paths of this machine; raises RunError."""
        return {name: self._param(node, value) for name, value in params.items()}

    def close(self) -> None:
        """Forget what was sent."""
        shutil.rmtree(self._inputs, ignore_errors=True)

    def _param(self, node: str, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if "content" in value:
            return str(self._input(node, str(value["content"]), str(value.get("name", ""))))
        return str(self._output(node, str(value.get("out", ""))))

    def _input(self, node: str, digest: str, name: str) -> Path:
        """The file, under its own name: nodes may look at the suffix."""
        sent = self._inputs / PurePath(digest).name
        if digest not in self._whole:
            if not sent.is_file() or _digest(node, sent) != digest:
                raise RunError(node, None, f"{name}: did not arrive whole")
            self._whole.add(digest)
        named = self._inputs / f"{digest}.d" / (PurePath(name).name or "file")
        named.parent.mkdir(exist_ok=True)
        if not named.exists():
            os.link(sent, named)
        return named

    def _output(self, node: str, path: str) -> Path:
        whole = (self.folder / path).resolve()
        if not whole.is_relative_to(self.folder) or whole == self.folder or INPUTS in whole.parts:
            raise RunError(node, None, f"{path}: outside of the worker's folder")
        whole.parent.mkdir(parents=True, exist_ok=True)
        return whole
