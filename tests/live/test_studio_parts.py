"""Parts of the studio's page in a real Chromium, without a run: they are given one, and its statistics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import graphcore
from live.chromium_fixtures import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.live

STATIC = Path(graphcore.__file__).parent / "studio" / "static"
SITE = "http://studio.test/"

# A run of two nodes, and statistics in which `count` has told no counts, or some.
GIVEN = """window.run = {
  name: "small", links: [{ from: "count.number", to: "sink.number", follows: false, fused: true }],
  nodes: ["count", "sink"].map((name, index) => ({
    name, type: name, doc: `It is ${name}`, place: "here",
    inputs: index ? ["number"] : [], outputs: index ? [] : [{ name: "number", picture: false }],
    params: ["gain", "pitch"].map((param) => ({
      name: param, kind: "float", item: "", value: 0.5, default: 0.5, live: true, ge: 0, le: 1, unit: "",
      choices: [], doc: "", optional: false, file: "",
    })),
  })),
};
window.told = (counts) => ({
  wall_s: 1, links: [],
  nodes: Object.fromEntries(run.nodes.map(({ name }) => [name, { p50_us: null, counts }])),
});"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page, with nothing in it."""
    opened = browser.new_page()
    opened.route("**/*", _give)
    opened.goto(SITE)
    opened.evaluate(GIVEN)
    yield opened
    opened.close()


def _give(route: Route) -> None:
    name = route.request.url.removeprefix(SITE).removeprefix("static/") or "index.html"
    if name == "studio.js":  # it would look for a run
        route.fulfill(body="", content_type="text/javascript")
    else:
        route.fulfill(path=STATIC / name)


def test_only_what_was_lost_is_a_loss(page: Page) -> None:
    lost = page.evaluate("""async () => {
      const { isLoss } = await import("/static/rates.js");
      const names = ["frames dropped", "frames late", "underruns", "frames lost", "ms dropped", "plates", "raindrops"];
      return names.filter(isLoss);
    }""")
    assert lost == ["frames dropped", "frames late", "underruns", "frames lost"]


def test_the_first_count_makes_room_and_leaves_the_focus_and_the_tip(page: Page) -> None:
    page.evaluate("""async () => {
      const [{ GraphView }, { Rates }, tip] = await Promise.all(
        ["graph", "rates", "tip"].map((name) => import(`/static/${name}.js`)));
      tip.startTips();
      window.rates = new Rates();
      window.graph = new GraphView(() => {});
      graph.take(run);
      graph.show(told({}), rates);
    }""")
    page.keyboard.press("Tab")
    page.evaluate("document.querySelector('#graph .node').focus({ focusVisible: true })")
    assert page.locator("#tip").is_visible()
    before = page.evaluate("document.activeElement.getBoundingClientRect().height")
    view = page.locator("#graph svg").get_attribute("viewBox")
    page.evaluate("graph.show(told({ plates: 3 }), rates)")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "count, count"
    assert page.locator("#tip").is_visible()
    assert page.evaluate("document.activeElement.getBoundingClientRect().height") > before * 1.1
    assert page.locator("#graph svg").get_attribute("viewBox") != view


def test_a_filter_holds_for_the_next_run_too(page: Page) -> None:
    page.evaluate("""async () => {
      const { Dials } = await import("/static/dials.js");
      window.dials = new Dials(null);
      dials.take(run);
    }""")
    page.locator("#filter").fill("pitch")
    rows = page.locator("#dials .row")
    assert [row.is_visible() for row in rows.all()] == [False, True] * 2
    page.evaluate("dials.take(run)")
    assert [row.is_visible() for row in rows.all()] == [False, True] * 2
    page.locator("#filter").press("Escape")
    assert [row.is_visible() for row in rows.all()] == [True] * 4


@pytest.mark.parametrize(("item", "sent"), [("str", ["1", "2"]), ("float", [1, 2])])
def test_a_list_is_sent_as_what_it_holds(page: Page, item: str, sent: list[object]) -> None:
    turned = page.evaluate(
        """async (item) => {
      const { textDial } = await import("/static/dial_text.js");
      let turned = null;
      const param = { kind: "list", item, optional: false };
      const { parts: [field] } = textDial({ param, id: "one", value: [], turn: (value) => (turned = value) });
      field.value = "1, 2";
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
      return turned;
    }""",
        item,
    )
    assert turned == sent
