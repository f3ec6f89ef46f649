"""The page at /api in a real browser: every call on it works."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from graphcore import Preview, Run
from graphcore.payload import payload_name
from graphcore.studio.studio import Studio
from live.chromium_fixtures import chromium, opened_page
from parts import Block
from served import Served, small_graph

pytestmark = pytest.mark.live


def grey(_block: Block, width: int) -> bytes:
    """A grey JPEG."""
    coded = io.BytesIO()
    Image.new("RGB", (width, 20), "grey").save(coded, "JPEG")
    return coded.getvalue()


@pytest.fixture
def served() -> Iterator[Served]:
    """A live run whose studio wants a token."""
    run = Run(small_graph(), live=True)
    studio = Studio(run, {payload_name(Block): Preview(Block, grey)}, token="open sesame")
    studio.start()
    with studio:
        run.start()
        yield Served(run, studio, {"Authorization": "Bearer open sesame"})
        run.stop()
        assert run.wait(5)


def test_every_call_can_be_tried_out(served: Served) -> None:
    with chromium() as browser, opened_page(browser, served.studio.url.replace("/?", "/api?")) as page:
        for method, path in (
            ("GET", "/api/run"), ("GET", "/api/stats"), ("PUT", "/api/nodes/{node}/params/{param}"),
            ("POST", "/api/interrupt"), ("GET", "/api/files"),
        ):  # fmt: skip
            form = page.locator(f'form[data-method="{method}"][data-path="{path}"]')
            form.get_by_role("button", name="Try").click()
            form.locator("pre", has_text="200 ").wait_for(timeout=5000)
        files = page.locator('form[data-path^="/api/files?"]')
        files.locator('input[type="file"]').set_input_files({"name": "me.jpg", "mimeType": "", "buffer": b"a photo"})
        files.get_by_role("button", name="Try").click()
        files.locator("pre", has_text="me.jpg").wait_for(timeout=5000)
        events = page.locator('form[data-path="/api/events"]')
        events.get_by_role("button", name="Open").click()
        events.locator("pre", has_text="stats").wait_for(timeout=5000)
        events.locator(".body").fill('{"set": {"node": "voice", "param": "gain", "value": 0.125}}')
        events.get_by_role("button", name="Send").click()
        served.voice.wait_for(("gain", 0.125))
        pictures = page.locator('form[data-path^="/api/pictures/"]')
        pictures.get_by_role("button", name="Open").click()
        page.wait_for_function("() => document.querySelector('output img')?.naturalWidth === 320", timeout=5000)
        pictures.get_by_role("button", name="Close").click()
