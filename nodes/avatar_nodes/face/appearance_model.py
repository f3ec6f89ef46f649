"""What a photo looks like, as layers: the person over the background, so that the two add up to the photo exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Layers:
    """The photo taken apart: at rest `person` over `background` is the photo, to the last bit."""

    person: NDArray[np.uint8]  # (size, size, 4) RGB already multiplied by alpha, and alpha
    background: NDArray[np.uint8]  # (size, size, 3)


def split_layers(image: NDArray[np.uint8], matte: NDArray[np.float32], background: NDArray[np.uint8]) -> Layers:
    """Solve for the person's own colours, given the matte and what is behind.

    Where the matte says "mixed" but no colour between 0 and 255 explains the photo, alpha is raised until one does.
    """
    alpha = np.rint(np.clip(matte, 0.0, 1.0) * 255).astype(np.int64)
    outside = alpha == 0
    behind = np.where(outside[:, :, None], image, background).astype(np.int64)
    photo = image.astype(np.int64)
    darker = np.where(photo < behind, 255 * (behind - photo) / np.maximum(behind, 1), 0)
    lighter = np.where(photo > behind, 255 * (photo - behind) / np.maximum(255 - behind, 1), 0)
    needed = np.ceil(np.maximum(darker, lighter).max(axis=2)).astype(np.int64)
    alpha = np.where(outside, 0, np.maximum(alpha, needed))
    through = ((255 - alpha[:, :, None]) * behind + 127) // 255  # as raster_model.behind
    # Rounding may ask for one level less than nothing; the background gives way there.
    short = np.maximum(through - photo, 0)
    behind = np.where(short > 0, np.maximum(behind - short * 255, 0), behind)
    through = ((255 - alpha[:, :, None]) * behind + 127) // 255
    person = np.concatenate([photo - through, alpha[:, :, None]], axis=2)
    return Layers(person.clip(0, 255).astype(np.uint8), behind.astype(np.uint8))
