"""A prepared portrait as a file (`.avatar`): safetensors, with the report and where it comes from as JSON in it."""

from __future__ import annotations

import json
import os
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from avatar_nodes.face.appearance_model import layers_of
from avatar_nodes.face.photo_file_model import PortraitError
from avatar_nodes.face.portrait_model import LARGEST_SIZE, WHOLE_SIDE, Portrait
from avatar_nodes.face.portrait_report_model import report_from, report_to

FORMAT = 1  # what a later graphcore writes that this one cannot read has a larger one
SUFFIX = ".avatar"
LARGEST_FILE = 100_000_000  # bytes; the largest that is written has 24 million
_FAR = 2.0  # frames from the frame's corner: no landmark lies further away
_SMALLEST = 0.1  # of the frame: no face is narrower or lower

# Pictures are kept as they are: decoding compressed ones would take longer than all the rest.
_DTYPES = {"image": "U8", "person": "U8", "background": "U8", "photo": "U8", "landmarks": "F32", "transform": "F64"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a prepared portrait comes from."""

    photo: str  # its name, without folders
    sha256: str  # of the photo's file
    tool: str  # that prepared it, with its version


def is_avatar(path: Path) -> bool:
    """Whether this is, or is meant to be, a prepared portrait; any other file is a photo. Raises OSError."""
    if path.suffix.lower() == SUFFIX:
        return True
    with path.open("rb") as file:
        head = file.read(9)
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") < LARGEST_FILE


def write_avatar(path: Path, portrait: Portrait, origin: Origin) -> None:
    """Write a file that is never seen half, under a temporary name until it is whole. Raises OSError."""
    pictures = {"image": portrait.image, "person": portrait.layers.person, "background": portrait.layers.background}
    arrays = {**pictures, "photo": portrait.photo, "landmarks": portrait.landmarks, "transform": portrait.transform}
    said = {"format": FORMAT, "scale": portrait.scale, "report": report_to(portrait.report), **asdict(origin)}
    said["crc32"] = _checksum(arrays, said)
    # One entry: safetensors keeps several in no order, and the same portrait should give the same bytes.
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {"avatar": json.dumps(said)})
    partial = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with partial.open("xb") as file:
            file.write(content)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def read_avatar(path: Path) -> tuple[Portrait, Origin]:
    """The portrait in a file, and where it comes from; raises PortraitError for all that is wrong with the file."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _damaged(path, f"it is larger than {LARGEST_FILE // 1_000_000} MB")
        with safe_open(str(path), framework="numpy") as file:
            said = _said(path, file.metadata() or {})
            _check_shapes(path, {name: file.get_slice(name) for name in file.keys()})  # noqa: SIM118 (no mapping)
            arrays = {name: file.get_tensor(name) for name in _DTYPES}
    except FileNotFoundError:
        raise PortraitError(f"{path}: there is no such file", "give the path of a photo or of an .avatar") from None
    except (SafetensorError, OSError, ValueError) as error:
        if isinstance(error, PortraitError):
            raise
        raise _damaged(path, _in_short(error)) from None
    _check_sum(path, arrays, said)
    return _portrait(path, arrays, said)


def _said(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    try:
        said = json.loads(metadata["avatar"])
        found = int(said["format"])
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        raise _damaged(path, "it does not say what it is") from None
    if found > FORMAT:
        raise PortraitError(
            f"{path}: prepared by a newer version (format {found}; this one reads up to {FORMAT})",
            "install that version (pip install --upgrade graphcore), or prepare the photo again",
        )
    return dict(said)


def _check_sum(path: Path, arrays: dict[str, Any], said: dict[str, Any]) -> None:
    """Against the checksum that was written; older files have none, and are taken as they are."""
    expected = said.pop("crc32", None)
    if expected is not None and expected != _checksum(arrays, said):
        raise _damaged(path, "its content has changed since it was written")


def _checksum(arrays: Mapping[str, Any], said: dict[str, Any]) -> int:
    """Of the arrays and of all that is said of them."""
    crc = zlib.crc32(json.dumps(said).encode())
    for name in _DTYPES:
        crc = zlib.crc32(f"{name} {arrays[name].shape}".encode(), crc)
        crc = zlib.crc32(np.ascontiguousarray(arrays[name]).data, crc)
    return crc


def _in_short(error: Exception) -> str:
    """What the reader found, without its own words for the inside of the file."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "what it holds cannot be read"


def _check_shapes(path: Path, slices: dict[str, Any]) -> None:
    """Before anything is read: names, dtypes and shapes are those that were written."""
    found = {name: (one.get_dtype(), tuple(one.get_shape())) for name, one in slices.items()}
    if {name: dtype for name, (dtype, _) in found.items()} != _DTYPES:
        raise _damaged(path, "it holds other arrays than a portrait's")
    shapes = {name: shape for name, (_, shape) in found.items()}
    size = shapes["image"][0] if shapes["image"] else 0
    pictures = {"image": 3, "person": 4, "background": 3}
    expected: dict[str, tuple[int, ...]] = {name: (size, size, deep) for name, deep in pictures.items()}
    expected |= {"landmarks": (478, 3), "transform": (2, 3)}
    photo = shapes.pop("photo")
    whole = len(photo) == 3 and photo[2] == 3 and min(photo) > 0 and max(photo) <= WHOLE_SIDE
    if shapes != expected or not whole or not 1 <= size <= LARGEST_SIZE:
        raise _damaged(path, "its arrays have other shapes than a portrait's")


def _portrait(path: Path, arrays: dict[str, Any], said: dict[str, Any]) -> tuple[Portrait, Origin]:
    landmarks, transform, image = arrays["landmarks"], arrays["transform"], arrays["image"]
    far, size = _FAR * len(image), np.ptp(landmarks[:, :2], axis=0)
    try:
        scale = float(said["scale"])
        report = report_from(said["report"])
        origin = Origin(str(said["photo"]), str(said["sha256"]), str(said["tool"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _damaged(path, "what it says of itself is not complete") from None
    # Written so that a NaN fails too.
    there = (np.abs(landmarks) < far).all() and (size > _SMALLEST * len(image)).all()
    if not (there and np.isfinite(transform).all() and 0.0 < scale < 1e3):
        raise _damaged(path, "it holds numbers that no portrait has")
    layers = layers_of(image, arrays["person"], arrays["background"])
    return Portrait(image, layers, landmarks, arrays["photo"], transform, scale, report), origin


def _damaged(path: Path, why: str) -> PortraitError:
    return PortraitError(
        f"{path}: this is no prepared portrait, or it is damaged ({why})", "prepare the photo again, or give the photo"
    )
