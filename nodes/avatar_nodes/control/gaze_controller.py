"""Say where the face looks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from avatar_nodes.control.gaze_model import Eyes
from avatar_nodes.payloads import Gaze
from graphcore import Output, Param, Source, timestamp_of


class GazeController(Source):
    """Sends a gaze for every video frame, without end: the commanded direction, and what eyes do around it."""

    yaw = Param(0.0, ge=-60.0, le=60.0, unit="degrees", live=True, doc="+ is to the viewer's right; 0 is the lens")
    pitch = Param(0.0, ge=-45.0, le=45.0, unit="degrees", live=True, doc="+ is down; 0 is the lens")
    wander = Param(0.5, ge=0.0, le=2.0, live=True, doc="glances away: 0 none, 1 as people do who think while they talk")
    gaze = Output(Gaze, doc="one packet for each video frame")

    def produce(self) -> Iterator[None]:
        """Send the gaze of every frame."""
        rate = self.context.frame_rate
        eyes = Eyes(self.context.rng)
        index = 0
        while True:
            now = timestamp_of(index, rate.numerator, rate.denominator)
            yaw, pitch = eyes.at(now / 1e9, np.array([self.yaw, self.pitch]), self.wander)
            self.gaze.send(Gaze(float(yaw), float(pitch)), timestamp=now)
            yield
            index += 1
