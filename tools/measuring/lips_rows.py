"""The figures of the lips: correlation, closures, lag, streaming, noise, other languages, silence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from measuring.alignment import Aligned
from measuring.aperture import Curve, aperture_of_phones
from measuring.bench import Bench, Job, sound_for
from measuring.clips import Clip
from measuring.driving import energy_aperture
from measuring.figures import Figures, Reach
from measuring.score import Score, correlation, lag_of, pooled, score
from measuring.sounds import quiet_frames, voiced_energy

PARTS = {"open": False, "held out": True}
CHUNKS_MS = (5, 40, 1000)
OTHER_LANGUAGES = ("fr", "de", "it", "zh")
GRID = "lipnet_"  # clips of other speakers with the sentences of GRID
EVERY = 3  # clips for silence and chunks: each third


def lips_jobs(bench: Bench) -> Iterator[Job]:
    """What `lips` needs."""
    yield from (bench.job(clip, d) for clip in bench.clips if clip.said for d in bench.drivers)


def lips(bench: Bench, figures: Figures) -> None:
    """Correlation, closures and lag of every driver, beside the energy baseline and the rules on the phones."""
    for part, held_out in PARTS.items():
        scores: dict[str, list[Score]] = {}
        for clip, aligned in bench.spoken(held_out):
            for name, curve in _curves(bench, clip, aligned).items():
                one = score(curve, aligned)
                scores.setdefault(name, []).append(one)
                figures.clips.append({"clip": clip.name, "part": part, "driver": name, "text": clip.kind} | vars(one))
        for name, ones in scores.items():
            _put_pooled(figures, part, name, pooled(ones))
        apart = [clip.name.startswith(GRID) for clip, _ in bench.spoken(held_out)]
        for name, ones in scores.items():
            others = pooled([one for one, is_grid in zip(ones, apart, strict=True) if not is_grid])
            if others:
                figures.put("r_all_apart", part, name, others["r_all"])
                figures.put("r_speech_apart", part, name, others["r_speech"])


def _curves(bench: Bench, clip: Clip, aligned: Aligned) -> dict[str, Curve]:
    made = {driver: bench.driven(bench.job(clip, driver)).aperture for driver in bench.drivers}
    frames = max([len(curve) for curve in made.values()] or [int(len(bench.sound(clip)) / 640)])
    return made | {
        "energy": energy_aperture(bench.sound(clip), frames),
        "rules": aperture_of_phones(aligned, frames),
    }


def _put_pooled(figures: Figures, part: str, name: str, values: dict[str, float]) -> None:
    for figure in ("r_all", "r_speech", "table_r_all", "table_r_speech", "recall", "control"):
        figures.put(figure, part, name, values[figure])
    figures.put("precision", part, name, values["precision_with_f_v"])
    figures.put("precision_strict", part, name, values["precision"])
    figures.put("lag_median", part, name, values["lag_median"])
    figures.put("lag_largest", part, name, values["lag_largest"])


def chunk_jobs(bench: Bench) -> Iterator[Job]:
    """What `chunks` needs."""
    for clip in _some(bench):
        yield from (bench.job(clip, driver, chunk_ms=ms) for driver in bench.drivers for ms in CHUNKS_MS)


def chunks(bench: Bench, figures: Figures) -> None:
    """Whether the size of the audio's chunks shows in the motion."""
    for driver in bench.drivers:
        worst = 0.0
        for clip in _some(bench):
            curves = [bench.driven(bench.job(clip, driver, chunk_ms=ms)).aperture for ms in CHUNKS_MS]
            if len({len(curve) for curve in curves}) > 1:
                figures.notes.append(f"{driver}: {clip.name} has another number of frames with other chunks")
            count = min(len(curve) for curve in curves)
            worst = max(worst, *(float(np.abs(curve[:count] - curves[1][:count]).max()) for curve in curves))
        figures.put("chunk_difference", "all", driver, worst)


def noise_jobs(bench: Bench) -> Iterator[Job]:
    """What `noise` needs."""
    for clip in bench.clips:
        if clip.said:
            for driver in bench.drivers:
                yield from (bench.job(clip, driver, sound=sound) for sound in ("clean", "noise"))


def noise(bench: Bench, figures: Figures) -> None:
    """How much r falls with noise under the speech."""
    for part, held_out in PARTS.items():
        for driver in bench.drivers:
            losses = []
            for clip, aligned in bench.spoken(held_out):
                clean, noisy = (
                    score(bench.driven(bench.job(clip, driver, sound=sound)).aperture, aligned).r_all
                    for sound in ("clean", "noise")
                )
                losses.append(clean - noisy)
            if losses:
                figures.put("noise_loss", part, driver, float(np.mean(losses)))


def language_jobs(bench: Bench) -> Iterator[Job]:
    """What `languages` needs."""
    yield from (bench.job(clip, driver) for clip in bench.clips for driver in bench.drivers)


def languages(bench: Bench, figures: Figures) -> None:
    """Aperture against the voiced energy of the sound, in English and beside it, where no judge knows the phones.

    Without sentences of GRID: half of each is silence, which makes the correlation high.
    """
    for driver in bench.drivers:
        clips = [clip for clip in bench.clips if not clip.name.startswith(GRID)]
        found = {clip: _with_energy(bench, clip, driver) for clip in clips}
        for part, held_out in (*PARTS.items(), ("all", None)):
            own = {clip: pair for clip, pair in found.items() if held_out in (None, clip.held_out)}
            _put_languages(figures, part, driver, own)


def _put_languages(figures: Figures, part: str, driver: str, found: dict[Clip, tuple[float, float]]) -> None:
    groups = {"en": ("en",), "others": OTHER_LANGUAGES} | {language: (language,) for language in OTHER_LANGUAGES}
    means = {}
    for name, languages in groups.items():
        pairs = [pair for clip, pair in found.items() if clip.language in languages]
        if pairs:
            means[name] = float(np.mean([r for r, _ in pairs])), float(np.median([lag for _, lag in pairs]))
    if "en" not in means:
        return
    base, base_lag = means.pop("en")
    figures.put("english_energy_r", part, driver, base)
    figures.put("english_lag", part, driver, base_lag)
    for name, (r, lag) in means.items():
        figures.reach.setdefault(f"{name}_ratio", Reach(f"{name}: that r, as a share of English"))
        figures.reach.setdefault(f"{name}_lag", Reach(f"{name}: lag beyond that of English, frames"))
        figures.put(f"{name}_ratio", part, driver, r / base)
        figures.put(f"{name}_lag", part, driver, lag - base_lag)


def _with_energy(bench: Bench, clip: Clip, driver: str) -> tuple[float, float]:
    curve = bench.driven(bench.job(clip, driver)).aperture
    energy, _ = voiced_energy(bench.sound(clip), len(curve))
    return correlation(curve, energy), lag_of(curve, energy, np.ones(len(curve), bool))


def silence_jobs(bench: Bench) -> Iterator[Job]:
    """What `silence` needs."""
    yield from (bench.job(clip, driver, sound="silences") for clip in _some(bench) for driver in bench.drivers)


def silence(bench: Bench, figures: Figures) -> None:
    """How still the lips are in digital zero, in noise at -50 dB and under breath, of how far they move in speech."""
    for part, held_out in PARTS.items():
        for driver in bench.drivers:
            found: dict[str, list[float]] = {}
            for clip in _some(bench, held_out):
                for kind, ratio in _quietness(bench, clip, driver):
                    found.setdefault(kind, []).append(ratio)
            for kind, ratios in found.items():
                figures.reach[f"silence {kind}"] = Reach(f"the same, mean of clips: {kind}", high=0.05, digits=3)
                figures.put(f"silence {kind}", part, driver, float(np.mean(ratios)))
            if found:
                figures.put(
                    "silence", part, driver, float(np.mean([one for ratios in found.values() for one in ratios]))
                )
                figures.put("silence_worst", part, driver, max(max(ratios) for ratios in found.values()))


def _quietness(bench: Bench, clip: Clip, driver: str) -> Iterator[tuple[str, float]]:
    job = bench.job(clip, driver, sound="silences")
    curve = bench.driven(job).aperture
    samples, quiets = sound_for(job, bench.sound(clip))
    _, active = voiced_energy(samples, len(curve))
    for quiet in quiets:
        active[int(quiet.start * 25) : int(quiet.end * 25) + 1] = False
    for quiet in quiets:
        yield quiet.kind, float(curve[quiet_frames(quiet, len(curve))].std() / max(curve[active].std(), 1e-9))


def _some(bench: Bench, held_out: bool | None = None) -> list[Clip]:
    parts = (False, True) if held_out is None else (held_out,)
    return [clip for part in parts for clip in [c for c in bench.part(part) if c.language == "en"][::EVERY]]
