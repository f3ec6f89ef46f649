"""What is told of a photo: notices, fallbacks, and the one thing that would help most."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest

from avatar_nodes.face.eyes_seen_model import EyesSeen
from avatar_nodes.face.photo_file_model import PortraitError
from avatar_nodes.face.photo_quality_model import COVERED, COVERED_A_LITTLE, lips_contrast, measure_quality
from avatar_nodes.face.portrait_advice_model import advise
from avatar_nodes.face.portrait_faults_model import check_seen
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait
from avatar_nodes.face.portrait_report_model import PortraitReport, _seen_notices, report_from, report_to
from avatar_nodes.face.portrait_report_rows_model import report_rows

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
OPEN = EyesSeen((0.0, 0.0), 0.0, 0.0)


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return prepare_portrait(GRACE_HOPPER, 320)


@pytest.fixture
def report(portrait: Portrait) -> PortraitReport:
    return portrait.report


def test_a_good_photo(report: PortraitReport) -> None:
    assert report.face_px == pytest.approx(186, abs=6)
    assert report.faces == 1
    assert report.notices == ()
    assert report.quality.covered < COVERED_A_LITTLE / 2
    assert max(report.eyes.shut) < 0.1
    assert report.fallbacks == ("glasses: their frame moves with the head only",)
    assert advise(report) == "nothing: this photo serves well"


def test_a_report_goes_through_plain_values(report: PortraitReport) -> None:
    assert report_from(report_to(report)) == report
    for name in asdict(report):
        with pytest.raises((KeyError, TypeError)):
            report_from({key: value for key, value in report_to(report).items() if key != name})


def test_the_rows_have_measurements_limits_notes_and_advice(portrait: Portrait) -> None:
    names = [name for name, _ in report_rows(portrait)]
    assert names[0] == "face"
    assert {"head", "sharpness", "light", "eyes", "mouth", "may turn", "may nod", "may tilt", "note"} < set(names)
    assert names[-1] == "would help most"


def test_a_blurred_picture_has_wider_edges(portrait: Portrait) -> None:
    blurred = cv2.GaussianBlur(portrait.image, (0, 0), 3.0)
    sharp, soft = (measure_quality(image, portrait.landmarks, 0.0) for image in (portrait.image, blurred))
    assert soft.edge_width > 1.5 * sharp.edge_width
    assert advise(replace(portrait.report, quality=replace(sharp, edge_width=25.0))) == "a sharper photo"


def test_lips_under_something_plain_have_no_contrast(portrait: Portrait) -> None:
    covered = portrait.image.copy()
    x, y = portrait.landmarks[13, :2].astype(int)
    cv2.ellipse(covered, (int(x), int(y)), (45, 32), 0, 0, 360, (150, 190, 215), -1)
    assert lips_contrast(covered, portrait.landmarks) < 0.2 * lips_contrast(portrait.image, portrait.landmarks)


@pytest.mark.parametrize(
    ("eyes", "covered", "what"),
    [
        (EyesSeen((0.9, 0.8), 0.0, 0.0), 0.0, "the eyes are closed; use a photo with open eyes"),
        (EyesSeen((0.0, 0.0), 0.9, 1.0), 0.0, "the eyes cannot be seen: sunglasses"),
        (OPEN, COVERED * 1.1, "the mouth cannot be seen: a hand, a mask or a microphone"),
        (EyesSeen((0.9, 0.1), 0.5, 1.0), COVERED * 0.9, ""),
    ],
)
def test_what_cannot_be_seen_is_refused_only_where_it_is_sure(eyes: EyesSeen, covered: float, what: str) -> None:
    if not what:
        check_seen(Path("me.jpg"), eyes, covered)
        return
    with pytest.raises(PortraitError, match=what):
        check_seen(Path("me.jpg"), eyes, covered)


@pytest.mark.parametrize(
    ("change", "wish"),
    [
        ({"eyes": EyesSeen((0.5, 0.0), 0.0, 0.0)}, "a photo with open eyes"),
        ({"eyes": EyesSeen((0.0, 0.0), 0.5, 0.0)}, "a photo without sunglasses, with light on the eyes"),
        ({"enlarged": 2.0}, "a larger photo: the face is only"),
        ({"pose": (30.0, 0.0, 0.0)}, "a photo that looks straight into the camera"),
        ({"pose": (0.0, 0.0, 35.0)}, "a photo with the head upright"),
        ({"faces": 4, "lips": 0.1}, "a photo of one person"),
        ({"lips": 0.1}, "a calm face with the lips together"),
        ({"notices": ("forehead, cheeks or chin are cut off at the top; ...",)}, "a photo that shows the whole head"),
    ],
)
def test_the_worst_is_what_would_help_most(report: PortraitReport, change: dict[str, object], wish: str) -> None:
    assert advise(replace(report, **change)).startswith(wish)  # type: ignore[arg-type]


def test_of_two_the_worse_one_is_told(report: PortraitReport) -> None:
    both = replace(report, enlarged=2.0, eyes=EyesSeen((0.5, 0.0), 0.0, 0.0))
    assert advise(both) == "a photo with open eyes"


@pytest.mark.parametrize(
    ("change", "word", "wish", "row"),
    [
        ({"edge_width": 46.6, "covered": 0.04}, "very blurred", "a sharper photo", "very soft (edges are 4.7 %"),
        ({"brightness": 19.0, "covered": 0.04}, "very dark", "a photo that is lighter", "too dark (brightness 19 of"),
        ({"brightness": 255.0, "clipped": 0.7}, "nearly white", "a photo that is darker", "too bright (brightness 255"),
    ],
)
def test_a_very_bad_picture_is_told_before_all_that_follows_from_it(
    portrait: Portrait, change: dict[str, float], word: str, wish: str, row: str
) -> None:
    half_shut = EyesSeen((0.4, 0.9), 0.0, 0.0)
    quality = replace(portrait.report.quality, **change)
    notices = _seen_notices(half_shut, quality)
    assert [word in notice for notice in notices] == [True, False]
    bad = replace(portrait.report, quality=quality, eyes=half_shut, faces=2)
    assert advise(bad).startswith(wish)
    rows = dict(report_rows(replace(portrait, report=bad)))
    assert rows["sharpness" if "edge_width" in change else "light"].startswith(row)
    assert rows["eyes"] == "right half shut (40 % shut), left shut (90 % shut)"


def test_a_good_photo_in_words(portrait: Portrait) -> None:
    rows = dict(report_rows(portrait))
    assert rows["sharpness"].startswith("sharp (")
    assert rows["light"].startswith("good (")
    assert rows["eyes"].startswith("right open (")
    assert rows["glasses"].startswith("yes (")
    assert rows["mouth"] == "closed"


def test_a_dark_photo_and_one_with_light_from_the_side(portrait: Portrait) -> None:
    dark = measure_quality((portrait.image * 0.2).astype(np.uint8), portrait.landmarks, 0.0)
    assert advise(replace(portrait.report, quality=dark)) == "a photo that is lighter"
    shaded = portrait.image.copy()
    shaded[:, : int(portrait.landmarks[168, 0])] //= 6
    aside = measure_quality(shaded, portrait.landmarks, 0.0)
    assert aside.side_light > 4
