"""The studio's page in a real Chromium, over a real run."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
import pytest

from live.chromium_fixtures import chromium, opened_page
from live.studio_fixtures import running_studio

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.live

PATIENCE_S = 20.0
SIZE = {"width": 1280, "height": 720}
GOES_ON = "#state:is([data-state=live], [data-state=behind])"  # a busy machine is behind
MOVED = 0.1  # mean difference of two pictures that are not the same, of 255; this face stands still to the last bit


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_studio(tmp_path_factory.mktemp("studio")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    with opened_page(browser, url, viewport=SIZE) as opened:
        opened.wait_for_selector("#canvas:not([data-empty])")
        opened.wait_for_selector(GOES_ON)
        yield opened


def picture(page: Page) -> NDArray[np.int16]:
    """What the canvas shows."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(page.locator("#canvas").screenshot())).convert("RGB"), np.int16)


def until(page: Page, holds: Callable[[], object]) -> None:
    """Wait until something holds, while the page goes on."""
    end = monotonic() + PATIENCE_S
    while not holds():
        assert monotonic() < end, "waited in vain"
        page.wait_for_timeout(50)


def differs(page: Page, before: NDArray[np.int16]) -> Callable[[], bool]:
    return lambda: float(np.abs(picture(page) - before).mean()) > MOVED


def at_rest(page: Page) -> NDArray[np.int16]:
    """What the canvas shows once it stands still: the first frames ease from the photo into the motion."""
    shown = [picture(page)]

    def still() -> bool:
        page.wait_for_timeout(400)
        shown.append(picture(page))
        return bool((shown[-1] == shown[-2]).all())

    until(page, still)
    return shown[-1]


def hears(page: Page) -> bool:
    return "loud" in (page.locator("[aria-label='ear, ear']").text_content() or "")


def test_a_line_is_spoken_and_interrupt_ends_it(page: Page) -> None:
    before = at_rest(page)
    page.keyboard.press("l")
    page.keyboard.type("Peter Piper picked a peck of pickled peppers, and then he picked another peck of them. " * 4)
    page.keyboard.press("Enter")
    until(page, differs(page, before))
    until(page, lambda: hears(page))
    speaking = picture(page)
    until(page, differs(page, speaking))
    page.get_by_role("button", name="Interrupt").click()
    until(page, lambda: not hears(page))
    until(page, lambda: not differs(page, before)())


def test_a_slider_is_turned_by_keyboard_and_the_face_changes(page: Page) -> None:
    before = at_rest(page)
    slider = page.get_by_role("slider", name="intensity")
    slider.focus()
    page.keyboard.press("End")
    assert page.get_by_role("spinbutton", name="intensity").input_value() == "1.00"
    until(page, differs(page, before))
    page.keyboard.press("Backspace")
    assert slider.input_value() == "0.5"
    page.get_by_role("spinbutton", name="intensity").fill("0")
    page.keyboard.press("Enter")
    until(page, lambda: not differs(page, before)())


def test_what_another_page_turns_is_seen_here(page: Page, browser: Browser, url: str) -> None:
    with opened_page(browser, url, viewport=SIZE) as other:
        other.get_by_role("radio", name="sad").check()
        until(page, lambda: page.get_by_role("radio", name="sad").is_checked())
        page.get_by_role("radio", name="surprised").check()
        until(other, lambda: other.get_by_role("radio", name="surprised").is_checked())


def test_a_value_out_of_bounds_is_refused_in_words(page: Page) -> None:
    field = page.get_by_role("spinbutton", name="intensity")
    field.fill("7")
    page.keyboard.press("Enter")
    page.get_by_text("7: expected 0 to 1").wait_for()
    assert field.input_value() == "0.00"


def test_another_portrait_is_uploaded(page: Page, tmp_path: Path) -> None:
    import matplotlib
    from PIL import Image, ImageOps

    photo = Path(matplotlib.__file__).parent / "mpl-data/sample_data/grace_hopper.jpg"
    ImageOps.mirror(Image.open(photo)).save(tmp_path / "mirrored.jpg")
    before = at_rest(page)
    page.locator("[data-node=face] input[type=file]").set_input_files(tmp_path / "mirrored.jpg")
    until(page, differs(page, before))
    chosen = page.get_by_role("combobox", name="portrait")
    assert chosen.input_value() == "mirrored.jpg"
    chosen.select_option(label="grace_hopper.jpg")
    until(page, lambda: not differs(page, before)())


def test_recording_begins_and_ends_by_key(page: Page) -> None:
    button = page.get_by_role("button", name=re.compile("Record|0:0"))
    page.keyboard.press("r")
    until(page, lambda: button.get_attribute("aria-pressed") == "true")
    page.wait_for_selector("#record >> text=0:01")
    page.keyboard.press("r")
    until(page, lambda: button.get_attribute("aria-pressed") == "false")


def test_the_graph_shows_every_node_and_what_goes_over_links(page: Page) -> None:
    nodes = page.locator("#graph .node")
    assert nodes.count() == 10
    until(page, lambda: re.search(r"\d/s", page.locator("[aria-label='face, latent_renderer']").text_content() or ""))
    until(page, lambda: re.search(r"audio \d+/s", page.locator("#graph").text_content() or ""))
    page.locator("[aria-label='emotion, emotion_controller']").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.group').dataset.node") == "emotion"


def test_keys_are_listed_and_escape_shuts_the_list(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog", name="Keys").is_visible()


@pytest.mark.parametrize(("scheme", "dark"), [("dark", True), ("light", False)])
def test_it_is_dark_and_light(browser: Browser, url: str, scheme: str, dark: bool) -> None:
    with opened_page(browser, url, viewport=SIZE, color_scheme=scheme) as page:
        assert is_dark(page) is dark
        page.keyboard.press("t")  # from what the system has to dark, then to light
        assert is_dark(page)
        page.keyboard.press("t")
        assert not is_dark(page)


def is_dark(page: Page) -> bool:
    level = page.evaluate("getComputedStyle(document.querySelector('.bar')).backgroundColor.match(/[\\d.]+/)[0]")
    return float(level) < 100


@pytest.mark.parametrize("width", [390, 800, 1280, 1920])
def test_nothing_sticks_out_at_any_width(browser: Browser, url: str, width: int) -> None:
    with opened_page(browser, url, viewport={"width": width, "height": 720}) as page:
        page.wait_for_selector("#canvas:not([data-empty])")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.querySelector('#canvas').getBoundingClientRect().height") > 200


@pytest.mark.timeout(180)  # two runs begin
def test_it_comes_back_with_the_next_run(browser: Browser, tmp_path: Path) -> None:
    with running_studio(tmp_path) as first:
        page = browser.new_page(viewport=SIZE)  # its console will say that the server was away
        page.goto(first)
        page.wait_for_selector("#canvas:not([data-empty])")
    page.wait_for_selector("#state[data-state=ended]")
    port = first.rstrip("/").rsplit(":", 1)[1]
    with running_studio(tmp_path, ("--studio", port)):
        page.wait_for_selector(GOES_ON)
        page.wait_for_selector("#canvas:not([data-empty])")
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Stop now?").click()
        page.wait_for_selector("#state[data-state=ended]")
    page.close()


# Twenty nodes, each fed by up to three before it, by a rule without chance.
MANY = """async () => {
  const { layout, NODE_WIDTH } = await import("/static/layout.js");
  const inputs = ["a", "b", "c"];
  const nodes = [...Array(20).keys()].map((i) => ({ name: `n${i}`, inputs, outputs: [{ name: "out" }] }));
  const links = nodes.flatMap((node, i) =>
    inputs.slice(0, i % 4).map((port, j) => ({ from: `n${(i * 7 + j * 3) % i}.out`, to: `n${i}.${port}` })));
  const found = layout({ nodes, links }, () => 70);
  const boxes = [...found.nodes.values()];
  const over = boxes.filter((one) => boxes.some((other) => one !== other && one.x === other.x
    && one.y < other.y + other.height && other.y < one.y + one.height));
  const back = found.routes.filter((route) => route.some(([x], i) => i > 0 && x <= route[i - 1][0]));
  const through = found.routes.filter((route) => route.some(([x, y], i) => i > 0 && i < route.length - 1
    && boxes.some((box) => x >= box.x && x <= box.x + NODE_WIDTH && y > box.y && y < box.y + box.height)));
  return [boxes.length, over.length, back.length, through.length];
}"""


def test_a_graph_of_many_nodes_is_laid_out_without_overlaps(page: Page) -> None:
    assert page.evaluate(MANY) == [20, 0, 0, 0]


def test_everything_that_takes_the_focus_has_a_name(page: Page) -> None:
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, a, input, select, [tabindex='0']")]
        .filter((each) => each.checkVisibility() && each.tabIndex >= 0)
        .filter((each) => !(each.ariaLabel || each.labels?.length || each.textContent.trim()))
        .map((each) => each.outerHTML)"""
    )
    assert nameless == []
