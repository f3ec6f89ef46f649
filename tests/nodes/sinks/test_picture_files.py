"""Frames as numbered PNGs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_nodes.payloads import VideoFrame
from avatar_nodes.sinks.picture_files import PictureFiles
from avatar_nodes.sinks.provenance import read_provenance
from graphcore import GraphcoreError
from graphcore.testing import Result, run_node

FRAME_NS = 40_000_000


def picture(seed: int, channels: int = 4) -> VideoFrame:
    return VideoFrame(np.random.default_rng(seed).integers(0, 256, (9, 14, channels), np.uint8))


def written(folder: Path, slots: list[int], **params: object) -> Result:
    """What comes of one picture at each of these places."""
    video = [(3 * FRAME_NS + slot * FRAME_NS, picture(slot)) for slot in slots]
    return run_node(PictureFiles, inputs={"video": video}, params={"path": folder / "talk.png", **params})


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_pictures_come_back_to_the_last_bit_with_their_alpha(tmp_path: Path) -> None:
    result = written(tmp_path, [0, 1])
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["talk-000001.png", "talk-000002.png"]
    for slot in (0, 1):
        np.testing.assert_array_equal(read(tmp_path / f"talk-00000{slot + 1}.png"), picture(slot).pixels)
    assert [(made.count, made.unit) for made in result.made] == [(2, "pictures")]


def test_each_says_that_it_is_synthetic(tmp_path: Path) -> None:
    written(tmp_path, [0])
    found = read_provenance(tmp_path / "talk-000001.png")
    assert found is not None
    assert (found.state, found.synthetic) == ("valid", True)
    assert found.details["title"] == "talk-000001.png"


def test_without_a_signature_the_text_still_says_so(tmp_path: Path) -> None:
    result = written(tmp_path, [0], sign=False)
    assert any("not be signed" in notice for notice in result.notices)
    found = read_provenance(tmp_path / "talk-000001.png")
    assert found is not None
    assert (found.state, found.synthetic) == ("absent", True)


def test_a_gap_holds_what_was_before_and_what_is_late_is_told(tmp_path: Path) -> None:
    written(tmp_path, [0, 3])
    first = (tmp_path / "talk-000001.png").read_bytes()
    assert [(tmp_path / f"talk-00000{n}.png").read_bytes() == first for n in (2, 3, 4)] == [True, True, False]
    late = run_node(
        PictureFiles,
        inputs={"video": [(0, picture(0)), (FRAME_NS, picture(1)), (FRAME_NS + 9, picture(2))]},
        params={"path": tmp_path / "other.png"},
    )
    assert any("1 frame left out" in notice for notice in late.notices)


def test_what_an_earlier_run_left_is_told(tmp_path: Path) -> None:
    written(tmp_path, [0, 1, 2], sign=False)
    assert any("talk-000003.png" in notice for notice in written(tmp_path, [0, 1]).notices)


@pytest.mark.parametrize(("channels", "name", "message"), [(2, "talk.png", "RGB or RGBA"), (3, "talk.gif", "talk.gif")])
def test_what_cannot_be_written_is_one_clear_error(tmp_path: Path, channels: int, name: str, message: str) -> None:
    with pytest.raises(GraphcoreError, match=re.escape(message)):
        run_node(PictureFiles, inputs={"video": [(0, picture(0, channels))]}, params={"path": tmp_path / name})
    assert not list(tmp_path.iterdir())
