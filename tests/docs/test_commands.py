"""Every command on the pages runs, in the order of the page, in the folder of a reader."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from graphcore.cli.main import main
from pages import ROOT, blocks, label, python_of, with_blocks


def free_port() -> int:
    """Where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PLUGIN = ROOT / "plugins" / "hello_node"
# A sentence takes as long to say as it takes: the demo's own text is replaced by a word.
SHORTER = dict.fromkeys(
    ("talk", "graphs/talk.yaml", "graphs/talk_light.yaml", "graphs/talk_processes.yaml"), "speech.text=Yes."
)
# Hours of training are replaced by a few steps on a few seconds.
SMALLER = {"count: 1500": "count: 4", "scenes: 1500": "scenes: 4", "batch: 32": "batch: 2", "steps: 40000": "steps: 2"}
# Another machine is this one.
ELSEWHERE, LOOPBACK = "tcp://192.168.1.20:5599", f"tcp://127.0.0.1:{free_port()}"
WORKERS: list[subprocess.Popen[str]] = []
# What a live graph listens at may be taken on this machine.
ANY_PORT = {
    "graphs/say.yaml": ["page.port=0"],
    "graphs/bot.yaml": ["page.port=0", "voice.port=0", "voice.websocket_port=0"],
}
STUDIOS: list[tuple[subprocess.Popen[str], str]] = []  # with their addresses
SMALLER_TOOLS = {"make_speech_data.py": ["--hours", "0.01", "--voices", "espeak-en-us+f2", "--texts", "en=book.txt"]}


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """`graphcore run` handles SIGTERM; what pytest does with it must not change. What serves ends with the page."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
    while STUDIOS:
        studio, _ = STUDIOS.pop()
        studio.kill()
        studio.communicate()
    while WORKERS:
        worker = WORKERS.pop()
        worker.terminate()
        worker.communicate()


@pytest.fixture
def _installed(reader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin as pip leaves it: on the path, with its entry point (tests/packaging installs it for real)."""
    declared = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    lines = [f"{name} = {target}" for name, target in declared["entry-points"]["graphcore"].items()]
    metadata = reader / "site" / "hello_node-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {declared['name']}\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text("\n".join(["[graphcore]", *lines, ""]))
    monkeypatch.syspath_prepend(metadata.parent)
    monkeypatch.syspath_prepend(reader / "plugins" / "hello_node")
    monkeypatch.setenv("PYTHONPATH", f"{metadata.parent}:{reader / 'plugins' / 'hello_node'}")


@pytest.mark.timeout(180)  # a whole page, training included
@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("page", with_blocks("sh"), ids=label)
def test_commands(page: Path, reader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write_down(page, reader)
    for block in blocks(page, "sh"):
        for command in block.text.splitlines():
            words = shlex.split(command, comments=True)
            if words:
                _obey(words)
                captured = capsys.readouterr()
                assert "warning:" not in captured.err, f"{command}\n{captured.err}"


def _write_down(page: Path, folder: Path) -> None:
    """The files that a page tells its reader to write: named graphs, and Python in `more/`."""
    for block in blocks(page, "yaml"):
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")
    for block in blocks(page, "yaml places"):
        if block.name:
            (folder / block.name).write_text(block.text.replace(ELSEWHERE, LOOPBACK), encoding="utf-8")
    for block in blocks(page, "yaml config"):
        text = block.text
        for large, small in SMALLER.items():
            text = text.replace(large, small)
        (folder / block.name).write_text(text, encoding="utf-8")
    if python := python_of(page).strip():
        (folder / "more").mkdir()
        (folder / "more" / "shown.py").write_text(python, encoding="utf-8")


def _obey(words: list[str]) -> None:
    if words[:2] == ["graphcore", "worker"]:
        _worker(words[1:])
    elif words[:2] == ["graphcore", "run"] and "--studio" in words:
        _studio(words[1:])
    elif words[:2] in (["graphcore", "say"], ["graphcore", "interrupt"]):
        _graphcore([*words[1:], "--url", STUDIOS[-1][1]])
    elif words[0] == "graphcore":
        _graphcore(words[1:])
    elif words[0] == "curl":
        _curl(words[1:])
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", MAKEFILE, re.MULTILINE), f"no such target: {words}"
    elif words[0] == "pip":
        _check_pip(words[1:])
    elif words[0] == "python" and words[1].startswith("tools/"):
        _tool(words[1:])
    elif words[0] == "cp":
        for path in words[1:-1]:
            shutil.copy(path, words[-1])
    elif words[:3] == ["python", "-m", "pytest"]:
        done = subprocess.run([sys.executable, *words[1:], "-q", "-p", "no:cacheprovider"], capture_output=True)
        assert done.returncode == 0, done.stdout.decode()
    else:
        pytest.fail(f"this test does not know how to run {words}")


def _worker(arguments: list[str]) -> None:
    """It listens until the page is done, here instead of where the page says."""
    command = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())"]
    words = [LOOPBACK if word == ELSEWHERE else word for word in arguments]
    worker = subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True)
    WORKERS.append(worker)
    assert worker.stdout is not None
    assert worker.stdout.readline().startswith(f"listening at {LOOPBACK}")


def _studio(arguments: list[str]) -> None:
    """A live run goes on until the page is done; one that needs a microphone is checked."""
    if "type: microphone" in Path(arguments[1]).read_text(encoding="utf-8"):
        settings = [word for pair in pairwise(arguments) if pair[0] == "--set" for word in pair]
        _graphcore(["check", arguments[1], *settings])
        return
    words = [word for one in ANY_PORT[arguments[1]] for word in ("--set", one)]
    command = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())"]
    studio = subprocess.Popen(
        [*command, *arguments, *words, "--studio=0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert studio.stderr is not None
    said = studio.stderr.readline()
    STUDIOS.append((studio, said.removeprefix("studio: ").strip()))
    assert said.startswith("studio: "), said


def _graphcore(arguments: list[str]) -> None:
    given = " ".join(arguments)
    shorter = SHORTER.get(arguments[1]) if arguments[0] == "run" and "speech.text=" not in given else None
    code = main([*arguments, *(["--set", shorter] if shorter else [])])
    assert code == 0, f"graphcore {given}"


def _curl(words: list[str]) -> None:
    """What curl would ask, of the studio that runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-X", default="GET")
    parser.add_argument("-d")
    parser.add_argument("--data-binary")
    parser.add_argument("url")
    asked = parser.parse_args(words)
    body = Path(asked.data_binary[1:]).read_bytes() if asked.data_binary else (asked.d or "").encode() or None
    url = asked.url.replace("http://127.0.0.1:7860/", STUDIOS[-1][1])
    with urllib.request.urlopen(urllib.request.Request(url, body, method=asked.X), timeout=10) as answer:
        assert answer.status == 200, words


def _tool(words: list[str]) -> None:
    path = ROOT / words[0]
    command = [sys.executable, str(path), *words[1:], *SMALLER_TOOLS.get(path.name, [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"


def _check_pip(arguments: list[str]) -> None:
    """Not installed again, but every path and pin must be one that is there."""
    for option, path in pairwise(arguments):
        if option == "-e":
            folder, _, extras = path.partition("[")
            assert (ROOT / folder / "pyproject.toml").is_file()
            assert not extras or extras.rstrip("]") in tomllib.loads(PROJECT)["project"]["optional-dependencies"]
        if option == "-c":
            assert (ROOT / path).is_file()
            assert f"-c {path} -e" in MAKEFILE
    for pin in (one for one in arguments if "opencv" in one):
        assert pin in MAKEFILE


def test_commands_at_the_head_of_graphs_are_on_a_page() -> None:
    everywhere = "\n".join(block.text for page in with_blocks("sh") for block in blocks(page, "sh"))
    for path in (ROOT / "graphs").glob("*.yaml"):
        for command in re.findall(r"^#\s+(graphcore .*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert command in everywhere, f"{path.name}: {command}"
