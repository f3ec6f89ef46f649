"""Learn how faces move from tracked ones: nodes/avatar_nodes/weights/face_basis.safetensors.

    python tools/train_face.py LANDMARKS [--one-person LANDMARKS] [--test LANDMARKS] [--output FILE]

Each file of LANDMARKS (as `track_faces.py --landmarks` keeps them) shows a person of its own; those of --one-person
all show the same one. With --test, what is left of other people's landmarks is told.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track as progress
from rich.table import Table
from training.face_people import Faces, read_faces
from training.face_shapes import errors, learn_corrections, learn_geometry

from avatar_nodes.face.face_basis_model import FILE, FaceBasis, write_face_basis

MOST_FRAMES = 500  # of a person
MOST_FILES = 100  # of --one-person, evenly


def main() -> int:
    """Read, learn, write, and tell how much is left."""
    arguments = _arguments()
    try:
        people = read_people(arguments.landmarks, arguments.one_person)
        corrections = learn_corrections(people)
        basis = FaceBasis(corrections, learn_geometry(people, corrections))
        write_face_basis(arguments.output, basis, {"people": [faces.name for faces in people]})
        tested = [] if arguments.test is None else [each(path) for path in files_in(arguments.test)]
    except (OSError, ValueError) as error:
        print(f"train_face: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("train_face: interrupted; nothing was written", file=sys.stderr)
        return 130
    for title, group in (("learned from", people), ("others", tested)):
        if group:
            show(title, group, basis)
    return 0


def read_people(landmarks: Path, one_person: Path | None) -> list[Faces]:
    """The faces to learn from; raises ValueError where there is no file."""
    people = [each(path) for path in progress(files_in(landmarks), "people")]
    if one_person is not None:
        files = files_in(one_person)
        people.append(read_faces(one_person.name, files[:: -(-len(files) // MOST_FILES)], 2 * MOST_FRAMES))
    return people


def each(path: Path) -> Faces:
    """The person of one file."""
    return read_faces(path.name.removesuffix(".npz"), [path], MOST_FRAMES)


def files_in(folder: Path) -> list[Path]:
    """The kept landmarks, by name; raises ValueError where there are none."""
    found = sorted(folder.glob("*.npz"))
    if not found:
        raise ValueError(f"{folder} holds no landmarks (.npz); make them with tools/track_faces.py --landmarks")
    return found


def show(title: str, people: list[Faces], basis: FaceBasis) -> None:
    """What is left of the landmarks of each person."""
    table = Table(title=f"{title}: % of the pupils' distance, all landmarks / lips", title_justify="left")
    found = [errors(faces, basis) for faces in people]
    for column in ("person", *found[0]):
        table.add_column(column)
    for faces, kinds in zip(people, found, strict=True):
        table.add_row(faces.name, *(f"{all_of:.2f} / {lips:.2f}" for all_of, lips in kinds.values()))
    means = [[sum(kinds[kind][k] for kinds in found) / len(found) for k in (0, 1)] for kind in found[0]]
    table.add_row("mean", *(f"{all_of:.2f} / {lips:.2f}" for all_of, lips in means))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("landmarks", type=Path)
    parser.add_argument("--one-person", type=Path)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--output", type=Path, default=FILE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
