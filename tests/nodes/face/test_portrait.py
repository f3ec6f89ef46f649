from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import cbook
from PIL import Image, ImageOps
from scipy.ndimage import gaussian_filter

from avatar_nodes.face.canonical_model import LEFT_EYE, MEAN_FACE, MIRROR, OVAL, RIGHT_EYE, head_pose, rotation_matrix
from avatar_nodes.face.find_face_model import find_face
from avatar_nodes.face.mediapipe_model import FaceModels, quiet_native_log
from avatar_nodes.face.portrait_faults_model import check_face
from avatar_nodes.face.portrait_model import Portrait, PortraitError, prepare_portrait

GREY = (118, 118, 118)


@pytest.fixture(scope="module")
def hopper() -> Image.Image:
    return Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB")


@pytest.fixture(scope="module")
def portrait(hopper: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> Portrait:
    return prepare(hopper, tmp_path_factory.mktemp("portrait"))


def prepare(photo: Image.Image, folder: Path, name: str = "photo.png", size: int | None = 512) -> Portrait:
    photo.save(folder / name)
    return prepare_portrait(folder / name, size)


def on_canvas(size: tuple[int, int], *placed: tuple[Image.Image, tuple[int, int]]) -> Image.Image:
    canvas = Image.new("RGB", size, (90, 120, 150))
    for photo, corner in placed:
        canvas.paste(photo, corner)
    return canvas


def test_shapes_types_and_ranges(portrait: Portrait) -> None:
    assert portrait.image.shape == portrait.background.shape == (512, 512, 3)
    assert portrait.image.dtype == portrait.background.dtype == np.uint8
    assert portrait.matte.shape == (512, 512)
    assert portrait.matte.dtype == portrait.landmarks.dtype == np.float32
    assert portrait.matte.min() == 0.0
    assert portrait.matte.max() == 1.0
    assert portrait.landmarks.shape == (478, 3)
    assert portrait.transform.shape == (2, 3)
    assert portrait.transform.dtype == np.float64
    assert portrait.notices == ()


def test_the_head_is_framed_as_a_talking_head(portrait: Portrait) -> None:
    oval = portrait.landmarks[list(OVAL), :2]
    assert 0.44 * 512 < np.ptp(oval[:, 1]) < 0.53 * 512
    assert abs(oval[:, 0].min() + oval[:, 0].max() - 512) < 0.1 * 512
    assert oval[:, 1].min() > 0.15 * 512
    assert oval[:, 1].max() < 0.8 * 512


def test_the_transform_maps_photo_to_frame(hopper: Image.Image, portrait: Portrait) -> None:
    left, top = -portrait.transform[:, 2] / portrait.scale
    side = 512 / portrait.scale
    box = (left - 0.5 + 0.5 / portrait.scale, top - 0.5 + 0.5 / portrait.scale)
    box = tuple(round(value) for value in (*box, box[0] + side, box[1] + side))
    again = np.asarray(hopper.crop(box).resize((512, 512), Image.Resampling.BICUBIC), np.float64)
    assert np.abs(again - portrait.image).mean() < 2.0


def test_the_subjects_left_eye_is_at_the_viewers_right(portrait: Portrait) -> None:
    assert portrait.landmarks[list(LEFT_EYE), 0].mean() > portrait.landmarks[list(RIGHT_EYE), 0].mean() + 60
    assert portrait.landmarks[473, 0] > portrait.landmarks[468, 0] + 60
    tip, temples = portrait.landmarks[4, 2], portrait.landmarks[[234, 454], 2]
    assert tip < temples.min() - 50  # smaller is nearer


def test_the_matte_holds_the_face_and_not_the_corners(portrait: Portrait) -> None:
    column, row = portrait.landmarks[:468, :2].round().astype(int).T
    within = np.setdiff1d(np.arange(468), OVAL)
    assert portrait.matte[row, column].min() > 0.3  # the outline itself is where the wall begins
    assert portrait.matte[row[within], column[within]].min() > 0.9
    assert portrait.matte[470:, 200:300].mean() > 0.95  # the body
    assert portrait.matte[:40, :40].max() < 0.05
    solid = portrait.matte > 0.5
    assert 0.25 < solid.mean() < 0.8


def test_the_background_is_the_photo_where_there_is_no_person(portrait: Portrait) -> None:
    assert np.array_equal(portrait.background[:30, :30], portrait.image[:30, :30])
    face = portrait.landmarks[list(OVAL), :2].mean(axis=0).round().astype(int)
    around = (slice(face[1] - 50, face[1] + 50), slice(face[0] - 50, face[0] + 50))
    smooth = [
        gaussian_filter(picture[around].astype(float), (3, 3, 0)) for picture in (portrait.background, portrait.image)
    ]
    steps = [np.abs(np.diff(picture, axis=0)).max() for picture in smooth]
    assert steps[0] <= 2  # but for grain: no face, no rim of one, no streaks
    assert steps[1] > 10


def test_the_same_photo_gives_the_same_arrays(hopper: Image.Image, portrait: Portrait, tmp_path: Path) -> None:
    again = prepare(hopper, tmp_path)
    for name in ("image", "matte", "background", "landmarks", "transform"):
        assert np.array_equal(getattr(again, name), getattr(portrait, name)), name


def test_a_mirrored_photo_gives_the_mirrored_face(hopper: Image.Image, portrait: Portrait, tmp_path: Path) -> None:
    mirrored = prepare(ImageOps.mirror(hopper), tmp_path)
    back = mirrored.landmarks[MIRROR] * (-1, 1, 1)
    pose, seen = head_pose(back * (1, 1, 1)), head_pose(portrait.landmarks)
    assert pose.yaw == pytest.approx(seen.yaw, abs=1.0)
    assert pose.roll == pytest.approx(seen.roll, abs=1.0)
    other = head_pose(mirrored.landmarks)
    assert other.roll == pytest.approx(-seen.roll, abs=1.0)
    assert abs(seen.roll) > 1.5  # she tilts her head: the sign above is not by chance


@pytest.mark.parametrize("angle", [-30.0, 20.0])
def test_a_rolled_head_is_found_and_its_roll_measured(
    hopper: Image.Image, portrait: Portrait, tmp_path: Path, angle: float
) -> None:
    rolled = prepare(hopper.rotate(angle, expand=True, fillcolor=GREY), tmp_path)  # Pillow: counter-clockwise
    upright, pose = head_pose(portrait.landmarks), head_pose(rolled.landmarks)
    assert pose.roll == pytest.approx(upright.roll + angle, abs=2.0)
    assert pose.yaw == pytest.approx(upright.yaw, abs=4.0)


def test_a_small_face_in_a_large_photo_is_found_and_said_to_be_enlarged(hopper: Image.Image, tmp_path: Path) -> None:
    found = prepare(on_canvas((3200, 2400), (hopper.resize((300, 352)), (2500, 1800))), tmp_path)
    assert found.scale > 1.5
    assert len(found.notices) == 1
    assert f"enlarged {found.scale:.1f} times" in found.notices[0]
    assert found.photo.shape == (1440, 1920, 3)
    nose = found.transform[:, :2] @ (0.6 * (2500 + 150), 0.6 * (1800 + 120)) + found.transform[:, 2]
    assert np.abs(found.landmarks[4, :2] - nose).max() < 60


def test_of_two_faces_the_largest_is_taken(hopper: Image.Image, tmp_path: Path) -> None:
    photo = on_canvas((1200, 700), (hopper.resize((300, 352)), (100, 150)), (hopper, (600, 50)))
    found = prepare(photo, tmp_path)
    assert any("2 faces" in notice for notice in found.notices)
    nose = (found.landmarks[4, :2] - found.transform[:, 2]) / found.scale
    assert 600 < nose[0] < 1112


@pytest.mark.parametrize("angle", [40.0, -40.0])
def test_a_tilted_face_is_one_face(hopper: Image.Image, tmp_path: Path, angle: float) -> None:
    found = prepare(hopper.rotate(angle, expand=True, fillcolor=GREY), tmp_path)
    assert not any("faces" in notice for notice in found.notices)


def test_a_face_is_not_taken_for_one_that_stands_on_its_head(hopper: Image.Image) -> None:
    with FaceModels() as models:
        upright, turned = (find_face(models, np.asarray(photo)) for photo in (hopper, hopper.rotate(180)))
    assert upright is not None
    assert turned is not None
    again = np.array([hopper.width - 1, hopper.height - 1]) - turned.landmarks[:, :2]
    assert np.abs(again - upright.landmarks[:, :2]).max() < 8


def test_a_photo_that_ends_at_the_brows_is_refused_and_one_at_the_forehead_told(
    hopper: Image.Image, tmp_path: Path
) -> None:
    with FaceModels() as models:
        whole = find_face(models, np.asarray(hopper))
    assert whole is not None
    brows, eyes, top = (int(whole.landmarks[index, 1]) for index in (52, 159, 10))
    with pytest.raises(PortraitError, match="the face is cut off at the top; use a photo that shows all of the face"):
        prepare(hopper.crop((0, (brows + eyes) // 2, *hopper.size)), tmp_path)
    found = prepare(hopper.crop((0, (3 * top + 2 * brows) // 5, *hopper.size)), tmp_path)
    assert any("forehead, cheeks or chin are cut off at the top; what" in notice for notice in found.notices)


def test_a_tight_photo_is_extended_and_says_so(hopper: Image.Image, tmp_path: Path) -> None:
    found = prepare(hopper.crop((170, 85, 360, 335)).resize((456, 600)), tmp_path)
    assert any("made up" in notice for notice in found.notices)
    oval = found.landmarks[list(OVAL), :2]
    assert oval.min() > 0
    assert oval.max() < 511


def test_a_frame_as_large_as_in_the_photo_is_the_photo(hopper: Image.Image, tmp_path: Path) -> None:
    photo = on_canvas((2200, 900), (hopper, (600, 50)))
    whole = prepare(photo, tmp_path, size=None)
    left, top = np.rint(-whole.transform[:, 2]).astype(int)
    size = len(whole.image)
    assert whole.photo.shape[1] == 1920
    assert np.array_equal(whole.transform[:, :2], np.eye(2))
    assert np.array_equal(whole.photo[top : top + size, left : left + size], whole.image)


@pytest.mark.parametrize("size", [256, 1024])
def test_any_frame_size(hopper: Image.Image, portrait: Portrait, tmp_path: Path, size: int) -> None:
    other = prepare(hopper, tmp_path, size=size)
    assert other.image.shape == (size, size, 3)
    assert other.matte.shape == (size, size)
    assert np.abs(other.landmarks / size - portrait.landmarks / 512).max() < 0.005


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda photo: photo.rotate(180), "tilted by 17.*turn the photo by 180 degrees"),
        (lambda photo: photo.rotate(90, expand=True), "tilted by 9.*turn the photo by 90 degrees clockwise"),
        (lambda photo: photo.rotate(-60, expand=True), "tilted by 5.*turn the photo by 5. degrees counter-clockwise"),
        (
            lambda photo: on_canvas((1400, 1000), (photo.resize((150, 176)), (300, 240))),
            "px wide; expected at least 80",
        ),
        (lambda photo: Image.new("RGB", (600, 500), (200, 190, 180)), "no face was found"),
        (lambda photo: photo.crop((0, 340, 512, 600)), "no face was found"),
    ],
)
def test_what_cannot_serve_is_refused(hopper: Image.Image, tmp_path: Path, change, what: str) -> None:
    with pytest.raises(PortraitError, match=what) as caught:
        prepare(change(hopper), tmp_path)
    assert str(tmp_path / "photo.png") in caught.value.what
    assert caught.value.fix


@pytest.mark.parametrize(
    ("pose", "what"),
    [
        ((48, 0, 0), "turned sideways by 48 degrees; expected at most 40"),
        ((-48, 0, 0), "turned sideways by 48"),
        ((0, 36, 0), "lowered by 36 degrees"),
        ((0, -36, 0), "raised by 36 degrees"),
        ((38, 0, 0), ""),
        ((0, 25, 40), ""),
    ],
)
def test_a_face_that_looks_away_is_refused_with_the_measured_angle(pose: tuple[float, float, float], what: str) -> None:
    landmarks = 150.0 * MEAN_FACE @ rotation_matrix(*pose).T * (1, -1, -1)
    if not what:
        check_face(Path("photo.png"), landmarks)
        return
    with pytest.raises(PortraitError, match=what):
        check_face(Path("photo.png"), landmarks)


def test_the_terminal_stays_clean_and_foreign_lines_get_through(
    hopper: Image.Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    prepare(hopper, tmp_path)
    assert capfd.readouterr() == ("", "")
    with quiet_native_log():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nkeep me\n")
    os.write(2, b"and me\n")
    assert capfd.readouterr().err == "keep me\nand me\n"


def test_a_home_folder_that_cannot_be_written_needs_no_warning(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no folder")
    environment = {name: value for name, value in os.environ.items() if name not in ("XDG_CONFIG_HOME", "MPLCONFIGDIR")}
    code = "from avatar_nodes.face.mediapipe_model import FaceModels\nFaceModels()"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": ""},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stderr == ""


def test_without_its_system_libraries_the_fix_is_said(tmp_path: Path) -> None:
    (tmp_path / "mediapipe.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from avatar_nodes.face.mediapipe_model import FaceModels, PortraitError\n"
        "try:\n    FaceModels()\nexcept PortraitError as error:\n    print(error)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "MediaPipe cannot be loaded (libGL.so.1" in answer.stdout
    assert "install libGL.so.1" in answer.stdout
