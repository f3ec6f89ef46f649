"""Measure motion on real speech: lips, closures, blinks, head, compute, latency, through the streaming path.

    python tools/measure_motion.py DATA [--drivers motion_diffusion vowel_lip_sync] [--only lips head] [--json FILE]

DATA holds speech/, talking/, noise/ and transcripts.csv. The judge is pocketsphinx (`pip install pocketsphinx`),
which aligns known text with the sound; it never drives a motion. Open clips and those held out are told apart.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Callable
from pathlib import Path

from align_speech import AlignError
from measuring import lips_rows, people_rows, rendered_rows, streaming_rows, timing_rows
from measuring.bench import Bench, Job
from measuring.clips import read_clips
from measuring.driving import GRAPHS
from measuring.figures import Figures
from measuring.report import show, show_clips, write_json
from rich.console import Console
from rich.progress import Progress

from avatar_nodes.audio.audio_file_model import SoundFileError
from graphcore import GraphcoreError

WIDTH = 150  # of what is written to a file
ROWS = ("lips", "chunks", "noise", "languages", "silence", "people", "streaming", "compute", "latency", "video")


def main() -> None:
    """Parse, measure, print."""
    arguments = _arguments()
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    try:
        figures = _measure(arguments, console)
    except (GraphcoreError, AlignError, SoundFileError, OSError) as error:
        sys.exit(f"measure_motion: {error}")
    except KeyboardInterrupt:
        sys.exit("measure_motion: interrupted, nothing was written")
    if arguments.per_clip:
        show_clips(figures, console)
    show(figures, console)
    if arguments.json is not None:
        write_json(figures, arguments.json)
        console.print(f"written to {arguments.json}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with speech/, talking/, noise/ and transcripts.csv")
    parser.add_argument("--drivers", nargs="+", choices=list(GRAPHS), default=list(GRAPHS))
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROWS", help=" ".join(ROWS))
    parser.add_argument("--clips", nargs="+", metavar="PATTERN", help="file names, with * and ?")
    parser.add_argument("--part", choices=("open", "held", "both"), default="both")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="for blinks and head")
    parser.add_argument("--portraits", type=Path, nargs="+", help="for the rendered video; Grace Hopper if left out")
    parser.add_argument("--weights", type=Path, help="folder with weights to try instead of the installed ones")
    parser.add_argument("--tracks", type=Path, help="tracks of talking people, to be shown beside")
    parser.add_argument("--cache", type=Path, help="folder where alignments are kept")
    parser.add_argument("--jobs", type=int, default=1, help="processes for motion")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--per-clip", action="store_true", help="also print a line for each clip")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, console: Console) -> Figures:
    clips = read_clips(arguments.data)
    if arguments.clips:
        clips = [clip for clip in clips if any(fnmatch.fnmatch(clip.name, one) for one in arguments.clips)]
    if arguments.part != "both":
        clips = [clip for clip in clips if clip.held_out is (arguments.part == "held")]
    if not clips:
        sys.exit(f"measure_motion: no clip in {arguments.data} fits; expected speech/ and talking/ there")
    bench = Bench(clips, arguments.data, arguments.drivers, arguments.cache, arguments.jobs, arguments.weights)
    figures = Figures()
    rows = _rows(bench, figures, arguments)
    with Progress(console=console) as progress:
        wanted = [name for name in ROWS if name in arguments.only]
        bench.prepare([job for name in wanted for job in rows[name][0]()], progress)
        for name in progress.track(wanted, description="figures"):
            rows[name][1]()
    return figures


def _rows(
    bench: Bench, figures: Figures, arguments: argparse.Namespace
) -> dict[str, tuple[Callable[[], list[Job]], Callable[[], None]]]:
    """What each row needs, and how it is measured."""

    def people() -> None:
        people_rows.people(bench, figures, arguments.seeds)
        if arguments.tracks is not None:
            people_rows.tracked_people(bench, figures, arguments.tracks)

    return {
        "lips": (lambda: list(lips_rows.lips_jobs(bench)), lambda: lips_rows.lips(bench, figures)),
        "chunks": (lambda: list(lips_rows.chunk_jobs(bench)), lambda: lips_rows.chunks(bench, figures)),
        "noise": (lambda: list(lips_rows.noise_jobs(bench)), lambda: lips_rows.noise(bench, figures)),
        "languages": (lambda: list(lips_rows.language_jobs(bench)), lambda: lips_rows.languages(bench, figures)),
        "silence": (lambda: list(lips_rows.silence_jobs(bench)), lambda: lips_rows.silence(bench, figures)),
        "people": (lambda: list(people_rows.people_jobs(bench, arguments.seeds)), people),
        "streaming": (list, lambda: streaming_rows.streaming(bench, figures)),
        "compute": (list, lambda: timing_rows.compute(bench, figures)),
        "latency": (list, lambda: timing_rows.latency(bench, figures)),
        "video": (
            lambda: list(rendered_rows.video_jobs(bench)),
            lambda: rendered_rows.video(bench, figures, arguments.portraits),
        ),
    }


if __name__ == "__main__":
    main()
