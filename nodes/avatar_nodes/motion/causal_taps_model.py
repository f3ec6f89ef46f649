"""Causal convolutions whose past is handed in: the same lines serve a whole recording and a single frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Taps(nn.Module):
    """A causal convolution as one product: the newest input and earlier ones side by side."""

    def __init__(self, inputs: int, outputs: int, ages: tuple[int, ...], stride: int = 1) -> None:
        super().__init__()
        self.ages, self.stride, self.past = ages, stride, max(ages)
        self.memory = (self.past, stride * inputs)
        self.product = nn.Linear(len(ages) * stride * inputs, outputs)

    def forward(self, new: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """New (B, n stride, inputs) after past (B, p, stride inputs) -> (B, n, outputs), and the newest p inputs."""
        count = new.shape[1] // self.stride
        whole = torch.cat([past, new.reshape(new.shape[0], count, -1)], dim=1)
        shifted = [whole[:, self.past - age : self.past - age + count] for age in self.ages]
        return self.product(torch.cat(shifted, dim=-1)), whole[:, whole.shape[1] - self.past :]


class Block(nn.Module):
    """A residual step that looks one and two dilations back."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.taps = Taps(width, width, (0, dilation, 2 * dilation))
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.memory = self.taps.memory

    def forward(self, new: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """New (B, n, width) -> the same shape, and what to remember."""
        mixed, past = self.taps(self.norm(new), past)
        return new + self.dropout(self.out(functional.gelu(mixed))), past
