"""What all figures stand on: sounds, phones, and the motion that each driver makes of them, each made once."""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.progress import Progress

from measuring.alignment import Aligned
from measuring.clips import Clip, phones_of, sound_of
from measuring.driving import Driven, drive, drive_samples, use_weights
from measuring.sounds import Quiet, Sound, with_noise, with_silences

SNR_DB = 10.0
PHRASE_S = 4.0  # of a clip's start, between silences


@dataclass(frozen=True)
class Job:
    """One sound through one driver. `sound`: as it is, "noise" (SNR_DB), or "silences"."""

    path: Path
    driver: str
    seed: int = 0
    chunk_ms: int = 40
    sound: str = "clean"
    noises: Path | None = None
    weights: Path | None = None  # a folder; None: those that are installed


@dataclass
class Bench:
    """The clips, and what was made of them so far."""

    clips: list[Clip]
    data: Path
    drivers: list[str]
    cache: Path | None = None
    workers: int = 1
    weights: Path | None = None
    _made: dict[Job, Driven] = field(default_factory=dict)
    _sounds: dict[Path, Sound] = field(default_factory=dict)
    _phones: dict[Path, Aligned | None] = field(default_factory=dict)

    def part(self, held_out: bool) -> list[Clip]:
        """The open clips, or those held out."""
        return [clip for clip in self.clips if clip.held_out is held_out]

    def spoken(self, held_out: bool) -> list[tuple[Clip, Aligned]]:
        """Those whose phones are known."""
        known = ((clip, self.phones(clip)) for clip in self.part(held_out))
        return [(clip, phones) for clip, phones in known if phones is not None]

    def sound(self, clip: Clip) -> Sound:
        """Mono, 16 kHz."""
        if clip.path not in self._sounds:
            self._sounds[clip.path] = sound_of(clip.path)
        return self._sounds[clip.path]

    def phones(self, clip: Clip) -> Aligned | None:
        """The judge's phones, where the text is known."""
        if clip.path not in self._phones:
            self._phones[clip.path] = phones_of(clip, self.cache)
        return self._phones[clip.path]

    def job(self, clip: Clip, driver: str, seed: int = 0, chunk_ms: int = 40, sound: str = "clean") -> Job:
        """A job for a clip."""
        noises = self.data / "noise" if sound == "noise" else None
        return Job(clip.path, driver, seed, chunk_ms, sound, noises, self.weights)

    def driven(self, job: Job) -> Driven:
        """What the driver makes of it."""
        if job not in self._made:
            self._made[job] = run_job(job)
        return self._made[job]

    def prepare(self, jobs: Iterable[Job], progress: Progress | None = None) -> None:
        """Run what is missing, several at a time."""
        missing = [job for job in dict.fromkeys(jobs) if job not in self._made]
        task = progress.add_task("motion", total=len(missing)) if progress else None
        for job, driven in _run_all(missing, self.workers):
            self._made[job] = driven
            if progress is not None and task is not None:
                progress.advance(task)


def run_job(job: Job) -> Driven:
    """Make one motion."""
    if job.weights is not None:
        use_weights(job.weights)
    if job.sound == "clean":
        return drive(job.path, job.driver, job.seed, job.chunk_ms)
    made, _ = sound_for(job, sound_of(job.path))
    with tempfile.TemporaryDirectory() as folder:
        return drive_samples(made, Path(folder), job.driver, job.seed, job.chunk_ms)


def sound_for(job: Job, clean: Sound) -> tuple[Sound, list[Quiet]]:
    """The sound of a job that is not as the file has it, and where it is quiet on purpose."""
    if job.sound == "noise":
        assert job.noises is not None
        return with_noise(clean, job.path.name, job.noises, SNR_DB), []
    return with_silences(_phrase(clean))


def _phrase(clean: Sound) -> Sound:
    """The first seconds with speech in them."""
    loud = np.flatnonzero(np.abs(clean) > 0.1 * np.abs(clean).max())
    start = max(int(loud[0]) - 1600, 0)
    return clean[start : start + round(PHRASE_S * 16000)]


def _run_all(jobs: list[Job], workers: int) -> Iterator[tuple[Job, Driven]]:
    if workers == 1 or len(jobs) < 2:
        yield from ((job, run_job(job)) for job in jobs)
        return
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        yield from zip(jobs, pool.map(run_job, jobs), strict=True)
