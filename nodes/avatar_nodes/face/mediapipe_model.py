"""MediaPipe's face detector, face mesh and person segmentation as plain functions on RGB arrays.

Source: mediapipe 0.10.21, the last release whose wheel carries these models (Apache-2.0).
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.photo_file_model import PortraitError

# What is written to the terminal on every start, mostly by native code; everything else is passed on.
_CHATTER = re.compile(
    rb"Created TensorFlow Lite XNNPACK delegate|before absl::InitializeLog|Feedback manager requires"
    rb"|Using NORM_RECT without IMAGE_DIMENSIONS"
    # matplotlib, where others use it, wants a folder in the home folder.
    rb"|mkdir -p failed for path .*matplotlib|Matplotlib created a temporary cache"
    rb"|matplotlib is not a writable directory"
)
LEAST_SCORE = 0.1  # of a face that is looked at; a network for each score that is asked for would take longer to load
_stderr_lock = threading.RLock()


# MediaPipe imports it for pictures of landmarks, which we never ask for: longer work than all the rest of its import.
_PLOTS = ("matplotlib", "matplotlib.pyplot")


@dataclass(frozen=True, slots=True)
class Detection:
    """A face as the detector sees it, in px of the picture it was given."""

    score: float
    box: tuple[float, float, float, float]  # x, y, width, height; from brow to chin
    right_eye: tuple[float, float]  # the subject's right
    left_eye: tuple[float, float]

    @property
    def roll(self) -> float:
        """How far the line of the eyes is turned clockwise as seen, in degrees."""
        (right_x, right_y), (left_x, left_y) = self.right_eye, self.left_eye
        return float(np.degrees(np.arctan2(left_y - right_y, left_x - right_x)))


@contextmanager
def _without_plots() -> Iterator[None]:
    """Spare an import of matplotlib where nobody has imported it yet."""
    stubs = {name: ModuleType(name) for name in _PLOTS if name not in sys.modules}
    sys.modules.update(stubs)
    try:
        yield
    finally:
        for name in stubs:
            del sys.modules[name]


class FaceModels:
    """The three networks, loaded when first used; a context manager that gives them back."""

    def __init__(self) -> None:
        try:
            with quiet_native_log(), _without_plots():
                import mediapipe
        except ImportError as error:  # a slim machine without the system libraries that its wheel leaves out
            raise PortraitError(
                f"MediaPipe cannot be loaded ({error})",
                "install libGL.so.1 and libglib2.0 (Debian: libgl1, libglib2.0-0)",
            ) from None
        self._solutions: Any = mediapipe.solutions
        self._open: dict[str, Any] = {}

    def __enter__(self) -> FaceModels:
        return self

    def __exit__(self, *error: object) -> None:
        with quiet_native_log():
            for solution in self._open.values():
                solution.close()
        self._open.clear()

    def detect(self, picture: NDArray[np.uint8], *, near: bool, least_score: float = 0.5) -> list[Detection]:
        """Faces in a picture; `near` is the network for faces that fill much of it."""
        solutions = self._solutions.face_detection
        answer = self._run(
            f"detect {near}",
            lambda: solutions.FaceDetection(model_selection=0 if near else 1, min_detection_confidence=LEAST_SCORE),
            picture,
        )
        height, width = picture.shape[:2]
        found = [_detection(one, width, height) for one in answer.detections or ()]
        return [one for one in found if one.score >= least_score]

    def mesh(self, picture: NDArray[np.uint8], looks: int = 1) -> NDArray[np.float64] | None:
        """The landmarks (478, 3) of the face that fills this square picture, in its px; None: no face.

        With several `looks` the region that is read comes to rest on the face, as it does in a video.
        """
        with quiet_native_log():
            mesh = self._loaded("mesh", self._open_mesh)
            mesh.reset()
            answers = [mesh.process(np.ascontiguousarray(picture)) for _ in range(looks)]
        seen = [answer.multi_face_landmarks[0] for answer in answers if answer.multi_face_landmarks]
        if not seen:
            return None
        relative = np.array([(point.x, point.y, point.z) for point in seen[-1].landmark], np.float64)
        height, width = picture.shape[:2]
        return relative * (width, height, width) - (0.5, 0.5, 0.0)  # px centres are whole numbers

    def segment(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How surely each px (height, width) belongs to a person, 0 to 1."""
        solutions = self._solutions.selfie_segmentation
        answer = self._run("segment", lambda: solutions.SelfieSegmentation(model_selection=0), picture)
        return np.array(answer.segmentation_mask, np.float32)

    def _open_mesh(self) -> Any:
        return self._solutions.face_mesh.FaceMesh(refine_landmarks=True, min_detection_confidence=0.3)

    def _run(self, name: str, make: Any, picture: NDArray[np.uint8]) -> Any:
        with quiet_native_log():
            return self._loaded(name, make).process(np.ascontiguousarray(picture))

    def _loaded(self, name: str, make: Any) -> Any:
        if name not in self._open:
            self._open[name] = make()
        return self._open[name]


def _detection(found: Any, width: int, height: int) -> Detection:
    location = found.location_data
    box = location.relative_bounding_box
    eyes = [(point.x * width, point.y * height) for point in location.relative_keypoints[:2]]
    return Detection(
        score=float(found.score[0]),
        box=(box.xmin * width, box.ymin * height, box.width * width, box.height * height),
        right_eye=eyes[0],
        left_eye=eyes[1],
    )


@contextmanager
def quiet_native_log() -> Iterator[None]:
    """Keep MediaPipe's start-up chatter off the terminal; other lines are written when the block ends."""
    with _stderr_lock:
        try:
            terminal = os.dup(2)
        except OSError:  # no stderr at all: nothing to keep quiet
            yield
            return
        with tempfile.TemporaryFile() as kept:
            _flush_stderr()
            os.dup2(kept.fileno(), 2)
            try:
                yield
            finally:
                _flush_stderr()
                os.dup2(terminal, 2)
                os.close(terminal)
                _pass_on(kept)


def _flush_stderr() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


def _pass_on(kept: Any) -> None:
    kept.seek(0)
    wanted = b"".join(line for line in kept if not _CHATTER.search(line))
    if wanted:
        os.write(2, wanted)
