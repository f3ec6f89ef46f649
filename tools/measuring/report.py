"""The table on the terminal, and the same as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path

from rich.console import Console
from rich.table import Table

from measuring.alignment import POOR
from measuring.bench import SNR_DB
from measuring.figures import Figures
from measuring.score import CLOSED, SHIFT_S, TOLERANCE_S

SETTINGS = {
    "closed_below_share_of_p95": CLOSED,
    "tolerance_s": TOLERANCE_S,
    "control_shift_s": SHIFT_S,
    "least_alignment_score_a_frame": POOR,
    "noise_snr_db": SNR_DB,
    "held_out": "crc32(file name) % 3 == 0",
}
CLIP_COLUMNS = ("r_all", "r_speech", "table_r_all", "labials", "found", "control_found", "events", "right", "lag")


def show(figures: Figures, console: Console) -> None:
    """One table for each part, and the notes."""
    for part in figures.parts():
        drivers = figures.drivers(part)
        table = Table(title=f"{part} clips" if part in ("open", "held out") else part, title_justify="left")
        table.add_column("figure")
        table.add_column("reach", justify="right")
        for driver in drivers:
            table.add_column(driver, justify="right")
        for name, reach in figures.reach.items():
            cells = [_cell(figures, name, part, driver) for driver in drivers]
            if any(cells):
                table.add_row(reach.what, str(reach), *cells)
        console.print(table)
    console.print(
        f"closed: below {CLOSED:g} of the 95th percentile over speech; tolerance {1000 * TOLERANCE_S:g} ms; control:"
        f" phones shifted by {1000 * SHIFT_S:g} ms; alignments below {POOR:g} a frame are left out; rules: our own"
        " coarticulation on the judge's phones, what a perfect ear would score; energy: smoothed loudness"
    )
    for note in figures.notes:
        console.print(f"note: {note}")


def show_clips(figures: Figures, console: Console) -> None:
    """A line for each clip and driver."""
    table = Table(title="per clip", title_justify="left")
    for column in ("clip", "part", "driver", *CLIP_COLUMNS):
        table.add_column(column, justify="left" if column in ("clip", "part", "driver") else "right")
    for line in figures.clips:
        cells = [line[column] for column in CLIP_COLUMNS]
        texts = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells]
        table.add_row(str(line["clip"]), str(line["part"]), str(line["driver"]), *texts)
    console.print(table)


def write_json(figures: Figures, path: Path) -> None:
    """Everything, for other tools."""
    rows = [
        {"figure": name, "what": figures.reach[name].what, "reach": str(figures.reach[name]), "part": part}
        | {"driver": driver, "value": None if math.isnan(value) else value, "met": figures.reach[name].met(value)}
        for (name, part, driver), value in figures.values.items()
    ]
    made = {"settings": SETTINGS, "figures": rows, "clips": figures.clips, "notes": figures.notes}
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(made, indent=1), encoding="utf-8")
    temporary.replace(path)


def _cell(figures: Figures, name: str, part: str, driver: str) -> str:
    value = figures.values.get((name, part, driver))
    if value is None:
        return ""
    reach = figures.reach[name]
    colour = {True: "green", False: "red", None: "default"}[reach.met(value)]
    return f"[{colour}]{value:.{reach.digits}f}[/{colour}]"
