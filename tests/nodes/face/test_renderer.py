"""The renderer on a real photo: what must be exact, what must stay still, what must happen."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.face_basis_model import BASIS
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return prepare_portrait(GRACE_HOPPER, 320)


@pytest.fixture(scope="module")
def renderer(portrait: Portrait) -> Renderer:
    return Renderer(portrait)


def motion(
    renderer: Renderer,
    head: tuple[float, ...] = (0, 0, 0, 0, 0, 0),
    gaze: tuple[float, float] = (0, 0),
    closure: float = 0.0,
    **expression: float,
) -> FaceMotion:
    """The photo's motion with some coefficients set, head and gaze turned by so much."""
    photo = renderer.photo_motion
    assert photo.gaze is not None
    values = photo.expression.copy()
    for name, value in expression.items():
        names = [name] if name in EXPRESSION_INDEX else [f"{name}Left", f"{name}Right"]
        values[[EXPRESSION_INDEX[one] for one in names]] = value
    return FaceMotion(
        photo.head + np.array(head, np.float32), values, photo.gaze + np.array(gaze, np.float32), closure=closure
    )


def strong_motions(renderer: Renderer) -> dict[str, FaceMotion]:
    return {
        "jaw": motion(renderer, jawOpen=1.0),
        "round": motion(renderer, jawOpen=0.3, mouthFunnel=0.8),
        "smile": motion(renderer, mouthSmile=1.0, mouthUpperUp=0.5),
        "blink": motion(renderer, eyeBlink=1.0),
        "brows": motion(renderer, browInnerUp=1.0, browOuterUp=1.0, eyeWide=1.0),
        "gaze": motion(renderer, gaze=(20.0, 10.0)),
        "head": motion(renderer, head=(4, 3, -2, 0, 0, 0)),
        "closed": motion(renderer, closure=1.0, jawOpen=0.5),
    }


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.int16]:
    return np.abs(one.astype(np.int16) - other)


def box(renderer: Renderer, indices: tuple[int, ...]) -> tuple[slice, slice]:
    points = renderer.puppet.source[list(indices)]
    (left, top), (right, bottom) = points.min(0).astype(int), points.max(0).astype(int) + 1
    return slice(top, bottom), slice(left, right)


def test_at_its_own_motion_the_frame_is_the_photo(renderer: Renderer, portrait: Portrait) -> None:
    assert difference(renderer.render(renderer.photo_motion), portrait.image).max() == 0


def test_every_strong_motion_changes_the_picture(renderer: Renderer, portrait: Portrait) -> None:
    for name, strong in strong_motions(renderer).items():
        changed = (difference(renderer.render(strong), portrait.image).max(axis=2) > 25).sum()
        assert changed > 30, name


def test_a_thousandth_of_a_motion_shows_no_switch_between_two_pictures(renderer: Renderer, portrait: Portrait) -> None:
    for name, strong in strong_motions(renderer).items():
        slight = renderer.photo_motion.between(strong, 0.001)
        assert difference(renderer.render(slight), portrait.image).max() <= 2, name


@pytest.mark.parametrize("head", [(15, 0, 0), (-15, 0, 0), (20, 16, 18)])
def test_nor_does_a_thousandth_of_a_large_turn(
    renderer: Renderer, portrait: Portrait, head: tuple[float, float, float]
) -> None:
    slight = renderer.photo_motion.between(motion(renderer, head=(*head, 0, 0, 0)), 0.001)
    assert difference(renderer.render(slight), portrait.image).max() <= 2


def test_there_is_no_jump_on_the_way_into_a_motion(renderer: Renderer) -> None:
    for name, strong in strong_motions(renderer).items():
        steps = [renderer.render(renderer.photo_motion.between(strong, i / 40)) for i in range(41)]
        change = [float(difference(one, two).mean()) for one, two in pairwise(steps)]
        assert max(change) < 4.0 * float(np.mean(change)) + 0.05, name


def test_the_background_outside_of_the_person_never_changes(renderer: Renderer, portrait: Portrait) -> None:
    import cv2

    near = cv2.dilate((portrait.matte > 0).astype(np.uint8), np.ones((81, 81), np.uint8)) > 0
    assert (~near).sum() > 500
    for name, strong in strong_motions(renderer).items():
        assert difference(renderer.render(strong), portrait.image)[~near].max() == 0, name


def test_shoulders_never_end_above_the_frames_edge(portrait: Portrait) -> None:
    green = np.full_like(portrait.image, (0, 255, 0))
    upon_green = Renderer(portrait, green)
    last = slice(60, 260)  # columns where the photo has shoulders
    for head in ((60, 40, 40, 3, 3, -5), (-60, -40, -40, -3, 3, -5)):
        shown = upon_green.render(motion(upon_green, head=head))[-1, last].astype(int)
        assert (shown[:, 1] - shown[:, 0]).max() < 60


def test_the_same_motion_gives_the_same_bytes(renderer: Renderer, portrait: Portrait) -> None:
    again = Renderer(portrait)
    for strong in strong_motions(renderer).values():
        first = renderer.render(strong)
        renderer.render(renderer.photo_motion)
        assert first.tobytes() == renderer.render(strong).tobytes() == again.render(strong).tobytes()


def test_a_head_beyond_its_limits_is_held_softly(renderer: Renderer) -> None:
    def nose(degrees: float) -> float:
        return float(renderer.puppet.place(motion(renderer, head=(degrees, 0, 0, 0, 0, 0))).points[1, 0])

    steps = [nose(degrees) for degrees in (0, 5, 10, 20, 40, 80)]
    assert all(one < two + 1e-3 for one, two in pairwise(steps))
    assert steps[-1] - steps[-2] < 0.2 * (steps[1] - steps[0])


def test_axes_are_those_of_the_payloads(renderer: Renderer) -> None:
    def moved(*head: float) -> NDArray[np.float32]:
        placed = renderer.puppet.place(motion(renderer, head=(*head, *[0.0] * (6 - len(head)))))
        return np.asarray(placed.points - renderer.puppet.source)

    assert moved(8)[1, 0] > 1  # the nose to the viewer's right
    assert moved(0, 8)[1, 1] > 1  # lower
    assert moved(0, 0, 8)[10, 0] < -1  # the top of the head to the viewer's left: counter-clockwise
    assert moved(0, 0, 0, 0.2)[1, 0] > 1
    assert moved(0, 0, 0, 0, 0.2)[1, 1] < -1  # up
    wider = moved(0, 0, 0, 0, 0, 1.0)
    assert wider[454, 0] - wider[234, 0] > 1  # nearer is larger


def test_a_wink_shuts_the_subjects_own_eye(renderer: Renderer, portrait: Portrait) -> None:
    winked = difference(renderer.render(motion(renderer, eyeBlinkLeft=1.0)), portrait.image)
    left, right = (
        box(renderer, mesh.LEFT_EYE[0] + mesh.LEFT_EYE[1]),
        box(renderer, mesh.RIGHT_EYE[0] + mesh.RIGHT_EYE[1]),
    )
    assert left[1].start > right[1].start  # the subject's left is at the viewer's right
    assert winked[left].mean() > 5
    assert winked[right].max() == 0


def test_eyes_look_where_they_are_told(renderer: Renderer, portrait: Portrait) -> None:
    eye = box(renderer, mesh.LEFT_EYE[0] + mesh.LEFT_EYE[1])

    def dark_centre(picture: NDArray[np.uint8]) -> float:
        dark = 255.0 - picture[eye].mean(axis=2)
        dark = np.maximum(dark - np.percentile(dark, 60), 0.0)
        return float((dark.sum(0) * np.arange(dark.shape[1])).sum() / dark.sum())

    right = dark_centre(renderer.render(motion(renderer, gaze=(25, 0))))
    assert right > dark_centre(renderer.render(motion(renderer, gaze=(-25, 0)))) + 0.5


def test_without_gaze_the_eye_look_coefficients_speak(renderer: Renderer) -> None:
    values = renderer.photo_motion.expression.copy()
    told = FaceMotion(renderer.photo_motion.head, values, np.array([30.0, 0.0], np.float32))
    derived = FaceMotion(renderer.photo_motion.head, values.copy(), None)
    derived.expression[[EXPRESSION_INDEX["eyeLookOutLeft"], EXPRESSION_INDEX["eyeLookInRight"]]] = 1.0
    assert difference(renderer.render(told), renderer.render(derived)).max() == 0


def test_an_open_mouth_has_an_inside_and_a_closed_one_has_none(renderer: Renderer, portrait: Portrait) -> None:
    def darkest(shown: FaceMotion) -> float:
        placed = renderer.puppet.place(shown)
        (x, top), (_, bottom) = placed.points[[13, 14]]
        between = renderer.render(shown)[int(top) : int(bottom) + 2, int(x) - 3 : int(x) + 4]
        return float(between.mean(axis=(1, 2)).min())

    closed, opened = darkest(motion(renderer, closure=1.0, jawOpen=0.6)), darkest(motion(renderer, jawOpen=0.6))
    assert opened < 0.7 * closed


def test_hostile_motion_never_breaks_a_frame(renderer: Renderer) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        wild = FaceMotion(
            rng.normal(0, 10 ** rng.uniform(0, 6), 6).astype(np.float32),
            (10 ** rng.uniform(-2, 6) * rng.normal(0, 1, len(EXPRESSION_NAMES))).astype(np.float32),
            rng.normal(0, 60, 2).astype(np.float32),
            closure=float(rng.normal(0, 10 ** rng.uniform(0, 6))),
            dynamics=(10 ** rng.uniform(0, 38) * rng.uniform(-1, 1, 48)).astype(np.float32),
            basis=BASIS,
        )
        frame = renderer.render(wild)
        assert frame.shape == (320, 320, 3)
        assert frame.std() > 10


def test_a_closure_beyond_its_range_is_the_nearest_within(renderer: Renderer) -> None:
    for beyond, within in ((-5.0, 0.0), (7.0, 1.0)):
        shown = [renderer.render(motion(renderer, closure=closure, jawOpen=0.5)) for closure in (beyond, within)]
        assert difference(*shown).max() == 0
