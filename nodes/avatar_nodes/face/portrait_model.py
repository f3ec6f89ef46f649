"""From any photo to a framed, matted portrait with a 3D face: what a renderer starts from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.appearance_model import Layers, split_layers
from avatar_nodes.face.background_model import fill_background
from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.eyes_seen_model import see_eyes
from avatar_nodes.face.find_face_model import FoundFace, find_face
from avatar_nodes.face.framing_model import Framing, choose_framing, cut_frame
from avatar_nodes.face.matte_model import person_matte
from avatar_nodes.face.mediapipe_model import FaceModels
from avatar_nodes.face.photo_file_model import PortraitError, read_photo
from avatar_nodes.face.photo_quality_model import measure_quality
from avatar_nodes.face.portrait_faults_model import check_face, check_seen, check_whole
from avatar_nodes.face.portrait_report_model import PortraitReport, report_on
from avatar_nodes.face.read_face_model import shrunk

__all__ = ["Portrait", "PortraitError", "prepare_photo", "prepare_portrait"]

WHOLE_SIDE = 1920  # px: the longer side of the photo that is kept
LARGEST_SIZE = 1024  # px of a frame


@dataclass(slots=True)
class Portrait:
    """A photo framed as a talking head, taken apart."""

    image: NDArray[np.uint8]  # (size, size, 3) RGB
    layers: Layers  # person over background plus rest is the image
    landmarks: NDArray[np.float32]  # (478, 3) MediaPipe's points in frame px: x right, y down, smaller z is nearer
    photo: NDArray[np.uint8]  # (height, width, 3) RGB: all of it, at most WHOLE_SIDE on its longer side
    transform: NDArray[np.float64]  # (2, 3) affine: px of `photo` to frame px
    scale: float  # frame px per px of the photo it was cut from
    report: PortraitReport

    @property
    def matte(self) -> NDArray[np.float32]:
        """How much of each pixel is the person, with hair and body: (size, size), 0 to 1."""
        return self.layers.person[:, :, 3].astype(np.float32) / np.float32(255)

    @property
    def background(self) -> NDArray[np.uint8]:
        """The frame with the person filled in from behind: (size, size, 3) RGB."""
        return self.layers.background

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know, one sentence each."""
        return self.report.notices


def prepare_portrait(path: Path, size: int | None = 512) -> Portrait:
    """Read a photo, find its largest face, frame it as a talking head and separate the person.

    A frame has `size` px, or, for None, as many as it has in `Portrait.photo`, which is then shrunk until these are
    no more than LARGEST_SIZE. The same photo gives the same arrays. Raises PortraitError where a photo cannot serve.
    """
    return prepare_photo(read_photo(path), path, size)


def prepare_photo(photo: NDArray[np.uint8], path: Path, size: int | None = 512) -> Portrait:
    """The same for the pixels (height, width, 3) of the photo that was read from `path`."""
    with FaceModels() as models:
        found = find_face(models, photo)
        if found is None:
            raise PortraitError(f"{path}: no face was found", "expected a photo of one person who looks at the camera")
        check_face(path, found.landmarks)
        check_whole(path, found.landmarks, photo.shape[1], photo.shape[0])
        if size is None:
            photo, found = _reduced(photo, found)
        portrait = _take_apart(models, photo, found, size)
    check_seen(path, portrait.report.eyes, portrait.report.quality.covered)
    return portrait


def _take_apart(models: FaceModels, photo: NDArray[np.uint8], found: FoundFace, size: int | None) -> Portrait:
    framing = _framed(photo, found)
    size = framing.side if size is None else size
    image = cut_frame(photo, framing, size)
    landmarks = _into_frame(found.landmarks, framing.transform(size))
    matte = person_matte(models, image, landmarks[list(OVAL), :2])
    points = landmarks.astype(np.float32)
    eyes, quality = see_eyes(image, points), measure_quality(image, points, found.doubt)
    kept, shrink = shrunk(photo, WHOLE_SIDE)
    return Portrait(
        image=image,
        layers=split_layers(image, matte, fill_background(image, matte)),
        landmarks=points,
        photo=kept,
        transform=framing.transform(size) @ _grown(1.0 / shrink),
        scale=size / framing.side,
        report=report_on(found, framing, size, (photo.shape[1], photo.shape[0]), eyes, quality),
    )


def _framed(photo: NDArray[np.uint8], found: FoundFace) -> Framing:
    height, width = photo.shape[:2]
    return choose_framing(found.landmarks[list(OVAL), :2], width, height)


def _reduced(photo: NDArray[np.uint8], found: FoundFace) -> tuple[NDArray[np.uint8], FoundFace]:
    """The photo shrunk until neither it nor the frame in it is too large, and where its face is then."""
    while True:
        shrink = min(WHOLE_SIDE / max(photo.shape[:2]), LARGEST_SIZE / _framed(photo, found).side)
        if shrink >= 1.0:
            return photo, found
        photo, shrink = shrunk(photo, int(max(photo.shape[:2]) * shrink))
        found = dataclasses.replace(found, landmarks=_into_frame(found.landmarks, _grown(shrink)[:2]))


def _grown(by: float) -> NDArray[np.float64]:
    """The affine map (3, 3) of px, counted at their centres, when a picture grows."""
    shift = 0.5 * by - 0.5
    return np.array([[by, 0.0, shift], [0.0, by, shift], [0.0, 0.0, 1.0]])


def _into_frame(landmarks: NDArray[np.float64], transform: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = landmarks[:, :2] @ transform[:, :2].T + transform[:, 2]
    return np.column_stack([flat, landmarks[:, 2] * transform[0, 0]])
