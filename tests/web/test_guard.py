"""How fast may be asked, and what only this machine can reach."""

from __future__ import annotations

import pytest

from graphcore.web.guard import Bucket, is_loopback


def test_some_pass_at_once_and_the_rest_in_step() -> None:
    now = 0.0
    bucket = Bucket(10.0, 2.0, lambda: now)
    assert [bucket.take() for _ in range(4)] == pytest.approx([0.0, 0.0, 0.1, 0.2])
    now = 10.0
    assert [bucket.take() for _ in range(3)] == pytest.approx([0.0, 0.0, 0.1])


@pytest.mark.parametrize(
    ("host", "only_here"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.1.2", False),
        ("example.org", False),
    ],
)
def test_what_only_this_machine_reaches(host: str, only_here: bool) -> None:
    assert is_loopback(host) == only_here
