"""Measure every portrait of a folder with default settings, and draw all of them on contact sheets.

    python tools/measure_portraits.py FOLDER -o OUT [--size 512] [--talk SOUND] [--only PATTERN ...]

Writes OUT/portraits.json and OUT/portraits-1.png and so on: a row each of photo, aa, smile, blink and two turns.
With --talk the teeth are measured too, while each portrait says what is said in a sound file: that takes a minute each.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
from measuring.mouth_rows import talking
from measuring.portrait_rows import PortraitFigures, measure_portrait
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from avatar_nodes.face.photo_file_model import PortraitError, read_photo
from avatar_nodes.face.portrait_model import prepare_photo
from avatar_nodes.face.portrait_sheet_model import motions, turns
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.payloads import FaceMotion
from avatar_nodes.sinks.picture_files_model import png_of
from graphcore import GraphcoreError

ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
SHOWN = ("aa", "smile", "eyes shut")
CELL, ROWS = 288, 6  # px of a picture; portraits of a page
WIDTH = 170  # of what is written to a file


def main() -> None:
    """Parse, measure, write, print."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    figures: list[PortraitFigures] = []
    refused: dict[str, str] = {}
    try:
        arguments.output.mkdir(parents=True, exist_ok=True)
        _measure(arguments, console, figures, refused)
    except (GraphcoreError, OSError) as error:
        sys.exit(f"measure_portraits: {error}")
    except KeyboardInterrupt:
        console.print("interrupted: what is written is of the portraits measured so far")
    _show(figures, refused, console)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="photos")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the sheets and the figures")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--talk", type=Path, metavar="SOUND", help="also measure the teeth while this is said")
    parser.add_argument("--only", nargs="+", metavar="PATTERN", default=["*"], help="file names, with * and ?")
    return parser.parse_args()


def _measure(
    arguments: argparse.Namespace, console: Console, figures: list[PortraitFigures], refused: dict[str, str]
) -> None:
    paths = [
        path
        for path in sorted(arguments.folder.glob("*"))
        if path.suffix.lower() in ENDINGS and any(fnmatch.fnmatch(path.name, one) for one in arguments.only)
    ]
    if not paths:
        sys.exit(f"measure_portraits: no photo in {arguments.folder}; expected {', '.join(sorted(ENDINGS))}")
    talk: Sequence[FaceMotion] = talking(arguments.talk) if arguments.talk else ()
    rows: list[NDArray[np.uint8]] = []
    with suppress(PortraitError):
        prepare_photo(read_photo(paths[0]), paths[0])  # so that no portrait is timed with the imports
    with Progress(console=console) as progress:
        for path in progress.track(paths, description="portraits"):
            try:
                measured, renderer = measure_portrait(path, arguments.size, talk)
            except PortraitError as error:
                refused[path.name] = str(error)
                continue
            figures.append(measured)
            rows.append(_row(path.name, renderer))
            page = (len(rows) - 1) // ROWS
            _write(arguments.output / f"portraits-{page + 1}.png", png_of(np.concatenate(rows[page * ROWS :])))
            found = {"size": arguments.size, "portraits": [asdict(one) for one in figures], "refused": refused}
            _write(arguments.output / "portraits.json", json.dumps(found, indent=1).encode())


def _row(name: str, renderer: Renderer) -> NDArray[np.uint8]:
    """One portrait in six pictures (CELL, 6 * CELL, 3)."""
    every = dict(motions())
    aside = [motion for label, motion in turns(renderer) if label.startswith("turns")]
    shown = [renderer.photo_motion, *(every[label] for label in SHOWN), *aside]
    row = Image.new("RGB", (CELL * len(shown), CELL))
    for column, motion in enumerate(shown):
        frame = Image.fromarray(renderer.render(motion))
        row.paste(frame.resize((CELL, CELL), Image.Resampling.LANCZOS), (column * CELL, 0))
    ImageDraw.Draw(row).text(
        (5, 3), name, (255, 255, 255), ImageFont.load_default(14), stroke_width=2, stroke_fill=(0, 0, 0)
    )
    return np.asarray(row)


def _write(path: Path, content: bytes) -> None:
    """Under another name until it is whole."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    os.replace(partial, path)


def _show(figures: list[PortraitFigures], refused: dict[str, str], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    titles = ("portrait", "cold s", "prep. s", "MB", "ms", "rest", "slight", "beside", "lids", "teeth CV", "would help")
    for title in titles:
        table.add_column(title, justify="left" if title in ("portrait", "would help") else "right")
    for one in figures:
        teeth = "-" if one.teeth_cv is None else f"{100 * one.teeth_cv:.2f} %"
        times = (f"{one.cold_s:.2f}", f"{one.prepared_s:.3f}", f"{one.file_mb:.1f}", f"{one.frame_ms:.2f}")
        levels = (str(one.rest_error), str(one.slight_change), str(one.background_change))
        table.add_row(one.name, *times, *levels, f"{100 * one.lids_open:.0f} %", teeth, one.advice)
    console.print(table)
    for text in refused.values():
        console.print(text)


if __name__ == "__main__":
    main()
