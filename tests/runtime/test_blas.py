"""BLAS has one thread while graphs run, and is as it was afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from graphcore import Run, RunError
from parts import Count, Fail, Gate, Sink, Slow, graph, node


class GateA(Gate):
    """A gate of the first run."""

    opened = threading.Event()
    entered = threading.Event()


class GateB(Gate):
    """A gate of the second run."""

    opened = threading.Event()
    entered = threading.Event()


def blas_threads() -> int:
    """The most threads that a BLAS library of this process has; one of OpenCV's can only have one."""
    from threadpoolctl import threadpool_info

    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


@pytest.fixture
def two_blas_threads() -> Iterator[None]:
    """BLAS with two threads, on any machine; any thread may change that."""
    from threadpoolctl import OpenBLASController, threadpool_limits

    limits = threadpool_limits(2, user_api="blas")
    OpenBLASController.clear_controlling_thread()
    yield
    limits.restore_original_limits()
    OpenBLASController.clear_controlling_thread()


@pytest.mark.usefixtures("two_blas_threads")
def test_runs_side_by_side_hold_blas_to_one_thread_until_the_last_has_ended() -> None:
    assert blas_threads() == 2
    runs = []
    for gate in (GateA, GateB):
        gate.opened.clear()
        gate.entered.clear()
        runs.append(Run(graph(node("count", Count), node("gate", gate, {"number": "count.number"}))))
        runs[-1].start()
        assert gate.entered.wait(10)
        assert blas_threads() == 1
    GateA.opened.set()
    assert runs[0].wait(10)
    assert blas_threads() == 1
    GateB.opened.set()
    assert runs[1].wait(10)
    assert blas_threads() == 2


class Apart(Sink):
    """Opens and closes on a thread of its own."""

    own_thread = True


@pytest.mark.usefixtures("two_blas_threads", "restless_threads")
def test_blas_is_as_it_was_whichever_thread_ends_last() -> None:
    for _ in range(50):
        made = graph(
            node("count", Count),
            node("slow", Slow, {"number": "count.number"}),
            node("one", Apart, {"number": "slow.scaled"}),
            node("two", Apart, {"number": "slow.scaled"}),
        )
        Run(made).run()
        assert blas_threads() == 2


@pytest.mark.usefixtures("two_blas_threads")
@pytest.mark.parametrize("kind", ["open", "bug", "close"])
@pytest.mark.parametrize("threads", [None, 1])
def test_a_run_that_fails_leaves_blas_as_it_was(kind: str, threads: int | None) -> None:
    made = graph(
        node("count", Count),
        node("slow", Slow, {"number": "count.number"}),
        node("fail", Fail, {"number": "slow.scaled"}, kind=kind),
    )
    with pytest.raises(RunError, match="fail"):
        Run(made, threads=threads).run()
    assert blas_threads() == 2
