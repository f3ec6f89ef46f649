"""Train the pose: how head and brows move from frame to frame, after themselves and the sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avatar_nodes.motion.pose_model import GAZE_UNIT_DEG, SHAPE, PoseModel
from training.loop import Batch, Figures, Plan, train
from training.pose_pieces import Piece, read_pieces, varied

FRAMES = 64  # of a crop
MISSING = {"sound": 0.0, "gaze": 0.3, "emotion": 0.3}  # how often nothing of it is told in a whole crop
UNTOLD = 0.15  # how often a condition is kept from the frame that is drawn, for guidance
STALE = 0.15  # noise on the past, in standard deviations: sampling makes errors too
CHECKS = 4  # batches of validation, always the same


class PoseStage:
    """Flow matching on pieces of tracks."""

    def __init__(self, model: PoseModel, pieces: list[Piece], weights: list[float]) -> None:
        self.model = model
        kept = [piece.kept_out for piece in pieces]
        self._train = [piece for piece, out in zip(pieces, kept, strict=True) if not out]
        self._kept = [piece for piece, out in zip(pieces, kept, strict=True) if out] or self._train
        chance = np.array([weight for weight, out in zip(weights, kept, strict=True) if not out])
        self._chance = chance / chance.sum()
        _measure(model, self._train)
        rng = np.random.default_rng(0)
        self._checks = [self._batch(rng, 64, self._kept, None) for _ in range(CHECKS)]

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Varied crops."""
        return self._batch(rng, size, self._train, self._chance)

    def _batch(
        self, rng: np.random.Generator, size: int, pieces: list[Piece], chance: np.ndarray[Any, Any] | None
    ) -> Batch:
        drawn = rng.choice(len(pieces), size, p=chance)
        crops = [_crop(varied(pieces[index], rng), rng) for index in drawn]
        made = {name: torch.from_numpy(np.stack([crop[name] for crop in crops])) for name in crops[0]}
        for name, share in MISSING.items():
            made[f"{name}_there"] = torch.from_numpy(rng.random((size, 1)) >= share)
            made[f"{name}_told"] = made[f"{name}_there"] & torch.from_numpy(rng.random((size, 1)) >= UNTOLD)
        shape = (size, FRAMES, made["pose"].shape[2])
        for name in ("noise", "stale"):
            made[name] = torch.from_numpy(rng.standard_normal(shape).astype(np.float32))
        made["time"] = torch.from_numpy(rng.random((size, FRAMES)).astype(np.float32))
        return made

    def loss(self, batch: Batch) -> tuple[Tensor, Figures]:
        """How far the velocity is from the straight way between noise and movement."""
        return _loss(self.model, batch), {}

    def check(self, model: nn.Module) -> Figures:
        """The loss on clips that are kept out, with and without what they hear."""
        assert isinstance(model, PoseModel)
        heard = [_loss(model, batch).item() for batch in self._checks]
        deaf = [_loss(model, batch | {"sound_told": batch["sound_told"] & False}).item() for batch in self._checks]
        return {"score": -float(np.mean(heard)), "loss": float(np.mean(heard)), "deaf": float(np.mean(deaf))}


def _measure(model: PoseModel, pieces: list[Piece]) -> None:
    """Set the unit of the model's changes."""
    model.change.copy_(torch.from_numpy(np.concatenate([np.diff(piece.pose, axis=0) for piece in pieces]).std(axis=0)))


def _crop(piece: Piece, rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    """One frame more of the pose than of what is known; short pieces are stretched by their last frame."""
    start = int(rng.integers(0, max(len(piece.pose) - FRAMES, 1)))
    rows = np.minimum(np.arange(start, start + FRAMES + 1), len(piece.pose) - 1)
    known = {"sound": piece.sound, "gaze": piece.gaze / GAZE_UNIT_DEG, "emotion": piece.emotion}
    made = {name: values[rows[1:]].astype(np.float32) for name, values in known.items()}
    return {"pose": piece.pose[rows].astype(np.float32), **made}


def _loss(model: PoseModel, batch: Batch) -> Tensor:
    pose, stale = batch["pose"], batch["stale"] * STALE
    change = (pose[:, 1:] - pose[:, :-1]) / model.change  # (B, T, 14)
    known = {"where": pose[:, :-1] + 0.3 * stale} | {name: batch[name] for name in MISSING}
    there, told = ({name: batch[f"{name}_{what}"] for name in MISSING} for what in ("there", "told"))
    for present in (there, told):
        present["where"] = torch.ones_like(batch["sound_told"])
    time = batch["time"][..., None]
    noisy = (1 - time) * batch["noise"] + time * change
    past, condition = model.flow.condition(known, there), model.flow.condition(known, told)
    velocity = model.flow(change + stale.roll(1, 0), noisy, batch["time"], condition, past)
    return (velocity - (change - batch["noise"])).square().mean()


def run(settings: dict[str, Any], data: Path, out: Path, plan: Plan, resume: bool) -> None:
    """Train on DATA/tracks and write pose.safetensors; `people` names folders of one person each, or single tracks."""
    pieces: list[Piece] = []
    weights: list[float] = []
    for name, weight in settings.get("people", {"grid": 1.0}).items():
        found = read_pieces(sorted((data / "tracks").glob(f"{name}/*.npz" if "/" not in name else f"{name}.npz")))
        frames = sum(len(piece.pose) for piece in found)
        pieces += found
        weights += [weight * len(piece.pose) / frames for piece in found]
    if not pieces:
        raise FileNotFoundError(f"{data / 'tracks'}: no tracks; tools/track_faces.py writes them")
    torch.manual_seed(plan.seed)
    stage = PoseStage(PoseModel(replace(SHAPE, **settings.get("shape", {}))), pieces, weights)
    model = train(stage, plan, out, resume, "pose")
    assert isinstance(model, PoseModel)
    model.save(out / "pose.safetensors")
