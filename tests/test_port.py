"""What a node may declare, and what its params take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphcore import DeclarationError, Input, Node, Output, Param, ParamError, payload
from parts import Number, Scale


@payload
class Label:
    """A payload that has nothing between two."""

    text: str


class Sub(Number):
    """A subclass of a payload, without @payload."""


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"payload": int}, r"Input\(<class 'int'>\): expected a class made by @payload"),
        ({"payload": Sub}, "expected a class made by @payload"),
        ({"payload": Number(1.0)}, "expected a class made by @payload"),
        ({"align": "hold"}, "align='hold': a driver is one of exact, nearest, each"),
        ({"follows": True, "align": "each"}, "align='each': a follower is one of hold, interpolate"),
        ({"payload": Label, "follows": True, "align": "interpolate"}, r"Label has no between\(other, weight\)"),
        ({"window_ms": 0}, "window_ms=0: expected more than 0"),
        ({"window_ms": -5.0}, "window_ms=-5.0: expected more than 0"),
        ({"window_ms": 5, "align": "each"}, "and no align='each'"),
        ({"window_ms": 5, "align": "interpolate", "follows": True}, "and no align='interpolate'"),
    ],
)
def test_an_input_that_cannot_be_is_refused(keys: dict[str, Any], text: str) -> None:
    with pytest.raises(DeclarationError, match=text):
        Input(**{"payload": Number, **keys})


@pytest.mark.parametrize(
    ("keys", "align", "required"),
    [
        ({}, "exact", True),
        ({"default": None}, "exact", False),
        ({"window_ms": 5}, "exact", True),
        ({"align": "each"}, "each", True),
        ({"follows": True}, "hold", True),
        ({"follows": True, "default": Number(1.0)}, "hold", False),
        ({"follows": True, "window_ms": 5}, "hold", False),
        ({"follows": True, "align": "interpolate"}, "interpolate", True),
    ],
)
def test_an_input_is_required_unless_it_has_a_default_or_an_empty_window(
    keys: dict[str, Any], align: str, required: bool
) -> None:
    port = Input(Number, **keys)
    assert (port.align, port.required) == (align, required)


def test_an_output_that_cannot_be_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Output\('x'\): expected a class made by @payload"):
        Output("x")  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match=r"delay_ms=-1: expected 0 or more"):
        Output(Number, delay_ms=-1)


def test_an_output_of_a_node_that_does_not_run_cannot_send() -> None:
    with pytest.raises(DeclarationError, match=r"Scale\.scaled: sent outside of a run; use testing\.run_node"):
        Scale().scaled.send(Number(1.0))


def test_params_of_a_node_that_does_not_run_are_their_defaults() -> None:
    class Reads(Node):
        """Has a param with a default, and one without."""

        speed = Param(1.5)
        words = Param(type=str)

    assert Reads().speed == 1.5
    with pytest.raises(DeclarationError, match=r"Reads\.words: read before the node was given its params"):
        _ = Reads().words


ACCEPTED: list[tuple[Param[Any], object, object]] = [
    (Param(0.5), 1, 1.0),
    (Param(3), 4, 4),
    (Param(False), True, True),
    (Param("a"), "", ""),
    (Param(type=str), "no", "no"),
    (Param((1, 2)), [3], (3,)),
    (Param((1, 2)), (), ()),
    (Param((1.0, 2.0)), [1, 2.5], (1.0, 2.5)),
    (Param[str | None](None), None, None),
    (Param[str | None](None), "x", "x"),
    (Param[int | None](3, ge=1), None, None),
    (Param[tuple[str, ...]](()), ["a"], ("a",)),
    (Param("a", choices=("a", "b")), "b", "b"),
    (Param(0.0, ge=-1, le=1), -1, -1.0),
    (Param(0.0, ge=-1, le=1), 1, 1.0),
    (Param.file_in(), "a.png", Path("a.png")),
    (Param.file_out(), Path("a.mp4"), Path("a.mp4")),
]


@pytest.mark.parametrize(("param", "value", "expected"), ACCEPTED)
def test_a_value_is_accepted_as_the_params_type(param: Param[Any], value: object, expected: object) -> None:
    made = param.accept(value)
    assert made == expected
    assert type(made) is type(expected)
    if isinstance(made, tuple):
        assert [type(part) for part in made] == [type(part) for part in expected]  # type: ignore[attr-defined]


REFUSED: list[tuple[Param[Any], object, str]] = [
    (Param(0.5), "1", "'1', expected number"),
    (Param(0.5), True, "True, expected number"),
    (Param(0.5), float("nan"), "nan, expected number"),
    (Param(0.5), float("inf"), "inf, expected number"),
    (Param(0.5), 10**400, "0, expected number"),
    (Param(0.5), None, "None, expected number"),
    (Param(3), 3.0, "3.0, expected whole number"),
    (Param(3), True, "True, expected whole number"),
    (Param(False), 1, "1, expected true or false"),
    (Param(False), "yes", "'yes', expected true or false"),
    (Param("a"), 5, "5, expected text"),
    (Param((1, 2)), 3, "3, expected list of whole numbers"),
    (Param((1, 2)), "12", "'12', expected list of whole numbers"),
    (Param((1, 2)), [1, "2"], "expected list of whole numbers"),
    (Param((1, 2)), [1, None], "expected list of whole numbers"),
    (Param((1.0,), le=2), [1, 2.5], r"2\.5, expected list of numbers of 2 or less"),
    (Param("a", choices=("a", "b")), "c", "'c', expected one of a, b"),
    (Param[str | None]("a", choices=("a", "b")), "c", "'c', expected one of a, b, or null"),
    (Param(0.0, ge=-60.0, le=24.0, unit="dB"), 24.5, r"24\.5, expected number from -60\.0 to 24\.0 \(dB\)"),
    (Param(1, ge=1), 0, "0, expected whole number of 1 or more"),
    (Param(1, le=1), 2, "2, expected whole number of 1 or less"),
    (Param[int | None](None, ge=1), 0, "0, expected whole number of 1 or more, or null"),
    (Param.file_in(), "", "'', expected file path"),
    (Param.file_in(), 5, "5, expected file path"),
]


@pytest.mark.parametrize(("param", "value", "text"), REFUSED)
def test_a_value_that_does_not_fit_is_refused_with_what_was_expected(
    param: Param[Any], value: object, text: str
) -> None:
    with pytest.raises(ParamError, match=f"{text}$"):
        param.accept(value)


def test_file_params_are_paths_and_may_have_defaults() -> None:
    assert (Param.file_in().file, Param.file_in().required, Param.file_in().type) == ("in", True, Path)
    assert (Param.file_out("a/b.wav").file, Param.file_out("a/b.wav").default) == ("out", Path("a/b.wav"))


@pytest.mark.parametrize(
    ("param", "text"),
    [
        (Param(0.5, ge=1.0), r"Bad\.it: its default 0\.5, expected number of 1\.0 or more"),
        (Param(3, choices=(1, 2)), r"Bad\.it: its default 3, expected one of 1, 2"),
        (Param((1, 9), le=5), r"Bad\.it: its default 9, expected list of whole numbers of 5 or less"),
        (Param("x", type=int), r"Bad\.it: its default 'x', expected whole number"),  # type: ignore[arg-type]
        (Param[int](None), r"Bad\.it: its default None, expected whole number"),  # type: ignore[arg-type]
        (Param([1, 2], type=tuple[int, ...]), r"Bad\.it: its default \[1, 2\] is not of type"),  # type: ignore[arg-type]
        (Param[int | str](3), r"it: a param cannot be of type int \| str"),
        (Param[int | str | None](None), "a param cannot be of type"),
        (Param(None), "a param cannot be of type <class 'NoneType'>"),
        (Param(()), "a param cannot be of type <class 'tuple'>"),
        (Param({"a": 1}), "a param cannot be of type <class 'dict'>"),
        (Param[dict[str, int]]({}), "a param cannot be of type dict"),
        (Param[tuple[int, str]]((1, "a")), "a param cannot be of type tuple"),
        (Param(type=list), "a param cannot be of type <class 'list'>"),
        (Param[tuple[dict[str, int], ...]](()), "a param cannot be of type tuple"),
    ],
)
def test_a_param_that_no_graph_could_use_is_refused_where_its_node_is_made(param: Param[Any], text: str) -> None:
    with pytest.raises(DeclarationError, match=text):
        type("Bad", (Node,), {"it": param})
