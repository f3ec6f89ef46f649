from __future__ import annotations

import itertools

import pytest

from avatar_nodes.control.distance_controller import EASE_NS, DistanceController, _eased
from avatar_nodes.payloads import HeadDistance
from graphcore import ParamError
from graphcore.testing import run_node


def test_it_holds_its_distance_from_the_first_frame_on() -> None:
    packets = run_node(DistanceController, params={"factor": 0.8}, until_ns=400_000_000).outputs["distance"]
    assert [packet.timestamp for packet in packets[:3]] == [0, 40_000_000, 80_000_000]
    assert {packet.payload.distance for packet in packets} == {0.8}


def test_a_change_eases_in() -> None:
    way = [_eased(1.0, 0.5, ns) for ns in range(0, EASE_NS + 1, EASE_NS // 25)]
    assert (way[0], way[-1]) == (1.0, 0.5)
    assert way == sorted(way, reverse=True)
    assert max(a - b for a, b in itertools.pairwise(way)) < 0.05


def test_between_two_distances() -> None:
    assert HeadDistance(1.0).between(HeadDistance(2.0), 0.25).distance == 1.25


@pytest.mark.parametrize("factor", [0.4, 2.1, "near"])
def test_what_does_not_fit_is_refused(factor: object) -> None:
    with pytest.raises(ParamError):
        run_node(DistanceController, params={"factor": factor}, until_ns=0)
