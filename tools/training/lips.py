"""Train the lips: a flow from noise to lips, after what is heard, a style and their own past."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring.aperture import aperture_of
from measuring.score import pooled, score
from numpy.typing import NDArray
from torch import Tensor, nn

from avatar_nodes.motion.flow_model import FlowConfig
from avatar_nodes.motion.lips_model import CLOSURE, NUMBERS, SHAPE, STYLE_NAMES, LipsModel, heard_lips
from avatar_nodes.motion.speech_encoder_model import WEIGHTS, Heard, SpeechEncoder
from training.judge import Spoken, spoken_clips
from training.lips_pieces import Piece, drawn_style, scene_pieces, styled, tracked_pieces
from training.loop import Batch, Figures, Plan, train

FRAMES = 64  # of a crop
DEAF = 0.1  # how often a frame is drawn without the speech, and as often its past was
NO_GUIDE, NO_FEATURES, NO_STYLE = 0.05, 0.05, 0.1
BY_PHONES = 0.3  # how often phones guide, and not what is heard
STALE = 1.0  # at most: noise on the past, in standard deviations; sampling makes errors too
JUDGED_FRAMES = 1000  # of a clip are judged while training
MOVED = 0.05  # standard deviations are at least that: what hardly moves is not magnified


class LipsStage:
    """Flow matching on pieces of scenes and tracks."""

    def __init__(
        self, model: LipsModel, pieces: Sequence[Piece], tracked: float, clips: Sequence[tuple[Spoken, Heard]]
    ):
        self.model, self.clips = model, clips
        self._ruled = [piece for piece in pieces if not piece.tracked and not piece.kept_out]
        self._tracked = [piece for piece in pieces if piece.tracked and not piece.kept_out]
        self._kept = [piece for piece in pieces if piece.kept_out] or list(pieces)
        self._share = tracked if self._tracked else 0.0
        known = np.concatenate([piece.lips[piece.sure] for piece in pieces]).astype(np.float32)
        model.middle.copy_(torch.from_numpy(known.mean(axis=0)))
        model.spread.copy_(torch.from_numpy(known.std(axis=0).clip(MOVED)))
        rng = np.random.default_rng(0)
        self._checks = [self._made([self._kept[i] for i in rng.integers(len(self._kept), size=64)], rng)]

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Crops in drawn styles."""
        by_people = rng.random(size) < self._share
        chosen = [_any(self._tracked if people else self._ruled, rng) for people in by_people]
        return self._made(chosen, rng)

    def _made(self, pieces: Sequence[Piece], rng: np.random.Generator) -> Batch:
        crops = [_crop(piece, rng) for piece in pieces]
        made = {name: torch.from_numpy(np.stack([crop[name] for crop in crops])) for name in crops[0]}
        shape = (len(pieces), FRAMES)
        for name in ("noise", "stale"):
            made[name] = torch.from_numpy(rng.standard_normal((*shape, NUMBERS)).astype(np.float32))
        made["stale"] *= torch.from_numpy(rng.uniform(0.0, STALE, (len(pieces), 1, 1)).astype(np.float32))
        made["time"] = torch.from_numpy(rng.random(shape).astype(np.float32))
        deaf = np.stack([rng.random(shape) < DEAF, np.broadcast_to(rng.random((len(pieces), 1)) < DEAF, shape)])
        for name, share in (("guide", NO_GUIDE), ("speech", NO_FEATURES)):  # (2, B, T): of the noisy, of the past
            made[f"{name}_there"] = torch.from_numpy(~deaf & (rng.random((2, *shape)) >= share))
        made["style_there"] = torch.from_numpy(np.tile(rng.random((len(pieces), 1)) >= NO_STYLE, (2, 1, 1)))
        return made

    def loss(self, batch: Batch) -> tuple[Tensor, Figures]:
        """How far the velocity is from the straight way between noise and lips."""
        return _loss(self.model, batch), {}

    def check(self, model: nn.Module) -> Figures:
        """The loss on what is kept out, and the open clips of real speech drawn as in streaming."""
        assert isinstance(model, LipsModel)
        kept = float(np.mean([float(_loss(model, batch).detach()) for batch in self._checks]))
        figures = {"kept_out": kept, "score": -kept}
        if self.clips:
            curves = [aperture_of(lips[:, :CLOSURE], lips[:, CLOSURE]) for lips in drawn(model, self.clips)]
            clips = [clip for clip, _ in self.clips]
            found = pooled([score(curve, clip.aligned) for curve, clip in zip(curves, clips, strict=True)])
            figures |= {name: float(found[name]) for name in ("r_all", "r_speech", "precision", "recall")}
            figures["score"] = figures["r_speech"] + 0.5 * (figures["precision"] + figures["recall"])
        return figures


def _any(pieces: Sequence[Piece], rng: np.random.Generator) -> Piece:
    return pieces[rng.integers(len(pieces))]


def _crop(piece: Piece, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """FRAMES frames from anywhere; a short piece waits in its last frame."""
    start = int(rng.integers(0, max(len(piece.lips) - FRAMES, 0) + 1))
    at = np.minimum(np.arange(start, start + FRAMES), len(piece.lips) - 1)
    style = drawn_style(piece.tracked, rng)
    guide = piece.ruled if rng.random() < BY_PHONES else piece.heard
    lips = styled(piece.lips[at].astype(np.float32), piece.level[at].astype(np.float32), style, rng)
    made = {"lips": lips, "guide": guide[at], "speech": piece.features[at], "style": np.tile(style, (FRAMES, 1))}
    return {name: values.astype(np.float32) for name, values in made.items()} | {"sure": piece.sure[at]}


def _loss(model: LipsModel, batch: Batch) -> Tensor:
    lips = model.standard(batch["lips"])
    known = {"speech": batch["speech"], "guide": model.standard(batch["guide"]), "style": batch["style"]}
    now, before = ({name: batch[f"{name}_there"][part] for name in known} for part in (0, 1))
    conditions = model.flow.condition(known, now), model.flow.condition(known, before)
    time = batch["time"][..., None]
    noisy = (1 - time) * batch["noise"] + time * lips
    off = model.flow(lips + batch["stale"], noisy, batch["time"], *conditions) - (lips - batch["noise"])
    return (off.square().mean(dim=-1) * batch["sure"]).sum() / batch["sure"].sum()


@torch.inference_mode()
def drawn(
    model: LipsModel, clips: Sequence[tuple[Spoken, Heard]], guidance: float = 0.5, steps: int = 2
) -> list[NDArray[np.float64]]:
    """The lips (T, 13) of each clip, drawn frame by frame, all clips at once."""
    lengths = [min(heard.speech.shape[1], JUDGED_FRAMES) for _, heard in clips]
    longest = max(lengths)
    features = nn.utils.rnn.pad_sequence([heard.features[0, :longest] for _, heard in clips])  # (T, B, 128)
    guide = nn.utils.rnn.pad_sequence([heard_lips(heard)[0, :longest] for _, heard in clips])
    state = model.flow.begin(len(clips))
    share = [guidance] * len(clips)
    lips = torch.stack([model.step([state], features[i], guide[i], share, steps) for i in range(longest)])
    return [lips[:length, i].double().cpu().numpy() for i, length in enumerate(lengths)]


def run(settings: dict[str, Any], data: Path, out: Path, plan: Plan, resume: bool) -> None:
    """Train on DATA's scenes and tracks, hearing with the encoder that was trained last; write OUT/lips.safetensors."""
    newest = out.parent / "encoder" / WEIGHTS.name
    encoder = SpeechEncoder.load(newest if newest.exists() else WEIGHTS)
    pieces = list(scene_pieces(data / settings.get("bank", "bank"), encoder, int(settings.get("scenes", 1500))))
    for name in settings.get("tracks", []):
        pieces += tracked_pieces(data / "tracks" / name, encoder)
    clips = spoken_clips(data / settings["clips"], data / "alignments") if "clips" in settings else []
    with torch.inference_mode():
        heard = [(clip, encoder(torch.from_numpy(clip.rows)[None])) for clip in clips]
    torch.manual_seed(plan.seed)
    model = LipsModel(FlowConfig(**{**vars(SHAPE), **settings.get("model", {})}))
    stage = LipsStage(model, pieces, float(settings.get("tracked", 0.25)), heard)
    trained = train(stage, plan, out, resume, "lips")
    assert isinstance(trained, LipsModel)
    trained.style.copy_(torch.tensor([settings.get("style", {}).get(name, 0.0) for name in STYLE_NAMES]))
    trained.save(out / "lips.safetensors")
