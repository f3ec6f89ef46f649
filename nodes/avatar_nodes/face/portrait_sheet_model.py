"""A labelled sheet of what one portrait can do: rest, speech, lids, gaze, brows, emotions, head turns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from avatar_nodes.control.emotion_model import FACES
from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.portrait_model import Portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.motion.visemes_model import LIP_NAMES, VISEMES
from avatar_nodes.payloads import FaceMotion

# What is said of a mouth, and the sound whose shape it is.
SOUNDS = {"aa": "ɑ", "ee": "i", "oo": "o", "uu": "u", "m b p": "m", "f v": "f", "th": "θ", "l": "l"}
# Left is the subject's left.
GAZE = {"looks left": (20, 0), "looks right": (-20, 0), "looks up": (0, -15), "looks down": (0, 15)}
FACE = {
    "eyes half shut": {"eyeBlink": 0.5},
    "eyes shut": {"eyeBlink": 1.0},
    "brows up": {"browInnerUp": 1.0, "browOuterUp": 1.0},
    "brows down": {"browDown": 1.0},
    "smile": {"mouthSmile": 0.8, "cheekSquint": 0.5},
}
TURNS = (("turns right", "turns left"), ("nods up", "nods down"), ("tilts left", "tilts right"))  # low and high
_FAR = 4.0  # times a limit: there, a soft limit is all but reached
_FACE = 1.25  # of the face's outline: what is shown of the frame, but where the head turns
COLUMNS = 8
CELL = 256  # px
_MARGIN, _LABEL = 6, 24  # px
_GROUND, _INK = (250, 250, 250), (40, 40, 40)


def motions() -> Iterator[tuple[str, FaceMotion]]:
    """Each label with what it shows of the face, which looks into the camera and is else at rest."""
    yield "rest", _motion()
    for label, symbol in SOUNDS.items():
        viseme = VISEMES[symbol]
        amounts = dict(zip(LIP_NAMES, viseme.targets.tolist(), strict=True))
        yield label, _motion(coefficients(**amounts), closure=viseme.closure)
    for label, amounts in FACE.items():
        yield label, _motion(coefficients(**amounts))
    for label, gaze in GAZE.items():
        yield label, _motion(gaze=gaze)
    for emotion, face in FACES.items():
        if emotion != "neutral":
            yield emotion, _motion(face)


def turns(renderer: Renderer, reach: float = _FAR) -> Iterator[tuple[str, FaceMotion]]:
    """Each label with the head as far from the photo's pose as the limits allow, or at `reach` limits."""
    limits = renderer.puppet.limits
    for axis, words in enumerate(TURNS):
        for word, change in zip(words, (limits.low[axis], limits.high[axis]), strict=True):
            head = renderer.photo_motion.head.copy()
            head[axis] += reach * change
            yield f"{word}: {limits.photo[axis] + change:+.0f}°", _motion(head=head)


def _motion(
    expression: NDArray[np.float32] | None = None,
    gaze: tuple[float, float] = (0.0, 0.0),
    closure: float = 0.0,
    head: NDArray[np.float32] | None = None,
) -> FaceMotion:
    return FaceMotion(
        head=np.zeros(6, np.float32) if head is None else head,
        expression=coefficients() if expression is None else expression,
        gaze=np.array(gaze, np.float32),
        closure=closure,
    )


def draw_sheet(portrait: Portrait, title: str) -> NDArray[np.uint8]:
    """The sheet (height, width, 3) RGB."""
    renderer = Renderer(portrait)
    size = len(portrait.image)
    whole = (0.0, 0.0, float(size), float(size))
    shown = [("photo", renderer.photo_motion, whole)]
    shown += [(label, motion, _around_face(portrait)) for label, motion in motions()]
    shown += [(label, motion, whole) for label, motion in turns(renderer)]
    rows = -(-len(shown) // COLUMNS)
    step = CELL + _MARGIN
    sheet = Image.new("RGB", (COLUMNS * step + _MARGIN, rows * (step + _LABEL) + _MARGIN + 2 * _LABEL), _GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    draw.text((_MARGIN, _MARGIN), title, _INK, ImageFont.load_default(20))
    for number, (label, motion, box) in enumerate(shown):
        row, column = divmod(number, COLUMNS)
        left, top = _MARGIN + column * step, 2 * _LABEL + row * (step + _LABEL)
        frame = Image.fromarray(renderer.render(motion))
        sheet.paste(frame.resize((CELL, CELL), Image.Resampling.LANCZOS, box), (left, top))
        draw.text((left, top + CELL + 2), label, _INK, font)
    return np.asarray(sheet)


def _around_face(portrait: Portrait) -> tuple[float, float, float, float]:
    """The square of the frame that a face fills: left, top, right, bottom."""
    oval = portrait.landmarks[list(OVAL), :2]
    size = len(portrait.image)
    side = min(_FACE * float(np.ptp(oval, axis=0).max()), size)
    left, top = np.clip((oval.min(0) + oval.max(0)) / 2 - side / 2, 0, size - side).tolist()
    return left, top, left + side, top + side
