"""Another program speaks: PCM over TCP and over a WebSocket, into a live run."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import numpy as np
import pytest

from avatar_nodes.audio.audio_stream import AudioStream
from avatar_nodes.audio.passing_model import QUIET_S
from graphcore import GraphcoreError
from heard import WAIT_S, Heard, listening_to

RATE = 16_000
ASKS_TO_SPEAK = (
    b"GET /speak HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@contextmanager
def listening(**params: Any) -> Iterator[Heard]:
    with listening_to(AudioStream, {"port": 0, "websocket_port": 0, **params}) as heard:
        yield heard


def ports(heard: Heard) -> tuple[int, int]:
    """Those for WebSockets and for TCP, as a notice tells them."""
    found = re.findall(r":(\d+)", heard.run.notices[0].partition(": ")[2])
    return int(found[0]), int(found[-1])


def numbered(count: int, start: int = 1) -> np.ndarray:
    """Samples of which no two are alike, as int16."""
    return (np.arange(start, start + count) % 32_000).astype("<i2")


def as_float(numbers: np.ndarray) -> np.ndarray:
    return numbers.astype(np.float32) / 32768


def over_tcp(heard: Heard) -> socket.socket:
    return socket.create_connection(("127.0.0.1", ports(heard)[1]), timeout=WAIT_S)


def converse(heard: Heard, talk: Callable[[aiohttp.ClientWebSocketResponse], Coroutine[Any, Any, None]]) -> None:
    """Open the WebSocket, and talk."""

    async def main() -> None:
        url = f"http://127.0.0.1:{ports(heard)[0]}/speak"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as there:
            await asyncio.wait_for(talk(there), WAIT_S)

    asyncio.run(main())


async def told(there: aiohttp.ClientWebSocketResponse, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next message for which it holds."""
    while True:
        message = await there.receive_json()
        if holds(message):
            return dict(message)


def test_what_came_over_tcp_faster_than_it_sounds_is_played_whole_at_the_pace_of_the_clock():
    numbers = numbered(8_000)
    with listening() as heard:
        with over_tcp(heard) as bot:
            for part in np.array_split(np.frombuffer(numbers.tobytes(), np.uint8), 7):
                bot.sendall(part.tobytes())
        heard.until(lambda: len(heard.speech) >= 8_000)
        np.testing.assert_array_equal(heard.speech, as_float(numbers))
        assert heard.timestamps == [index * 20_000_000 for index in range(len(heard.timestamps))]
        assert heard.run.clock.now() >= heard.timestamps[-1]
        assert heard.counts["underruns"] == 0
        heard.until(lambda: heard.counts == {"ms waiting": 0, "underruns": 0, "speakers": 0})


def test_a_sender_waits_while_so_much_waits_already():
    with listening(max_s=0.2) as heard, over_tcp(heard) as bot:
        bot.settimeout(0.2)
        with pytest.raises(TimeoutError):
            bot.sendall(bytes(64_000_000))
        heard.until(lambda: heard.counts["ms waiting"] > 0)
        assert heard.counts["ms waiting"] <= 200 + 16_384 * 1000 // 2 // RATE


def test_one_program_speaks_at_a_time_and_a_second_one_is_told():
    with listening() as heard, over_tcp(heard) as first:
        first.sendall(numbered(100).tobytes())
        heard.until(lambda: len(heard.speech) > 0)
        with over_tcp(heard) as second:
            second.sendall(bytes(1000))
            assert second.recv(100) == b"another program speaks here; one at a time\n"

        async def third(there: aiohttp.ClientWebSocketResponse) -> None:
            assert "another program" in (await there.receive_json())["error"]
            assert (await there.receive()).type is aiohttp.WSMsgType.CLOSE

        converse(heard, third)
        assert heard.counts["speakers"] == 1
        first.close()
        heard.until(lambda: heard.counts["speakers"] == 0)
        with over_tcp(heard) as fourth:
            fourth.sendall(numbered(500, start=9_000).tobytes())
            heard.until(lambda: as_float(numbered(1, start=9_400))[0] in heard.samples)


def test_a_websocket_says_its_format_and_hears_how_much_waits():
    async def talk(there: aiohttp.ClientWebSocketResponse) -> None:
        await there.send_json({"sample_rate": 8_000, "channels": 2, "format": "f32le"})
        await there.send_bytes(np.full((4_000, 2), 0.25, "<f4").tobytes())
        await there.send_json({"end": True})
        most = await told(there, lambda message: message.get("waiting_ms", 0) > 100)
        assert most["waiting_ms"] <= 500
        assert await told(there, lambda message: "end" in message) == {"end": True}

    with listening() as heard:
        converse(heard, talk)
        heard.until(lambda: not heard.samples[-320:].any())
        assert abs(len(heard.speech) - 8_000) < 100
        assert np.median(heard.speech) == pytest.approx(0.25, abs=0.001)


def test_a_websocket_that_says_nonsense_is_told_what_was_expected():
    async def talk(there: aiohttp.ClientWebSocketResponse) -> None:
        await there.send_str("hello")
        assert "no JSON" in (await told(there, lambda message: "error" in message))["error"]
        await there.send_json({"sample_rate": 5})
        assert "sample_rate is 5" in (await told(there, lambda message: "error" in message))["error"]
        await there.send_bytes(numbered(400).tobytes())

    with listening() as heard:
        converse(heard, talk)
        heard.until(lambda: len(heard.speech) >= 400)


@pytest.mark.parametrize("whose", ["its own", "the run's", "somebody's"])
def test_an_interrupt_drops_what_waits_and_speech_goes_on(whose):
    async def talk(there: aiohttp.ClientWebSocketResponse) -> None:
        await there.send_bytes(numbered(10 * RATE).tobytes())
        await asyncio.to_thread(heard.until, lambda: len(heard.speech) > 1_000)
        before = len(heard.samples)
        if whose == "its own":
            await there.send_json({"interrupt": True})
        elif whose == "the run's":
            heard.run.interrupt()
        else:
            await asyncio.to_thread(_post, f"http://127.0.0.1:{ports(heard)[0]}/interrupt")
        if whose != "its own":
            await told(there, lambda message: message.get("interrupt") is True)
        await asyncio.to_thread(heard.until, lambda: not heard.samples[-960:].any())
        assert not np.isin(as_float(numbered(1, start=5 * RATE)), heard.samples[before:]).any()
        await asyncio.sleep(2 * QUIET_S)  # what is sent at once belongs to what was broken off
        await there.send_bytes(numbered(500, start=31_000).tobytes())
        await asyncio.to_thread(heard.until, lambda: as_float(numbered(1, start=31_400))[0] in heard.samples)

    with listening() as heard:
        converse(heard, talk)


def _post(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=WAIT_S) as answer:
        assert answer.status == 200


def test_an_interrupt_throws_away_what_a_tcp_sender_has_under_way():
    with listening(max_s=0.5) as heard, over_tcp(heard) as bot:
        sending = threading.Thread(target=bot.sendall, args=(numbered(30 * RATE).tobytes(),))
        sending.start()
        heard.until(lambda: len(heard.speech) > 1_000)
        heard.run.interrupt()
        sending.join(WAIT_S)
        assert not sending.is_alive()
        heard.until(lambda: not heard.samples[-960:].any())
        assert len(heard.speech) < 2 * RATE
        time.sleep(2 * QUIET_S)
        bot.sendall(numbered(500, start=31_000).tobytes())
        heard.until(lambda: as_float(numbered(1, start=31_400))[0] in heard.samples)


@pytest.mark.parametrize("way", ["websocket", "tcp"])
def test_a_program_that_connects_after_an_interrupt_is_heard_whole(way):
    """Right after it, while the sound of another one, which has left already, is being forgotten."""
    answer = numbered(4_000, start=20_000)

    async def speak(there: aiohttp.ClientWebSocketResponse) -> None:
        await there.send_bytes(answer.tobytes())
        await there.send_json({"end": True})
        said = await told(there, lambda message: message.keys() & {"end", "interrupt"} != set())
        assert said == {"end": True}

    with listening() as heard:
        with over_tcp(heard) as bot:
            bot.sendall(numbered(10 * RATE).tobytes())
        heard.until(lambda: len(heard.speech) > 1_000 and heard.counts["speakers"] == 0)
        heard.run.interrupt()
        if way == "websocket":
            converse(heard, speak)
        else:
            with over_tcp(heard) as bot:
                bot.sendall(answer.tobytes())
        heard.until(lambda: as_float(answer)[-1] in heard.samples)
        first = np.flatnonzero(heard.samples == as_float(answer)[0])[-1]
        np.testing.assert_array_equal(heard.samples[first : first + 4_000], as_float(answer))


def test_who_was_interrupted_is_never_told_that_it_was_heard_to_its_end():
    async def talk(there: aiohttp.ClientWebSocketResponse) -> None:
        for _ in range(2):
            await there.send_bytes(numbered(10 * RATE).tobytes())
            await told(there, lambda message: 0 < message.get("waiting_ms", 0) < 9_800)
            heard.run.interrupt()
            assert await told(there, lambda message: "waiting_ms" not in message) == {"interrupt": True}
            await there.send_json({"end": True})
            assert await told(there, lambda message: "waiting_ms" not in message) == {"interrupt": True}
            await asyncio.sleep(2 * QUIET_S)
        await there.send_bytes(numbered(500).tobytes())
        await there.send_json({"end": True})
        assert await told(there, lambda message: "waiting_ms" not in message) == {"end": True}

    with listening() as heard:
        converse(heard, talk)


def test_a_message_in_small_pieces_and_an_odd_end_are_heard():
    numbers = numbered(700)
    with listening() as heard:
        with over_tcp(heard) as bot:
            bot.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in range(0, 1400, 3):
                bot.sendall(numbers.tobytes()[byte : byte + 3])
            bot.sendall(b"\1")
        heard.until(lambda: len(heard.speech) >= 700)
        np.testing.assert_array_equal(heard.speech, as_float(numbers))


def test_a_request_of_a_browser_is_not_played():
    with listening() as heard:
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"http://127.0.0.1:{ports(heard)[1]}/", data=b"noise" * 1000, timeout=WAIT_S)
        heard.until(lambda: heard.counts["speakers"] == 0)
        assert not heard.samples.any()


def test_a_flood_changes_nothing_for_the_sound():
    """Programs that connect and say nothing, that are sent away, and messages of one sample each."""

    async def flood(there: aiohttp.ClientWebSocketResponse) -> None:
        for _ in range(600):
            await there.send_bytes(b"\0\x40")
        await there.send_json({"end": True})
        await told(there, lambda message: "end" in message)

    with listening() as heard, contextlib.ExitStack() as crowd:
        first = crowd.enter_context(over_tcp(heard))
        for _ in range(50):
            crowd.enter_context(over_tcp(heard))
        first.close()
        heard.until(lambda: heard.counts["speakers"] == 0)
        converse(heard, flood)
        assert np.count_nonzero(heard.samples) > 400  # it fades where it runs dry
        assert heard.timestamps == [index * 20_000_000 for index in range(len(heard.timestamps))]


@pytest.mark.parametrize(
    ("param", "fix"),
    [("port", r"--set node\.port=\d+, or none: port: null"), ("websocket_port", r"--set node\.websocket_port=\d+")],
)
def test_a_port_that_is_taken_is_told(param, fix):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(GraphcoreError, match=fix), listening(**{param: port}):
            pass


def test_other_machines_need_a_token():
    with pytest.raises(GraphcoreError, match="give a token"), listening(host="0.0.0.0"):
        pass


def test_the_token_is_not_told():
    with listening(token="secret") as heard:
        told = heard.run.notices[0]
        assert "secret" not in told
        assert f"ws://127.0.0.1:{ports(heard)[0]}/speak?token=... (as token says) and tcp://" in told


def test_pings_without_end_wait_for_their_turn():
    with listening() as heard, socket.create_connection(("127.0.0.1", ports(heard)[0]), timeout=WAIT_S) as bot:
        bot.sendall(ASKS_TO_SPEAK)
        bot.sendall(b"\x89\x80\0\0\0\0" * 20_000)
        for _ in range(3):
            _post(f"http://127.0.0.1:{ports(heard)[0]}/interrupt")
        bot.setblocking(False)
        assert bot.recv(1 << 20).count(b"\x8a\0") < 15_000


def test_without_a_port_for_tcp_there_is_the_websocket_alone():
    with listening(port=None) as heard:
        assert "tcp" not in heard.run.notices[0]
        converse(heard, lambda there: there.send_bytes(numbered(100).tobytes()))
        heard.until(lambda: len(heard.speech) > 0)
