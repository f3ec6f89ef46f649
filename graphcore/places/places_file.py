"""The places file: what the names that nodes give as their `place` mean on this machine.

places:
  heavy: {kind: process}
  light: {kind: here}
  gpu: {kind: worker, address: "tcp://10.0.0.5:5599", server_key: gpu.pub}
keys: my-keys
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from graphcore.errors import ChannelError
from graphcore.graph.report import Report, kind_of, one_of
from graphcore.graph.spec import Entry, Value
from graphcore.places.restarts import Restarts
from graphcore.transport.address import is_loopback
from graphcore.transport.keys import Keys, load_keys, load_public

Kind = Literal["here", "process", "worker"]
KINDS: tuple[Kind, ...] = ("here", "process", "worker")
HERE = "here"  # the name of this process, where nodes without a place run
FILE_KEYS = ("places", "keys", "restart")
RESTART_KEYS = ("max", "within_s")
PLACE_KEYS: dict[Kind, tuple[str, ...]] = {
    "here": ("kind",),
    "process": ("kind", "python"),
    "worker": ("kind", "address", "server_key"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place as a places file declares it."""

    name: str
    kind: Kind
    address: str = ""  # of a worker
    server_key: str = ""  # its public key (Z85); empty: no keys, on this machine only
    python: str = ""  # the interpreter of a process; empty: ours


def own_keys_folder() -> Path:
    """Where a user's own keys are, unless somebody says otherwise."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "graphcore" / "keys"


class PlacesReader:
    """Reads a places file whose values know where they stand; what is wrong is reported, and the rest goes on.

    Paths in the file are relative to its `folder`.
    """

    def __init__(self, report: Report, folder: Path) -> None:
        self._report = report
        self._folder = folder

    def places(self, root: Value) -> dict[str, Place] | None:
        """Every place of the file; what is wrong is reported, and the others go on. None: there are none to read."""
        if not isinstance(root.value, dict):
            what = "the file is empty" if root.value is None else f"the places file is {kind_of(root)}"
            self._report.add(root, what, "a mapping with `places:`")
            return None
        self._check_keys(root.value, FILE_KEYS, "places file")
        entry = root.value.get("places")
        if entry is None or not isinstance(entry.value.value, dict):
            at, what = (root, "a places file without `places`") if entry is None else (entry.value, "no places")
            self._report.add(at, what, "`places:` with names and what they are")
            return None
        return {name: self._place(name, one) for name, one in entry.value.value.items()}

    def _place(self, name: str, entry: Entry) -> Place:
        if not name.isidentifier():
            self._report.add(entry.key, f"a place cannot be named {name!r}", "letters, digits and _, no digit first")
        value = entry.value
        if not isinstance(value.value, dict):
            self._report.add(value, f"place {name!r} is {kind_of(value)}", "{kind: process}")
            return Place(name, "here")
        kind = value.value.get("kind")
        for known in KINDS:
            if kind is not None and kind.value.value == known:
                self._check_keys(value.value, PLACE_KEYS[known], f"place of kind {known}")
                if known == "worker":
                    return self._worker(name, entry.key, value.value)
                return Place(name, known, python=self._python(value.value.get("python")))
        self._check_keys(value.value, sorted({key for keys in PLACE_KEYS.values() for key in keys}), "place")
        if kind is None:
            self._report.add(entry.key, f"place {name!r} has no kind", f"`kind:` with {one_of(KINDS)}")
        else:
            self._report.unknown(kind.value, "kind", kind.value.text, KINDS)
        return Place(name, "here")

    def keys(self, root: Value) -> Keys | None:
        """Our own key pair, from the folder that the file names."""
        entry = root.value.get("keys")
        given = entry.value.value if entry is not None else str(own_keys_folder())
        if not isinstance(given, str):
            assert entry is not None
            self._report.add(entry.value, f"`keys` is {kind_of(entry.value)}", "a folder with a key pair")
            return None
        try:
            return load_keys(self._folder / given)
        except ChannelError as error:
            self._report.add(entry.value if entry is not None else root, str(error))
            return None

    def _python(self, entry: Entry | None) -> str:
        if entry is None:
            return ""
        path = self._folder / str(entry.value.value)
        if not isinstance(entry.value.value, str) or not os.access(path, os.X_OK) or path.is_dir():
            self._report.add(entry.value, f"{entry.value.text}: no program", "the python of a virtual environment")
            return ""
        return str(path.absolute())  # not resolved: the link inside an environment is what makes it one

    def restarts(self, root: Value) -> Restarts:
        """How often a lost place may be made good."""
        entry = root.value.get("restart") if isinstance(root.value, dict) else None
        if entry is None:
            return Restarts()
        if not isinstance(entry.value.value, dict):
            self._report.add(entry.value, f"`restart` is {kind_of(entry.value)}", "{max: 5, within_s: 60}")
            return Restarts()
        given: dict[str, Entry] = entry.value.value
        self._check_keys(given, RESTART_KEYS, "restart")
        return Restarts(
            max=int(self._number(given.get("max"), Restarts.max, whole=True)),
            within_s=self._number(given.get("within_s"), Restarts.within_s, whole=False),
        )

    def _number(self, entry: Entry | None, default: float, *, whole: bool) -> float:
        value = default if entry is None else entry.value.value
        kinds = (int,) if whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and 0 <= value < 10**6:
            return float(value)
        assert entry is not None
        expected = "a whole number of 0 or more" if whole else "seconds, 0 or more"
        self._report.add(entry.value, f"{entry.key.text} is {entry.value.text}", expected)
        return default

    def _worker(self, name: str, key: Value, entries: dict[str, Entry]) -> Place:
        address, server_key = entries.get("address"), entries.get("server_key")
        if address is None:
            self._report.add(key, f"worker {name!r} has no address", 'address: "tcp://HOST:PORT"')
            return Place(name, "worker")
        if not _is_address(address.value.value):
            self._report.add(address.value, f"{address.value.text!r} is no address", '"tcp://HOST:PORT"')
            return Place(name, "worker")
        where = str(address.value.value)
        if server_key is None:
            if not is_loopback(where):
                fix = "server_key: the file NAME.pub from the folder that `graphcore keys new` made there"
                self._report.add(address.value, f"{where} leaves this machine without keys", fix)
            return Place(name, "worker", where)
        return Place(name, "worker", where, self._public(server_key.value))

    def _public(self, value: Value) -> str:
        if not isinstance(value.value, str):
            self._report.add(value, f"`server_key` is {kind_of(value)}", "a file with a public key")
            return ""
        try:
            return load_public(self._folder / value.value).decode()
        except ChannelError as error:
            self._report.add(value, str(error))
            return ""

    def _check_keys(self, entries: dict[str, Entry], known: Sequence[str], of: str) -> None:
        for name, entry in entries.items():
            if name not in known:
                self._report.unknown(entry.key, f"key of a {of}", name, known)


def _is_address(value: object) -> bool:
    if not isinstance(value, str) or not value.startswith("tcp://"):
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port is not None and 0 < parts.port < 2**16
    except ValueError:
        return False
