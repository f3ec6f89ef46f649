"""One training loop for all stages: seeded, resumable, logged, by steps or by minutes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Protocol, TextIO, cast

import numpy as np
import torch
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from torch import Tensor, nn

Batch = dict[str, Tensor]
Figures = dict[str, float]
STOPPED = Event()  # Ctrl-C was pressed


@dataclass(frozen=True)
class Plan:
    """How a stage is trained; the `plan` of its part of the config."""

    steps: int = 10_000  # at most
    minutes: float | None = None  # at most; the learning rate falls with whatever ends first
    batch: int = 32
    rate: float = 1e-3
    warmup: int = 200  # steps
    weight_decay: float = 0.02
    average: float = 0.999  # of the weights, from step to step; the averages are what is kept
    clip: float = 1.0  # of the gradient's norm
    seed: int = 0
    device: str = "auto"
    half: bool = False  # bfloat16 where torch finds it safe
    check_every: int = 500  # steps
    log_every: int = 50


class Stage(Protocol):
    """What the loop trains."""

    model: nn.Module

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Tensors on the CPU; drawn from `rng` alone, so that a resumed run sees what an unbroken one sees."""

    def loss(self, batch: Batch) -> tuple[Tensor, Figures]:
        """What the model is to make small, and its parts."""

    def check(self, model: nn.Module) -> Figures:
        """Figures of the averaged weights; higher `score` is better."""


@dataclass
class Progressed:
    """Where a training is."""

    step: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    figures: Figures = field(default_factory=dict)


class Training:
    """A stage under way; everything a resumed run needs is in its checkpoint."""

    def __init__(self, stage: Stage, plan: Plan, out: Path) -> None:
        self.stage, self.plan, self.out, self.at = stage, plan, out, Progressed()
        fastest = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(fastest if plan.device == "auto" else plan.device)
        stage.model.to(self.device)
        self.average = torch.optim.swa_utils.AveragedModel(
            stage.model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(plan.average), use_buffers=True
        )
        self.optimizer = torch.optim.AdamW(_groups(stage.model, plan.weight_decay), lr=plan.rate, betas=(0.9, 0.98))
        out.mkdir(parents=True, exist_ok=True)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        path = self.out / "checkpoint.pt"
        if not path.exists():
            return
        held = torch.load(path, map_location=self.device, weights_only=True)
        self.stage.model.load_state_dict(held["model"])
        self.average.load_state_dict(held["average"])
        self.optimizer.load_state_dict(held["optimizer"])
        self.at = Progressed(**held["at"])

    def save(self) -> None:
        """Write the checkpoint under another name first, so that a broken write leaves the old one."""
        held = {
            "model": self.stage.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "at": vars(self.at),
        }
        torch.save(held, self.out / "checkpoint.part")
        (self.out / "checkpoint.part").replace(self.out / "checkpoint.pt")

    @property
    def done(self) -> float:
        """How much of the plan is done, 0 to 1."""
        by_time = self.at.seconds / 60.0 / self.plan.minutes if self.plan.minutes else 0.0
        return min(max(self.at.step / self.plan.steps, by_time), 1.0)

    def steps(self) -> Iterator[Figures]:
        """Train to the end of the plan; Ctrl-C leaves a checkpoint."""
        try:
            while self.done < 1.0:
                began = time.monotonic()
                figures = self._step()
                if self.at.step % self.plan.check_every == 0:
                    figures |= self._check()
                self.at.seconds += time.monotonic() - began
                yield figures
        finally:
            self.save()

    def _step(self) -> Figures:
        rate = _rate(self.plan, self.at.step, self.done)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(self.plan.seed * 1_000_003 + self.at.step)  # dropout
        batch = self.stage.batch(np.random.default_rng([self.plan.seed, self.at.step]), self.plan.batch)
        batch = {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}
        self.stage.model.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.plan.half):
            loss, figures = self.stage.loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.stage.model.parameters(), self.plan.clip)
        if torch.isfinite(norm):  # a broken step is skipped, not learnt
            self.optimizer.step()
            self.average.update_parameters(self.stage.model)
        self.at.step += 1
        return {"loss": float(loss.detach()), "rate": rate, **figures}

    def _check(self) -> Figures:
        model = self.averaged().eval()
        with torch.inference_mode():
            self.at.figures = self.stage.check(model)
        self.at.best = max(self.at.best, self.at.figures.get("score", -math.inf))
        self.save()
        return {f"check_{name}": value for name, value in self.at.figures.items()}

    def averaged(self) -> nn.Module:
        """The averaged weights, in a model of their own."""
        return cast(nn.Module, self.average.module)


def train(stage: Stage, plan: Plan, out: Path, resume: bool = False, title: str = "train") -> nn.Module:
    """Train a stage by its plan, with a log beside the checkpoint; the averaged model, ready to use.

    Ctrl-C ends it early, and sets STOPPED: whoever called still writes the weights, and starts nothing more.
    """
    training = Training(stage, plan, out)
    if resume:
        training.resume()
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    text = TextColumn("{task.fields[told]}")
    with Progress(*columns, text) as progress, (out / "log.jsonl").open("a" if resume else "w") as log:
        task = progress.add_task(title, total=1.0, completed=training.done, told="")
        try:
            for figures in training.steps() if not STOPPED.is_set() else ():
                told = _logged(figures, training, log)
                if told:
                    progress.update(task, completed=training.done, told=told)
                    if "check_" in told and not progress.console.is_terminal:
                        progress.console.print(told)
        except KeyboardInterrupt:
            STOPPED.set()
    return training.averaged().eval()


def _logged(figures: Figures, training: Training, log: TextIO) -> str:
    """Write a line of the log where one is due, and return it for people."""
    checked = any(name.startswith("check_") for name in figures)
    if not checked and training.at.step % training.plan.log_every:
        return ""
    rounded = {name: float(f"{value:.5g}") for name, value in figures.items()}
    line = {"step": training.at.step, "seconds": round(training.at.seconds, 1), **rounded}
    log.write(json.dumps(line) + "\n")
    log.flush()
    return " ".join(f"{name} {value:.4g}" for name, value in line.items() if name != "rate")


def _rate(plan: Plan, step: int, done: float) -> float:
    """Up linearly, then down along a cosine to a hundredth."""
    down = 0.505 + 0.495 * math.cos(math.pi * done)
    return plan.rate * min((step + 1) / plan.warmup, 1.0) * down


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Only matrices decay: biases, norms and embeddings of one dimension do not."""
    wide = [p for p in model.parameters() if p.requires_grad and p.dim() > 1]
    flat = [p for p in model.parameters() if p.requires_grad and p.dim() <= 1]
    return [{"params": wide, "weight_decay": weight_decay}, {"params": flat, "weight_decay": 0.0}]
