"""The loader is strict: it says where, it never raises anything but GraphError."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphcore import GraphError, Mistake
from graphcore.graph.load import MAX_BYTES, MAX_DEPTH, load, load_text, parse_list, scalar
from graphcore.graph.spec import GraphSpec, Value


def first_mistake(text: str) -> str:
    with pytest.raises(GraphError) as caught:
        load_text(text, "g.yaml")
    return str(caught.value.mistakes[0])


def value_of(text: str) -> Value:
    return load_text(f"key: {text}\n").root.value["key"].value


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1e-3", 0.001), ("-.5", -0.5), ("12", 12), ("0o17", 15), ("0x1F", 31), ("007", 7), ("+1.", 1.0),
        (".inf", math.inf), ("-.INF", -math.inf), ("true", True), ("FALSE", False), ("~", None), ("", None),
        ("Null", None), ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("tRUE", "tRUE"),
        ("12:30", "12:30"), ("2001-01-01", "2001-01-01"), ("1_000", "1_000"), ("0b11", "0b11"), ("=", "="),
        ("1e", "1e"), (".", "."), ("30000/1001", "30000/1001"), ("'12'", "12"), ('"true"', "true"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, meaning: object) -> None:
    found = value_of(text).value
    assert found == meaning
    assert type(found) is type(meaning)


def test_not_a_number() -> None:
    assert math.isnan(scalar(".nan"))


def test_every_value_knows_its_place() -> None:
    root = load_text("a: 1\nb:\n  - x\n  - {c: 'd'}\n", "g.yaml").root
    assert (root.line, root.column) == (1, 1)
    key, items = root.value["b"].key, root.value["b"].value.value
    assert (key.line, key.column, key.text) == (2, 1, "b")
    inner = items[1].value["c"].value
    assert (inner.file, inner.line, inner.column, inner.value) == ("g.yaml", 4, 9, "d")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "g.yaml:1:1: the file is empty; expected a mapping with `nodes:`"),
        ("# only a comment\n", "g.yaml:1:1: the file is empty"),
        ("- a\n", "g.yaml:1:1: the graph is a list; expected a mapping"),
        ("\n hello\n", "g.yaml:2:2: the graph is 'hello'; expected a mapping"),
        ("a: [1\n", "g.yaml:2:1: not YAML: expected ',' or ']'"),
        ("a: b: c\n", "g.yaml:1:5: not YAML: mapping values are not allowed here; put a text with ': ' in quotes"),
        ("a:\n\tb: 1\n", "g.yaml:2:1: not YAML: found character '\\t' that cannot start any token; indent with spaces"),
        ('a: "x\n', "g.yaml:2:1: not YAML: found unexpected end of stream"),
        ("a: x\0y\n", "g.yaml:1:5: not YAML: a character that must not stand in a text (U+0000)"),
        ('a: "\\UFFFFFFFF"\n', "not YAML: a number or an escape is out of range"),
        ("%YAML 3.0\n---\na: 1\n", "g.yaml:1:1: not YAML: found incompatible YAML document"),
        ("x: " + "[" * (MAX_DEPTH + 5), f"nested too deeply; expected at most {MAX_DEPTH} levels"),
        ("a: " + "x" * MAX_BYTES, "the text is too large for a graph; expected at most 1,000,000 characters"),
    ],
)
def test_broken_text_is_one_clear_mistake(text: str, expected: str) -> None:
    assert expected in first_mistake(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "g.yaml:3:1: key 'a' stands twice; the first is on line 1"),
        ("a: {b: 1, b: 2}\n", "g.yaml:1:11: key 'b' stands twice; the first is on line 1"),
        ("a: &x 1\n", "g.yaml:1:4: &x: a graph has no anchors and aliases; write the value out"),
        ("a: *x\n", "g.yaml:1:4: *x: a graph has no anchors and aliases; write the value out"),
        ("a: !!str 1\n", "g.yaml:1:4: !!str: a graph has no tags; expected a plain value"),
        ("a: !!python/object/apply:os.system [ls]\n", "g.yaml:1:4: !!python/object/apply:os.system: a graph has no"),
        ("[a]: 1\n", "g.yaml:1:1: a key is a list; expected a name"),
        ("? \n: 1\n", "g.yaml:1:2: a key is empty; expected a name"),
        ("a: 1\n---\nb: 2\n", "g.yaml:2:1: a second document in one file; expected one graph; remove the line `---`"),
        ("a: " + "9" * 5000, "g.yaml:1:4: a number with too many digits"),
        ('a: "\\uD800"\n', "g.yaml:1:4: an escape that is no character (a lone surrogate)"),
    ],
)
def test_what_can_be_read_past_is_kept_for_the_check(text: str, expected: str) -> None:
    spec = load_text(text, "g.yaml")
    assert [str(one).startswith(expected) for one in spec.mistakes] == [True], spec.mistakes


def test_a_bomb_of_aliases_stays_small() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    spec = load_text("\n".join(lines))
    assert len(spec.mistakes) == 30 + 29 * 9


def mistakes_of(read: Callable[[], GraphSpec | Value]) -> list[Mistake]:
    """What is wrong, whether it could be read past or not; any other error fails the test."""
    try:
        found = read()
    except GraphError as error:
        return error.mistakes
    return found.mistakes if isinstance(found, GraphSpec) else []


@given(st.text())
@example("a: 0x")
@example("\ud800")
@example("? \n")
@example("\x85a: |\n")
def test_random_text_raises_nothing_but_graph_error(text: str) -> None:
    assert all(one.file == "g.yaml" and one.what for one in mistakes_of(lambda: load_text(text, "g.yaml")))


@given(st.text(alphabet="ab01:-?[]{},&*!|>'\"%@` \n\t#~.\\xuU", max_size=60))
def test_random_yaml_like_text_raises_nothing_but_graph_error(text: str) -> None:
    assert all(one.line >= 1 and one.column >= 1 for one in mistakes_of(lambda: load_text(text)))


@given(st.binary(max_size=60))
def test_random_bytes_raise_nothing_but_graph_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "random.yaml"
    path.write_bytes(content)
    assert all(one.file == str(path) for one in mistakes_of(lambda: load(path)))


@given(st.text(max_size=30))
def test_random_text_of_set_raises_nothing_but_graph_error(text: str) -> None:
    assert all(one.file == "--set" for one in mistakes_of(lambda: parse_list(text, "--set")))


def test_a_file_that_is_not_utf_8(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes("a: 1\nb: h\xf6\n".encode("latin-1"))
    with pytest.raises(GraphError, match=r"^latin.yaml:2:5: the file is not UTF-8 text; save it as UTF-8$"):
        load("latin.yaml")


def test_a_byte_order_mark_is_no_character(folder: Path) -> None:
    (folder / "g.yaml").write_bytes(b"\xef\xbb\xbfnodes: 1\n")
    assert list(load("g.yaml").root.value) == ["nodes"]


def test_a_file_that_is_too_large(folder: Path) -> None:
    (folder / "g.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(GraphError, match=r"^g.yaml: the file is too large for a graph; expected at most 1,000,000 b"):
        load("g.yaml")


def test_a_missing_file_names_the_nearest(folder: Path) -> None:
    (folder / "talk_to_me.yaml").write_text("nodes: {}")
    with pytest.raises(GraphError, match=r"^talk_to_mee.yaml: there is no such file; .*did you mean 'talk_to_me.yaml'"):
        load("talk_to_mee.yaml")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "", "no/such/folder/g.yaml"])
def test_names_that_no_file_can_have(name: str) -> None:
    with pytest.raises(GraphError):
        load(name)


def test_a_folder_is_no_graph(folder: Path) -> None:
    (folder / "here").mkdir()
    with pytest.raises(GraphError, match=r"^here: is a folder; expected a graph file"):
        load("here")
