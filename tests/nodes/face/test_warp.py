"""A person laid over a backdrop: small made pictures, moved by a mesh of two triangles."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face.appearance_model import Layers, split_layers
from avatar_nodes.face.backdrop_model import is_backdrop, make_backdrop
from avatar_nodes.face.warp_model import Warp

SIZE = 64


def shifted(
    layers: Layers, across: float = 0.0, backdrop: np.ndarray | None = None, gain: np.ndarray | None = None
) -> np.ndarray:
    """The picture with the person moved so many px to the right."""
    behind = layers.background if backdrop is None else backdrop
    size = len(behind)
    low, high = -20.0, size + 20.0
    source = np.array([[low, low], [high, low], [low, high], [high, high]], np.float32)
    warp = Warp(source, np.array([[0, 1, 2], [2, 1, 3]], np.int32), layers, behind)
    picture = np.empty_like(behind)
    warp.draw(source + np.array([across, 0], np.float32), np.zeros(4, np.float32), gain, picture)
    return picture


def soft_disc(size: int, x: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    away = np.hypot(columns - x, rows - size / 2) - size / 4
    return np.clip(0.5 - away / 8, 0.0, 1.0).astype(np.float32)


def mixed(matte: np.ndarray, person: np.ndarray, behind: np.ndarray) -> np.ndarray:
    return np.rint(matte[:, :, None] * person + (1 - matte[:, :, None]) * behind).astype(np.uint8)


def noisy(seed: int, matte: np.ndarray | None = None) -> Layers:
    rng = np.random.default_rng(seed)
    image, behind = rng.integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.uint8)
    any_matte = np.clip(rng.uniform(-0.5, 1.5, (SIZE, SIZE)), 0, 1).astype(np.float32)
    return split_layers(image, any_matte if matte is None else matte, behind)


def photo_of(layers: Layers) -> np.ndarray:
    share = layers.person[:, :, 3:] / 255.0
    return np.rint(layers.person[:, :, :3] + (1 - share) * layers.background + layers.rest / 64).astype(np.uint8)


def test_layers_add_up_to_any_photo_with_any_matte() -> None:
    layers = noisy(3)
    assert (shifted(layers) == photo_of(layers)).all()


def test_whole_pixels_move_exactly_and_half_ones_mix() -> None:
    layers = noisy(4, np.ones((SIZE, SIZE), np.float32))
    photo = photo_of(layers)
    assert (shifted(layers, 3)[:, 3:] == photo[:, :-3]).all()
    between = (photo[:, 1:].astype(float) + photo[:, :-1]) / 2
    assert np.abs(shifted(layers, 0.5)[:, 1:] - between).max() <= 0.5


@pytest.mark.parametrize(("person", "behind"), [((210, 160, 130), (30, 60, 150)), ((20, 15, 10), (240, 240, 235))])
def test_a_person_who_moves_takes_no_rim_of_the_background_along(
    person: tuple[int, int, int], behind: tuple[int, int, int]
) -> None:
    size, across = 128, 9
    colours, filled = (np.full((size, size, 3), one, np.uint8) for one in (person, behind))
    stripes = np.arange(size) // 3 % 2 * 60 - 30  # what stands there, and no filling can know
    wall = np.clip(filled.astype(int) + stripes[None, :, None], 0, 255)
    matte = soft_disc(size, 60)
    layers = split_layers(mixed(matte, colours, wall), matte, filled)
    ideal = mixed(soft_disc(size, 60 + across), colours, filled)
    assert np.abs(shifted(layers, across).astype(int) - ideal)[:, across:].max() <= 12


def with_wisp() -> tuple[np.ndarray, Layers]:
    matte, background = soft_disc(SIZE, 30), np.full((SIZE, SIZE, 3), 120, np.uint8)
    image = mixed(matte, np.full_like(background, 200), background)
    image[20:24, 50:60] = 20  # of hair
    return image, split_layers(image, matte, background)


def test_what_the_matte_leaves_out_is_shown_while_still_and_gone_when_the_person_moves() -> None:
    image, layers = with_wisp()
    assert (shifted(layers, 0) == image).all()
    slightly = shifted(layers, 0.01).astype(int)
    assert np.abs(slightly[20:24, 50:60] - 20).max() <= 2
    assert (shifted(layers, 2)[20:24, 50:60] == 120).all()
    fading = [int(shifted(layers, step / 20)[22, 55, 0]) for step in range(21)]
    assert (np.diff(fading) >= 0).all()
    assert np.diff(fading).max() < 12


def test_another_backdrop_has_nothing_of_the_photos_own() -> None:
    _, layers = with_wisp()
    green = np.full_like(layers.background, (0, 255, 0))
    picture = shifted(layers, 0, green)
    assert (picture[20:24, 50:60] == (0, 255, 0)).all()
    share = layers.person[:, :, 3:] / 255.0
    assert np.abs(picture - (layers.person[:, :, :3] + (1 - share) * green)).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("gain", [None, np.full((SIZE // 4, SIZE // 4), 1.2, np.float32)])
def test_straight_alpha_over_any_backdrop_is_the_picture_over_it(gain: np.ndarray | None) -> None:
    layers = noisy(5, soft_disc(SIZE, 30))
    rgba = shifted(layers, 2.3, make_backdrop("transparent", layers.background), gain).astype(float)
    for backdrop in (np.random.default_rng(6).integers(0, 256, layers.background.shape).astype(np.uint8),):
        share = rgba[:, :, 3:] / 255.0
        over = np.rint(rgba[:, :, :3] * share + (1 - share) * backdrop)
        assert np.abs(over - shifted(layers, 2.3, backdrop, gain)).max() <= 1
    assert (rgba[rgba[:, :, 3] == 0] == 0).all()


def test_no_rim_of_the_background_stays_on_what_is_cut_out() -> None:
    behind = np.full((SIZE, SIZE, 3), (0, 0, 160), np.uint8)
    skin = np.full_like(behind, (210, 160, 130))
    matte = soft_disc(SIZE, 30)
    layers = split_layers(mixed(matte, skin, behind), matte, behind)
    rgba = shifted(layers, 0.4, make_backdrop("transparent", behind)).astype(int)
    seen = rgba[:, :, 3] > 30
    assert np.abs(rgba[:, :, :3] - (210, 160, 130))[seen].max() <= 12


def test_a_gain_lights_what_it_covers_wherever_it_has_moved() -> None:
    image = np.full((SIZE, SIZE, 3), 100, np.uint8)
    layers = split_layers(image, np.ones((SIZE, SIZE), np.float32), image)
    gain = np.ones((SIZE // 4, SIZE // 4), np.float32)
    assert (shifted(layers, 0.3, gain=gain) == 100).all()
    gain[4:8, 4:8] = 1.5
    gain[10:, 10:] = 9.0
    lit = shifted(layers, 8, gain=gain)
    assert (lit[20:30, 28:38] == 150).all()
    assert (lit[:, :20] == 100).all()
    assert (lit[50:, 55:] == 255).all()
    assert np.abs(np.diff(lit[25, 16:48, 0].astype(int))).max() <= 13  # a quarter of the step: it rises over 4 px


def test_backdrops_are_words_or_colours() -> None:
    own = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    assert make_backdrop("photo", own) is own
    assert make_backdrop("#1e90FF", own)[5, 6].tolist() == [0x1E, 0x90, 0xFF]
    blurred = make_backdrop("blur", own)
    assert blurred.std() < own.std() / 2
    assert [is_backdrop(text) for text in ("blur", "#12345", "#12345g", "red", "#123456 ", "")] == [True] + 5 * [False]
