"""The speech encoder's training: what it is to hear, and how wrong it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import librosa
import numpy as np
import torch
from measuring.aperture import aperture_of
from numpy.typing import NDArray
from speech_corpus import read_corpus
from torch import Tensor, nn
from torch.nn import functional

from avatar_nodes.motion.running_level_model import AUDIBLE_DB
from avatar_nodes.motion.speech_encoder_model import LOOKAHEAD_FRAMES, ROWS, EncoderConfig, SpeechEncoder
from training.bank import Bank, fill, missing
from training.grid import grid_corpus
from training.judge import TOUCH, Spoken, best_threshold, judge, spoken_clips
from training.labels import IGNORED
from training.loop import Batch, Figures, Plan, train
from training.other_voices import disturbed
from training.scenes import RATE, SceneMaker, SceneSettings

MEL = 80
OTHER_SPEECH = ("snr", "spleeter", "noisy")  # recordings in which somebody speaks or sings are no noise


class EncoderStage:
    """Crops of scenes in, phones, lips and events out."""

    def __init__(self, encoder: SpeechEncoder, bank: Bank, clips: list[Spoken], frames: int) -> None:
        self.model: nn.Module = encoder
        self.encoder, self.bank, self.clips, self.frames = encoder, bank, clips, frames
        some = bank.lips[:100].reshape(-1, bank.lips.shape[-1]).astype(np.float64)[::7]
        gap = aperture_of(some, np.zeros(len(some)))
        self.spread = torch.from_numpy(some.std(axis=0) + 0.02).float()
        with torch.no_grad():
            encoder.lips.weight.mul_(0.1)
            encoder.lips.bias.copy_(torch.from_numpy(some.mean(axis=0)))
        self.to_gap = torch.from_numpy(np.linalg.lstsq(some, gap / gap.std(), rcond=None)[0]).float()  # (12,)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Rows (B, 4 (T + 2), 82) and the truth of T frames."""
        length = ROWS * (self.frames + LOOKAHEAD_FRAMES)
        speeds = np.where(rng.random(size) < 0.5, 1.0, rng.uniform(0.85, 1.25, size))
        crops = [self.bank.crop(rng, length, float(speed)) for speed in speeds]
        rows = np.stack([disturbed(crop.rows, rng) for crop in crops])
        at = slice(0, ROWS * self.frames, ROWS)
        phones = np.stack([crop.phones for crop in crops]).astype(np.int64)
        phones[phones == IGNORED] = -100
        pairs = np.stack([phones[:, at], phones[:, 2 : ROWS * self.frames + 2 : ROWS]], axis=-1)
        lips = np.stack([crop.lips[at] for crop in crops])
        events = np.stack([crop.events[at] for crop in crops])
        made = {"rows": rows, "phones": pairs, "lips": lips, "events": events}
        return {name: torch.from_numpy(values) for name, values in made.items()}

    def loss(self, batch: Batch) -> tuple[Tensor, Figures]:
        """Phones by cross entropy, events by weighted cross entropy, lips and their gap by squares."""
        scores = self.encoder.scores(batch["rows"])
        lips, events = scores.lips[:, : self.frames].float(), scores.events[:, : self.frames].float()
        phones = scores.phones[:, : self.frames].float().flatten(0, 2)
        truth = batch["phones"].flatten()
        by_phone = functional.cross_entropy(phones, truth, ignore_index=-100, label_smoothing=0.05)
        weight = events.new_tensor([2.5, 2.5, 1.0])
        by_event = functional.binary_cross_entropy_with_logits(events, batch["events"], pos_weight=weight)
        spread, to_gap = self.spread.to(lips.device), self.to_gap.to(lips.device)
        off = (lips - batch["lips"]) / spread
        by_lips = off.square().mean() + off.diff(dim=1).square().mean()
        closed = torch.sigmoid(events)
        by_gap = (_gap(lips, closed, to_gap) - _gap(batch["lips"], batch["events"], to_gap)).square().mean()
        right = (phones.argmax(-1) == truth)[truth >= 0].float().mean()
        parts = {"phone": by_phone, "event": by_event, "lips": by_lips, "gap": by_gap, "right": right}
        total = by_phone + 3.0 * by_event + 1.5 * by_lips + 1.5 * by_gap
        return total, {name: float(part.detach()) for name, part in parts.items()}

    def check(self, model: nn.Module) -> Figures:
        """The open clips of real speech."""
        assert isinstance(model, SpeechEncoder)
        return judge(model, self.clips)


def _gap(lips: Tensor, events: Tensor, to_gap: Tensor) -> Tensor:
    """About how far the lips are apart, (B, T)."""
    closure = torch.maximum(events[..., 0], TOUCH * events[..., 1])
    return functional.relu(lips @ to_gap) * (1.0 - closure)


def typical_spectrum(bank: Bank) -> Tensor:
    """Mean log10 mel power of what is loud in the scenes, less its scene's peak in bel; (80,)."""
    rows = bank.rows[:400].astype(np.float32)
    peak = np.quantile(rows[..., MEL], 0.98, axis=1, keepdims=True)
    loud = rows[..., MEL] > np.maximum(peak + AUDIBLE_DB, -60.0)
    return torch.from_numpy((rows[..., :MEL] - peak[..., None] / 10.0)[loud].mean(axis=0))


def read_noises(folder: Path) -> list[NDArray[np.float32]]:
    """Recorded noises at 16 kHz, without those in which somebody is heard."""
    paths = [p for p in sorted(folder.glob("*.*")) if not any(word in p.name for word in OTHER_SPEECH)]
    paths = [path for path in paths if "rir" not in path.name]
    return [librosa.load(path, sr=RATE, mono=True)[0].astype(np.float32) for path in paths]


def scenes_of(settings: dict[str, Any], data: Path, seed: int) -> Bank:
    """The bank of scenes; what is missing of it is made."""
    folder, count = data / settings.get("bank", "bank"), int(settings.get("count", 3000))
    if missing(folder, count):
        if "grid" in settings:
            grid_corpus(data / settings["grid"], data / "speech_grid")
        corpus = [u for name in settings.get("corpora", ["speech"]) for u in read_corpus(data / name)]
        noises = read_noises(data / settings["noises"]) if "noises" in settings else []
        fill(folder, SceneMaker(corpus, noises, SceneSettings(**settings.get("scenes", {}))), count, seed)
    return Bank(folder)


def run(settings: dict[str, Any], data: Path, out: Path, plan: Plan, resume: bool) -> None:
    """Make the scenes that are missing, train, and write OUT/speech_encoder.safetensors."""
    bank = scenes_of(settings, data, plan.seed)
    clips = spoken_clips(data / settings["clips"], data / "alignments") if "clips" in settings else []
    torch.manual_seed(plan.seed)
    encoder = SpeechEncoder(EncoderConfig.read(settings.get("model", {})))
    encoder.level.typical.copy_(typical_spectrum(bank))
    stage = EncoderStage(encoder, bank, clips, int(settings.get("frames", 125)))
    model = train(stage, plan, out, resume, "encoder")
    assert isinstance(model, SpeechEncoder)
    if clips:
        calibrate(model, clips)
    model.save(out / "speech_encoder.safetensors")


@torch.no_grad()
def calibrate(encoder: SpeechEncoder, clips: list[Spoken]) -> None:
    """Shift the closures' scores so that 0.5 is where the open clips are judged best."""
    threshold = best_threshold(encoder, clips)
    encoder.events.bias[0] -= float(np.log(threshold / (1.0 - threshold)))
