"""A causal flow-matching transformer: motion, one frame after the other, from noise, conditions and its own past.

Flow matching (Lipman et al. 2023): between noise x0 and motion x1 lies x_t = (1 - t) x0 + t x1, and the network
learns the velocity x1 - x0. Every frame is there twice in training: once clean, as the past of later frames, and
once noisy; a noisy frame sees the clean frames before it and itself, so that one pass trains every frame, each at
its own t. Streaming keeps the keys and values of the clean past, and a step costs one token.

Guidance (Ho and Salimans 2022, several conditions as in VASA-1): every condition can be absent, which training
practises. A noisy frame is drawn once for each way of knowing, all of them from one past.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from avatar_nodes.motion.flow_block_model import Block


@dataclass(frozen=True)
class FlowConfig:
    """The shape of a FlowTransformer; stored beside its weights."""

    motion: int  # numbers in one frame of motion
    conditions: dict[str, int] = field(default_factory=dict)  # name -> numbers in one frame of it
    width: int = 160
    layers: int = 4
    heads: int = 4
    context: int = 25  # frames of the past that a frame sees

    @property
    def head_width(self) -> int:
        """Numbers in one attention head."""
        return self.width // self.heads


@dataclass
class FlowState:
    """The past of a batch of motions: a ring of the newest `context` clean frames each; frame n is in slot n % context.

    Streams need not have begun together.
    """

    past: Tensor  # (B, layers, keys and values, heads, context, head_width)
    frames: list[int]  # number of the next frame, each stream

    @staticmethod
    def join(states: Sequence[FlowState]) -> FlowState:
        """One batch of them all."""
        if len(states) == 1:
            return states[0]
        return FlowState(torch.cat([s.past for s in states]), [n for s in states for n in s.frames])

    def split(self) -> list[FlowState]:
        """One state for each stream."""
        return [FlowState(self.past[i : i + 1], [n]) for i, n in enumerate(self.frames)]


class FlowTransformer(nn.Module):
    """The velocity of motion at flow time t, given the past and the conditions."""

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.clean_in = nn.Linear(config.motion, width)
        self.noisy_in = nn.Linear(config.motion, width)
        self.time_in = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.condition_in = nn.ModuleDict({name: nn.Linear(size, width) for name, size in config.conditions.items()})
        self.absent = nn.ParameterDict({name: nn.Parameter(torch.zeros(width)) for name in config.conditions})
        self.nearness = nn.Parameter(torch.zeros(config.heads, config.context + 1))  # added to scores, by frames ago
        self.blocks = nn.ModuleList(Block(width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, config.motion)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def condition(self, known: dict[str, Tensor], present: dict[str, Tensor]) -> Tensor:
        """What the frames know, (B, T, width): `known[name]` (B, T, size), `present[name]` (B, T) or (B, 1) bool."""
        total: Tensor | float = 0.0
        for name, project in self.condition_in.items():
            there = present[name].unsqueeze(-1)
            total = total + torch.where(there, project(known[name]), self.absent[name])
        assert isinstance(total, Tensor)
        return total

    def forward(
        self, clean: Tensor, noisy: Tensor, time: Tensor, condition: Tensor, past_condition: Tensor | None = None
    ) -> Tensor:
        """Train: clean and noisy (B, T, motion), time (B, T), condition (B, T, width) -> velocity (B, T, motion).

        `past_condition`: what the clean frames know, if it is not the same.
        """
        frames = clean.shape[1]
        known = condition if past_condition is None else past_condition
        tokens = torch.cat(
            [self.clean_in(clean) + known, self.noisy_in(noisy) + self.time_in(_waves(time)) + condition], dim=1
        )
        scores = self._two_streams(frames)
        for block in self.blocks:
            tokens = block(tokens, scores)
        velocity: Tensor = self.out(self.norm(tokens[:, frames:]))
        return velocity

    def begin(self, batch: int) -> FlowState:
        """No past."""
        config = self.config
        shape = (batch, config.layers, 2, config.heads, config.context, config.head_width)
        return FlowState(self.out.weight.new_zeros(shape), [0] * batch)

    def draw(
        self, state: FlowState, noise: Tensor, ways: Tensor, shares: Tensor, steps: int, midpoint: bool = False
    ) -> Tensor:
        """The next frame (B, motion) from `noise` (B, motion), in Euler steps; the state stays as it is.

        `ways` (B, W, width): what is known, in every way that guidance needs; `shares` (B, W): of each way's velocity.
        `midpoint`: every second step starts where the one before it did and goes twice as far: few of Euler's steps
        make what is drawn scatter less than it should.
        """
        scores = self._next(state, ways.shape[1], newest=self.config.context)
        begun = self.time_in(_waves(torch.arange(steps, device=noise.device, dtype=noise.dtype) / steps))
        begin = noise
        for step in range(steps):
            tokens = ways + (self.noisy_in(noise) + begun[step])[:, None]
            for layer, block in enumerate(self._layers()):
                tokens, _ = block.step(tokens, scores, state.past[:, layer])
            velocity = self.out(self.norm(tokens))  # (B, W, motion)
            begin, far = (begin, 2) if midpoint and step % 2 else (noise, 1)
            noise = begin + torch.einsum("bwm,bw->bm", velocity, shares) * (far / steps)
        return noise

    def remember(self, state: FlowState, motion: Tensor, condition: Tensor) -> None:
        """Make (B, motion), drawn under `condition` (B, width), the newest frame of the past."""
        tokens = (self.clean_in(motion) + condition)[:, None]
        # A clean frame sees `context` frames with itself: the oldest one makes room for it.
        scores = self._next(state, 1, newest=self.config.context - 1)
        slots = [n % self.config.context for n in state.frames]
        for layer, block in enumerate(self._layers()):
            tokens, made = block.step(tokens, scores, state.past[:, layer])
            for stream, slot in enumerate(slots):
                state.past[stream, layer, :, :, slot] = made[:, stream, :, 0]
        state.frames = [n + 1 for n in state.frames]

    def _layers(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]

    def _next(self, state: FlowState, ways: int, newest: int) -> Tensor:
        """Scores of the next frame in each way for the past and for itself, (B, heads, W, context + W)."""
        context = self.config.context
        frames = np.array(state.frames)[:, None]
        ago = (frames - 1 - np.arange(context)) % context + 1  # (B, context), by slot
        near = self.nearness[:, torch.from_numpy(ago).to(state.past.device)].transpose(0, 1)  # (B, heads, context)
        unseen = torch.from_numpy((ago > frames) | (ago > newest)).to(state.past.device)
        past = near.masked_fill_(unseen[:, None], -math.inf)[:, :, None].expand(-1, -1, ways, -1)
        others = torch.full((ways, ways), -math.inf, device=past.device).fill_diagonal_(0.0)
        itself = others + self.nearness[:, :1, None]  # (heads, ways, ways)
        return torch.cat([past, itself.expand(len(frames), -1, -1, -1)], dim=-1)

    def _two_streams(self, frames: int) -> Tensor:
        """Who sees whom and how gladly, (heads, 2T, 2T): clean frames come first, then the noisy ones."""
        context, index = self.config.context, torch.arange(frames, device=self.nearness.device)
        ago = index[:, None] - index[None, :]
        near = self.nearness[:, ago.clamp(0, context)]
        past = (ago >= 0) & (ago < context)
        strict = (ago > 0) & (ago <= context)
        nothing, itself = torch.zeros_like(past), ago == 0
        sees = torch.cat([torch.cat([past, nothing], dim=1), torch.cat([strict, itself], dim=1)])
        return torch.where(sees, near.repeat(1, 2, 2), -math.inf)


def _waves(time: Tensor) -> Tensor:
    """Flow time (...) as 64 sines and cosines."""
    hz = torch.exp(torch.linspace(0.0, math.log(1000.0), 32, device=time.device, dtype=time.dtype))
    angle = time.unsqueeze(-1) * hz
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
