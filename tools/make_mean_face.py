"""Make nodes/avatar_nodes/face/mean_face.csv: the mean of the landmarks of a folder of portraits.

    python tools/make_mean_face.py PORTRAITS [--output mean_face.csv]

One round of generalised Procrustes analysis (Gower 1975) from the mean that is there; run it again until it stays.
It keeps statistics of the landmarks only, nothing of a picture. Pitch 0 is the median portrait's: MediaPipe has no
absolute zero.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from avatar_nodes.face.canonical_model import LEFT_IRIS, MIRROR, RIGHT_IRIS, RIGID, head_pose, rotation_matrix
from avatar_nodes.face.photo_file_model import PortraitError
from avatar_nodes.face.portrait_model import prepare_portrait

FAR = 0.1  # inter-pupil distances: a point further from the mean counts half
EARS = (234, 454)
HEADER = """# Mean of MediaPipe face mesh landmarks over {} portraits (generalised Procrustes analysis), made symmetric.
# x to the viewer's right, y up, z to the viewer; inter-pupil distances; origin between the ears. One row a landmark."""

Points = NDArray[np.float64]


def upright_faces(folder: Path) -> tuple[list[Points], list[float]]:
    """The landmarks (478, 3) of every portrait with its head pose undone, and the pitches in degrees."""
    faces, pitches = [], []
    for path in track(sorted(folder.iterdir()), "portraits"):
        try:
            landmarks = prepare_portrait(path).landmarks.astype(np.float64)
        except PortraitError as error:
            print(f"{path.name}: {error}")
            continue
        pose = head_pose(landmarks)
        faces.append((landmarks * (1.0, -1.0, -1.0) / pose.scale - pose.translation) @ pose.rotation)
        pitches.append(pose.pitch)
    return faces, pitches


def mean_of(faces: list[Points], pitches: list[float]) -> Points:
    """Their mean, outliers weighing less, mirror-symmetric, looking at the lens, of inter-pupil distance 1."""
    stack = np.stack(faces)
    mean = np.median(stack, axis=0)
    weights = 1.0 / (1.0 + (np.linalg.norm(stack - mean, axis=2) / FAR) ** 2)
    mean = (stack * weights[..., None]).sum(axis=0) / weights.sum(axis=0)[:, None]
    mean = (mean + mean[MIRROR] * (-1.0, 1.0, 1.0)) / 2
    mean = mean @ rotation_matrix(0.0, float(np.median(pitches)), 0.0).T
    mean -= mean[list(EARS)].mean(axis=0)
    pupils = mean[list(LEFT_IRIS)].mean(axis=0) - mean[list(RIGHT_IRIS)].mean(axis=0)
    return np.asarray(mean / np.linalg.norm(pupils))


def main() -> None:
    """Write the table, and say how far it moved."""
    parser = argparse.ArgumentParser(description="Make the mean face from a folder of portraits.")
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--output", type=Path, default=Path("mean_face.csv"))
    arguments = parser.parse_args()
    faces, pitches = upright_faces(arguments.portraits)
    mean = mean_of(faces, pitches)
    rows = "\n".join(",".join(f"{value:.4f}" for value in row) for row in mean)
    arguments.output.write_text(HEADER.format(len(faces)) + "\n" + rows + "\n")
    from avatar_nodes.face.canonical_model import MEAN_FACE

    moved = np.linalg.norm(mean - MEAN_FACE, axis=1)
    print(f"{len(faces)} portraits; moved {moved.mean():.4f} on average, rigid points {moved[list(RIGID)].mean():.4f}")


if __name__ == "__main__":
    main()
