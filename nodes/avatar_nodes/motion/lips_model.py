"""The lips: a flow draws twelve amounts and a closure from what is heard, or from phones where they are known.

Emotion is no condition of the lips: no tracks of emotional speech were there to learn from, and the offsets of
control.emotion_model, which leave the gap of the lips alone, are exact when they are added afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from avatar_nodes.motion.flow_model import FlowConfig, FlowState, FlowTransformer
from avatar_nodes.motion.speech_encoder_model import Heard
from avatar_nodes.motion.visemes_model import LIP_NAMES, VISEMES
from avatar_nodes.motion.weights_file_model import load_weights, save_weights

WEIGHTS = Path(__file__).parents[1] / "weights" / "lips.safetensors"
NUMBERS = len(LIP_NAMES) + 1  # of one frame: the amounts, then the closure
CLOSURE = len(LIP_NAMES)
FEATURES = 128
# How somebody speaks, 0 is usual: how far the lips go, how far loudness opens the jaw, how wide, 1: as tracked people.
STYLE_NAMES = ("articulation", "loudness", "width", "tracked")
TEMPERATURE = 0.5  # of the noise; lower is closer to the mean
NOISE_FRAMES = 4096  # then the noise comes again: after 164 s
SHAPE = FlowConfig(
    NUMBERS, {"speech": FEATURES, "guide": NUMBERS, "style": len(STYLE_NAMES)}, width=128, layers=3, heads=4, context=25
)


class LipsModel(nn.Module):
    """Draws the lips of many sessions; holds weights only, a session is a FlowState."""

    middle: Tensor
    spread: Tensor
    style: Tensor
    noise: Tensor

    def __init__(self, config: FlowConfig = SHAPE) -> None:
        super().__init__()
        self.flow = FlowTransformer(config)
        self.register_buffer("middle", torch.zeros(NUMBERS))
        self.register_buffer("spread", torch.ones(NUMBERS))  # standard deviations
        self.register_buffer("style", torch.zeros(len(STYLE_NAMES)))  # of all that is drawn
        # One noise for everybody, whatever the seed: the same words move the lips in the same way.
        noise = np.random.default_rng(0).standard_normal((NOISE_FRAMES, NUMBERS))
        self.register_buffer("noise", torch.from_numpy(noise.astype(np.float32)), persistent=False)

    @classmethod
    def load(cls, path: Path = WEIGHTS, device: str = "cpu") -> LipsModel:
        """The trained lips."""
        return load_weights(path, device, lambda shape: cls(FlowConfig(**shape)))

    def save(self, path: Path = WEIGHTS, **told: str) -> None:
        """Write the weights, half as precise, with the shape and what else is `told` of them."""
        save_weights(path, self, self.flow.config, told)

    def begin(self) -> FlowState:
        """Lips that have not moved yet."""
        return self.flow.begin(1)

    @torch.inference_mode()
    def step(
        self, states: Sequence[FlowState], features: Tensor, guide: Tensor, guidance: Sequence[float], steps: int
    ) -> Tensor:
        """The lips (B, 13) of the next frame of every session: amounts as LIP_NAMES and the closure, 0 to 1.

        `features` (B, 128) and `guide` (B, 13): what is heard, or what phones ask for; `guidance`: beyond plain
        drawing, 0 is none.
        """
        joint = FlowState.join(states)
        ways = self._ways(features, guide, any(guidance))
        share = torch.tensor(guidance, device=features.device)[:, None]
        shares = torch.cat([1.0 + share, -share], dim=1)[:, : ways.shape[1]]
        noise = TEMPERATURE * self.noise[[frame % NOISE_FRAMES for frame in joint.frames]]
        lips = self.flow.draw(joint, noise, ways, shares, steps) * self.spread + self.middle
        lips = lips.clamp(0.0, 1.0)  # also what is remembered: nothing drifts away
        self.flow.remember(joint, (lips - self.middle) / self.spread, ways[:, 0])
        if len(states) > 1:
            for state, own in zip(states, joint.split(), strict=True):
                state.past, state.frames = own.past, own.frames
        return lips

    def standard(self, lips: Tensor) -> Tensor:
        """Lips (..., 13) in standard deviations."""
        return (lips - self.middle) / self.spread

    def _ways(self, features: Tensor, guide: Tensor, guided: bool) -> Tensor:
        """What is known (B, 1 or 2, width): all, and if `guided` nothing of the speech."""
        batch, ways = features.shape[0], 2 if guided else 1
        speech = torch.arange(ways, device=features.device)[None] == 0  # (1, ways)
        known = {
            "speech": features[:, None].expand(-1, ways, -1),
            "guide": self.standard(guide)[:, None].expand(-1, ways, -1),
            "style": self.style.expand(batch, ways, -1),
        }
        return self.flow.condition(known, {"speech": speech, "guide": speech, "style": torch.ones_like(speech)})


def heard_lips(heard: Heard) -> Tensor:
    """What the encoder expects of the lips, (B, T, 13): the guide where no phones are known."""
    closure = torch.maximum(heard.closure, VISEMES["f"].closure * heard.touch)
    return torch.cat([heard.lips, closure.unsqueeze(-1)], dim=-1)
