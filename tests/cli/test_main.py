"""Exit codes, messages instead of tracebacks, and what a quick verb does not import."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from graphcore.cli.main import VERBS

HEAVY = {
    "torch",
    "safetensors",
    "cv2",
    "librosa",
    "mediapipe",
    "networkx",
    "av",
    "numba",
    "scipy",
    "matplotlib",
    "zmq",
    "rich",
    "c2pa",
}


def python(code: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "arguments",
    [["check", "g.yaml", "--plugins", "more"], ["check", "talk"], ["--help"], ["--version"], ["check", "-h"]],
)
def test_quick_verbs_import_nothing_heavy(folder: Path, arguments: list[str]) -> None:
    code = (
        "import sys\nfrom graphcore.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        f"print('heavy:', sorted({HEAVY!r} & set(sys.modules)))"
    )
    assert python(code, folder).splitlines()[-1] == "heavy: []"


def test_help_names_every_verb(graphcore: Callable) -> None:
    answer = graphcore("--help", plugins=False)
    assert answer.code == 0
    for verb, summary in VERBS.items():
        assert any(line.split() == [verb, *summary.split()] for line in answer.out.splitlines()), answer.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_help(graphcore: Callable, verb: str) -> None:
    answer = graphcore(verb, "--help", plugins=False)
    assert answer.code == 0
    assert answer.out.startswith(f"usage: graphcore {verb}")
    assert "--plugins DIR" in answer.out


def test_version(graphcore: Callable) -> None:
    assert graphcore("--version", plugins=False).out == f"graphcore {version('graphcore')}\n"


@pytest.mark.parametrize("arguments", [[], ["chek", "g.yaml"], ["check"], ["check", "g.yaml", "--sett", "a.b=1"]])
def test_wrong_arguments(graphcore: Callable, arguments: list[str]) -> None:
    answer = graphcore(*arguments, plugins=False)
    assert answer.code == 2
    assert answer.err.startswith("usage: graphcore")


def test_plugins_may_stand_before_the_verb(graphcore: Callable) -> None:
    assert graphcore("--plugins", "more", "check", "g.yaml", plugins=False).code == 0
    assert graphcore("--plugins", "check", "nodes", plugins=False).code == 2


def test_a_missing_plugin_folder_is_a_mistake(graphcore: Callable) -> None:
    answer = graphcore("nodes", "--plugins", "nowhere", plugins=False)
    assert (answer.code, answer.err) == (2, "--plugins nowhere: expected a folder of Python files\n")


def test_two_plugins_that_claim_one_type(graphcore: Callable, folder: Path) -> None:
    (folder / "more" / "again.py").write_text((folder / "more" / "ticks.py").read_text())
    answer = graphcore("check", "g.yaml")
    assert answer.code == 2
    assert "claimed by two plugins: more/again.py and more/ticks.py; remove one" in answer.err


def test_a_traceback_only_on_demand(graphcore: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" not in graphcore("check", "no.yaml").err
    monkeypatch.setenv("GRAPHCORE_TRACEBACK", "1")
    answer = graphcore("check", "no.yaml")
    assert answer.code == 2
    assert "Traceback" in answer.err
    assert "no.yaml: there is no such file" in answer.err


def test_a_plugin_that_fails_is_warned_of_and_the_others_go_on(graphcore: Callable, folder: Path) -> None:
    (folder / "more" / "broken.py").write_text("import no_such_module_here\n")
    (folder / "more" / "empty.py").write_text(
        "from graphcore import hookimpl\n@hookimpl\ndef register_nodes(): return 3\n"
    )
    answer = graphcore("check", "g.yaml")
    assert answer.code == 0
    assert "warning: plugin more/broken.py: ModuleNotFoundError: No module named 'no_such_module_here'" in answer.err
    assert "warning: plugin more/empty.py: register_nodes: TypeError" in answer.err


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())"]
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [*command, "schema"], cwd=folder, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=50
        )
    assert (done.returncode, done.stderr) == (141, "")


def test_ctrl_c(folder: Path) -> None:
    (folder / "more" / "stop.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    command = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())"]
    done = subprocess.run(
        [*command, "check", "g.yaml", "--plugins", "more"], cwd=folder, capture_output=True, text=True, timeout=50
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


GREET = """
import sys
from graphcore import Verb, hookimpl


def arguments(parser):
    parser.add_argument("who")
    parser.add_argument("--loud", action="store_true")


def run(arguments):
    print("HELLO" if arguments.loud else "hello", arguments.who)
    return 7


@hookimpl
def register_verbs():
    return [Verb("greet", "say hello", arguments, run)]
"""


def test_a_verb_of_a_plugin(graphcore: Callable, folder: Path) -> None:
    (folder / "more" / "greet.py").write_text(GREET)
    answer = graphcore("greet", "world", "--loud")
    assert (answer.code, answer.out, answer.err) == (7, "HELLO world\n", "")
    assert graphcore("--plugins", "more", "greet", "world", plugins=False).code == 7
    assert "usage: graphcore greet" in graphcore("greet", "--help").out
    assert "who" in graphcore("greet").err
    listed = graphcore("--plugins", "more", "--help", plugins=False).out
    assert any(line.split() == ["greet", "say", "hello"] for line in listed.splitlines())


def test_a_verb_that_two_claim_is_a_mistake(graphcore: Callable, folder: Path) -> None:
    for name in ("greet", "again"):
        (folder / "more" / f"{name}.py").write_text(GREET)
    answer = graphcore("greet", "world")
    assert answer.code == 2
    assert answer.err == "the verb 'greet' is claimed by more/again.py and by more/greet.py; remove one\n"


def test_a_plugin_that_fails_hides_no_verb(graphcore: Callable, folder: Path) -> None:
    (folder / "more" / "greet.py").write_text(GREET)
    (folder / "more" / "broken.py").write_text("1 / 0")
    answer = graphcore("greet", "world")
    assert answer.code == 7
    assert answer.err == "warning: plugin more/broken.py: ZeroDivisionError: division by zero\n"
