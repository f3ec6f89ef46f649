"""A run over places has the same studio; what another process sends cannot be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp import ClientSession

from graphcore.places.coordinator import Coordinator
from graphcore.places.process import OwnPlace, Reached
from graphcore.studio.pictures import Pictures
from graphcore.studio.studio import Studio
from parts import Blocks, Count, Endless, Sink
from served import PREVIEWS, Served, Voice, small_graph
from thread_places import ThreadRun

TYPES = {each.type_name: each for each in (Blocks, Count, Endless, Sink, Voice)}


class _Places(Coordinator):
    def reach(self, name: str) -> Reached:
        return OwnPlace(self._types, self.taps if name == "here" else None)


class Run(ThreadRun):
    """Its places are threads; only `here` counts as this process."""

    coordinator = _Places


@pytest.fixture
def placed() -> Iterator[Served]:
    """The voice is in another place, the blocks are here."""
    places = {"count": "here", "voice": "far", "sink": "far", "blocks": "here", "other": "far"}
    run = Run(small_graph(), places, TYPES, live=True)
    studio = Studio(run, PREVIEWS)
    studio.start()
    with studio:
        run.start()
        yield Served(run, studio)  # type: ignore[arg-type]
        run.stop()
        assert run.wait(5)


def test_dials_stats_and_interrupt_are_the_same(placed: Served) -> None:
    assert placed.put("gain", 1.0) == (200, {"value": 1.0})
    assert placed.put("gain", 2.0)[0] == 400
    assert placed.ask("POST", "/api/interrupt") == (200, {})
    while not placed.ask("GET", "/api/stats")[1]["nodes"].get("voice", {}).get("calls"):
        pass
    run = placed.ask("GET", "/api/run")[1]
    assert {node["name"]: node["place"] for node in run["nodes"]} == {
        "count": "here", "voice": "far", "sink": "far", "blocks": "here", "other": "far",
    }  # fmt: skip
    params = {param["name"]: param for param in run["nodes"][1]["params"]}
    assert params["gain"]["value"] == 1.0
    assert params["photo"]["live"] is False, "it would have to travel"


def test_what_another_process_sends_cannot_be_seen() -> None:
    everywhere = dict.fromkeys(small_graph().nodes, "far")
    assert not Pictures(Run(small_graph(), everywhere, TYPES), PREVIEWS).shows("blocks", "block")
    assert Pictures(Run(small_graph(), everywhere | {"blocks": "here"}, TYPES), PREVIEWS).shows("blocks", "block")


def test_what_is_here_can_be_seen(placed: Served) -> None:
    async def look() -> bytes:
        url = f"{placed.studio.url}api/pictures/blocks/block?width=50"
        async with ClientSession() as session, session.ws_connect(url) as socket:
            return await socket.receive_bytes(timeout=5)

    assert asyncio.run(look()) == b"100000 160"
