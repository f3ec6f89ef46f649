"""NUT as it is written by hand, read by FFmpeg."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from avatar_nodes.sinks.nut_model import Picture, Sound, nut_head, packet_head

HOUR_NS = 3600 * 1_000_000_000


def test_ffmpeg_reads_what_was_written_to_the_last_byte() -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (33, 50, 4), np.uint8) for _ in range(4)]
    sounds = [rng.integers(-32768, 32768, (960, 2), np.int16) for _ in range(4)]
    written = nut_head([Picture(50, 33), Sound(48000, 2)], {"title": "face", "comment": "synthetic"})
    times = [HOUR_NS + index * 33_366_667 for index in range(4)]
    for time_ns, picture, sound in zip(times, pictures, sounds, strict=True):
        written += packet_head(0, time_ns, picture.nbytes) + picture.tobytes()
        written += packet_head(1, time_ns + 1, sound.nbytes) + sound.tobytes()
    with av.open(io.BytesIO(written), format="nut") as stream:
        assert stream.metadata == {"title": "face", "comment": "synthetic"}
        assert stream.streams.video[0].format.name == "rgba"
        frames = [frame for packet in stream.demux() for frame in packet.decode()]
    seen = [frame for frame in frames if isinstance(frame, av.VideoFrame)]
    heard = [frame for frame in frames if isinstance(frame, av.AudioFrame)]
    assert [frame.pts for frame in seen] == times
    assert [frame.pts for frame in heard] == [time_ns + 1 for time_ns in times]
    for frame, picture in zip(seen, pictures, strict=True):
        np.testing.assert_array_equal(frame.to_ndarray(), picture)
    for frame, sound in zip(heard, sounds, strict=True):
        np.testing.assert_array_equal(frame.to_ndarray().reshape(-1, 2), sound)


@pytest.mark.parametrize("stream", [Picture(1920, 1080), Sound(16000, 1)])
def test_a_stream_may_be_alone(stream: Picture | Sound) -> None:
    size = 1920 * 1080 * 4 if isinstance(stream, Picture) else 320
    written = nut_head([stream], {}) + packet_head(0, 0, size) + bytes(size)
    with av.open(io.BytesIO(written), format="nut") as read:
        assert sum(packet.size for packet in read.demux()) == size


def test_a_time_before_the_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 in a NUT stream, expected 0 or more"):
        packet_head(0, -1, 4)


def test_a_reader_begins_at_a_packet_in_the_middle() -> None:
    body = bytes(range(256)) * 16
    packets = [packet_head(0, index * 40_000_000, len(body)) + body for index in range(6)]
    head = nut_head([Picture(32, 32)], {})
    with av.open(io.BytesIO(head + packets[0][40:] + b"".join(packets[1:])), format="nut") as read:
        whole = [packet.pts for packet in read.demux() if packet.size == len(body) and not packet.is_corrupt]
    assert whole[-4:] == [index * 40_000_000 for index in range(2, 6)]
