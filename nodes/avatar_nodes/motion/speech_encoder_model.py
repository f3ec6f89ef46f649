"""What is heard of each motion frame: phones, lips, closures and speech, from speech rows, causally.

The network is causal and answers two frames late: after audio frame k it tells of frame k - 2, so that every layer
has the whole lookahead. One code path serves whole recordings and single frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from avatar_nodes.motion.causal_taps_model import Block, Taps
from avatar_nodes.motion.running_level_model import RunningLevel
from avatar_nodes.motion.visemes_model import LIP_NAMES, REST, VISEMES, Viseme
from avatar_nodes.motion.weights_file_model import load_weights, save_weights

ROWS = 4  # rows in a frame
COLUMNS = 82  # of a row: mel (80, log10 power), loudness (dB), pitch (Hz)
LOOKAHEAD_FRAMES = 2
SILENT_ROW = (-10.0,) * 80 + (-100.0, 0.0)
PIECE = 250  # frames of a recording that are taken at once
WEIGHTS = Path(__file__).parents[1] / "weights" / "speech_encoder.safetensors"
# Phone classes are the visemes: a class for each way the lips go.
CLASSES: tuple[Viseme, ...] = (REST, *dict.fromkeys(VISEMES.values()))
PHONES_A_FRAME = 2  # at the frame's time and 20 ms later


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of a SpeechEncoder; stored beside its weights."""

    front: tuple[int, int, int] = (128, 192, 256)  # widths at 100, 50 and 25 Hz
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2)  # frames
    features: int = 128
    dropout: float = 0.1

    @classmethod
    def read(cls, shape: dict[str, Any]) -> EncoderConfig:
        """From JSON or YAML, which know lists only."""
        exact: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in shape.items()}
        return cls(**exact)


@dataclass
class Heard:
    """What is heard of each frame."""

    features: Tensor  # (B, T, 128)
    lips: Tensor  # (B, T, 12) expected lip amounts, as LIP_NAMES
    closure: Tensor  # (B, T) 0..1: the lips touch (p b m)
    touch: Tensor  # (B, T) 0..1: the lower lip is at the teeth (f v)
    speech: Tensor  # (B, T) 0..1: somebody speaks


@dataclass
class Scores:
    """What training looks at: everything before it is made 0 to 1."""

    features: Tensor  # (B, T, 128)
    lips: Tensor  # (B, T, 12)
    events: Tensor  # (B, T, 3) logits of closure, touch, speech
    phones: Tensor  # (B, T, 2, classes) logits


@dataclass
class EncoderState:
    """What a batch of streams remembers: one row of numbers each, so that batches join and split freely."""

    memory: Tensor  # (B, n)
    frames: list[int]  # audio frames heard, each stream

    @staticmethod
    def join(states: Sequence[EncoderState]) -> EncoderState:
        """One batch of them all."""
        return EncoderState(torch.cat([s.memory for s in states]), [n for s in states for n in s.frames])

    def split(self) -> list[EncoderState]:
        """One state for each stream."""
        return [EncoderState(self.memory[i : i + 1], [n]) for i, n in enumerate(self.frames)]


class SpeechEncoder(nn.Module):
    """Rows in, what is heard out; the streaming memory is apart from the weights."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        self.level = RunningLevel()
        fine, middle, coarse = config.front
        self.front = nn.ModuleList(
            [
                Taps(self.level.outputs, fine, (0, 1, 2)),
                Taps(fine, middle, (0, 1), stride=2),
                Taps(middle, coarse, (0, 1, 2), stride=2),
            ]
        )
        self.blocks = nn.ModuleList(Block(coarse, dilation, config.dropout) for dilation in config.dilations)
        self.features = nn.Sequential(
            nn.LayerNorm(coarse), nn.Linear(coarse, config.features), nn.GELU(), nn.LayerNorm(config.features)
        )
        self.lips = nn.Linear(config.features, len(LIP_NAMES))
        self.events = nn.Linear(config.features, 3)
        self.phones = nn.Linear(config.features, PHONES_A_FRAME * len(CLASSES))

    @classmethod
    def load(cls, path: Path = WEIGHTS, device: str = "cpu") -> SpeechEncoder:
        """The trained encoder, ready to listen."""
        return load_weights(path, device, lambda shape: cls(EncoderConfig.read(shape)))

    def save(self, path: Path = WEIGHTS, **told: str) -> None:
        """Write the weights, half as precise, with the shape and what else is `told` of them."""
        save_weights(path, self, self.config, told)

    def begin(self, batch: int) -> EncoderState:
        """Streams that have heard nothing."""
        level = self.level.begin(batch)
        zeros = level.new_zeros(batch, sum(self._sizes()[1:]))
        return EncoderState(torch.cat([level, zeros], dim=1), [0] * batch)

    def forward(self, rows: Tensor) -> Heard:
        """Rows (B, 4 T, 82) of whole recordings -> T frames; beyond the end is silence."""
        return _heard(self.scores(rows))

    def scores(self, rows: Tensor) -> Scores:
        """What training looks at, of rows (B, 4 T, 82)."""
        silence = rows.new_tensor(SILENT_ROW).expand(rows.shape[0], LOOKAHEAD_FRAMES * ROWS, COLUMNS)
        memory = self.begin(rows.shape[0]).memory
        parts = []
        for piece in _pieces(torch.cat([rows, silence], dim=1)):
            heard, memory = self._advance(piece, memory)
            parts.append(heard)
        return self._answer(torch.cat(parts, dim=1)[:, LOOKAHEAD_FRAMES:])

    @torch.inference_mode()
    def step(self, state: EncoderState, rows: Tensor) -> Heard | None:
        """Take rows (B, 4, 82) of audio frame k of each stream, and tell of frame k - 2 (T = 1).

        None while no stream has heard three frames; in a joined batch, what is told of younger streams means nothing.
        """
        heard, state.memory = self._advance(rows, state.memory)
        state.frames = [count + 1 for count in state.frames]
        if max(state.frames) <= LOOKAHEAD_FRAMES:
            return None
        return _heard(self._answer(heard))

    def _sizes(self) -> list[int]:
        """Numbers of each part of the memory."""
        return [self.level.memory, *(part.memory[0] * part.memory[1] for part in (*self.front, *self.blocks))]

    def _advance(self, rows: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Rows (B, 4 T, 82) after `memory` (B, n) -> (B, T, width), and the memory after them."""
        parts = list(torch.split_with_sizes(memory, self._sizes(), dim=1))
        hidden, parts[0] = self.level(rows, parts[0])
        for i, stage in enumerate((*self.front, *self.blocks), start=1):
            hidden, past = stage(hidden, parts[i].view(-1, *stage.memory))
            parts[i] = past.flatten(1)
            if i <= len(self.front):
                hidden = functional.gelu(hidden)
        return hidden, torch.cat(parts, dim=1)

    def _answer(self, hidden: Tensor) -> Scores:
        features = self.features(hidden)
        phones = self.phones(features).view(*features.shape[:2], PHONES_A_FRAME, len(CLASSES))
        return Scores(features, self.lips(features), self.events(features), phones)


def _pieces(rows: Tensor) -> Sequence[Tensor]:
    size = PIECE * ROWS
    return [rows[:, start : start + size] for start in range(0, rows.shape[1], size)]


def _heard(scores: Scores) -> Heard:
    closure, touch, speech = torch.sigmoid(scores.events).unbind(-1)
    return Heard(scores.features, scores.lips.clamp(0.0, 1.0), closure, touch, speech)
