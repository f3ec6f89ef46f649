"""What a person sees while a graph runs: a bar, or with `--watch` a table of nodes and links. On stderr."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column, Table

if TYPE_CHECKING:
    from graphcore.places.placed_run import PlacedRun
    from graphcore.runtime.run import Run

REFRESH_PER_S = 8


class Display:
    """Shows a run; notices of its nodes are printed above as they come."""

    def __init__(self, run: Run | PlacedRun, *, watch: bool) -> None:
        self._run = run
        self._watch = watch
        self._console = Console(stderr=True)
        if not self._console.is_terminal:
            self._console.width = 200  # in a file or a pipe no table is squeezed
        self._printed = 0
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[position]}"),
            console=self._console,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("preparing", total=None, position="")
        self._live = Live(self._render(), console=self._console, refresh_per_second=REFRESH_PER_S, transient=not watch)

    def __enter__(self) -> Display:
        if self._shown:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._print_notices()
        if self._shown:
            self._live.stop()
            if not self._console.is_terminal:
                self._console.line()  # rich ends the last line only on a terminal

    def update(self) -> None:
        """Show where the run is."""
        self._print_notices()
        if not self._shown:
            return
        position, expected = self._run.position_ns / 1e9, self._run.expected_ns
        total = None if expected is None else max(expected / 1e9, position)
        text = f"{position:.1f} s" + ("" if total is None else f" of {total:.1f} s")
        what = "running" if self._run.opened else "preparing"
        self._bar.update(self._task, description=what, completed=position, total=total, position=text)
        self._live.update(self._render())

    def say(self, text: str) -> None:
        """Tell the person who watches."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @property
    def _shown(self) -> bool:
        return sys.stderr.isatty() or self._watch

    def _print_notices(self) -> None:
        for notice in self._run.notices[self._printed :]:
            self.say(f"note: {notice}")
            self._printed += 1

    def _render(self) -> RenderableType:
        return Group(*stats_tables(self._run.stats()), self._bar) if self._watch else self._bar


def stats_tables(stats: dict[str, Any]) -> list[Table]:
    """The counters of a run as tables: nodes and links, and its places where it has several."""
    places = stats.get("places", {})
    nodes = _table(
        "node",
        "type",
        *(["place"] if places else []),
        "chain",
        "calls",
        "p50 ms",
        "p99 ms",
        "total ms",
        "latency p50 ms",
        "latency p99 ms",
        "late",
        "unmatched",
    )
    for name, node in stats["nodes"].items():
        late = sum(output["late"] for output in node["outputs"].values())
        nodes.add_row(
            name,
            node["type"],
            *([node["place"]] if places else []),
            str(node["chain"]),
            str(node["calls"]),
            _ms(node["p50_us"]),
            _ms(node["p99_us"]),
            f"{node['total_ms']:.1f}",
            _ms(node["latency_p50_us"]),
            _ms(node["latency_p99_us"]),
            str(late),
            str(node["unmatched"]),
        )
    links = _table("link", "packets", "depth", "most", "grown", "dropped", "MB", *(["hop ms"] if places else []))
    for link in stats["links"]:
        counts = [str(link[key]) for key in ("packets", "depth", "max_depth", "grown", "dropped")]
        hop = [_ms(link.get("hop_p50_us"))] if places else []
        links.add_row(link["link"] + _way(link), *counts, f"{link['bytes'] / 1e6:.1f}", *hop)
    seconds = max(stats.get("wall_s", 0.0) - stats.get("open_s", 0.0), 1e-3)
    return [nodes, links, _places(places, seconds)] if places else [nodes, links]


def _way(link: dict[str, Any]) -> str:
    """What is special about a link: fused, or from one place to another."""
    if link["fused"]:
        return " (fused)"
    there = link.get("to")
    return "" if there is None or there == link["from"] else f" ({link['from']} to {there})"


def _places(places: dict[str, Any], seconds: float) -> Table:
    table = _table(
        "place", "pid", "away ms", "sends to", "MB", "MB/s", "through shared memory", "by value", "ring MB", "resent"
    )
    for name, place in places.items():
        for index, peer in enumerate(place["peers"] or [{}]):
            head = (name, str(place.get("pid") or ""), _ms(place.get("round_trip_us"))) if index == 0 else ("", "", "")
            large = [str(peer.get(key, "")) for key in ("through_ring", "by_value")]
            sent, ring = (peer.get(key, 0) / 1e6 for key in ("bytes", "ring_bytes"))
            sizes = (f"{sent:.1f}", f"{sent / seconds:.1f}")
            table.add_row(*head, peer.get("peer", ""), *sizes, *large, f"{ring:.1f}", str(peer.get("resent", "")))
    return table


def _table(*columns: str) -> Table:
    """On a narrow terminal names are folded, never cut off."""
    return Table(*(Column(name, overflow="fold") for name in columns), box=None, pad_edge=False)


def _ms(microseconds: float | None) -> str:
    return "" if microseconds is None else f"{microseconds / 1e3:.3f}"
