"""How well a curve of lip aperture fits aligned phones: correlation, closures, lag.

A frame is closed where the curve is below CLOSED of its own 95th percentile over speech. A p b m is found where a
frame within TOLERANCE_S of its middle is closed. An event is a run of closed frames: right where a p b m has its middle
within TOLERANCE_S of it, else wrong, unless half of it is pause, where lips may be closed. The control is recall with
the phones shifted by SHIFT_S. Tracks of 119 sentences of one speaker of GRID score .98 recall, .64 control, .56
precision before this judge (.67 with f v), r .63, and a lag of -1 frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measuring.alignment import PAUSE, Aligned
from measuring.aperture import FRAME_S, Curve, aperture_of_phones, opening_of_phones

CLOSED = 0.3
TOLERANCE_S = 0.080
SHIFT_S = 0.370
LABIALS = frozenset("pbm")
TEETH = frozenset("fv")
LARGEST_LAG = 6  # frames
JITTER_S = 1e-6


@dataclass(frozen=True)
class Score:
    """What one curve scores on one clip; counts are kept so that clips can be pooled."""

    r_all: float
    r_speech: float
    table_r_all: float  # against the plain table
    table_r_speech: float
    lag: float  # frames; + is late
    labials: int
    found: int
    controls: int
    control_found: int
    events: int
    right: int
    at_teeth: int  # events that are no p b m, but an f or v: closed in part

    @property
    def recall(self) -> float:
        """The share of p b m that are found."""
        return _share(self.found, self.labials)

    @property
    def control(self) -> float:
        """Recall with the phones shifted."""
        return _share(self.control_found, self.controls)

    @property
    def precision(self) -> float:
        """The share of events that are a p b m."""
        return _share(self.right, self.events)


def score(curve: Curve, aligned: Aligned) -> Score:
    """Judge a curve (T,) at 25 Hz from time zero."""
    frames = len(curve)
    known, speech = frames_known(aligned, frames), frames_of_speech(aligned, frames)
    reference, table = aperture_of_phones(aligned, frames), opening_of_phones(aligned, frames)
    closed = (curve < CLOSED * scale_of(curve[speech])) & known
    labials = middles(aligned, LABIALS)
    control = labials + SHIFT_S
    control = control[control < _end_of_speech(aligned)]
    runs = runs_of(closed)
    right = [run for run in runs if _near(run, labials)]
    wrong = [run for run in runs if not _near(run, labials) and speech[run].mean() > 0.5]
    return Score(
        correlation(curve[known], reference[known]),
        correlation(curve[speech], reference[speech]),
        correlation(curve[known], table[known]),
        correlation(curve[speech], table[speech]),
        lag_of(curve, reference, known),
        len(labials),
        _found(closed, labials),
        len(control),
        _found(closed, control),
        len(right) + len(wrong),
        len(right),
        sum(_near(run, middles(aligned, TEETH)) for run in wrong),
    )


def pooled(scores: Sequence[Score]) -> dict[str, float]:
    """Several clips as one: means of correlations, sums of counts, the median and the largest lag."""
    if not scores:
        return {}
    total = {
        name: sum(getattr(one, name) for one in scores) for name in ("labials", "found", "controls", "control_found")
    }
    total |= {name: sum(getattr(one, name) for one in scores) for name in ("events", "right", "at_teeth")}
    means = {
        name: float(np.nanmean([getattr(one, name) for one in scores]))
        for name in ("r_all", "r_speech", "table_r_all", "table_r_speech")
    }
    lags = np.array([one.lag for one in scores])
    return means | {
        "precision": _share(total["right"], total["events"]),
        "recall": _share(total["found"], total["labials"]),
        "control": _share(total["control_found"], total["controls"]),
        "precision_with_f_v": _share(total["right"] + total["at_teeth"], total["events"]),
        "lag_median": float(np.median(lags)),
        "lag_largest": float(np.abs(lags).max()),
        "labials": total["labials"],
        "events": total["events"],
    }


def frames_known(aligned: Aligned, frames: int) -> NDArray[np.bool_]:
    """The frames of which something is known."""
    times = np.arange(frames) * FRAME_S
    return np.any([(times >= start) & (times < end) for start, end in aligned.spans], axis=0)


def frames_of_speech(aligned: Aligned, frames: int) -> NDArray[np.bool_]:
    """The frames within a phone that is no pause."""
    times = np.arange(frames) * FRAME_S
    inside = np.zeros(frames, bool)
    for symbol, start, end in zip(aligned.symbols, aligned.starts, aligned.ends, strict=True):
        if symbol != PAUSE:
            inside |= (times >= start) & (times < end)
    return inside


def middles(aligned: Aligned, letters: frozenset[str]) -> Curve:
    """The middles, s, of the phones that are one of these letters."""
    wanted = [i for i, symbol in enumerate(aligned.symbols) if symbol in letters]
    return (aligned.starts[wanted] + aligned.ends[wanted]) / 2


def _end_of_speech(aligned: Aligned) -> float:
    return max(
        (float(end) for symbol, end in zip(aligned.symbols, aligned.ends, strict=True) if symbol != PAUSE), default=0.0
    )


def scale_of(speaking: Curve) -> float:
    """How far this mouth opens: the 95th percentile over speech."""
    return max(float(np.percentile(speaking, 95)), 1e-6) if len(speaking) else 1.0


def runs_of(flags: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """The frames of each run of True."""
    where = np.flatnonzero(flags)
    return [run for run in np.split(where, np.flatnonzero(np.diff(where) > 1) + 1) if len(run)]


def correlation(first: Curve, second: Curve) -> float:
    """Pearson's r; 0 where a curve does not move."""
    if len(first) < 3 or first.std() < 1e-9 or second.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def lag_of(curve: Curve, reference: Curve, known: NDArray[np.bool_]) -> float:
    """By how many frames the curve is late: the peak of the cross-correlation, refined by a parabola."""
    shifts = np.arange(-LARGEST_LAG, LARGEST_LAG + 1)
    values = np.array([_shifted_r(curve, reference, known, int(shift)) for shift in shifts])
    best = int(np.argmax(values))
    if 0 < best < len(values) - 1:
        left, middle, right = values[best - 1 : best + 2]
        bend = left - 2 * middle + right
        return float(shifts[best] + (0.5 * (left - right) / bend if bend < 0 else 0.0))
    return float(shifts[best])


def _shifted_r(curve: Curve, reference: Curve, known: NDArray[np.bool_], shift: int) -> float:
    count = len(curve) - abs(shift)
    late, early = slice(max(shift, 0), max(shift, 0) + count), slice(max(-shift, 0), max(-shift, 0) + count)
    both = known[late] & known[early]
    return correlation(curve[late][both], reference[early][both])


def _found(closed: NDArray[np.bool_], times: Curve) -> int:
    closed_at = np.flatnonzero(closed) * FRAME_S
    reach = TOLERANCE_S + JITTER_S
    return sum(bool((np.abs(closed_at - time) <= reach).any()) for time in times)


def _near(run: NDArray[np.intp], times: Curve) -> bool:
    reach = TOLERANCE_S + JITTER_S
    return bool(((times >= run[0] * FRAME_S - reach) & (times <= run[-1] * FRAME_S + reach)).any())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
