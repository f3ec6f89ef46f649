"""Raw pictures and sound as NUT, FFmpeg's own container: the heads that stand before the bytes of a packet.

Written by hand, because a packet's bytes are then sent from where they lie, and one packet serves every viewer. The
format: https://github.com/FFmpeg/nut/blob/master/docs/nut.txt
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FILE_ID = b"nut/multimedia container\0"
MAIN = (0x4E4D << 48) + 0x7A561F5F04AD
STREAM = (0x4E53 << 48) + 0x11405BF2F9DB
SYNCPOINT = (0x4E4B << 48) + 0xE4ADEECA4569
INFO = (0x4E49 << 48) + 0xAB68B596BA78

VERSION = 3
MAX_DISTANCE = 65536  # bytes after a syncpoint in which a packet begins: every picture has a syncpoint of its own
NS_PER_S = 1_000_000_000  # one time base for all: nanoseconds
LONG = 4096  # bytes; the length of a longer section has a checksum of its own

# Flags of a packet; every packet here names all that it has.
KEY, CODED_PTS, STREAM_ID, SIZE_MSB, CHECKSUM, CODED = 1, 8, 16, 32, 64, 4096
FLAGS = KEY | CODED_PTS | STREAM_ID | SIZE_MSB | CHECKSUM
FRAME_CODE = 0

VIDEO_CLASS, AUDIO_CLASS = 0, 1


@dataclass(frozen=True)
class Picture:
    """A stream of raw RGBA pictures with straight alpha."""

    width: int
    height: int


@dataclass(frozen=True)
class Sound:
    """A stream of interleaved 16 bit samples, little endian."""

    sample_rate: int
    channels: int


def nut_head(streams: Sequence[Picture | Sound], tags: Mapping[str, str]) -> bytes:
    """What a stream begins with; tags are texts about the whole."""
    sections = [(MAIN, _main(len(streams)))]
    sections += [(STREAM, _stream(index, stream)) for index, stream in enumerate(streams)]
    sections.append((INFO, _info(tags)))
    return FILE_ID + b"".join(_section(startcode, body) for startcode, body in sections)


def packet_head(stream: int, time_ns: int, size: int) -> bytes:
    """What stands before the `size` bytes of a packet; a reader can begin at any of them."""
    coded = bytes([FRAME_CODE]) + _number(FLAGS ^ CODED) + _number(stream) + _number(time_ns + 1) + _number(size)
    return _section(SYNCPOINT, _number(time_ns) + _number(0)) + coded + _checksum(coded)


def _main(streams: int) -> bytes:
    """Version, time base, and the table of frame codes, which has one row: everything is said in the packet."""
    flags, fields, time, multiple, stream, size, reserved, count = CODED, 6, 0, 1, 0, 0, 0, 255
    row = _number(flags) + _number(fields) + _signed(time)
    row += b"".join(_number(value) for value in (multiple, stream, size, reserved, count))
    times = _number(1) + _number(1) + _number(NS_PER_S)
    return _number(VERSION) + _number(streams) + _number(MAX_DISTANCE) + times + row + _number(0)


def _stream(index: int, stream: Picture | Sound) -> bytes:
    if isinstance(stream, Picture):
        kind, code = VIDEO_CLASS, b"RGBA"
        square, colour = (1, 1), 0
        tail = [stream.width, stream.height, *square, colour]
    else:
        kind, code = AUDIO_CLASS, b"PSD\x10"
        tail = [stream.sample_rate, 1, stream.channels]
    time_base, pts_shift, delay = 0, 0, 0
    middle = [time_base, pts_shift, NS_PER_S, delay, 0]
    numbers = [_number(index), _number(kind), _text(code), *map(_number, middle), _text(b""), *map(_number, tail)]
    return b"".join(numbers)


def _info(tags: Mapping[str, str]) -> bytes:
    whole, chapter, start, length = 0, 0, 0, 0
    body = _number(whole) + _signed(chapter) + _number(start) + _number(length) + _number(len(tags))
    for name, value in tags.items():
        body += _text(name.encode()) + _signed(-1) + _text(value.encode())  # -1: the value is a text
    return body


def _section(startcode: int, body: bytes) -> bytes:
    length = len(body) + 4  # with the checksum
    head = startcode.to_bytes(8, "big") + _number(length)
    if length > LONG:
        head += _checksum(head)
    return head + body + _checksum(body)


def _number(value: int) -> bytes:
    """7 bits a byte, the highest first; all but the last have their top bit set."""
    if value < 0:
        raise ValueError(f"{value} in a NUT stream, expected 0 or more")
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | (value & 0x7F))
    return bytes(reversed(digits))


def _signed(value: int) -> bytes:
    return _number(2 * value - 1 if value > 0 else -2 * value)


def _text(text: bytes) -> bytes:
    return _number(len(text)) + text


def _table() -> list[int]:
    """CRC-32 of each byte, highest bit first, by the polynomial 0x04C11DB7."""
    entries = []
    for entry in range(256):
        rest = entry << 24
        for _ in range(8):
            rest = (rest << 1) ^ (0x104C11DB7 if rest & 0x80000000 else 0)
        entries.append(rest)
    return entries


_CRC = _table()


def _checksum(covered: bytes) -> bytes:
    rest = 0
    for byte in covered:
        rest = ((rest << 8) & 0xFFFFFFFF) ^ _CRC[rest >> 24 ^ byte]
    return rest.to_bytes(4, "big")
