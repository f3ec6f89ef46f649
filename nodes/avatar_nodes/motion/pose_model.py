"""Head and brows: a flow draws what is quick and follows the sound, a posture holds what is slow.

The flow draws the change from frame to frame and is told where the last one left the head (`where`): so noise of the
sampler cannot shake the head, and the network knows how far from its middle it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avatar_nodes.motion.flow_model import FlowConfig, FlowState, FlowTransformer
from avatar_nodes.motion.posture_model import Posture
from avatar_nodes.motion.prosody_frames_model import PROSODY_NAMES, FrameProsody
from avatar_nodes.motion.shapes_model import Floats
from avatar_nodes.motion.weights_file_model import load_weights, save_weights
from avatar_nodes.payloads import EMOTION_NAMES

HEAD_NAMES = ("yaw", "pitch", "roll", "x", "y", "z")
BROW_NAMES = (
    "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft", "browDownRight",
    "cheekSquint", "eyeSquint", "noseSneer",
)  # fmt: skip
POSE_NAMES = (*HEAD_NAMES, *BROW_NAMES)
WEIGHTS = Path(__file__).parents[1] / "weights" / "pose.safetensors"
GUIDED = ("sound", "gaze", "emotion")  # conditions whose strength can be chosen
RISE = PROSODY_NAMES.index("loudness_slope")
EMOTIONS = len(EMOTION_NAMES)
SHAPE = FlowConfig(
    len(POSE_NAMES),
    {"where": len(POSE_NAMES), "sound": len(PROSODY_NAMES), "gaze": 2, "emotion": EMOTIONS},
    width=64,
    layers=3,
    heads=4,
    context=25,
)
GUIDANCE_UNITS = np.array([4.0, 1.0, 1.0])  # of the network's own guidance at 1, as GUIDED
MOST_GUIDANCE = 6.0
GAZE_UNIT_DEG = 10.0
# What the tracks show of gaze (degrees from its middle) and of each emotion; the network takes more as that much.
GAZE_SEEN = 4.0
EMOTION_SEEN = np.array([0.0, 0.5, 0.1, 0.08, 0.2, 0.35, 0.1, 0.02])
# Standard deviations of the flow's part, as talking people show them: degrees, inter-pupil distances, amounts.
SIZE = np.array([1.26, 1.38, 1.09, 0.025, 0.025, 0.04, 0.06, 0.05, 0.05, 0.04, 0.04, 0.02, 0.02, 0.02])
FASTEST = 3.5  # standard deviations of a change: guidance makes bursts, which this tames
FARTHEST = 2.5  # standard deviations: beyond it the flow's part is drawn back
DRAWN_BACK = 0.15  # of what is beyond, each frame
TEMPERATURE = 1.15  # of the noise: with it changes scatter as those of the tracks do
IDLE_SIZE = 0.6  # of the flow's head movements in silence


@dataclass(frozen=True)
class PoseWish:
    """What one session wants of the next frame; None: not told."""

    gaze: tuple[float, float] | None = None  # degrees, yaw and pitch in the camera's frame
    distance: float | None = None  # of the camera; 1 is the photo's
    emotion: NDArray[np.float32] | None = None  # (8,)
    guidance: tuple[float, float, float] = (0.5, 1.0, 0.5)  # as GUIDED
    steps: int = 4


class PoseState:
    """One session: what it heard, where its head is, and its chances."""

    def __init__(self, flow: FlowState, seed: int) -> None:
        self.flow = flow
        self.prosody = FrameProsody()
        self.heard = np.zeros(len(PROSODY_NAMES), np.float32)
        self.where = np.zeros(len(POSE_NAMES))  # the flow's part, in standard deviations
        self.rng = np.random.default_rng(seed)
        self.posture = Posture(np.random.default_rng([seed, 1]))


class PoseModel(nn.Module):
    """Draws the poses of many sessions; holds weights only, a session is a PoseState."""

    change: Tensor

    def __init__(self, config: FlowConfig = SHAPE) -> None:
        super().__init__()
        self.flow = FlowTransformer(config)
        self.register_buffer("change", torch.full((len(POSE_NAMES),), 0.3))  # its standard deviation; of a pose it is 1

    @classmethod
    def load(cls, path: Path = WEIGHTS, device: str = "cpu") -> PoseModel:
        """The trained head and brows."""
        return load_weights(path, device, lambda shape: cls(FlowConfig(**shape)))

    def save(self, path: Path = WEIGHTS, **told: str) -> None:
        """Write the weights, half as precise, with the shape and what else is `told` of them."""
        save_weights(path, self, self.flow.config, told)

    def begin(self, seed: int) -> PoseState:
        """A session that has heard nothing yet."""
        return PoseState(self.flow.begin(1), seed)

    def hear(self, states: Sequence[PoseState], rows: NDArray[np.float32]) -> None:
        """Take the newest audio frame of every session: rows (B, 4, 82)."""
        for state, four in zip(states, rows, strict=True):
            state.heard = state.prosody.hear(four)

    @torch.inference_mode()
    def step(
        self, states: Sequence[PoseState], speech: Sequence[float], wishes: Sequence[PoseWish]
    ) -> NDArray[np.float32]:
        """The next pose (B, 14), as POSE_NAMES, of every session; `speech` says whether somebody speaks, 0 to 1.

        The wishes of one call agree in their steps.
        """
        joint = FlowState.join([state.flow for state in states])
        ways, shares = self._ways(states, wishes)
        noise = TEMPERATURE * np.stack([state.rng.standard_normal(len(POSE_NAMES)) for state in states])
        change = self.flow.draw(joint, self._tensor(noise), ways, shares, wishes[0].steps, midpoint=True)
        self.flow.remember(joint, change, ways[:, 0])
        moves = (FASTEST * torch.tanh(change / FASTEST) * self.change).cpu().double().numpy()
        for state, own, move in zip(states, joint.split(), moves, strict=True):
            state.flow.past, state.flow.frames = own.past, own.frames
            where = state.where + move
            state.where = where - DRAWN_BACK * (where - np.clip(where, -FARTHEST, FARTHEST))
        made = [self._pose(*one) for one in zip(states, speech, wishes, strict=True)]
        return np.stack(made).astype(np.float32)

    def _ways(self, states: Sequence[PoseState], wishes: Sequence[PoseWish]) -> tuple[Tensor, Tensor]:
        """What is known (B, W, width): all, and all but one where that is asked for; and their shares (B, W)."""
        there = {
            "sound": [True for _ in wishes],
            "gaze": [wish.gaze is not None for wish in wishes],
            "emotion": [wish.emotion is not None for wish in wishes],
        }
        told = np.stack([there[name] for name in GUIDED], axis=1)  # (B, 3)
        weights = told * np.minimum(np.array([wish.guidance for wish in wishes]) * GUIDANCE_UNITS, MOST_GUIDANCE)
        missed = [index for index in range(len(GUIDED)) if weights[:, index].any()]
        present = {name: torch.tensor(there[name]).repeat(1 + len(missed), 1).T for name in GUIDED}  # (B, W)
        for way, index in enumerate(missed, start=1):
            present[GUIDED[index]] = present[GUIDED[index]].index_fill(1, torch.tensor(way), False)
        present["where"] = torch.ones_like(present["sound"])
        known = {name: values[:, None] for name, values in self._known(states, wishes).items()}
        ways = self.flow.condition(known, {name: one.to(self.change.device) for name, one in present.items()})
        shares = np.concatenate([1.0 + weights.sum(axis=1, keepdims=True), -weights[:, missed]], axis=1)
        return ways, self._tensor(shares)

    def _known(self, states: Sequence[PoseState], wishes: Sequence[PoseWish]) -> dict[str, Tensor]:
        """The conditions, (B, size) each; what is not told is 0."""
        nothing = np.zeros(EMOTIONS)
        known: dict[str, NDArray[Any]] = {
            "where": np.stack([state.where for state in states]),
            "sound": np.stack([state.heard for state in states]),
            "gaze": np.clip([wish.gaze or (0.0, 0.0) for wish in wishes], -GAZE_SEEN, GAZE_SEEN) / GAZE_UNIT_DEG,
            "emotion": np.stack([nothing if wish.emotion is None else wish.emotion for wish in wishes]),
        }
        known["emotion"] = np.minimum(known["emotion"], EMOTION_SEEN)
        return {name: self._tensor(values) for name, values in known.items()}

    def _pose(self, state: PoseState, speech: float, wish: PoseWish) -> Floats:
        """The flow's part and the posture, together."""
        command = np.array(wish.gaze or (0.0, 0.0))
        slow = state.posture.step(speech, float(state.heard[RISE]), command, wish.distance or 1.0)
        quick = state.where * SIZE
        calm = IDLE_SIZE + (1.0 - IDLE_SIZE) * state.posture.activity
        return np.concatenate([calm * quick[:6] + slow, np.clip(quick[6:] + SIZE[6:], 0.0, 1.0)])

    def _tensor(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(self.change.device)
