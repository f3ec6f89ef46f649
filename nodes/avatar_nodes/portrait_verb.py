"""What `graphcore portrait` does."""

from __future__ import annotations

import argparse
import secrets
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from avatar_nodes.face.avatar_file_model import SUFFIX, Origin, is_avatar, read_avatar, write_avatar
from avatar_nodes.face.photo_file_model import PortraitError, read_photo
from avatar_nodes.face.portrait_cache_model import load_portrait, origin_of
from avatar_nodes.face.portrait_model import prepare_photo
from graphcore import NodeError, ParamError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_nodes.face.portrait_model import Portrait

PICTURE = ".png"


def prepare(arguments: argparse.Namespace) -> int:
    """Write a photo as an `.avatar`, and print the report."""
    output = arguments.output
    _check_output(output, SUFFIX)
    try:
        photo, origin = _photo_of(arguments.photo)
        portrait = prepare_photo(photo, arguments.photo, arguments.size)
    except PortraitError as error:
        raise ParamError(f"error: {error}") from None
    try:
        write_avatar(output, portrait, origin)
    except OSError as error:
        raise _unwritable(output, error) from None
    _print_report(portrait)
    _print_line(f"{output}: {arguments.size} x {arguments.size} px, {output.stat().st_size / 1e6:.1f} MB")
    return 0


def _photo_of(path: Path) -> tuple[NDArray[np.uint8], Origin]:
    """A photo, or the one in an `.avatar`, and where it comes from; raises PortraitError."""
    try:
        avatar = is_avatar(path)
    except OSError:
        avatar = False  # reading it as a photo says what is wrong
    if not avatar:
        return read_photo(path), origin_of(path.read_bytes(), path.name)
    portrait, origin = read_avatar(path)
    return portrait.photo, replace(origin, tool=origin_of(b"", "").tool)


def show(arguments: argparse.Namespace) -> int:
    """Draw the sheet of a portrait."""
    from avatar_nodes.face.portrait_sheet_model import draw_sheet

    _check_output(arguments.output, PICTURE)
    try:
        portrait = load_portrait(arguments.portrait)
    except PortraitError as error:
        raise ParamError(f"error: {error}") from None
    sheet = draw_sheet(portrait, f"{arguments.portrait.name}: synthetic media made by graphcore")
    try:
        _write_picture(arguments.output, sheet)
    except OSError as error:
        raise _unwritable(arguments.output, error) from None
    _print_line(f"{arguments.output}: {sheet.shape[1]} x {sheet.shape[0]} px")
    return 0


def _check_output(path: Path, ending: str) -> None:
    """Make the folder, and say what is wrong before the work; later an error would tell of a temporary name."""
    if path.suffix.lower() != ending:
        raise ParamError(f"-o {path}: expected a name that ends in {ending}")
    try:
        if path.is_dir():
            raise ParamError(f"-o {path}: this is a folder; expected the name of a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = path.with_name(f".{secrets.token_hex(8)}.part")
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ParamError:
    reason = f"{path.parent} is no folder" if isinstance(error, FileExistsError) else error.strerror or str(error)
    return ParamError(f"-o {path}: this file cannot be written ({reason}); expected one in a folder you may write to")


def _print_report(portrait: Portrait) -> None:
    from rich.console import Console
    from rich.table import Table

    from avatar_nodes.face.portrait_report_rows_model import report_rows

    table = Table(box=None, pad_edge=False, show_header=False)
    for name, found in report_rows(portrait):
        table.add_row(name, found)
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)


def _print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """A PNG that says that it is synthetic, signed where that is possible; whole, or not there. Raises OSError."""
    from avatar_nodes.sinks.picture_files_model import png_of
    from avatar_nodes.sinks.provenance import MediaSigner

    plain, signed = (path.with_name(f".{secrets.token_hex(8)}{PICTURE}") for _ in range(2))
    try:
        plain.write_bytes(png_of(pixels))
        try:
            MediaSigner().sign(plain, signed, title=path.name)
        except NodeError as error:
            sys.stderr.write(f"warning: {error.what}\n")
            plain.replace(signed)
        signed.replace(path)
    finally:
        plain.unlink(missing_ok=True)
        signed.unlink(missing_ok=True)
