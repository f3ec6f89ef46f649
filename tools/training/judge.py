"""How well the encoder hears clips of real speech whose text is known; never trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from measuring.alignment import Aligned
from measuring.aperture import aperture_of
from measuring.clips import phones_of, read_clips, sound_of
from measuring.score import LABIALS, middles, pooled, runs_of, score
from numpy.typing import NDArray

from avatar_nodes.motion.speech_encoder_model import ROWS, Heard, SpeechEncoder
from training.loop import Figures
from training.scenes import rows_of

FRAME_S = 0.04
NEAR_S = 0.08
GRID = "lipnet"
TOUCH = 0.72  # how far teeth at the lip close the mouth


@dataclass
class Spoken:
    """A clip of real speech: its rows, and the phones that should be heard."""

    name: str
    rows: NDArray[np.float32]  # (4 T, 82)
    aligned: Aligned


def spoken_clips(data: Path, cache: Path, held_out: bool = False) -> list[Spoken]:
    """The clips of `data` with a text: the open ones, or those that are held out.

    Without GRID's: an encoder that was trained on one of its speakers knows all sentences of its small grammar.
    """
    made = []
    for clip in (clip for clip in read_clips(data) if GRID not in clip.name):
        aligned = phones_of(clip, cache) if clip.held_out == held_out else None
        if aligned is not None:
            rows = rows_of(sound_of(clip.path))
            made.append(Spoken(clip.name, rows[: len(rows) // ROWS * ROWS], aligned))
    return made


def judge(encoder: SpeechEncoder, clips: Sequence[Spoken]) -> Figures:
    """The judge's figures of the aperture that the encoder expects, and its closures as events."""
    if not clips:
        return {}
    heard = [encoder(torch.from_numpy(clip.rows)[None]) for clip in clips]
    curves = pooled([score(aperture_heard(h), clip.aligned) for h, clip in zip(heard, clips, strict=True)])
    found = sum(closures_found(h.closure[0].numpy() > 0.5, c.aligned) for h, c in zip(heard, clips, strict=True))
    right, told, met, there = np.asarray(found)
    both = harmonic_mean(np.asarray(found))
    names = ("r_all", "r_speech", "table_r_speech", "precision_with_f_v", "recall", "lag_median")
    figures = {name: curves[name] for name in names} | {
        "closure_p": right / max(told, 1.0),
        "closure_r": met / max(there, 1.0),
    }
    return {name: float(value) for name, value in figures.items()} | {"score": float(curves["r_speech"] + both)}


def best_threshold(encoder: SpeechEncoder, clips: Sequence[Spoken]) -> float:
    """From which probability on a closure is best believed: there the harmonic mean of precision and recall peaks."""
    heard = [encoder(torch.from_numpy(clip.rows)[None]).closure[0].numpy() for clip in clips]
    thresholds = np.arange(0.1, 0.91, 0.05)
    found = [sum(closures_found(h > t, c.aligned) for h, c in zip(heard, clips, strict=True)) for t in thresholds]
    both = [harmonic_mean(np.asarray(counts)) for counts in found]
    smooth = np.convolve(np.pad(both, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")  # few clips: no lucky peak
    return float(thresholds[int(np.argmax(smooth))])


def harmonic_mean(found: NDArray[np.float64]) -> float:
    """Of precision and recall, of counts as `closures_found` gives them."""
    precision, recall = found[0] / max(found[1], 1.0), found[2] / max(found[3], 1.0)
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def aperture_heard(heard: Heard) -> NDArray[np.float64]:
    """The gap of the lips (T,) that the encoder expects, of a batch of one."""
    closure = torch.maximum(heard.closure, TOUCH * heard.touch)
    return aperture_of(heard.lips[0].double().numpy(), closure[0].double().numpy())


def closures_found(closed: NDArray[np.bool_], aligned: Aligned) -> NDArray[np.float64]:
    """Runs of closed frames near the middle of a p b m, all runs, p b m with a closed frame near, all p b m."""
    lips = middles(aligned, LABIALS)
    runs = [(run[0] * FRAME_S, run[-1] * FRAME_S) for run in runs_of(closed)]
    near = np.array([[a - NEAR_S <= at <= b + NEAR_S for at in lips] for a, b in runs]).reshape(len(runs), len(lips))
    known = [any(start - 0.2 <= a and b <= end + 0.2 for start, end in aligned.spans) for a, b in runs]
    right = near.any(axis=1) & np.array(known, bool)
    return np.array([right.sum(), sum(known), near.any(axis=0).sum(), len(lips)], np.float64)
