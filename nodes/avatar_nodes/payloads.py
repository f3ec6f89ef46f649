"""What travels between the avatar's nodes: the contract that third parties build on.

Axes: right-handed, x to the viewer's right, y up, z to the viewer. Angles in degrees; 0 looks into the
camera; +yaw turns the nose to the viewer's right, +pitch lowers it, +roll is counter-clockwise as seen;
R = Ry(yaw) Rx(pitch) Rz(roll). Translations in inter-pupil distances, of the point between the ears.
Left is the subject's left. Nothing is mirrored. Times are integer ns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from graphcore import Shape, payload

if TYPE_CHECKING:  # numpy takes longer to import than a graph to check
    import numpy as np
    from numpy.typing import NDArray

# The 52 face coefficients, spelled and ordered as Apple's ARKit has them (0 is neutral, 1 is full).
EXPRESSION_NAMES: tuple[str, ...] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose",
    "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
EXPRESSION_INDEX: dict[str, int] = {name: index for index, name in enumerate(EXPRESSION_NAMES)}

EMOTION_NAMES: tuple[str, ...] = (
    "neutral", "happy", "sad", "angry", "surprised", "fearful", "disgusted", "contempt",
)  # fmt: skip

EYE_LOOK_DEG = (30.0, 25.0)  # yaw and pitch of an eye in the head at eyeLook* 1

FEATURE_RATE = 100  # speech features a second
MEL_BANDS = 80


@payload
class AudioChunk:
    """Sound; the timestamp is that of its first sample. Any chunk size: chunk borders mean nothing."""

    samples: Annotated[NDArray[np.float32], Shape("samples", "channels")]  # -1 to 1
    sample_rate: int  # Hz

    @property
    def duration_ns(self) -> int:
        """How long it sounds."""
        return len(self.samples) * 1_000_000_000 // self.sample_rate

    def amplified(self, gain_db: float) -> AudioChunk:
        """The same sound, louder or softer."""
        return AudioChunk(self.samples * 10.0 ** (gain_db / 20.0), self.sample_rate)


@payload
class SpeechFeatures:
    """What is heard, causally, at 100 Hz; the timestamp is that of the first row, row i is 10 ms * i later.

    A row describes the 25 ms of sound that end 10 ms after the row's time, `pitch` the 40 ms: nothing later is
    needed. Sound that is not at 16 kHz is resampled, and 2 ms late in its row.
    """

    mel: Annotated[NDArray[np.float32], Shape("rows", MEL_BANDS)]  # log10 of mel power
    loudness: Annotated[NDArray[np.float32], Shape("rows")]  # dB relative to full scale, at least -100
    pitch: Annotated[NDArray[np.float32], Shape("rows")]  # Hz; 0 where there is no voice


@payload
class Phones:
    """Speech sounds as they are spoken: the timestamp is the start of the first one."""

    symbols: tuple[str, ...]  # IPA, without stress marks; "_" is a pause
    starts: Annotated[NDArray[np.int64], Shape("phones")]  # ns after the timestamp
    durations: Annotated[NDArray[np.int64], Shape("phones")]  # ns


@payload
class Gaze:
    """Where to look, in the camera's frame: (0, 0) is the lens."""

    yaw: float  # degrees, + to the viewer's right
    pitch: float  # degrees, + is down

    def between(self, other: Gaze, weight: float) -> Gaze:
        """This at weight 0, the other at weight 1."""
        return Gaze(self.yaw + (other.yaw - self.yaw) * weight, self.pitch + (other.pitch - self.pitch) * weight)


@payload
class HeadDistance:
    """How far the camera is from the head."""

    distance: float  # 1: as in the photo; smaller is nearer

    def between(self, other: HeadDistance, weight: float) -> HeadDistance:
        """This at weight 0, the other at weight 1."""
        return HeadDistance(self.distance + (other.distance - self.distance) * weight)


@payload
class Emotion:
    """How much of each of EMOTION_NAMES, 0 to 1; all zero is neutral."""

    weights: Annotated[NDArray[np.float32], Shape(len(EMOTION_NAMES))]

    def between(self, other: Emotion, weight: float) -> Emotion:
        """This at weight 0, the other at weight 1."""
        return Emotion(_mix(self.weights, other.weights, weight))


@payload
class FaceMotion:
    """A face at one moment, absolute: expression 0 is this person's neutral, lips touching, lids at rest.

    Renderers sum all shapes and then scale the gap between the inner lips by (1 - closure).
    """

    head: Annotated[NDArray[np.float32], Shape(6)]  # yaw, pitch, roll; then x, y, z
    expression: Annotated[NDArray[np.float32], Shape(len(EXPRESSION_NAMES))]  # as EXPRESSION_NAMES
    gaze: Annotated[NDArray[np.float32], Shape(2)] | None = None  # eye in head: yaw, pitch; None: eyeLook* say it
    closure: float = 0.0  # 1: the lips touch, whatever the shapes say
    dynamics: Annotated[NDArray[np.float32], Shape("components")] | None = None  # learned; unknown ones are ignored
    basis: str = ""  # which basis the dynamics belong to

    @staticmethod
    def neutral() -> FaceMotion:
        """Straight into the camera, at rest."""
        import numpy as np

        expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
        return FaceMotion(np.zeros(6, np.float32), expression, np.zeros(2, np.float32))

    def between(self, other: FaceMotion, weight: float) -> FaceMotion:
        """This at weight 0, the other at weight 1; gaze that only one has is taken as it is, dynamics fade."""
        dynamics, basis = self._dynamics_between(other, weight)
        return FaceMotion(
            head=_mix(self.head, other.head, weight),
            expression=_mix(self.expression, other.expression, weight),
            gaze=_mix_known(self.gaze, other.gaze, weight),
            closure=self.closure + (other.closure - self.closure) * weight,
            dynamics=dynamics,
            basis=basis,
        )

    def _dynamics_between(self, other: FaceMotion, weight: float) -> tuple[NDArray[np.float32] | None, str]:
        """A face without dynamics is complete: theirs are 0. Those of two bases, or of two lengths, do not mix."""
        if self.dynamics is None or other.dynamics is None:
            only, share = (other, weight) if self.dynamics is None else (self, 1.0 - weight)
            return None if only.dynamics is None else only.dynamics * share, only.basis
        if self.basis != other.basis or len(self.dynamics) != len(other.dynamics):
            nearest = self if weight < 0.5 else other
            return nearest.dynamics, nearest.basis
        return _mix(self.dynamics, other.dynamics, weight), self.basis


@payload
class VideoFrame:
    """A picture, 8 bit sRGB; a fourth channel is straight alpha."""

    pixels: Annotated[NDArray[np.uint8], Shape("height", "width", "channels")]  # RGB or RGBA


def _mix_known(
    first: NDArray[np.float32] | None, second: NDArray[np.float32] | None, weight: float
) -> NDArray[np.float32] | None:
    if first is None or second is None:
        return second if first is None else first
    return _mix(first, second, weight)


def _mix(first: NDArray[np.float32], second: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    return first + (second - first) * weight
