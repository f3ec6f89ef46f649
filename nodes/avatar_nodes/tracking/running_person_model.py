"""A person's neutral face, learned while they are seen: within a second or two, and slowly from then on."""

from __future__ import annotations

import dataclasses
from collections import deque

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.expression_model import ExpressionBasis
from avatar_nodes.face.mesh_model import FACE_VERTICES
from avatar_nodes.tracking.expression_fit_model import ExpressionFit
from avatar_nodes.tracking.face_tracker_model import HeadRest, rest_of
from avatar_nodes.tracking.person_model import Person
from avatar_nodes.tracking.seen_face_model import stand

Array = NDArray[np.float64]

_KEPT = 240  # frames that a judgement looks at
_KEEP_EVERY_S = 0.25  # one of them in so long, once the first seconds are over: they reach back a minute
_SOONEST_S, _LATEST_S = 0.2, 30.0  # between two judgements; else half of the time that the person was seen
_QUICK_S, _SLOW_S = 0.15, 2.5  # how long a new judgement takes to be believed, at first and later
_EASED = ("landmarks", "closed", "neutral", "closed_gap", "lids_rest", "lids_shut", "look")


class RunningPerson:
    """What is known of a person so far: `person` and where their head rests."""

    person: Person
    rest: HeadRest

    def __init__(self, first: Array, settle_s: float) -> None:
        self._settle_s = settle_s
        self._frames: deque[Array] = deque([first], maxlen=_KEPT)
        self._since_kept = 0.0
        self._seen_s = 0.0
        self._settled = False
        self._judge(None)
        self.person, self.rest = self._aim, self._aim_rest

    def see(self, landmarks: Array, step_s: float) -> None:
        """Take the landmarks (478, 3) of one more frame, so many seconds after the one before."""
        self._seen_s += step_s
        self._since_kept += step_s
        if self._seen_s <= self._settle_s or self._since_kept >= _KEEP_EVERY_S:
            self._frames.append(landmarks)
            self._since_kept = 0.0
        if self._seen_s >= self._due:
            settled = self._seen_s >= self._settle_s
            self._judge(self._aim.basis if settled == self._settled else None)  # built twice: it takes the longest
            self._settled = settled
        believed_in = _SLOW_S if self._settled else _QUICK_S
        self._believe(1.0 - float(np.exp(-step_s / believed_in)))

    def expression(self, heads: Array) -> NDArray[np.float32]:
        """The coefficients (T, 52) of heads (T, 478, 3) in head coordinates, without lids and eyes."""
        return self._fit.solve(heads[:, :FACE_VERTICES] - self.person.closed + self._aim.closed)

    def _judge(self, basis: ExpressionBasis | None) -> None:
        frames = np.stack(self._frames)
        self._aim = Person.of(frames, basis)
        self._aim_rest = rest_of(stand(frames, self._aim.landmarks))
        self._fit = ExpressionFit(self._aim)
        self._due = self._seen_s + min(max(self._seen_s / 2, _SOONEST_S), _LATEST_S)

    def _believe(self, share: float) -> None:
        """Go a share of the way to the newest judgement, so that no face jumps."""
        now, aim = self.person, self._aim
        mixed = {name: getattr(now, name) + share * (getattr(aim, name) - getattr(now, name)) for name in _EASED}
        self.person = dataclasses.replace(aim, **mixed)
        self.rest = HeadRest(
            self.rest.scale + share * (self._aim_rest.scale - self.rest.scale),
            self.rest.across + share * (self._aim_rest.across - self.rest.across),
        )
