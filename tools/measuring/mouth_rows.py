"""The mouth of a portrait that talks, as a tracker and the renderer's own layer of teeth see it.

Lengths are inter-pupil distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.payloads import FaceMotion
from avatar_nodes.tracking.face_follower_model import FaceFollower
from avatar_nodes.tracking.seen_face_model import Standing, measure_lips, stand
from graphcore.testing import run_graph

Array = NDArray[np.float64]

TALK_AUDIO = Path(__file__).parents[2] / "graphs" / "talk_audio.yaml"
REST_PERCENTILE = 5.0  # of the gap in a clip: what closed lips read
CLOSED = 0.012  # above that the lips are apart
SHOWN = 0.01  # squared: teeth that a viewer notices
TEETH_DEPTH = float(MEAN_FACE[[13, 14], 2].mean()) - 0.09  # of the plane of the teeth: behind the lips


@dataclass(frozen=True)
class MouthFigures:
    """What the mouth does in one clip, or on average."""

    closed: float  # share of the frames in which the lips touch
    width_range: float  # p95 - p5 of its width, in inter-pupil distances
    teeth_seen: float  # share of the frames that show teeth
    canines_cv: float  # coefficient of variation of the width from canine to canine, head pose undone

    @classmethod
    def mean(cls, figures: Sequence[MouthFigures]) -> MouthFigures:
        """Over clips."""
        return cls(*(float(np.mean([getattr(one, field.name) for one in figures])) for field in fields(cls)))


def talking(sound: Path, seed: int = 0) -> list[FaceMotion]:
    """The motion that graphs/talk_audio.yaml makes of a sound file, frame by frame."""
    graph = yaml.safe_load(TALK_AUDIO.read_text())
    graph["nodes"] = {name: node for name, node in graph["nodes"].items() if name not in ("face", "movie")}
    graph["nodes"]["speech"]["params"] = {"path": str(sound.resolve())}
    result = run_graph(yaml.safe_dump(graph | {"seed": seed}, sort_keys=False))
    return [packet.payload for packet in result.outputs["motion.motion"]]


def measure_mouth(renderer: Renderer, motions: Sequence[FaceMotion]) -> MouthFigures | None:
    """Draw the motion on a portrait, track what is drawn, and look at the layers of teeth; None: no face was seen."""
    seen, teeth, widths = [], [], []
    with FaceFollower() as follower:
        for motion in motions:
            landmarks = follower.read(renderer.render(motion))
            if landmarks is None:
                continue
            placed = renderer.puppet.place(motion)
            seen.append(landmarks)
            teeth.append(float(renderer.mouth.teeth(placed, motion).sum()))
            widths.append(_canine_width(renderer.mouth.front_teeth(placed), stand(landmarks[None])))
    if not seen:
        return None
    gap, width = measure_lips(np.stack(seen))
    return MouthFigures(
        closed=float(np.mean(gap - np.percentile(gap, REST_PERCENTILE) < CLOSED)),
        width_range=float(np.percentile(width, 95) - np.percentile(width, 5)),
        teeth_seen=float(np.mean(np.array(teeth) / stand(np.stack(seen)).scale ** 2 > SHOWN)),
        canines_cv=float(np.std(widths) / np.mean(widths)),
    )


def _canine_width(row: NDArray[np.float32], standing: Standing) -> float:
    """The width of a row of teeth, drawn in px, in the plane of the head's teeth: from the spread of its pixels."""
    y, x = np.nonzero(row > 0.0)
    seen = np.stack([x, -y], axis=1) / standing.scale[0] - standing.shift[0, :2]
    rotation = standing.rotation[0]
    flat = np.linalg.solve(rotation[:2, :2], (seen - rotation[:2, 2] * TEETH_DEPTH).T)
    return float(np.sqrt(12.0 * np.cov(flat[0], aweights=row[y, x])))
