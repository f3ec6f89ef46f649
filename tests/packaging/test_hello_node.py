"""The tutorial plugin, installed for real in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugins" / "hello_node"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that sees this one's packages, with the plugin installed in it."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    made = folder / "bin" / "python"
    site = subprocess.check_output([made, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    here = sysconfig.get_path("purelib")
    Path(site.strip(), "outer.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    install = [sys.executable, "-m", "pip", "--python", str(made), "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--no-build-isolation", "--no-index", "--target", site.strip(), str(PLUGIN)], check=True)
    return made


def run(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of that environment."""
    return subprocess.run([str(python), "-m", *arguments], capture_output=True, text=True, timeout=50)


def test_an_installed_plugin_is_found_by_its_entry_point(python: Path) -> None:
    shown = run(python, "graphcore", "nodes", "tremolo")
    assert shown.returncode == 0, shown.stderr
    assert "rate_hz" in shown.stdout
    assert "AudioChunk" in shown.stdout


def test_its_own_tests_pass(python: Path) -> None:
    passed = run(python, "pytest", "-q", "-p", "no:cacheprovider", str(PLUGIN / "tests"))
    assert passed.returncode == 0, passed.stdout


def test_its_graph_is_right(python: Path, tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "me.wav", [0.1] * 1600, 16_000)
    graph = str(PLUGIN / "graph.yaml")
    made = ["--set", f"speech.path={tmp_path / 'me.wav'}", "--set", f"copy.path={tmp_path / 'out.wav'}"]
    done = run(python, "graphcore", "run", graph, *made)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(str(tmp_path / "out.wav")).frames == 1600
