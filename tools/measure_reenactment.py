"""Measure self-reenactment: how near a face is that is redrawn from one frame by its own tracked motion.

    python tools/measure_reenactment.py VIDEO_OR_FOLDER ... [--steps] [--seconds 8] [--every 5] [--json FILE]

Each clip is tracked, its motion is saved to a motion file and read again, and drawn on the clip's own frame nearest
to rest; the drawn frames are compared with the real ones, as they are and laid on each real frame by a similarity
(as the still frame they are measured beside). See `measuring/reenactment_*.py` for rules and crops.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from measuring.clips import held_out
from measuring.reenactment_clips import read_clip
from measuring.reenactment_drawn import WAYS, Redrawn
from measuring.reenactment_score import Nearness
from rich.console import Console
from rich.progress import track as progress
from rich.table import Table
from track_faces import videos_in

from avatar_nodes.face.portrait_model import PortraitError
from avatar_nodes.tracking.video_file_model import VideoFileError

COLUMNS = ("face SSIM", "mouth SSIM", "mouth PSNR", "landmarks, %", "lips, %")
Rows = dict[str, dict[str, Nearness]]  # clip -> way -> figures


def measure(path: Path, arguments: argparse.Namespace) -> tuple[str, dict[str, Nearness]]:
    """The person of one clip, and the figures of each way to draw it."""
    clip = read_clip(path, arguments.seconds, arguments.every, arguments.landmarks)
    redrawn = Redrawn(clip, arguments.size)
    judges = redrawn.judges()
    found = {"still, aligned": redrawn.still(judges)}
    for way in [*WAYS, "copied"] if arguments.steps else ["52", "dynamics", "relative"]:
        found[way], found[f"{way}, aligned"] = redrawn.score(way, judges)
    return clip.person, found


def main() -> int:
    """Measure every clip, then print tables and write the JSON."""
    arguments = _arguments()
    rows: Rows = {}
    people: dict[str, str] = {}
    try:
        for path in progress(videos_in(arguments.videos), "redrawing"):
            try:
                people[path.name], rows[path.name] = measure(path, arguments)
            except (VideoFileError, PortraitError) as error:
                print(f"{path.name}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the clips that are done follow", file=sys.stderr)
    if not rows:
        return 1
    show(rows, people, Console(width=None if sys.stdout.isatty() else 140))
    if arguments.json is not None:
        _write(arguments.json, rows, people)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each clip, from its start")
    parser.add_argument("--every", type=int, default=5, help="one frame of so many is compared")
    parser.add_argument("--size", type=int, default=512, help="of the drawn frames, px")
    parser.add_argument("--steps", action="store_true", help="also with less of the motion, and all landmarks copied")
    parser.add_argument("--landmarks", type=Path, help="a folder where landmarks are kept between runs")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def show(rows: Rows, people: dict[str, str], console: Console) -> None:
    """The mean over people (of several clips of one person their mean), by part; then a line for each clip."""
    parts = {"all": list(rows)} | {
        part: [name for name in rows if held_out(name) is held] for part, held in (("open", False), ("held out", True))
    }
    for part, names in parts.items():
        if names:
            apart = {people[name] for name in names}
            console.print(_table(f"{part}: {len(names)} clips, {len(apart)} people", mean_of(rows, people, names)))
    for name, found in rows.items():
        console.print(_table(f"{name}{' (held out)' if held_out(name) else ''}: {people[name]}", found))


def mean_of(rows: Rows, people: dict[str, str], names: list[str]) -> dict[str, Nearness]:
    """Each way's mean over people."""
    made = {}
    for way in rows[names[0]]:
        several = {person: [rows[name][way] for name in names if people[name] == person] for person in people.values()}
        made[way] = Nearness.mean([Nearness.mean(of) for of in several.values() if of])
    return made


def _table(title: str, found: dict[str, Nearness]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("drawn by")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for way, near in found.items():
        ssims = [f"{near.face_ssim:.3f}", f"{near.mouth_ssim:.3f}", f"{near.mouth_psnr:.2f}"]
        table.add_row(way, *ssims, f"{near.all_error:.2f}", f"{near.lips_error:.2f}")
    return table


def _write(path: Path, rows: Rows, people: dict[str, str]) -> None:
    clips = {
        name: {"person": people[name], "held_out": held_out(name)} | {way: vars(near) for way, near in found.items()}
        for name, found in rows.items()
    }
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(clips, indent=1), encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
