"""MediaPipe's face mesh, following one face from frame to frame.

Source: mediapipe 0.10.21 (Apache-2.0). Its video mode carries the region of the face on, and does not smooth.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MIRROR
from avatar_nodes.face.find_face_model import GROUND, find_face
from avatar_nodes.face.mediapipe_model import FaceModels, quiet_native_log

Array = NDArray[np.float64]

WINDOW = 2.2  # sides of the face: how much of the frame is looked at
LOOSE, TIGHT = 1.35, 0.7  # a face that has grown or shrunk by this gets a new window
LARGEST_WINDOW = 640  # px: the network sees 192 of them and does not average
EDGE = 0.25  # of the frame, grey, around it while a face is searched: the detector misses one that fills the frame
LEAST_CONFIDENCE = 0.3
SETTLE = 3  # times that a first picture is read over: the region comes to rest on the face
WARM_SIDE = 192  # px of a picture that nothing is on
SEARCH_PAUSE = 10  # frames without a face between two thorough searches


class FaceFollower:
    """Reads the landmarks of the largest face, frame by frame; a context manager.

    `both_ways` is the mean with the mirror image: twice the work, less noise, left and right treated alike. `quick`
    looks for a lost face only where it is upright and large: a thorough search takes some frames' time.
    """

    def __init__(self, both_ways: bool = True, quick: bool = False) -> None:
        self._models = FaceModels()  # says what is missing where MediaPipe cannot be loaded
        self._ways = 2 if both_ways else 1
        self._quick = quick
        self._meshes: list[Any] = []
        self._window: _Window | None = None
        self._missed = 0
        self._settled = False

    def __enter__(self) -> FaceFollower:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the networks back."""
        with quiet_native_log():
            for mesh in self._meshes:
                mesh.close()
        self._models.__exit__()

    def warm_up(self) -> None:
        """Load the networks, so that the first frame is read as fast as the others."""
        grey = np.full((WARM_SIDE, WARM_SIDE, 3), GROUND, np.uint8)
        with quiet_native_log():
            find_face(self._models, grey, quick=True)
            self._models.mesh(grey)
            self._start_afresh()
            for mesh in self._meshes:
                mesh.process(grey)

    def read(self, frame: NDArray[np.uint8]) -> Array | None:
        """The landmarks (478, 3) in px of `frame` (height, width, 3): y down, smaller z is nearer; None: no face."""
        if self._window is None and not self._search(frame):
            return None
        landmarks = self._settle(frame)
        if landmarks is None:  # perhaps it has left the window
            landmarks = self._settle(frame) if self._search(frame) else None
        if landmarks is not None:
            self._missed = 0
            if self._window is not None and not self._window.fits(landmarks):
                self._look_at(landmarks)
        return landmarks

    def _settle(self, frame: NDArray[np.uint8]) -> Array | None:
        if not self._settled:
            self._settled = True
            with quiet_native_log():  # MediaPipe talks from its own threads until the first picture is read
                self._start_afresh()
                for _ in range(SETTLE):
                    self._read_window(frame)
        return self._read_window(frame)

    def _start_afresh(self) -> None:
        for mesh in self._meshes:
            mesh.reset()
        while len(self._meshes) < self._ways:
            self._meshes.append(_open_mesh())

    def _search(self, frame: NDArray[np.uint8]) -> bool:
        """Look for it everywhere, now and then; where it was is looked at in every frame."""
        self._missed += 1
        if self._missed % SEARCH_PAUSE != 1:
            return False
        with quiet_native_log():
            edge = int(EDGE * min(frame.shape[:2]))
            framed = cv2.copyMakeBorder(frame, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=GROUND)
            found = find_face(self._models, np.asarray(framed), quick=self._quick)
        if found is not None:
            self._look_at(found.landmarks - (edge, edge, 0.0))
        return found is not None

    def _look_at(self, landmarks: Array) -> None:
        self._window = _Window.around(landmarks)
        self._missed = 0
        self._settled = False

    def _read_window(self, frame: NDArray[np.uint8]) -> Array | None:
        assert self._window is not None
        cut, zoom = self._window.cut(frame)
        straight = _landmarks(self._meshes[0], cut)
        if straight is None:
            return None
        if self._ways > 1:
            mirrored = _landmarks(self._meshes[1], np.ascontiguousarray(cut[:, ::-1]))
            if mirrored is not None:
                mirrored = mirrored[MIRROR]
                mirrored[:, 0] = cut.shape[1] - 1 - mirrored[:, 0]
                straight = (straight + mirrored) / 2
        flat = (straight[:, :2] + 0.5) / zoom - 0.5 + (self._window.left, self._window.top)
        return np.column_stack([flat, straight[:, 2] / zoom])


class _Window:
    """A square of the frame around the face, in whole px; it may reach beyond the frame."""

    def __init__(self, left: int, top: int, side: int) -> None:
        self.left, self.top, self.side = left, top, side

    @classmethod
    def around(cls, landmarks: Array) -> _Window:
        low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
        side = max(int(WINDOW * float((high - low).max())), 32)
        left, top = ((low + high - side) / 2).astype(int)
        return cls(int(left), int(top), side)

    def fits(self, landmarks: Array) -> bool:
        low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
        share = WINDOW * float((high - low).max()) / self.side
        off = np.abs((low + high - self.side) / 2 - (self.left, self.top)).max() / self.side
        return TIGHT < share < LOOSE and off < 0.15

    def cut(self, frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """The square, grey beyond the frame, and its px for each px of the frame."""
        height, width = frame.shape[:2]
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.left + self.side, width), min(self.top + self.side, height)
        cut = np.empty((self.side, self.side, 3), np.uint8)
        cut[:] = GROUND
        if right > left and bottom > top:
            cut[top - self.top : bottom - self.top, left - self.left : right - self.left] = frame[
                top:bottom, left:right
            ]
        if self.side <= LARGEST_WINDOW:
            return cut, 1.0
        size = (LARGEST_WINDOW, LARGEST_WINDOW)
        return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA)), LARGEST_WINDOW / self.side


def _open_mesh() -> Any:
    import mediapipe

    return mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=False,
        refine_landmarks=True,
        min_detection_confidence=LEAST_CONFIDENCE,
        min_tracking_confidence=LEAST_CONFIDENCE,
    )


def _landmarks(mesh: Any, picture: NDArray[np.uint8]) -> Array | None:
    answer = mesh.process(picture)
    if not answer.multi_face_landmarks:
        return None
    points = answer.multi_face_landmarks[0].landmark
    relative = np.array([(point.x, point.y, point.z) for point in points], np.float64)
    return relative * picture.shape[0] - (0.5, 0.5, 0.0)  # px centres are whole numbers
