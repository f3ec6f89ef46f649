"""How near a drawn face is to the real one: SSIM and PSNR of face and mouth, and the landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import LIPS_INNER, LIPS_OUTER, OVAL, RIGID
from avatar_nodes.face.mesh_model import FACE_VERTICES

Array = NDArray[np.float64]

FACE_WIDTH = 256  # px of the crop in which pictures are compared
MARGIN = 0.25  # around the lips, of the mouth's width
_LIPS = sorted({*LIPS_OUTER, *LIPS_INNER})
_SIGMA, _WINDOW = 1.5, 11
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@dataclass(frozen=True)
class Nearness:
    """One frame, or the mean of several."""

    face_ssim: float
    mouth_ssim: float
    mouth_psnr: float  # dB
    all_error: float  # of 468 landmarks, % of the distance between the eyes' centres
    lips_error: float

    @staticmethod
    def mean(several: list[Nearness]) -> Nearness:
        """The mean of each figure."""
        return Nearness(*np.mean([list(vars(one).values()) for one in several], axis=0))


@dataclass(frozen=True)
class Judge:
    """The real picture of one frame with its landmarks (478, 3), both in px of the drawn frame."""

    picture: NDArray[np.uint8]
    landmarks: Array

    def nearness(self, drawn: NDArray[np.uint8], landmarks: Array) -> Nearness:
        """How near a drawn frame is, whose landmarks were read as the real ones were."""
        low, high = _box(self.landmarks[list(OVAL), :2], 0.0)
        zoom = FACE_WIDTH / (high[0] - low[0])
        size = (FACE_WIDTH, round(float(high[1] - low[1]) * zoom))
        cut = np.array([[zoom, 0.0, -low[0] * zoom], [0.0, zoom, -low[1] * zoom]])
        real, made = (cv2.warpAffine(of, cut, size, flags=cv2.INTER_LINEAR) for of in (self.picture, drawn))
        alike = ssim_map(real, made)
        mouth = self._mouth(low, zoom)
        off = (real[mouth].astype(np.float64) - made[mouth]) ** 2
        error = np.linalg.norm(landmarks[:FACE_VERTICES, :2] - self.landmarks[:FACE_VERTICES, :2], axis=1)
        error *= 100 / float(np.linalg.norm(self.landmarks[468, :2] - self.landmarks[473, :2]))
        inner = alike[_WINDOW // 2 : -(_WINDOW // 2), _WINDOW // 2 : -(_WINDOW // 2)]
        psnr = 10 * np.log10(255**2 / max(float(off.mean()), 1e-3))
        return Nearness(
            float(inner.mean()), float(alike[mouth].mean()), psnr, float(error.mean()), float(error[_LIPS].mean())
        )

    def aligned(self, drawn: NDArray[np.uint8], landmarks: Array) -> Nearness:
        """The same, after the drawn frame was laid on the real one by a similarity of the skull's landmarks."""
        lay = similarity(landmarks[list(RIGID), :2], self.landmarks[list(RIGID), :2])
        laid = landmarks.copy()
        laid[:, :2] = landmarks[:, :2] @ lay[:, :2].T + lay[:, 2]
        size = (drawn.shape[1], drawn.shape[0])
        picture = cv2.warpAffine(drawn, lay, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return self.nearness(np.asarray(picture, np.uint8), laid)

    def _mouth(self, low: Array, zoom: float) -> tuple[slice, slice]:
        around = MARGIN * float(np.ptp(self.landmarks[list(LIPS_OUTER), 0]))
        corners = (np.stack(_box(self.landmarks[list(LIPS_OUTER), :2], around)) - low) * zoom
        (left, top), (right, bottom) = np.maximum(np.rint(corners), 0).astype(int)
        return slice(top, bottom), slice(left, right)


def ssim_map(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Array:
    """SSIM of each px in grey (Wang et al. 2004): a Gaussian window of 1.5 px, cut off at 11 px.

    As scikit-image's structural_similarity with gaussian_weights, sigma 1.5, use_sample_covariance False.
    """
    one, two = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64) for picture in (first, second))

    def blurred(picture: Array) -> Array:
        return np.asarray(cv2.GaussianBlur(picture, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT))

    mean_one, mean_two = blurred(one), blurred(two)
    power_one, power_two = blurred(one * one) - mean_one**2, blurred(two * two) - mean_two**2
    shared = blurred(one * two) - mean_one * mean_two
    above = (2 * mean_one * mean_two + _C1) * (2 * shared + _C2)
    return np.asarray(above / ((mean_one**2 + mean_two**2 + _C1) * (power_one + power_two + _C2)))


def similarity(points: Array, onto: Array) -> Array:
    """The turn, scale and shift (2, 3) that lay points (n, 2) on others best (Umeyama 1991)."""
    centre, target = points.mean(0), onto.mean(0)
    left, stretch, right = np.linalg.svd((onto - target).T @ (points - centre))
    proper = np.array([1.0, np.linalg.det(left @ right)])
    turn = (left * proper) @ right * float((stretch * proper).sum() / ((points - centre) ** 2).sum())
    return np.column_stack([turn, target - turn @ centre])


def _box(points: Array, margin: float) -> tuple[Array, Array]:
    return points.min(0) - margin, points.max(0) + margin
