"""The figures of the stream: frame by frame against a whole recording at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from measuring.aperture import Curve, aperture_of
from measuring.bench import Bench
from measuring.figures import Figures
from measuring.lips_rows import PARTS
from measuring.score import score
from measuring.sounds import Sound, rows_of
from measuring.timing_rows import DIFFUSION

EVERY = 3  # clips: each third


def streaming(bench: Bench, figures: Figures) -> None:
    """What the networks draw of a whole recording at once, and of the same frame by frame."""
    if DIFFUSION not in bench.drivers:
        return
    for part, held_out in PARTS.items():
        losses, largest = [], 0.0
        for clip, aligned in bench.spoken(held_out)[::EVERY]:
            offline, streamed = _drawn_both_ways(bench.sound(clip), bench.weights)
            largest = max(largest, float(np.abs(offline - streamed).max()))
            losses.append(score(offline, aligned).r_all - score(streamed, aligned).r_all)
        if losses:
            figures.put("streaming_loss", part, DIFFUSION, float(np.mean(losses)))
            figures.notes.append(f"{part}: aperture offline and streaming differ by at most {largest:.2g}")


def _drawn_both_ways(sound: Sound, weights: Path | None) -> tuple[Curve, Curve]:
    """Aperture (T,) of the lips as drawn, before anything is made exact."""
    import torch

    from avatar_nodes.motion.lips_model import CLOSURE, LipsModel
    from avatar_nodes.motion.motion_diffusion_model import FOLDER, MotionModel, Wish
    from avatar_nodes.motion.speech_encoder_model import SpeechEncoder

    rows = rows_of(sound)
    folder, wish = weights or FOLDER, Wish()
    model = MotionModel.load(folder=folder)
    state = model.begin(0)
    drawn = [model.step([state], rows[i : i + 4][None], [wish])[0] for i in range(0, len(rows), 4)]
    frames = [one for one in drawn if one is not None]
    streamed = aperture_of(np.stack([one.lips for one in frames]), np.array([one.closure for one in frames]))
    encoder = SpeechEncoder.load(folder / "speech_encoder.safetensors")
    lips = LipsModel.load(folder / "lips.safetensors")
    with torch.inference_mode():
        heard = encoder(torch.from_numpy(rows[None]))
        past, made = lips.begin(), []
        for index in range(len(frames)):
            guide = torch.cat([heard.lips[:, index], heard.closure[:, index, None]], dim=1)
            made.append(lips.step([past], heard.features[:, index], guide, [wish.cfg_speech], wish.steps).numpy()[0])
    whole = np.stack(made)
    return aperture_of(whole[:, :CLOSURE], whole[:, CLOSURE]), streamed
