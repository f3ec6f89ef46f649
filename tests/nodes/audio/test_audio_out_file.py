"""Sound into files: whole, or plainly partial; never at the cost of a good one."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from avatar_nodes.audio.audio_file import AudioFile
from avatar_nodes.audio.audio_out_file import AudioOutFile
from avatar_nodes.audio.audio_out_file_model import PartialSoundFile
from avatar_nodes.payloads import AudioChunk
from graphcore import GraphcoreError
from graphcore.testing import Result, run_node

RATE = 16_000
MS = RATE // 1000


def noise(samples: int, channels: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (samples, channels)).astype(np.float32)


def write(path: Path, pairs: list[tuple[int, NDArray[np.float32]]], rate: int = RATE) -> Result:
    packets = [(round(start_ms * 1e6), AudioChunk(samples, rate)) for start_ms, samples in pairs]
    return run_node(AudioOutFile, inputs={"audio": packets}, params={"path": path})


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "A.WAV"])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_goes_in_comes_out(tmp_path, name, channels):
    samples = noise(RATE, channels)
    result = write(tmp_path / name, [(0, samples[:7000]), (7000 / MS, samples[7000:])])
    found, rate = soundfile.read(tmp_path / name, always_2d=True)
    assert rate == RATE
    assert found.shape == samples.shape
    assert np.abs(found - samples).max() < 1e-4
    assert soundfile.info(tmp_path / name).subtype == "PCM_16"
    assert [(made.path, made.count, made.unit) for made in result.made] == [(tmp_path / name, RATE, "samples")]
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert result.notices == []


def test_gaps_are_filled_and_overlaps_trimmed(tmp_path):
    samples = noise(400 * MS)
    pairs = [(100, samples[: 100 * MS]), (300, samples[200 * MS : 300 * MS]), (350, samples[250 * MS :])]
    result = write(tmp_path / "a.wav", pairs)
    found, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    expected = np.concatenate([np.zeros((100 * MS, 1), np.float32), samples])
    expected[200 * MS : 300 * MS] = 0
    assert np.abs(found[:, None] - expected).max() < 1e-4
    assert any("0.200 s of silence" in notice and "0.050 s of sound came twice" in notice for notice in result.notices)


def test_jitter_of_timestamps_changes_nothing(tmp_path):
    samples = noise(100 * MS)
    pairs = [(start + 0.4 * (-1) ** start, samples[start * MS : (start + 10) * MS]) for start in range(0, 100, 10)]
    pairs = [(max(0.0, start), chunk) for start, chunk in pairs]
    assert write(tmp_path / "a.wav", pairs).notices == []
    assert soundfile.info(tmp_path / "a.wav").frames == len(samples)


def test_an_hour_of_nothing_is_written_in_stretches(tmp_path):
    write(tmp_path / "a.flac", [(0, noise(100)), (600_000, noise(100))])
    assert soundfile.info(tmp_path / "a.flac").frames == 600_000 * MS + 100


def test_too_loud_sound_is_clipped_and_told(tmp_path):
    result = write(tmp_path / "a.wav", [(0, noise(100) * 0 + 1.5)])
    assert soundfile.read(tmp_path / "a.wav")[0].min() > 0.99
    assert any("100 samples clipped: louder" in notice for notice in result.notices)


@pytest.mark.parametrize(
    ("second", "expected"),
    [(AudioChunk(noise(10), 8_000), "8000 Hz"), (AudioChunk(noise(10, 2), RATE), "2 channels")],
)
def test_a_run_that_breaks_off_keeps_its_part_and_the_good_file(tmp_path, second, expected):
    path = tmp_path / "talk.wav"
    path.write_bytes(b"an older, good file")
    packets = [(0, AudioChunk(noise(RATE), RATE)), (10**9, second)]
    with pytest.raises(GraphcoreError, match=expected):
        run_node(AudioOutFile, inputs={"audio": packets}, params={"path": path})
    assert path.read_bytes() == b"an older, good file"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["talk.partial.wav", "talk.wav"]
    assert soundfile.info(tmp_path / "talk.partial.wav").frames == RATE


def test_what_is_no_number_is_written_as_silence_and_told(tmp_path):
    samples = noise(100)
    samples[10:20] = np.array([[np.nan], [np.inf]] * 5)
    result = write(tmp_path / "a.wav", [(0, samples)])
    found, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    expected = np.nan_to_num(samples, nan=0, posinf=0)
    assert np.abs(found - expected[:, 0]).max() < 1e-4
    assert [
        notice for notice in result.notices if "10 samples made silent: NaN or infinite" in notice
    ] == result.notices


@pytest.mark.parametrize(
    ("channels", "rate", "expected"), [(0, RATE, "without a channel"), (1, 0, "at 0 Hz"), (1, -1, "at -1 Hz")]
)
def test_what_is_no_sound_is_refused_and_an_older_part_stays(tmp_path, channels, rate, expected):
    (tmp_path / "a.partial.wav").write_bytes(b"an older part")
    with pytest.raises(GraphcoreError, match=expected):
        write(tmp_path / "a.wav", [(0, noise(0)), (1, noise(10, channels))], rate)
    assert (tmp_path / "a.partial.wav").read_bytes() == b"an older part"
    assert len(list(tmp_path.iterdir())) == 1


KILLED = """
import sys
from pathlib import Path
import numpy as np
from avatar_nodes.audio.audio_out_file_model import PartialSoundFile

file = PartialSoundFile(Path(sys.argv[1]), 16_000, 1)
file.write(np.full((160_000, 1), 0.5, np.float32))
print("written", flush=True)
sys.stdin.read()
"""


def test_a_killed_run_leaves_its_part_under_a_plain_name(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "a.wav")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"written\n"
        child.kill()
    assert [path.name for path in tmp_path.iterdir()] == ["a.partial.wav"]
    heard = run_node(AudioFile, params={"path": tmp_path / "a.partial.wav"}).outputs["audio"]
    assert sum(len(packet.payload.samples) for packet in heard) > 150_000
    write(tmp_path / "a.wav", [(0, noise(10))])
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_two_files_of_one_name_have_a_part_each_and_the_last_one_stays(tmp_path):
    first, second = (PartialSoundFile(tmp_path / "a.wav", RATE, 1) for _ in range(2))
    first.write(noise(100))
    second.write(noise(200))
    first.finish()
    assert soundfile.info(tmp_path / "a.wav").frames == 100
    second.finish()
    assert soundfile.info(tmp_path / "a.wav").frames == 200
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_a_part_that_is_deleted_is_noticed_and_not_called_kept(tmp_path):
    file = PartialSoundFile(tmp_path / "a.wav", RATE, 1)
    file.write(noise(100))
    (tmp_path / "a.partial.wav").unlink()
    with pytest.raises(OSError, match=r"a\.partial\.wav was deleted while it was written"):
        file.write(noise(100))
    with pytest.raises(OSError, match="was deleted"):
        file.finish()
    assert file.abandon() is None
    assert list(tmp_path.iterdir()) == []


def test_no_sound_at_all_leaves_no_file(tmp_path):
    with pytest.raises(GraphcoreError, match="no sound arrived"):
        write(tmp_path / "a.wav", [])
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix(tmp_path):
    with pytest.raises(GraphcoreError, match=r"a\.mp3.*\.wav or \.flac"):
        write(tmp_path / "a.mp3", [(0, noise(10))])


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(GraphcoreError, match="is a folder"):
        write(tmp_path / "a.wav", [(0, noise(10))])


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "a.partial.wav").mkdir()  # stands where the part is to be written
    with pytest.raises(GraphcoreError, match=r"a\.wav: cannot be written"):
        write(tmp_path / "a.wav", [(0, noise(10))])


def test_a_full_disk_names_the_file_and_keeps_the_good_one(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"good")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # the kernel then refuses more, as a full disk does
    try:
        with pytest.raises(GraphcoreError, match=r"a\.wav: cannot be written.*disk"):
            write(path, [(second * 1000, noise(RATE)) for second in range(5)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"good"
