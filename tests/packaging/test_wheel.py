"""The wheel holds all that a run needs: code, graphs, data, and the entry points."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from avatar_nodes.doctor import WEIGHTS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from the checkout without asking an index."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def test_every_source_and_data_file_is_in_it(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for package in (ROOT / "graphcore", ROOT / "nodes" / "avatar_nodes"):
        files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        missing = {str(path.relative_to(package.parent)) for path in files} - held
        assert not missing
    assert {f"graphcore/graphs/{path.name}" for path in (ROOT / "graphs").glob("*.yaml")} <= held
    assert not [name for name in held if name.startswith("nodes/")]


def test_installed_from_it_a_graph_is_found_by_name(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True)
    script = f"import site, sys; sys.path[:0] = [{str(site)!r}]; site.addsitedir({sysconfig.get_path('purelib')!r});"
    script += "import graphcore; from graphcore.cli.main import main; print(graphcore.__file__);"
    script += "sys.exit(main(['check', 'talk']))"
    shown = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert str(site) in shown.stdout
    assert "no mistakes" in shown.stdout


def test_the_weights_are_in_it_each_with_its_card_and_are_small(wheel: Path) -> None:
    held = {entry.filename: entry.file_size for entry in zipfile.ZipFile(wheel).infolist()}
    folder = "avatar_nodes/weights/"
    weights = [name for name in held if name.startswith(folder) and name.endswith(".safetensors")]
    assert {name.removeprefix(folder) for name in weights} == {f"{name}.safetensors" for name in WEIGHTS}
    assert [name for name in weights if name.replace(".safetensors", ".md") not in held] == [], (
        "a model card is missing"
    )
    assert sum(held[name] for name in weights) <= 10_000_000
