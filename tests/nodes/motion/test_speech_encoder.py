from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from avatar_nodes.motion import speech_encoder_model
from avatar_nodes.motion.speech_encoder_model import (
    LOOKAHEAD_FRAMES,
    ROWS,
    SILENT_ROW,
    EncoderConfig,
    EncoderState,
    Heard,
    SpeechEncoder,
)

NAMES = ("features", "lips", "closure", "touch", "speech")
SMALL = EncoderConfig(front=(16, 16, 24), dilations=(1, 2), features=32)


@pytest.fixture
def encoder() -> SpeechEncoder:
    torch.manual_seed(0)
    return SpeechEncoder(SMALL).eval()


def sound(frames: int, batch: int = 1, seed: int = 1) -> Tensor:
    """Rows (B, 4 T, 82) of something loud and soft by turns."""
    random = torch.Generator().manual_seed(seed)
    swell = 15.0 * torch.sin(torch.arange(ROWS * frames) / 9.0)[None, :, None]
    mel = -4.0 + swell / 10.0 + torch.randn(batch, ROWS * frames, 80, generator=random)
    return torch.cat([mel, -35.0 + swell.expand(batch, -1, -1), torch.full_like(mel[..., :1], 120.0)], dim=-1)


def streamed(encoder: SpeechEncoder, rows: Tensor) -> list[Heard]:
    """What is heard frame by frame, with silence at the end."""
    state = encoder.begin(len(rows))
    silence = torch.tensor(SILENT_ROW).expand(len(rows), LOOKAHEAD_FRAMES * ROWS, -1)
    heard = [encoder.step(state, frame) for frame in torch.cat([rows, silence], dim=1).split(ROWS, dim=1)]
    assert heard[:LOOKAHEAD_FRAMES] == [None] * LOOKAHEAD_FRAMES
    return [frame for frame in heard if frame is not None]


def test_streaming_hears_what_a_whole_recording_tells(encoder: SpeechEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_encoder_model, "PIECE", 15)
    rows = sound(40, batch=2)  # longer than a piece
    whole, frames = encoder(rows), streamed(encoder, rows)
    for name in NAMES:
        together = torch.cat([getattr(frame, name) for frame in frames], dim=1)
        assert together.shape == getattr(whole, name).shape
        torch.testing.assert_close(together, getattr(whole, name), atol=1e-4, rtol=0)


def test_a_frame_needs_eleven_rows_after_its_own_and_no_more(encoder: SpeechEncoder) -> None:
    rows = sound(30)
    frame = 10
    changed = rows.clone()
    changed[:, ROWS * frame + 12 :] = torch.tensor(SILENT_ROW)
    before, after = encoder(rows), encoder(changed)
    torch.testing.assert_close(after.features[:, : frame + 1], before.features[:, : frame + 1])
    changed[:, ROWS * frame + 11] = torch.tensor(SILENT_ROW)
    assert not torch.allclose(encoder(changed).features[:, frame], before.features[:, frame], atol=1e-5)


def test_gain_and_a_microphone_change_little(encoder: SpeechEncoder) -> None:
    rows = sound(200)
    louder = rows.clone()
    louder[..., :80] += 2.0 + torch.linspace(0.0, 0.5, 80)
    louder[..., 80] += 20.0
    plain, changed = encoder(rows).features[:, 100:], encoder(louder).features[:, 100:]
    assert (plain - changed).abs().mean() < 0.05 * plain.abs().mean()


def test_streams_join_and_split(encoder: SpeechEncoder) -> None:
    first, second = sound(12, seed=1), sound(12, seed=2)
    alone = streamed(encoder, second)
    one, other = encoder.begin(1), encoder.begin(1)
    for k in range(5):
        encoder.step(one, first[:, ROWS * k : ROWS * k + ROWS])
    both = EncoderState.join([one, other])
    for k in range(7):
        pair = torch.cat([first[:, ROWS * (k + 5) :][:, :ROWS], second[:, ROWS * k :][:, :ROWS]])
        heard = encoder.step(both, pair)
        if k >= LOOKAHEAD_FRAMES:
            assert heard is not None
            torch.testing.assert_close(heard.lips[1:], alone[k - LOOKAHEAD_FRAMES].lips, atol=1e-5, rtol=0)
    assert [state.frames for state in both.split()] == [[12], [7]]


def test_digital_silence_and_no_rows_at_all_are_heard_without_harm(encoder: SpeechEncoder) -> None:
    silence = torch.tensor(SILENT_ROW).expand(1, 40, -1)
    assert all(getattr(encoder(silence), name).isfinite().all() for name in NAMES)
    assert encoder(silence[:, :0]).lips.shape == (1, 0, 12)


def test_weights_come_back_from_a_file(encoder: SpeechEncoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder.safetensors", steps="7")
    read = SpeechEncoder.load(tmp_path / "encoder.safetensors")
    assert read.config == SMALL
    rows = sound(20)
    torch.testing.assert_close(read(rows).lips, encoder(rows).lips, atol=1e-2, rtol=0)
