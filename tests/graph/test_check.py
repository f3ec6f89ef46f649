"""Every mistake of a graph, in one pass, each with its place, what was expected and the nearest name."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from graphcore import GraphError
from graphcore.graph.check import check
from graphcore.graph.load import load_text
from graphcore.graph.spec import DEFAULT_QUEUE, Graph
from graphcore.plugins import Registry

Checked = Callable[..., Graph]
Mistakes = Callable[..., list[str]]


def node(text: str) -> str:
    """A graph of a source, a follower's source, and this node `n` on line 4."""
    return f"nodes:\n  voice: {{type: speak, params: {{words: hi}}}}\n  eyes: {{type: looker}}\n  n: {text}\n"


def test_a_whole_graph(checked: Checked, talk: str, folder: Path) -> None:
    graph = checked(talk)
    assert list(graph.nodes) == ["voice", "eyes", "louder", "art", "movie"]
    assert (graph.frame_rate, graph.seed, graph.max_bytes) == (Fraction(25), 7, 512_000_000)
    assert graph.nodes["louder"].params == {"gain_db": 6.0}
    assert graph.nodes["voice"].params == {"words": "hello", "speed": None, "loops": False}
    assert graph.nodes["art"].params == {"photo": folder / "photo.png", "style": "oil", "size": (512, 512)}
    assert graph.nodes["movie"].params == {"path": folder / "out.mp4"}
    assert [str(link) for link in graph.links] == [
        "voice.sound -> louder.audio",
        "louder.scaled -> art.sound",
        "eyes.look -> art.look",
        "art.frames -> movie.picture",
    ]
    assert [link.align for link in graph.links] == ["exact", "exact", "interpolate", "exact"]
    assert not any(link.cut for link in graph.links)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed: 1\n", "g.yaml:1:1: a graph without `nodes`; expected `nodes:` with at least one node"),
        ("nodes:\n", "g.yaml:1:7: `nodes` is empty; expected a mapping of node names to nodes"),
        ("nodes: {}\n", "g.yaml:1:8: `nodes` is empty; expected a mapping of node names to nodes"),
        ("nodes: [a]\n", "g.yaml:1:8: `nodes` is a list; expected a mapping of node names to nodes"),
        (node("looker"), "g.yaml:4:6: node 'n' is 'looker'; expected {type: looker}"),
        (node("{params: {}}"), "g.yaml:4:3: node 'n' has no type; expected `type: ...`, as `graphcore nodes` lists"),
        (
            node("{type: loker}"),
            "g.yaml:4:13: unknown node type 'loker'; expected one of speak, looker, gain, mix, merge, painter, save,"
            " tap; did you mean 'looker'?",
        ),
        (node("{type: [a]}"), "g.yaml:4:13: unknown node type a list; expected one of"),
        (
            node("{type: looker, parms: {}}"),
            "g.yaml:4:21: unknown key of a node 'parms'; expected one of type, params, inputs, place;"
            " did you mean 'params'?",
        ),
        (node("{type: looker, params: 3}"), "g.yaml:4:29: `params` is 3; expected a mapping of names"),
        (node("{type: looker, place: [x]}"), "g.yaml:4:28: place is a list; expected the name of a place"),
        (node("{type: looker, params: {x: 3}}"), "g.yaml:4:30: unknown param of looker 'x'; expected none: it has no"),
        (node("{type: looker, inputs: {x: y}}"), "g.yaml:4:30: unknown input of looker 'x'; expected none: it has no"),
        (
            node("{type: speak}"),
            "g.yaml:4:3: n: param 'words' is missing; expected text; for example --set n.words=...",
        ),
        (
            node("{type: gain}"),
            "g.yaml:4:3: n: input 'audio' is not linked; expected an output that sends Sound;"
            " for example `inputs: {audio: voice.sound}`",
        ),
        (
            node("{type: gain, inputs: {audio: voice.sound}, params: {gain_db: 99}}"),
            "g.yaml:4:67: n.gain_db is 99; expected number from -60.0 to 24.0 (dB)",
        ),
        (
            node("{type: gain, inputs: {audio: voice.sound}, params: {gain_db: loud}}"),
            "g.yaml:4:67: n.gain_db is 'loud'; expected number from -60.0 to 24.0 (dB)",
        ),
        (
            node("{type: gain, inputs: {audio: voice.sound}, params: {gain_dB: 9}}"),
            "g.yaml:4:58: unknown param of gain 'gain_dB'; expected gain_db; did you mean 'gain_db'?",
        ),
        (
            node("{type: gain, inputs: {audio: voice.sound}, params: {gain_db: 1" + "0" * 400 + "}}"),
            "expected number from -60.0 to 24.0 (dB)",
        ),
        (node("{type: speak, params: {words: 12}}"), '4:36: n.words is 12; expected text; put it in quotes: "12"'),
        (node("{type: speak, params: {words: {a: 1}}}"), "g.yaml:4:36: n.words is a mapping; expected text"),
        (node("{type: speak, params: {words: }}"), "g.yaml:4:35: n.words is empty; expected text"),
        (
            node("{type: speak, params: {words: a, loops: yes}}"),
            "g.yaml:4:46: n.loops is 'yes'; expected true or false; did you mean true?",
        ),
        (
            node("{type: speak, params: {words: a, speed: 2.5}}"),
            "g.yaml:4:46: n.speed is 2.5; expected whole number from 1 to 9, or null",
        ),
        (node("{type: gain, inputs: {audio: }}"), "g.yaml:4:34: a link is empty; expected node.output"),
        (node("{type: gain, inputs: {audio: 1.5}}"), "g.yaml:4:35: a link is 1.5; expected node.output"),
        (node("{type: gain, inputs: {audio: [voice.sound]}}"), "g.yaml:4:35: a link is a list; expected node.output"),
        (
            node("{type: gain, inputs: {audio: voise.sound}}"),
            "g.yaml:4:35: unknown node 'voise'; expected one of voice, eyes, n; did you mean 'voice'?",
        ),
        (
            node("{type: gain, inputs: {audio: voice.sounds}}"),
            "g.yaml:4:35: unknown output of voice 'sounds'; expected sound; did you mean 'sound'?",
        ),
        (node("{type: gain, inputs: {audio: voice}}"), "4:35: 'voice' names no output; expected voice.sound"),
        (node("{type: gain, inputs: {audio: eyes}}"), "names no output; expected one of eyes.look, eyes.hum"),
        (
            node("{type: gain, inputs: {audio: eyes.look}}"),
            "g.yaml:4:35: eyes.look sends Look; expected Sound for n.audio; did you mean 'eyes.hum'?",
        ),
        (node("{type: save, params: {path: o}, inputs: {picture: n.x}}"), "n (save) has no outputs; expected a node"),
        (
            node("{type: gain, inputs: {audio: {align: exact}}}"),
            "4:35: n.audio: a link without `from`; expected `from:",
        ),
    ],
)
def test_one_mistake(mistakes: Mistakes, text: str, expected: str) -> None:
    found = mistakes(text)
    assert len(found) == 1, found
    assert expected in found[0]


def link(parts: str, target: str = "gain", port: str = "audio", source: str = "voice.sound") -> str:
    return "nodes:\n  voice: {type: speak, params: {words: hi}}\n  eyes: {type: looker}\n" + (
        f"  n:\n    type: {target}\n    inputs:\n      {port}: {{from: {source}, {parts}}}\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            link("form: x"),
            "unknown key of a link 'form'; expected one of from, align, tolerance_ms, queue, overflow; did",
        ),
        (link("align: hold"), "g.yaml:7:41: align of n.audio is 'hold'; expected one of exact, nearest"),
        (link("align: each"), "g.yaml:7:41: align of n.audio is 'each'; expected one of exact, nearest"),
        (link("align: nearst"), "'nearst'; expected one of exact, nearest; did you mean 'nearest'?"),
        (link("tolerance_ms: 5"), "tolerance_ms with align exact; it goes with `align: nearest`"),
        (link("align: nearest, tolerance_ms: -5"), "tolerance_ms is -5; expected number of 0 or more (ms)"),
        (link("align: nearest, tolerance_ms: 1" + "0" * 400), "expected number of 0 or more (ms)"),
        (link("align: nearest, tolerance_ms: .nan"), "tolerance_ms is .nan; expected number of 0 or more (ms)"),
        (link("queue: 0"), "queue is 0; expected whole number of 1 or more (packets)"),
        (link("queue: 2.5"), "queue is 2.5; expected whole number of 1 or more (packets)"),
        (link("queue: true"), "queue is true; expected whole number of 1 or more (packets)"),
        (link("overflow: drop"), "overflow is 'drop'; expected one of block, drop_oldest, drop_newest"),
    ],
)
def test_one_mistake_in_a_long_link(mistakes: Mistakes, text: str, expected: str) -> None:
    found = mistakes(text)
    assert len(found) == 1, found
    assert expected in found[0]


def test_what_an_author_chose_is_not_for_the_graph(mistakes: Mistakes) -> None:
    each = link("align: exact", "merge", "one") + "      other: eyes.hum\n"
    assert "expected none: this input takes every packet by itself" in mistakes(each)[0]
    painter = link("align: interpolate", "painter", "past", "eyes.look") + "      sound: voice.sound\n"
    windowed = mistakes(painter + "    params: {photo: photo.png}\n")
    assert windowed == ["g.yaml:7:38: align of n.past is 'interpolate'; expected hold"]


def test_a_long_link(checked: Checked) -> None:
    text = "frame_rate: 50\n" + link("align: nearest, tolerance_ms: 2.5, queue: 4, overflow: drop_oldest")
    one = checked(text).nodes["n"].links["audio"]
    assert (one.align, one.tolerance_ns, one.queue, one.overflow, one.cut) == (
        "nearest",
        2_500_000,
        4,
        "drop_oldest",
        True,
    )
    half_a_frame = checked("frame_rate: 50\n" + link("align: nearest")).nodes["n"].links["audio"]
    assert (half_a_frame.tolerance_ns, half_a_frame.queue, half_a_frame.cut) == (10_000_000, DEFAULT_QUEUE, False)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24", Fraction(24)),
        ("29.97", Fraction(2997, 100)),
        ("30000/1001", Fraction(30000, 1001)),
        ("'25/1'", Fraction(25)),
    ],
)
def test_frame_rates(checked: Checked, talk: str, text: str, rate: Fraction) -> None:
    assert checked(talk.replace("frame_rate: 25", f"frame_rate: {text}")).frame_rate == rate


@pytest.mark.parametrize(
    "text", ["0", "121", "-25", ".nan", ".inf", "true", "fast", "25/0", "1/2", "[25]", "25 fps", ""]
)
def test_frame_rates_that_are_none(mistakes: Mistakes, talk: str, text: str) -> None:
    [found] = mistakes(talk.replace("frame_rate: 25", f"frame_rate: {text}"))
    assert "frame_rate is " in found
    assert "expected number from 1 to 120 (frames a second), or a ratio such as 30000/1001" in found


@pytest.mark.parametrize(
    "line", ["seed: -1", "seed: 1.5", "seed: true", "seed: x", "max_mb: 0", "max_mb: .inf", "max_mb:"]
)
def test_top_level_values(mistakes: Mistakes, talk: str, line: str) -> None:
    [found] = mistakes(talk.replace("seed: 7", line))
    assert found.startswith(f"g.yaml:2:{line.index(':') + 2 + (' ' in line)}: {line.partition(':')[0]} is ")


@pytest.mark.parametrize(
    ("name", "fix"), [("my-voice", "my_voice"), ("a.b", "a_b"), ("2nd", "_2nd"), ("'a b'", "a_b"), ("é-è", "é_è")]
)
def test_node_names(mistakes: Mistakes, name: str, fix: str) -> None:
    [found] = mistakes(f"nodes:\n  {name}: {{type: looker}}\n")
    assert found.startswith(
        f"g.yaml:2:3: a node cannot be named {name.strip(chr(39))!r}; expected letters, digits and _"
    )
    assert found.endswith(f"did you mean {fix!r}?")


def test_a_name_must_not_be_empty(mistakes: Mistakes) -> None:
    assert mistakes("nodes:\n  '': {type: looker}\n")[0] == "g.yaml:2:3: a key is ''; expected a name"


def test_all_mistakes_at_once_in_the_order_of_the_file(mistakes: Mistakes) -> None:
    text = """\
framerate: 25
seed: -3
nodes:
  voice: {type: speek, params: {words: hi}}
  eyes: {type: looker, colour: blue}
  eyes: {type: looker}
  loud:
    type: gain
    inputs: {audoi: voice.sound}
    params: {gain_db: 99}
  art: {type: painter, inputs: {sound: nobody.sound, look: eyes.hum}, params: {photo: phto.png, style: oyl}}
"""
    found = mistakes(text, voice__words="x", lound__gain_db="3")
    assert [one.split(";")[0] for one in found] == [
        "g.yaml:1:1: unknown key of a graph 'framerate'",
        "g.yaml:2:7: seed is -3",
        "g.yaml:4:17: unknown node type 'speek'",
        "g.yaml:5:24: unknown key of a node 'colour'",
        "g.yaml:6:3: key 'eyes' stands twice",
        "g.yaml:7:3: loud: input 'audio' is not linked",
        "g.yaml:9:14: unknown input of gain 'audoi'",
        "g.yaml:10:23: loud.gain_db is 99",
        "g.yaml:11:40: unknown node 'nobody'",
        "g.yaml:11:60: eyes.hum sends Sound",
        f"g.yaml:11:87: art.photo: there is no file {Path.cwd() / 'phto.png'}",
        "g.yaml:11:104: art.style is 'oyl'",
        "--set lound.gain_db=3: unknown node 'lound'",
    ]


def test_cycles_are_listed_each(mistakes: Mistakes) -> None:
    text = """\
nodes:
  a: {type: mix, inputs: {first: b.mixed, second: c.mixed}}
  b: {type: mix, inputs: {first: a.mixed}}
  c: {type: gain, inputs: {audio: b.mixed}}
  d: {type: gain, inputs: {audio: d.scaled}}
""".replace("c.mixed", "c.scaled")
    assert mistakes(text) == [
        "g.yaml:2:34: a cycle: a -> b -> a; expected links that lead onwards only; remove one of its links",
        "g.yaml:2:51: a cycle: a -> b -> c -> a; expected links that lead onwards only; remove one of its links",
        "g.yaml:5:35: a cycle: d -> d; expected links that lead onwards only; remove one of its links",
    ]


def test_a_dense_graph_does_not_list_every_cycle(mistakes: Mistakes) -> None:
    lines = [
        f"  n{i}: {{type: mix, inputs: {{first: n{(i + 1) % 40}.mixed, second: n{(i + 7) % 40}.mixed}}}}"
        for i in range(40)
    ]
    assert 0 < len(mistakes("nodes:\n" + "\n".join(lines))) <= 10


def test_a_plugin_that_failed_is_named(registry: Registry) -> None:
    registry.failures.append("plugin blur (blur_nodes): ModuleNotFoundError: No module named 'scipy'")
    with pytest.raises(GraphError, match=r"plugin that failed: plugin blur .*No module named 'scipy'"):
        check(load_text("nodes:\n  a: {type: blur}\n"), registry)
