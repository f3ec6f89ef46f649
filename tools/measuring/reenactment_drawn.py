"""A clip's face, redrawn from one of its frames by motion that went through a saved file."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_nodes.face.framing_model import Framing, cut_frame
from avatar_nodes.face.mesh_model import FACE_VERTICES
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait
from avatar_nodes.face.puppet_model import Placed
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.face.stance_model import CAMERA_DISTANCE
from avatar_nodes.motion.motion_file_model import read_motion
from avatar_nodes.motion.motion_out_file_model import PartialMotionFile
from avatar_nodes.payloads import EXPRESSION_NAMES, FaceMotion
from avatar_nodes.tracking.face_follower_model import FaceFollower
from avatar_nodes.tracking.face_tracker_model import track_face
from measuring.reenactment_clips import Clip
from measuring.reenactment_score import Judge, Nearness

_EYES = np.array([name.startswith("eye") for name in EXPRESSION_NAMES])


class Redrawn:
    """A renderer of the clip's photo, the saved motion of its other frames, and what is compared with."""

    def __init__(self, clip: Clip, size: int) -> None:
        self.clip = clip
        self.photo_at = clip.photo()
        with tempfile.TemporaryDirectory() as folder:
            photo = Path(folder) / "photo.png"
            Image.fromarray(clip.pictures[self.photo_at]).save(photo)
            self.portrait = prepare_portrait(photo, size)
            self.motions = _through_file(clip, int(clip.kept[self.photo_at]), Path(folder) / "motion.csv")
        self.renderer = Renderer(self.portrait)
        self.size = size

    def judges(self) -> list[Judge]:
        """The real pictures, cut as the photo is."""
        framing = _framing(self.portrait, self.size)
        cuts = (cut_frame(picture, framing, self.size) for picture in self.clip.pictures)
        return [Judge(cut, self._in_frame(at)) for cut, at in zip(cuts, self.clip.kept, strict=True)]

    def _in_frame(self, at: int) -> NDArray[np.float64]:
        """The landmarks of a frame, in px of the drawn one."""
        to = self.portrait.transform
        points = self.clip.landmarks[at] * to[0, 0]
        points[:, :2] += to[:, 2]
        return np.asarray(points)

    def drawn(self, way: str) -> Iterator[NDArray[np.uint8]]:
        """Every kept frame, drawn in one of WAYS."""
        for at, motion in zip(self.clip.kept, self.motions, strict=True):
            if way == "copied":
                yield self._copied(self._in_frame(at), motion)
            else:
                yield self.renderer.render(WAYS[way](motion, self.renderer.photo_motion, self.motions[self.photo_at]))

    def _copied(self, landmarks: NDArray[np.float64], motion: FaceMotion) -> NDArray[np.uint8]:
        """All landmarks as they were seen: more than motion can say, what the warp itself can do."""
        puppet, renderer = self.renderer.puppet, self.renderer
        placed = puppet.place(motion)
        moved = landmarks - self._in_frame(int(self.clip.kept[self.photo_at]))
        placed.points[:FACE_VERTICES] = puppet.source[:FACE_VERTICES] + moved[:FACE_VERTICES, :2]
        flat = np.column_stack([placed.points[:FACE_VERTICES], landmarks[:FACE_VERTICES, 2]]) * (1.0, -1.0, -1.0)
        shifted = (flat - puppet.identity.origin) / puppet.identity.eye_distance - placed.stance.shift
        head = shifted @ placed.stance.rotation
        placed = Placed(placed.points, placed.depth, head, placed.stance)
        picture = np.empty((self.size, self.size, 3), np.uint8)
        renderer.warp(placed, picture)
        renderer.eyes.draw(placed, motion, picture)
        renderer.mouth.draw(placed, motion, picture)
        return picture

    def score(self, way: str, judges: list[Judge]) -> tuple[Nearness, Nearness]:
        """The mean over all frames but the photo: as drawn, and laid on each real frame by a similarity."""
        drawn, aligned = [], []
        with FaceFollower() as follower:
            for k, (picture, judge) in enumerate(zip(self.drawn(way), judges, strict=True)):
                landmarks = follower.read(picture)
                if landmarks is not None and k != self.photo_at:
                    drawn.append(judge.nearness(picture, landmarks))
                    aligned.append(judge.aligned(picture, landmarks))
        return Nearness.mean(drawn), Nearness.mean(aligned)

    def still(self, judges: list[Judge]) -> Nearness:
        """The photo itself, laid on each real frame by a similarity."""
        photo = judges[self.photo_at]
        others = [judge for k, judge in enumerate(judges) if k != self.photo_at]
        return Nearness.mean([judge.aligned(photo.picture, photo.landmarks) for judge in others])


def _pose(motion: FaceMotion, photo: FaceMotion, _seen: FaceMotion) -> FaceMotion:
    return dataclasses.replace(photo, head=motion.head)


def _eyes(motion: FaceMotion, photo: FaceMotion, _seen: FaceMotion) -> FaceMotion:
    expression = np.where(_EYES, motion.expression, photo.expression)
    return dataclasses.replace(photo, head=motion.head, expression=expression, gaze=motion.gaze)


def _without_dynamics(motion: FaceMotion, _photo: FaceMotion, _seen: FaceMotion) -> FaceMotion:
    return dataclasses.replace(motion, dynamics=None, basis="")


def _all(motion: FaceMotion, _photo: FaceMotion, _seen: FaceMotion) -> FaceMotion:
    return motion


def _relative(motion: FaceMotion, photo: FaceMotion, seen: FaceMotion) -> FaceMotion:
    """What the motion changes from how the photo's frame was `seen`, added to what the photo is read as."""

    def changed(name: str) -> NDArray[np.float32]:
        started = getattr(photo, name)
        change = np.asarray(getattr(motion, name) - getattr(seen, name), np.float32)
        return change if started is None else change + started

    return dataclasses.replace(motion, **{name: changed(name) for name in ("head", "expression", "gaze", "dynamics")})


# What of the motion is used: head alone, with lids and gaze, with all of the 52, with dynamics; and the same counted
# from the photo's frame instead of the person's neutral, which one photo does not show.
WAYS: dict[str, Callable[[FaceMotion, FaceMotion, FaceMotion], FaceMotion]] = {
    "pose": _pose, "eyes": _eyes, "52": _without_dynamics, "dynamics": _all, "relative": _relative,
}  # fmt: skip


def _framing(portrait: Portrait, size: int) -> Framing:
    scale = portrait.transform[0, 0]
    left, top = (0.5 * scale - 0.5 - portrait.transform[:, 2]) / scale
    return Framing(round(left), round(top), round(size / scale))


def _through_file(clip: Clip, photo: int, path: Path) -> list[FaceMotion]:
    """Track the clip, save its motion, read it, and give that of the kept frames."""
    face = track_face(clip.landmarks)
    heads = counted_from(face.head, photo)
    file = PartialMotionFile(path)
    for at, time in enumerate(clip.times):
        file.write(int(time), dataclasses.replace(face.motion(at), head=heads[at].astype(np.float32)))
    file.finish()
    saved = read_motion(path)
    return [saved.at(int(clip.times[at])) for at in clip.kept]


def counted_from(heads: NDArray[np.float64], photo: int) -> NDArray[np.float64]:
    """Heads (T, 6) whose position counts from that of one frame: where 0 is, a tracker cannot know."""
    zoom = 1.0 / (1.0 - heads[:, 5:] / CAMERA_DISTANCE)
    seen = heads[:, 3:5] * zoom  # as a camera sees it
    toward = CAMERA_DISTANCE * (1.0 - zoom[photo] / zoom)
    return np.column_stack([heads[:, :3], (seen - seen[photo]) / zoom, toward])
