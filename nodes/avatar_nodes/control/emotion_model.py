"""What an emotion does to a face at rest: brows, lids, cheeks and the corners of the mouth, never the lips' gap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.payloads import EMOTION_NAMES

# The action units of each emotion (Ekman and Friesen's EMFACS), without those that part or press the lips
# (25, 26, 10, 16, 23, 24): the lips belong to the speech.
FACES: dict[str, NDArray[np.float32]] = {
    "neutral": coefficients(),
    "happy": coefficients(mouthSmile=0.62, cheekSquint=0.5, eyeSquint=0.18, mouthDimple=0.12),
    "sad": coefficients(browInnerUp=0.62, browDown=0.18, mouthFrown=0.5, eyeSquint=0.12, mouthShrugLower=0.18),
    "angry": coefficients(browDown=0.75, eyeSquint=0.34, eyeWide=0.16, noseSneer=0.22, mouthFrown=0.16),
    "surprised": coefficients(browInnerUp=0.7, browOuterUp=0.72, eyeWide=0.62),
    "fearful": coefficients(browInnerUp=0.75, browOuterUp=0.32, browDown=0.2, eyeWide=0.55, mouthStretch=0.32),
    "disgusted": coefficients(noseSneer=0.7, browDown=0.34, eyeSquint=0.3, mouthFrown=0.28, cheekSquint=0.24),
    "contempt": coefficients(mouthDimpleLeft=0.6, mouthSmileLeft=0.26, cheekSquintLeft=0.15, eyeSquint=0.1),
}
_BASIS = np.stack([FACES[name] for name in EMOTION_NAMES])  # (8, 52)


def expression_of(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The coefficients (52,) of a mixture of emotions: weights (8,) as EMOTION_NAMES, 0 to 1."""
    mixed: NDArray[np.float32] = np.clip(weights.astype(np.float32) @ _BASIS, 0.0, 1.0)
    return mixed


def weights_of(name: str, intensity: float) -> NDArray[np.float32]:
    """The weights (8,) of one emotion."""
    made = np.zeros(len(EMOTION_NAMES), np.float32)
    made[EMOTION_NAMES.index(name)] = intensity
    return made
