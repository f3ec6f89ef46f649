"""What the doctor says of OBS."""

from __future__ import annotations

import socket

import pytest

from avatar_nodes.obs_doctor import findings


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_where_obs_answers_it_runs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as obs:
        running, free = findings(obs.getsockname()[1], free_port())
    assert (running.state, free.state) == ("ok", "ok")
    assert "runs" in running.what


def test_without_obs_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = findings(free_port(), free_port())[0]
    assert found.state == "warn"
    assert "obs-studio" in found.fix


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = findings(free_port(), port)[1]
    assert found.state == "warn"
    assert str(port) in found.what
    assert str(port + 1) in found.fix
