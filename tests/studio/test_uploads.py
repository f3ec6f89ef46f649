"""Files from a browser: names that are harmless, sizes that are bounded, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcore.studio.uploads import MAX_NAME, UploadError, Uploads, clean_name


@pytest.fixture
def kept() -> Iterator[Uploads]:
    """An empty folder of uploads."""
    made = Uploads()
    yield made
    made.close()


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    """A body as it comes."""
    for content in contents:
        yield content


def take(kept: Uploads, name: str, *contents: bytes) -> str:
    """Send a file."""
    return asyncio.run(kept.take(name, pieces(*contents)))


def test_a_file_that_comes_again_takes_the_place_of_the_first(kept: Uploads) -> None:
    assert take(kept, "me.jpg", b"a ", b"photo") == "me.jpg"
    path = kept.path("me.jpg")
    assert path is not None
    assert path.read_bytes() == b"a photo"
    assert take(kept, "me.jpg", b"another") == "me.jpg"
    assert path.read_bytes() == b"another"
    assert kept.names == ["me.jpg"]
    assert kept.name_of(path) == "me.jpg"
    assert kept.name_of(Path("/etc/passwd")) is None


def test_what_breaks_off_leaves_nothing(kept: Uploads) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(kept.take("me.jpg", broken()))
    assert (kept.names, kept.path("me.jpg"), list(kept._home().iterdir())) == ([], None, [])


def test_sizes_are_bounded() -> None:
    kept = Uploads(max_file=10, max_all=25)
    with pytest.raises(UploadError, match="one is larger than"):
        take(kept, "one", b"x" * 6, b"x" * 6)
    for name in ("one", "two"):
        take(kept, name, b"x" * 10)
    with pytest.raises(UploadError, match="all files together"):
        take(kept, "three", b"x" * 6)
    take(kept, "one", b"x" * 10)
    take(kept, "three", b"x" * 5)
    assert kept.names == ["one", "two", "three"]
    assert len(list(kept._home().iterdir())) == 3
    kept.close()


def test_nothing_is_left_at_the_end() -> None:
    kept = Uploads()
    take(kept, "me.jpg", b"x")
    path = kept.path("me.jpg")
    assert path is not None
    kept.close()
    assert not path.parent.exists()
    Uploads().close()


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("me.jpg", "me.jpg"),
        ("my face (1).JPG", "my_face_1_.JPG"),
        ("C:\\photos\\me.jpg", "me.jpg"),
        ("../../etc/passwd", "passwd"),
        (".bashrc", "bashrc"),
        ("--output", "output"),
        ("müller.png", "m_ller.png"),
        ("x" * 300 + ".avatar", "x" * 93 + ".avatar"),
    ],
)
def test_names_are_cleaned(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@given(st.text())
def test_a_clean_name_is_harmless_and_stays_as_it_is(name: str) -> None:
    try:
        clean = clean_name(name)
    except UploadError:
        return
    assert Path(clean).name == clean
    assert clean.isascii()
    assert not clean.startswith((".", "-"))
    assert 0 < len(clean) <= MAX_NAME
    assert clean_name(clean) == clean
