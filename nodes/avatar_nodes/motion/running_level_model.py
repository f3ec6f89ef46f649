"""Speech rows made independent of gain, microphone and room, from the past only.

Training and streaming run the same lines: a mismatch between the two costs more than any network gains.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

MEL_BANDS = 80
LOUDNESS = 80  # column of a row
ROWS = 4  # rows in a frame
KEPT = 0.992  # of the running mean, each frame: half of it is forgotten in 3.4 s
LOWEST_PEAK_DB = -60.0
PEAK_DECAY_DB = 0.06  # a frame: 1.5 dB a second
FLOOR_RISE_DB = 0.12  # a frame: 3 dB a second
AUDIBLE_DB = -22.0  # below the peak: what is louder counts as speech in the running mean
PRIOR = 4.0  # rows that the typical spectrum counts for, until more was heard
SOFTEST, LOUDEST = -4.0, 3.0  # of a normalised band, log10


class RunningLevel(nn.Module):
    """Mel bands less their running mean over what was loud, and loudness against its running peak and floor."""

    typical: Tensor  # (80,) log10 mel power of loud speech, less its peak loudness in bel
    outputs = MEL_BANDS + 2
    memory = 2 + 1 + MEL_BANDS  # peak, floor, weight of the mean, its weighted sum

    def __init__(self) -> None:
        super().__init__()
        tilt = torch.linspace(2.2, 0.0, MEL_BANDS)  # speech falls towards high bands; training sets the true one
        self.register_buffer("typical", tilt)

    def begin(self, batch: int) -> Tensor:
        """The memory (B, 83) before anything was heard."""
        memory = self.typical.new_zeros(batch, self.memory)
        memory[:, 0] = LOWEST_PEAK_DB
        return memory

    def forward(self, rows: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Rows (B, 4 T, >= 81) and the memory before them -> (B, 4 T, 82) and the memory after them."""
        with torch.autocast(rows.device.type, enabled=False):  # half precision would lose soft bands
            return self._normalised(rows, memory)

    def _normalised(self, rows: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        batch, frames = rows.shape[0], rows.shape[1] // ROWS
        mel = rows[..., :MEL_BANDS].reshape(batch, frames, ROWS, MEL_BANDS)  # (B, T, 4, 80)
        loudness = rows[..., LOUDNESS].reshape(batch, frames, ROWS)  # (B, T, 4)
        peak, floor = _extremes(loudness, memory)  # (B, T)
        audible = torch.sigmoid((loudness - peak.unsqueeze(-1) - AUDIBLE_DB) / 3.0)
        heard = torch.cat([audible.sum(-1, keepdim=True), torch.einsum("btr,btrm->btm", audible, mel)], dim=-1)
        sums = _decaying_sums(heard, memory[:, 2:])  # (B, T, 81)
        prior = self.typical + peak.clamp(min=LOWEST_PEAK_DB).unsqueeze(-1) / 10.0
        mean = (sums[..., 1:] + PRIOR * prior) / (sums[..., :1] + PRIOR)  # (B, T, 80)
        bands = (mel - mean.unsqueeze(2)).clamp(SOFTEST, LOUDEST)
        below = ((loudness - peak.unsqueeze(-1)) / 20.0).clamp(-3.0, 0.0)
        above = ((loudness - floor.unsqueeze(-1)) / 20.0).clamp(0.0, 3.0)
        out = torch.cat([bands, below.unsqueeze(-1), above.unsqueeze(-1)], dim=-1).view(batch, -1, self.outputs)
        return out, torch.cat([peak[:, -1:], floor[:, -1:], sums[:, -1]], dim=-1)


def _extremes(loudness: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """A peak that sinks and a floor that rises, (B, T) each, after each frame of loudness (B, T, 4)."""
    ages = torch.arange(1, loudness.shape[1] + 1, device=loudness.device, dtype=loudness.dtype)
    sunk, risen = PEAK_DECAY_DB * ages, FLOOR_RISE_DB * ages
    loudest = torch.cummax(loudness.amax(-1) + sunk, dim=1).values
    peak = torch.maximum(loudest, memory[:, :1]) - sunk
    softest = torch.cummin(loudness.amin(-1) - risen, dim=1).values
    floor = torch.minimum(softest, memory[:, 1:2]) + risen
    return peak.clamp(min=LOWEST_PEAK_DB), floor.clamp(max=0.0)


def _decaying_sums(heard: Tensor, before: Tensor) -> Tensor:
    """Sums (B, T, n) of `heard` (B, T, n) in which older frames count less and less, continued from `before` (B, n)."""
    frames = heard.shape[1]
    ages = torch.arange(frames, device=heard.device, dtype=heard.dtype)
    kernel = torch.tril(KEPT ** (ages[:, None] - ages[None, :]).clamp(min=0.0))  # (T, T)
    carried = (KEPT ** (ages + 1.0))[None, :, None] * before[:, None]
    return torch.einsum("st,btn->bsn", kernel, heard) + carried
