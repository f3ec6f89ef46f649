"""Files inside installed packages, and the graphs that come with graphcore."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from graphcore.graph.files import FileMistake, find_graph, find_input, packaged_graphs, shown


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package whose import fails, beside a secret."""
    root = tmp_path / "site" / "some_photos"
    root.mkdir(parents=True)
    (root / "__init__.py").write_text("raise RuntimeError('imported')")
    (root / "face.png").write_bytes(b"face")
    (tmp_path / "site" / "secret.txt").write_text("secret")
    (tmp_path / "site" / "one_file.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return root


def test_a_file_in_a_package_is_found_without_importing_it(package: Path) -> None:
    assert find_input(Path("package:some_photos/face.png"), Path("anywhere")) == package / "face.png"
    assert "some_photos" not in sys.modules


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("package:some_photos/../secret.txt", "names no file in a package"),
        ("package:some_photos//etc/passwd", "there is no file"),
        ("package:some_photos", "names no file in a package"),
        ("package:some_photos/", "names no file in a package"),
        ("package:some_photos.inner/face.png", "names no file in a package"),
        ("package:../face.png", "names no file in a package"),
        ("package:no_such_package_here/face.png", "there is no installed package 'no_such_package_here'"),
        ("package:one_file/face.png", "there is no installed package 'one_file'"),
        ("package:__main__/face.png", "there is no installed package '__main__'"),
        ("package:some_photos/fase.png", "there is no file"),
    ],
)
def test_what_names_no_file_in_a_package(package: Path, named: str, expected: str) -> None:
    with pytest.raises(FileMistake, match=expected.replace("(", r"\(")) as caught:
        find_input(Path(named), Path.cwd())
    if "fase" in named:
        assert caught.value.fix == "did you mean 'face.png'?"


def test_an_existing_file_goes_before_a_packaged_graph(folder: Path) -> None:
    for name, path in packaged_graphs().items():
        assert find_graph(name) == find_graph(f"{name}.yaml") == find_graph(f"graphs/{name}.yaml") == path
        (folder / f"{name}.yaml").write_text("nodes: {}")
        assert find_graph(f"{name}.yaml") == Path(f"{name}.yaml")


def test_paths_are_shown_relative_where_they_are_inside(folder: Path) -> None:
    assert shown(folder / "a" / "b.yaml") == "a/b.yaml"
    assert shown(Path("a/b.yaml")) == "a/b.yaml"
    assert shown(folder.parent / "b.yaml") == str(folder.parent / "b.yaml")


def test_a_file_that_may_not_be_read(folder: Path) -> None:
    (folder / "photo.png").chmod(0)
    if os.access(folder / "photo.png", os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(FileMistake, match="may not be read"):
        find_input(Path("photo.png"), folder)
