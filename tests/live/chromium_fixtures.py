"""A real Chromium without a screen, driven by Playwright; what needs it is skipped where it is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserType, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
PLAYS_AT_ONCE = "--autoplay-policy=no-user-gesture-required"  # as OBS's browser source does


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own, closed at the end; the test is skipped where there is none."""
    if _program() is None:
        pytest.skip("no Chromium here: apt install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here: pip install playwright")
    with playwright.sync_playwright() as started, launched(started.chromium) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, *, plays_at_once: bool = True) -> Iterator[Browser]:
    """One more browser, of the kind of another (`browser.browser_type`); Playwright itself runs once in a thread."""
    switches = [*SWITCHES, PLAYS_AT_ONCE] if plays_at_once else list(SWITCHES)
    browser = kind.launch(executable_path=_program(), args=switches)
    try:
        yield browser
    finally:
        browser.close()


def _program() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def opened_page(browser: Browser, url: str, *, expected: str = "", **options: Any) -> Iterator[Page]:
    """A page in a context of its own (`options` are new_context's).

    An error on its console fails the test, unless it has the text that is `expected`.
    """
    context = browser.new_context(**options)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(url)
        yield page
    finally:
        context.close()
    assert [error for error in errors if not (expected and expected in error)] == []
