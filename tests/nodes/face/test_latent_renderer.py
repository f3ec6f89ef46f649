"""The renderer as a node."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from avatar_nodes.face.latent_renderer import LatentRenderer
from avatar_nodes.face.portrait_model import prepare_portrait
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion
from graphcore import GraphcoreError
from graphcore.testing import run_node

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
FRAME_NS = 40_000_000


def talking() -> FaceMotion:
    values = np.zeros(len(EXPRESSION_NAMES), np.float32)
    values[EXPRESSION_INDEX["jawOpen"]] = 0.8
    return FaceMotion(np.array([8, 0, 0, 0, 0, 0], np.float32), values, np.zeros(2, np.float32))


def test_the_photo_eases_into_the_first_motion() -> None:
    start = 2_000_000_000
    sent = [(start + i * FRAME_NS, talking()) for i in range(12)]
    params = {"portrait": GRACE_HOPPER, "size": 256, "sway": 0}
    result = run_node(LatentRenderer, inputs={"motion": sent}, params=params)
    packets = result.outputs["frames"]
    assert [packet.timestamp for packet in packets] == [timestamp for timestamp, _ in sent]
    frames = [packet.payload.pixels.astype(np.int16) for packet in packets]
    assert frames[0].shape == (256, 256, 3)
    assert np.abs(frames[0] - prepare_portrait(GRACE_HOPPER, 256).image).max() <= 1
    away = [float(np.abs(frame - frames[0]).mean()) for frame in frames]
    assert away == sorted(away)
    assert away[4] < 0.75 * away[8]  # 160 ms are about half-way
    assert (frames[8] == frames[11]).all()  # 320 ms: all there


def test_a_look_that_only_coefficients_tell_eases_in_too() -> None:
    aside = talking()
    aside.expression[[EXPRESSION_INDEX["eyeLookOutLeft"], EXPRESSION_INDEX["eyeLookInRight"]]] = 1.0
    told, derived = (
        FaceMotion(aside.head, aside.expression, gaze) for gaze in (np.array([30.0, 0.0], np.float32), None)
    )
    params = {"portrait": GRACE_HOPPER, "size": 256}
    shown = [
        run_node(LatentRenderer, inputs={"motion": [(i * FRAME_NS, one) for i in range(9)]}, params=params)
        for one in (told, derived)
    ]
    for one, other in zip(*(result.outputs["frames"] for result in shown), strict=True):
        assert (one.payload.pixels == other.payload.pixels).all()


def test_a_file_that_is_no_photo_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "portrait.png"
    path.write_text("not a picture")
    with pytest.raises(GraphcoreError, match=r"portrait\.png"):
        run_node(LatentRenderer, inputs={"motion": [(0, talking())]}, params={"portrait": path})


@pytest.mark.parametrize("size", [255, 1025])
def test_sizes_are_bounded(size: int) -> None:
    with pytest.raises(GraphcoreError, match="256 to 1024"):
        run_node(LatentRenderer, inputs={"motion": []}, params={"portrait": GRACE_HOPPER, "size": size})


def frame_of(**params: object) -> np.ndarray:
    """The first frame: the photo."""
    sent = {"motion": [(0, talking())]}
    result = run_node(LatentRenderer, inputs=sent, params={"portrait": GRACE_HOPPER, "size": 256, **params})
    return np.asarray(result.outputs["frames"][0].payload.pixels)


def test_the_whole_photo_has_its_own_size() -> None:
    with Image.open(GRACE_HOPPER) as photo:
        assert (frame_of(framing="full") == np.asarray(photo)).all()


def test_what_stands_behind_can_be_taken_away_or_replaced(tmp_path: Path) -> None:
    Image.new("RGB", (400, 300), (10, 200, 30)).save(tmp_path / "wall.png")
    photo, cut = frame_of(), frame_of(background="transparent")
    assert (photo.shape, cut.shape) == ((256, 256, 3), (256, 256, 4))
    person, behind = cut[:, :, 3] == 255, cut[:, :, 3] == 0
    assert (cut[person][:, :3] == photo[person]).all()
    for params, colour in (
        ({"background": "#0a141e"}, (10, 20, 30)),
        ({"background_picture": tmp_path / "wall.png"}, (10, 200, 30)),
    ):
        frame = frame_of(**params)
        assert (frame[behind] == colour).all()
        assert (frame[person] == photo[person]).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"background": "#12345"}, "#12345.*a colour in quotes"),
        ({"background": "wall.jpg"}, "background_picture"),
        ({"background": "blur", "framing": "full"}, "keeps its own background"),
        ({"background": "blur", "background_picture": GRACE_HOPPER}, "both given"),
        ({"background_picture": Path(__file__)}, "test_latent_renderer.py"),
        ({"framing": "wide"}, "one of head, full"),
    ],
)
def test_what_does_not_fit_is_told_before_the_work(params: dict[str, object], message: str) -> None:
    with pytest.raises(GraphcoreError, match=message):
        frame_of(**params)


def test_importing_the_node_is_cheap() -> None:
    code = (
        "import sys, avatar_nodes.face.latent_renderer; "
        "print([name for name in ('cv2', 'numba', 'mediapipe', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["head", "expression", "gaze"])
def test_a_number_that_is_not_finite_is_one_clear_error(name: str) -> None:
    motion = talking()
    getattr(motion, name)[0] = np.nan
    with pytest.raises(GraphcoreError, match=f"motion.{name}"):
        run_node(LatentRenderer, inputs={"motion": [(0, motion)]}, params={"portrait": GRACE_HOPPER, "size": 256})
