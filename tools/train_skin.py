"""Learn how skin is shaded by expressions: weights/skin.safetensors.

    python tools/train_skin.py VIDEO_OR_FOLDER ... --cache DIR --output skin.safetensors [--judge VIDEO ...]

Each video shows one person, and so does each folder of videos (mp4). What is seen is kept in the cache: a second run
takes seconds. Told at the end: how much of the shading of the people of --judge is explained, of whom nothing is
learned, and with --left-out that of each other person by what the others teach.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track as progress
from rich.table import Table
from training.skin_fit import Shaded, learn, shaded
from training.skin_judge import Explained, judged, left_out
from training.skin_seen import read_person

from avatar_nodes.tracking.video_file_model import VideoFileError


def main() -> int:
    """Look, learn, write, tell."""
    arguments = _arguments()
    try:
        people = [_person(place, arguments.cache) for place in progress(arguments.videos, "looking")]
        weights = learn(people)
        weights.write(arguments.output, {"people": ", ".join(person.name for person in people)})
        rows = [judged(weights, _person(place, arguments.cache)) for place in progress(arguments.judge, "judging")]
        rows += left_out(people) if arguments.left_out else []
    except (VideoFileError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was seen is kept in the cache", file=sys.stderr)
        return 130
    if rows:
        Console(width=None if sys.stdout.isatty() else 120).print(_table(rows))
    return 0


def _person(place: Path, cache: Path) -> Shaded:
    return shaded(read_person(place, cache))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, required=True, help="where what is seen is kept")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--judge", type=Path, nargs="*", default=[], help="videos that only judge")
    parser.add_argument("--left-out", action="store_true", help="learn once more without each person (minutes)")
    return parser.parse_args()


def _table(rows: list[Explained]) -> Table:
    table = Table(title="shading of people that nothing was learned from", title_justify="left")
    for column in ("person", "frames", "explained by the 52, %", "correlation", "by the components, %"):
        table.add_column(column, justify="left" if column == "person" else "right")
    for row in rows:
        figures = (f"{100 * row.by_expression:.0f}", f"{row.correlation:.2f}", f"{100 * row.by_components:.0f}")
        table.add_row(row.name, str(row.frames), *figures)
    return table


if __name__ == "__main__":
    sys.exit(main())
