"""face_tracker: a face in video becomes motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.counted_model import counted
from avatar_nodes.payloads import FaceMotion, VideoFrame
from graphcore import Input, Node, NodeError, Output, Param

if TYPE_CHECKING:
    from avatar_nodes.tracking.face_follower_model import FaceFollower
    from avatar_nodes.tracking.live_tracker_model import LiveTracker
    from avatar_nodes.tracking.on_grid_model import OnGrid
    from avatar_nodes.tracking.skin_seen_model import SkinSeen


class FaceTracker(Node):
    """Follow the largest face of a video: head, the 52 coefficients, gaze and closed lips.

    The person's own neutral is learned while they are seen: look into the camera with your lips closed for the first
    two seconds. Motion comes at the graph's frame rate; where that is not the video's, it is mixed from the two nearest
    frames. Where no face is seen it stands still for half a second, then eases to neutral.
    """

    own_thread = True  # networks look at every frame

    frames = Input(VideoFrame, doc="one person who looks about into the camera, by day or lamp light")
    motion = Output(FaceMotion, doc="one packet for each video frame of the graph")
    mirror = Param(False, doc="move as a mirror does: the person's left becomes the portrait's right")
    neutral_s = Param(2.0, ge=0.0, le=30.0, unit="s", doc="how soon the neutral is settled; later it changes slowly")
    smooth = Param(1.0, ge=0.0, le=4.0, live=True, doc="0: as it is seen; more is steadier, and slower")

    _follower: FaceFollower | None = None
    _tracker: LiveTracker
    _grid: OnGrid
    _skin: SkinSeen

    def open(self) -> None:
        from avatar_nodes.face.photo_file_model import PortraitError
        from avatar_nodes.tracking.face_follower_model import FaceFollower
        from avatar_nodes.tracking.live_tracker_model import LiveTracker, warm_up
        from avatar_nodes.tracking.on_grid_model import OnGrid
        from avatar_nodes.tracking.skin_seen_model import SkinSeen

        try:
            live = self.context.live  # then the most exact takes too long
            self._follower = FaceFollower(both_ways=not live, quick=live)
        except PortraitError as error:
            raise NodeError(error.what, fix=error.fix) from None
        self._follower.warm_up()
        warm_up()
        self._tracker = LiveTracker(self.neutral_s)
        self._grid = OnGrid(self.context.frame_rate)
        self._skin = SkinSeen()
        self._seen = self._missed = 0
        self._width = 0  # px of the first frame: a picture that changes its size does not move the head

    def process(self, frames: VideoFrame) -> None:
        from avatar_nodes.tracking.live_tracker_model import mirrored_landmarks

        assert self._follower is not None
        pixels = frames.pixels[:, :, :3]
        landmarks = self._follower.read(pixels)
        self._seen += landmarks is not None
        self._missed += landmarks is None
        if landmarks is not None and self.mirror:
            landmarks, pixels = mirrored_landmarks(landmarks, pixels.shape[1]), pixels[:, ::-1]
        self._width = self._width or pixels.shape[1]
        same_size = None if landmarks is None else landmarks * (self._width / pixels.shape[1])
        face = self._tracker.add(self.timestamp / 1e9, same_size, self.smooth)
        face = self._skin.shaded(face, pixels, landmarks)
        for timestamp, motion in self._grid.add(self.timestamp, face):
            self.motion.send(motion, timestamp=timestamp)

    def finish(self) -> None:
        if self._missed and not self._seen:
            raise NodeError(
                f"no face was seen in {'any of ' if self._missed > 1 else ''}{counted(self._missed, 'frame')}",
                fix="show one face from the front, upright, large and in good light",
            )
        if self._missed:
            total = self._seen + self._missed
            self.context.notice(f"no face was seen in {self._missed} of {counted(total, 'frame')}")

    def close(self) -> None:
        if self._follower is not None:
            self._follower.close()
