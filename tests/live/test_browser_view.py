"""browser_view in a real Chromium: alpha over a page, lips with sound, coming back."""

from __future__ import annotations

import io
import statistics
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from avatar_nodes.audio.playout import Playout
from avatar_nodes.payloads import AudioChunk, VideoFrame
from avatar_nodes.sinks.browser_view import BrowserView
from graphcore import Input, Node, Output, Param, Run, Source
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params
from live.chromium_fixtures import chromium, launched, opened_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.live

FACE = (200, 120, 90)
SIZE = 256
BEEP_HZ, BEEP_S = 1000.0, 0.1
EVERY = 16  # frames from flash to flash
CHUNK = 320  # samples; two are as long as a frame
JUDGED = 20  # flashes, after
SETTLES = 8  # of them: meanwhile the page finds how much it has to hold
PATIENCE_MS = 60_000.0

# Notes when the canvas turns white, and when a beep that was silent before is heard (performance.now()).
WATCH = """() => {
  const { sound, pictures } = window.graphcoreView;
  const context = sound.context;
  window.flashes = [];
  window.beeps = [];
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  let heard;
  const samples = new Float32Array(analyser.fftSize);
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  let wasWhite = true;
  let last = -1;
  const look = () => {
    probe.drawImage(pictures.canvas, -100, -100);
    const white = probe.getImageData(0, 0, 1, 1).data[2] > 200;
    if (white && !wasWhite) window.flashes.push(performance.now());
    wasWhite = white;
    requestAnimationFrame(look);
  };
  look();
  setInterval(() => {
    if (sound.gain !== heard) heard = sound.gain, heard.connect(analyser);
    analyser.getFloatTimeDomainData(samples);
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    const end = context.currentTime;
    let quiet = 0;
    for (let index = 0; index < samples.length; index += 1) {
      if (Math.abs(samples[index]) < 0.02) quiet += 1;
      else if (quiet < 400) quiet = 0;
      else {
        const begun = end - (samples.length - index) / context.sampleRate;
        if (begun > last + 0.5) window.beeps.push(performanceTime + (begun - contextTime) * 1000);
        last = begun;
        return;
      }
    }
  }, 5);
}"""


# How long after each of the last flashes its beep is heard, ms; the newest may still wait for its own.
OFFSETS = f"""() => window.flashes.slice(0, -1).slice(-{JUDGED}).map((flash) =>
  window.beeps.map((beep) => beep - flash).reduce((one, other) => (Math.abs(one) < Math.abs(other) ? one : other)))"""

# Where other programs hold the page up for a while it takes more flashes until half of the last ones are good.
TOGETHER = f"""() => {{
  const sorted = window.beeps.length ? ({OFFSETS})().sort((one, other) => one - other) : [];
  const median = (sorted[{JUDGED} / 2 - 1] + sorted[{JUDGED} / 2]) / 2;
  return window.flashes.length > {SETTLES + JUDGED} && Math.abs(median) <= 20;
}}"""


class FlashAndBeep(Source):
    """A disc before nothing, with silence; with `flash` now and then a white picture and a beep."""

    frames = Output(VideoFrame)
    sound = Output(AudioChunk)
    flash = Param(False)

    def produce(self) -> Iterator[None]:
        index = 0
        while True:
            white = self.flash and index % EVERY < 3
            self.frames.send(VideoFrame(white_picture() if white else disc()), timestamp=index * 40_000_000)
            for half in (0, 1):
                start = (2 * index + half) * CHUNK
                self.sound.send(AudioChunk(self.beep(start), 16000), timestamp=start * 62_500)
            index += 1
            yield

    def beep(self, start: int) -> NDArray[np.float32]:
        times = (np.arange(start, start + CHUNK) % (2 * CHUNK * EVERY)) / 16000
        wave = 0.5 * np.sin(2 * np.pi * BEEP_HZ * times) * (times < BEEP_S)
        return np.asarray((wave * self.flash)[:, None], np.float32)


class Later(Node):
    """Sends each frame when so many others have come: a graph that takes its time, while its sound does not."""

    video = Input(VideoFrame)
    frames = Output(VideoFrame, delay_ms=1000.0)
    behind = Param(0, ge=0, le=25)

    def open(self) -> None:
        self.waiting: deque[tuple[int, VideoFrame]] = deque()

    def process(self, video: VideoFrame) -> None:
        self.waiting.append((self.timestamp, video))
        if len(self.waiting) > self.behind:
            timestamp, frame = self.waiting.popleft()
            self.frames.send(frame, timestamp=timestamp)


def disc() -> NDArray[np.uint8]:
    across = np.hypot(*(np.mgrid[:SIZE, :SIZE] - SIZE / 2 + 0.5))
    alpha = np.clip(SIZE * 0.4 - across, 0, 1) * 255
    colours = np.broadcast_to(np.array(FACE), (SIZE, SIZE, 3)) * (alpha > 0)[..., None]
    return np.asarray(np.concatenate([colours, alpha[..., None]], axis=2), np.uint8)


def white_picture() -> NDArray[np.uint8]:
    return np.full((SIZE, SIZE, 4), 255, np.uint8)


@contextmanager
def shown(*, port: int = 0, token: str = "", flash: bool = False, behind: int = 0) -> Iterator[tuple[Run, str]]:
    """A live graph with a page, and the page's address."""
    links = {
        "video": Link("later", "frames", "playout", "video", "each"),
        "audio": Link("clip", "sound", "playout", "audio", "each"),
    }
    together = {
        "video": Link("playout", "frames", "view", "video", "each"),
        "audio": Link("playout", "sound", "view", "audio", "each"),
    }
    params = {"port": port, "token": token, "mark": False}
    nodes = {
        "clip": GraphNode("clip", FlashAndBeep, accept_params(FlashAndBeep, {"flash": flash}), {}),
        "later": GraphNode(
            "later", Later, {"behind": behind}, {"video": Link("clip", "frames", "later", "video", "exact")}
        ),
        "playout": GraphNode("playout", Playout, accept_params(Playout, {}), links),
        "view": GraphNode("view", BrowserView, accept_params(BrowserView, params), together),
    }
    run = Run(Graph(nodes, frame_rate=Fraction(25), seed=0), live=True)
    run.start()
    while not (run.opened or run.wait(0.01)):
        """Wait for the page."""
    try:
        told = next(notice for notice in run.notices if "http" in notice)
        yield run, told.partition(" at ")[2].partition("?")[0]
    finally:
        run.stop()
        run.wait(10.0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def wait_for(page: Page, condition: str) -> None:
    page.wait_for_function(f"() => {{ const view = window.graphcoreView; return view && {condition}; }}")


def playwright_timeout() -> type[Exception]:
    from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

    return PlaywrightTimeoutError


def seen(page: Page, **options: Any) -> NDArray[np.int64]:
    with Image.open(io.BytesIO(page.screenshot(**options))) as image:
        return np.asarray(image.convert("RGBA"), np.int64)


@pytest.mark.parametrize(("query", "behind"), [("", (0, 0, 0, 0)), ("&background=%230000ff", (0, 0, 255, 255))])
def test_the_picture_lies_over_the_page(browser: Browser, query: str, behind: tuple[int, ...]) -> None:
    window = {"width": SIZE, "height": SIZE}
    with shown() as (_, url), opened_page(browser, f"{url}?mute=1{query}", viewport=window) as page:
        wait_for(page, "view.figures.count > 2")
        picture = seen(page, omit_background=True)
        assert tuple(picture[2, 2]) == behind
        assert np.abs(picture[SIZE // 2, SIZE // 2] - (*FACE, 255)).max() <= 4
        alpha = disc()[..., 3:] / 255
        colours = picture[..., :3] if behind[3] else np.where(alpha > 0.5, picture[..., :3], 0)
        wanted = np.array(FACE) * alpha + np.array(behind[:3]) * (1 - alpha)
        inside = np.ones(alpha.shape, bool) if behind[3] else alpha > 0.99
        assert np.abs(colours - wanted)[inside[..., 0]].max() <= 8  # no fringe, neither dark nor light


def test_a_token_opens_the_page(browser: Browser) -> None:
    with shown(token="a secret") as (_, url), opened_page(browser, f"{url}?token=a%20secret&mute=1") as page:
        wait_for(page, "view.figures.count > 2")


def test_it_fits_any_size(browser: Browser) -> None:
    with shown() as (_, url), opened_page(browser, f"{url}?mute=1", viewport={"width": 900, "height": 300}) as page:
        wait_for(page, "view.figures.count > 2")
        picture = seen(page, omit_background=True)
        rows, columns = np.nonzero(picture[..., 3] > 128)
        assert np.ptp(rows) == pytest.approx(240, abs=4)
        assert np.ptp(columns) == pytest.approx(240, abs=4)
        assert columns.mean() == pytest.approx(450, abs=2)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("behind", [0, 4])
def test_flash_and_beep_come_together(browser: Browser, behind: int) -> None:
    with shown(flash=True, behind=behind) as (run, url), opened_page(browser, url) as page:
        wait_for(page, "view.sound.playing && view.sound.offset !== undefined")
        page.evaluate(WATCH)
        with suppress(playwright_timeout()):
            page.wait_for_function(TOGETHER, timeout=PATIENCE_MS)
        offsets = page.evaluate(OFFSETS)
        median, worst = statistics.median(offsets), max(offsets, key=abs)
        said = f"sound after picture: {median:+.0f} ms (median), {worst:+.0f} ms (worst), of {len(offsets)}"
        print(said)  # noqa: T201 (a figure, for `pytest -s`)
        assert len(offsets) == JUDGED
        assert abs(median) <= 20, said
        assert run.stats()["nodes"]["view"]["counts"]["sound chunks dropped"] == 0


def test_a_browser_that_wants_a_click_first_gets_one(browser: Browser) -> None:
    strict = launched(browser.browser_type, plays_at_once=False)
    with strict as other, shown() as (_, url), opened_page(other, url) as page:
        page.wait_for_selector("#sound:not([hidden])")
        wait_for(page, "view.figures.count > 2 && !view.sound.playing")  # the picture does not wait
        page.click("#sound")
        wait_for(page, "view.sound.playing && view.sound.sources.size > 0")
        page.wait_for_selector("#sound", state="hidden")


def test_an_interrupt_silences_the_page(browser: Browser) -> None:
    with shown() as (run, url), opened_page(browser, url) as page:
        wait_for(page, "view.sound.sources?.size > 0")
        page.evaluate("() => { window.first = window.graphcoreView.sound.gain; }")
        run.interrupt()
        wait_for(page, "view.sound.gain !== window.first && window.first.gain.value < 0.01")


def test_the_last_picture_stays_and_the_page_comes_back(browser: Browser) -> None:
    window = {"width": SIZE, "height": SIZE}
    with ExitStack() as graph:
        _, url = graph.enter_context(shown())
        with opened_page(browser, f"{url}?mute=1", expected="WebSocket", viewport=window) as page:
            wait_for(page, "view.figures.count > 2")
            graph.close()
            wait_for(page, "view.line.socket.readyState !== WebSocket.OPEN")
            assert np.abs(seen(page)[SIZE // 2, SIZE // 2, :3] - FACE).max() <= 4
            count = page.evaluate("window.graphcoreView.figures.count")
            with shown(port=int(url.split(":")[-1].strip("/"))):
                wait_for(page, f"view.line.connects === 2 && view.figures.count > {count + 2}")
