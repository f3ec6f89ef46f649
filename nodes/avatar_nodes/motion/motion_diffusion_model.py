"""Speech to motion, frame by frame: the encoder hears, one flow draws the lips, another head and brows.

Weights and sessions are apart: many sessions share one MotionModel, and a batch of them is one forward pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar_nodes.motion.flow_model import FlowState
from avatar_nodes.motion.lips_model import CLOSURE, LipsModel, heard_lips
from avatar_nodes.motion.pose_model import PoseModel, PoseState, PoseWish
from avatar_nodes.motion.speech_encoder_model import LOOKAHEAD_FRAMES, EncoderState, Heard, SpeechEncoder

FOLDER = Path(__file__).parents[1] / "weights"
DEVICES = ("auto", "cpu", "cuda")

Array = NDArray[np.float32]


@dataclass
class Wish:
    """What one session wants of the frame that is drawn next; None: not told."""

    gaze: tuple[float, float] | None = None  # degrees, yaw and pitch in the camera's frame
    distance: float | None = None  # of the camera, 1 is the photo's
    emotion: Array | None = None  # (8,) as EMOTION_NAMES
    guide: Array | None = None  # (13,) lips and closure from phones, where they are known; else the encoder's
    cfg_speech: float = 0.5
    cfg_gaze: float = 1.0
    cfg_emotion: float = 0.5
    steps: int = 4  # of the sampler

    @property
    def pose(self) -> PoseWish:
        """What of it the head and the brows need."""
        guidance = (self.cfg_speech, self.cfg_gaze, self.cfg_emotion)
        return PoseWish(self.gaze, self.distance, self.emotion, guidance, self.steps)


@dataclass
class Drawn:
    """One frame of motion."""

    lips: Array  # (12,) as LIP_NAMES, 0 to 1
    closure: float  # 0 to 1: the lips touch, as drawn
    heard_closure: float  # 0 to 1: the lips touch (p b m), as heard
    touch: float  # 0 to 1: the lower lip is at the teeth (f v), as heard
    speech: float  # 0 to 1: somebody speaks
    pose: Array  # (14,) as POSE_NAMES


@dataclass
class MotionState:
    """One session: its past, and nothing of the weights."""

    encoder: EncoderState
    lips: FlowState
    pose: PoseState


class MotionModel:
    """The three networks; sessions are MotionStates."""

    def __init__(self, encoder: SpeechEncoder, lips: LipsModel, pose: PoseModel) -> None:
        self._encoder, self._lips, self._pose = encoder.eval(), lips.eval(), pose.eval()

    @classmethod
    def load(cls, device: str = "cpu", folder: Path = FOLDER) -> MotionModel:
        """The trained networks on a device: "cpu", "cuda", or "auto" for a GPU where there is one.

        Raises WeightsError without sound weights, RuntimeError without the device.
        """
        chosen = device_of(device)
        encoder, lips, pose = (folder / f"{name}.safetensors" for name in ("speech_encoder", "lips", "pose"))
        return cls(SpeechEncoder.load(encoder, chosen), LipsModel.load(lips, chosen), PoseModel.load(pose, chosen))

    @classmethod
    def untrained(cls, seed: int = 0) -> MotionModel:
        """Small networks with random weights, for tests of what stands around them."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            encoder, lips, pose = SpeechEncoder(), LipsModel(), PoseModel()
            for flow in (lips.flow, pose.flow):
                torch.nn.init.normal_(flow.out.weight, 0.0, 0.05)
        return cls(encoder, lips, pose)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._lips.middle.device

    def to(self, device: str) -> MotionModel:
        """The same networks, moved to a device; sessions begin there."""
        return MotionModel(self._encoder.to(device), self._lips.to(device), self._pose.to(device))

    def begin(self, seed: int) -> MotionState:
        """A session that has heard nothing; `seed` decides head and brows, the lips ignore it."""
        return MotionState(self._encoder.begin(1), self._lips.begin(), self._pose.begin(seed))

    @torch.inference_mode()
    def step(self, states: Sequence[MotionState], rows: Array, wishes: Sequence[Wish]) -> list[Drawn | None]:
        """Take audio frame k of every session, rows (B, 4, 82), and draw its frame k - 2; None while k < 2."""
        joint = EncoderState.join([state.encoder for state in states])
        heard = self._encoder.step(joint, torch.from_numpy(rows).to(self.device))
        for state, own in zip(states, joint.split(), strict=True):
            state.encoder = own
        self._pose.hear([state.pose for state in states], rows)
        drawn: list[Drawn | None] = [None] * len(states)
        for members in _by_steps(states, wishes):
            assert heard is not None  # a member has heard enough
            made = self._draw([states[i] for i in members], _some(heard, members), [wishes[i] for i in members])
            for index, one in zip(members, made, strict=True):
                drawn[index] = one
        return drawn

    def _draw(self, states: list[MotionState], heard: Heard, wishes: list[Wish]) -> list[Drawn]:
        guidance = [wish.cfg_speech for wish in wishes]
        flows = [state.lips for state in states]
        lips = self._lips.step(flows, heard.features[:, 0], self._guide(heard, wishes), guidance, wishes[0].steps)
        told = torch.stack([heard.closure, heard.touch, heard.speech])[:, :, 0].tolist()  # (3, B)
        pose = self._pose.step([state.pose for state in states], told[2], [wish.pose for wish in wishes])
        made = lips.cpu().numpy()
        return [
            Drawn(made[i, :CLOSURE], float(made[i, CLOSURE]), told[0][i], told[1][i], told[2][i], pose[i])
            for i in range(len(states))
        ]

    def _guide(self, heard: Heard, wishes: list[Wish]) -> Tensor:
        """Lips and closure (B, 13): those of phones where there are some, else those that are heard."""
        guide = heard_lips(heard)[:, 0]
        for index, wish in enumerate(wishes):
            if wish.guide is not None:
                guide[index] = torch.from_numpy(np.asarray(wish.guide, np.float32))
        return guide


def device_of(name: str) -> str:
    """The device that "auto", "cpu" or "cuda" stands for here; RuntimeError where it is missing."""
    if name not in DEVICES:
        raise ValueError(f"no device {name!r}: expected one of {', '.join(DEVICES)}")
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise RuntimeError("device cuda: this torch finds no CUDA GPU; device auto takes the CPU then")
    return "cuda" if there and name == "auto" else "cpu" if name == "auto" else name


def _by_steps(states: Sequence[MotionState], wishes: Sequence[Wish]) -> list[list[int]]:
    """Which sessions draw a frame now, those with the same number of sampling steps together."""
    groups: dict[int, list[int]] = defaultdict(list)
    for index, (state, wish) in enumerate(zip(states, wishes, strict=True)):
        if state.encoder.frames[0] > LOOKAHEAD_FRAMES:
            groups[wish.steps].append(index)
    return list(groups.values())


def _some(heard: Heard, members: list[int]) -> Heard:
    if len(members) == len(heard.speech):
        return heard
    parts = (heard.features, heard.lips, heard.closure, heard.touch, heard.speech)
    return Heard(*(part[members] for part in parts))
