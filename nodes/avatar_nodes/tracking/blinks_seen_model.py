"""From the opening of the lids to eyeBlink, eyeWide and eyeSquint: MediaPipe's lids never shut quite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.tracking.person_model import Person

Array = NDArray[np.float64]

REACH = 25  # frames to each side from which the resting opening of a moment is taken
DEAD = 0.22  # of the way to shut: less is a lowered look or noise
HIDES = 0.2  # of the way to shut: lids that cover the irises
EVENT = 0.45  # of the way to shut: from here on it is a blink, and blinks shut the eye
_WINK_FROM, _WINK_TO = 0.35, 0.55  # of the way to shut, by one eye: less is noise, and the eyes go together
_WIDEST_REST = 1.05  # of the person's resting opening: beyond it the eyes are wide
_FLANK = 5  # frames that a blink's way down or up may take


def opening(person: Person, aspects: Array) -> Array:
    """How far each eye is open (T, 2), 0 shut to 1 at rest and beyond."""
    return np.asarray((aspects - person.lids_shut) / (person.lids_rest - person.lids_shut))


def blink_amounts(openness: Array) -> Array:
    """eyeBlink (T, 2) of both eyes from their opening (T, 2): 0 at rest, 1 at the bottom of each blink."""
    ways = paired(np.stack([way_to_shut(openness[:, eye]) for eye in (0, 1)], axis=1))
    return np.stack([_blinks(ways[:, eye]) for eye in (0, 1)], axis=1)


def paired(ways: Array) -> Array:
    """Both eyes (..., 2) alike, but in a wink: that goes far in one eye, and leaves the other one open."""
    lowered = np.clip((ways.min(-1, keepdims=True) - DEAD) / (EVENT - DEAD), 0.0, 1.0)  # both, as in a laugh
    wink = np.clip((ways.max(-1, keepdims=True) - _WINK_FROM) / (_WINK_TO - _WINK_FROM), 0.0, 1.0)
    return np.asarray(ways + np.maximum(lowered, 1.0 - wink) * (ways.mean(-1, keepdims=True) - ways))


def _blinks(way: Array) -> Array:
    """eyeBlink (T,) of one eye from how far (T,) it has gone to shut."""
    amount = np.clip((way - DEAD) / (1.0 - DEAD), 0.0, 1.0)
    for bottom in blink_frames(way):
        first, last = _flanks(way, bottom)
        whole = np.minimum(way[first : last + 1] / way[bottom], 1.0)
        amount[first : last + 1] = np.maximum(amount[first : last + 1], whole)
    return np.asarray(amount)


def way_to_shut(openness: Array) -> Array:
    """How far (T,) an eye has gone from its resting opening to shut: 0 to 1.2."""
    return way_from(openness, _resting(openness))


def way_from(openness: Array, resting: Array) -> Array:
    """The same, where the resting opening of the moment is known: from wide eyes back to rest is no blink."""
    return np.asarray(np.clip(1.0 - openness / np.clip(resting, 0.4, _WIDEST_REST), 0.0, 1.2))


def blink_frames(way: Array) -> list[int]:
    """Where blinks have their bottom, in how far (T,) an eye has gone to shut."""
    found: list[int] = []
    for i in np.flatnonzero(way > EVENT):
        near = way[max(i - _FLANK, 0) : i + _FLANK + 1]
        if way[i] >= near.max() and (not found or i - found[-1] > _FLANK):
            found.append(int(i))
    return found


def _flanks(way: Array, bottom: int) -> tuple[int, int]:
    """The first and last frame of a blink: as long as the lid goes on in its way."""
    first = last = bottom
    while first > max(bottom - _FLANK, 0) and way[first - 1] < way[first]:
        first -= 1
    while last < min(bottom + _FLANK, len(way) - 1) and way[last + 1] < way[last]:
        last += 1
    return first, last


def _resting(openness: Array) -> Array:
    """The opening around each moment that blinks go down from."""
    padded = np.pad(openness, REACH, mode="reflect" if len(openness) > REACH else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1)
    return np.asarray(np.percentile(windows, 70, axis=1))
