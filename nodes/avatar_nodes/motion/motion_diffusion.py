"""motion_diffusion: speech becomes a living face."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from avatar_nodes.payloads import Emotion, FaceMotion, Gaze, HeadDistance, Phones, SpeechFeatures
from graphcore import Input, Node, NodeError, Output, Param, Window

if TYPE_CHECKING:
    from avatar_nodes.motion.drawn_frames_model import Sampler
    from avatar_nodes.motion.face_stream_model import FaceStream

WINDOW_MS = 1200
ROW_MS = 10


class MotionDiffusion(Node):
    """Lips, brows, head, eyes and lids of somebody who talks, drawn by a flow-matching transformer.

    Sends a face for every video frame from the start of the sound to its end. Where phones are linked every p, b, m
    closes and every f, v touches; else those that are heard. In silence the lips rest, and the rest of the face
    lives on. The seed decides head, eyes and lids; the lips ignore it. A dial at 0 turns its channel off; an eye
    turns by 30 degrees at most, so a gaze further away needs the head.
    """

    own_thread = True  # the longest work of a talking head after rendering

    speech = Input(SpeechFeatures, doc="what is heard, without gaps")
    phones = Input(Phones, follows=True, window_ms=WINDOW_MS, doc="with them lips close exactly on p, b and m")
    gaze = Input(Gaze, follows=True, window_ms=WINDOW_MS, doc="where to look; without it where a talking person would")
    distance = Input(HeadDistance, follows=True, window_ms=WINDOW_MS, doc="how near the camera is")
    emotion = Input(Emotion, follows=True, window_ms=WINDOW_MS, doc="coloured in without parting the lips")
    motion = Output(FaceMotion, delay_ms=150, doc="a face for each video frame; at 25 a second 40 ms sooner")

    cfg_speech = Param(
        0.5,
        ge=0.0,
        le=2.0,
        live=True,
        doc="how closely lips, head and brows follow what is heard; above 1.5 the lips only",
    )
    cfg_gaze = Param(1.0, ge=0.0, le=2.0, live=True, doc="how closely the head follows the gaze; large turns always do")
    cfg_emotion = Param(
        0.5,
        ge=0.0,
        le=2.0,
        live=True,
        doc="how closely head and brows follow the emotion, of which training showed little",
    )
    steps = Param(4, ge=1, le=32, doc="of sampling, for each frame: more is slower and finer")
    seed = Param[int | None](None, ge=0, doc="of head, eyes and lids; null: the graph's seed and the node's name")
    device = Param("auto", choices=("auto", "cpu", "cuda"), doc="auto: a GPU where there is one")
    lips_amount = Param(1.0, ge=0.0, le=2.0, live=True, doc="how far lips and jaw go; closures stay closed")
    brows_amount = Param(1.0, ge=0.0, le=2.0, live=True, doc="of brows and cheeks, an emotion's brows too")
    blinks_amount = Param(1.0, ge=0.0, le=2.0, live=True, doc="1: as people who talk do, some 20 to 35 a minute")
    gaze_amount = Param(1.0, ge=0.0, le=2.0, live=True, doc="of the gaze; 0: the eyes stay still in the head")
    head_amount = Param(1.0, ge=0.0, le=2.0, live=True, doc="how far the head goes")

    _stream: FaceStream
    _told = False

    def open(self) -> None:
        """Load the networks, or share those that another node loaded."""
        import numpy as np

        from avatar_nodes.motion.face_stream_model import FaceStream

        rng = self.context.rng if self.seed is None else np.random.default_rng(self.seed)
        self._stream = FaceStream(self._sampler(), rng, self.context.frame_rate, self.context.linked)

    def process(
        self,
        speech: SpeechFeatures,
        phones: Window[Phones],
        gaze: Window[Gaze],
        distance: Window[HeadDistance],
        emotion: Window[Emotion],
    ) -> None:
        """Send the faces whose lookahead is complete."""
        self._tell_long(len(speech.loudness))
        stream = self._stream
        stream.read(phones.timestamps, phones)
        stream.gaze.take(gaze.timestamps, gaze)
        stream.distance.take(distance.timestamps, distance)
        stream.emotion.take(emotion.timestamps, emotion)
        self._set_dials()
        self._send(stream.take(self.timestamp, speech))

    def interrupt(self) -> None:
        """The lips fall to rest in two video frames, until what was sent after it is heard."""
        if self.context.live:  # else nobody is spoken to
            self._stream.interrupt(self.context.forget_before["speech"])

    def finish(self) -> None:
        """Send the faces up to the end of the sound."""
        self._send(self._stream.rest())

    def _sampler(self) -> Sampler:
        from avatar_nodes.motion.shared_motion_model import compute_on_one_thread, shared_motion_model
        from avatar_nodes.motion.weights_file_model import FIX, WeightsError

        compute_on_one_thread()
        try:
            return shared_motion_model(self.device)
        except WeightsError as error:
            raise NodeError(error.what, fix=FIX) from None
        except RuntimeError as error:
            raise NodeError(str(error), fix="set device to auto or cpu") from None

    def _set_dials(self) -> None:
        from avatar_nodes.motion.face_stream_model import Guidance
        from avatar_nodes.motion.living_face_model import Dials

        self._stream.guidance = Guidance(self.cfg_speech, self.cfg_gaze, self.cfg_emotion, self.steps)
        self._stream.dials = Dials(
            self.lips_amount, self.brows_amount, self.blinks_amount, self.gaze_amount, self.head_amount
        )

    def _send(self, faces: Iterable[tuple[int, FaceMotion]]) -> None:
        for timestamp, face in faces:
            self.motion.send(face, timestamp=timestamp)

    def _tell_long(self, rows: int) -> None:
        lost = sorted(self.context.linked - {"speech", "motion"})
        if rows * ROW_MS > WINDOW_MS and lost and not self._told:
            self._told = True
            self.context.notice(
                f"speech comes {rows * ROW_MS / 1000:.1f} s at a time, and {' and '.join(lost)} can be looked back at"
                f" for {WINDOW_MS / 1000} s only: what is older is left out; expected packets of 0.1 s or less"
            )
