"""Finding plugins: what loads, what clashes, what fails while the others go on."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pluggy
import pytest

from graphcore import DeclarationError, PluginError, find_nodes, hookimpl
from graphcore.plugins import Hooks, Registry, _add, _ask, _register, ask, find_previews, find_verbs
from parts import Count, Scale

SINK = """
from __future__ import annotations
from graphcore import Input, Node, hookimpl
from parts import Number
class {name}(Node):
    number = Input(Number)
    def process(self, number: Number) -> None: ...
@hookimpl
def register_nodes():
    return [{name}]
"""


def write(folder: Path, **sources: str) -> Path:
    """Loose plugins, by file name."""
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    return folder


def found_in(folder: Path) -> Registry:
    """What is found, less what is installed."""
    registry = find_nodes(folder)
    installed = find_nodes()
    for name in installed.types:
        del registry.types[name], registry.origins[name]
    registry.failures = [failure for failure in registry.failures if failure not in installed.failures]
    return registry


def test_loose_files_are_plugins_named_by_their_path(tmp_path: Path) -> None:
    write(tmp_path, one=SINK.format(name="OneEnd"), two=SINK.format(name="TwoEnds"), _hidden="raise ValueError")
    registry = found_in(tmp_path)
    assert registry.origins == {"one_end": str(tmp_path / "one.py"), "two_ends": str(tmp_path / "two.py")}
    assert [one.__name__ for one in registry.types.values()] == ["OneEnd", "TwoEnds"]
    assert registry.failures == []


def test_two_plugins_that_claim_one_type_are_an_error_that_names_both(tmp_path: Path) -> None:
    write(tmp_path, one=SINK.format(name="Same"), two=SINK.format(name="Same"))
    with pytest.raises(PluginError) as caught:
        find_nodes(tmp_path)
    names = f"{tmp_path / 'one.py'} and {tmp_path / 'two.py'}"
    assert str(caught.value) == f"node type 'same' is claimed by two plugins: {names}; remove one"


def test_a_class_that_two_plugins_bring_is_no_clash() -> None:
    registry = Registry()
    _add(registry, "one", Scale)
    _add(registry, "two", Scale)
    assert registry.types == {"scale": Scale}


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    for missing in (tmp_path / "missing", write(tmp_path, one="") / "one.py"):
        with pytest.raises(PluginError, match="expected a folder of Python files"):
            find_nodes(missing)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import not_installed_anywhere", "ModuleNotFoundError: No module named 'not_installed_anywhere'"),
        ("def broken(:", "SyntaxError: "),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import sys; sys.exit('no licence')", "SystemExit: no licence"),
        ("1 / 0", "ZeroDivisionError: "),
        (
            "from graphcore import hookimpl\n@hookimpl\ndef register_node(): return []",
            "PluginValidationError: unknown hook 'register_node'",
        ),
        (
            "from graphcore import hookimpl\n@hookimpl\ndef register_nodes(registry): return []",
            "PluginValidationError: ",
        ),
        (
            "from graphcore import Node, Input\nfrom parts import Number\nclass Bad(Node):\n    number = Input(Number)",
            r"DeclarationError: Bad: expected process",
        ),
        ("from graphcore import hookimpl\n@hookimpl\ndef register_nodes(): 1 / 0", "register_nodes: ZeroDivisionError"),
        (
            "import sys\nfrom graphcore import hookimpl\n@hookimpl\ndef register_nodes(): sys.exit(3)",
            "register_nodes: SystemExit: 3",
        ),
        ("from graphcore import hookimpl\n@hookimpl\ndef register_nodes(): return 5", "register_nodes: TypeError"),
        ("from graphcore import hookimpl\n@hookimpl\ndef register_nodes(): return [5]", "register_nodes: "),
        (
            "from graphcore import Node, hookimpl\nclass Idle(Node): ...\n"
            "@hookimpl\ndef register_nodes(): return [Idle]",
            "register_nodes: DeclarationError: Idle: neither process nor produce: it does nothing",
        ),
    ],
)
def test_a_plugin_that_fails_is_told_and_the_others_go_on(tmp_path: Path, source: str, text: str) -> None:
    write(tmp_path, a_bad=source, b_good=SINK.format(name="Good"))
    registry = found_in(tmp_path)
    assert list(registry.types) == ["good"]
    (failure,) = registry.failures
    assert failure.startswith(f"plugin {tmp_path / 'a_bad.py'}: ")
    assert text in failure


def test_what_fails_to_import_leaves_no_module_behind(tmp_path: Path) -> None:
    found_in(write(tmp_path, half_imported="x = 1\n1 / 0"))
    assert "graphcore_loose.half_imported" not in sys.modules


def plugin(name: str, **hooks: object) -> ModuleType:
    """A module with these hooks."""
    made = ModuleType(name)
    for hook, answer in hooks.items():
        setattr(made, hook, hookimpl(answer))  # type: ignore[type-var]
    return made


@pytest.fixture
def manager() -> pluggy.PluginManager:
    made = pluggy.PluginManager("graphcore")
    made.add_hookspecs(Hooks)
    return made


def test_two_entry_points_of_one_name_are_told_and_the_first_stays(manager: pluggy.PluginManager) -> None:
    failures: list[str] = []
    first = plugin("first", register_nodes=lambda: [Scale])
    _register(manager, "same", lambda: first, failures)
    _register(manager, "same", lambda: plugin("second", register_nodes=lambda: [Count]), failures)
    assert manager.list_name_plugin() == [("same", first)]
    (failure,) = failures
    assert failure.startswith("plugin same: ValueError: ")


def test_a_misspelt_hook_is_told_and_its_plugin_is_not_asked(manager: pluggy.PluginManager) -> None:
    failures: list[str] = []
    _register(manager, "bad", lambda: plugin("bad", register_nodes=lambda: [Count], examin=lambda: [1]), failures)
    _register(manager, "good", lambda: plugin("good", register_nodes=lambda: [Scale]), failures)
    assert [name for name, _ in manager.list_name_plugin()] == ["good"]
    assert ["unknown hook 'examin'" in failure for failure in failures] == [True]


def test_every_plugin_is_asked_and_one_that_raises_silences_no_other(manager: pluggy.PluginManager) -> None:
    failures: list[str] = []

    def fails() -> None:
        raise OSError("no device")

    for name, hook in {"first": lambda: 1, "bad": fails, "second": lambda: 2, "silent": lambda: None}.items():
        _register(manager, name, lambda name=name, hook=hook: plugin(name, examine=hook), failures)  # type: ignore[misc]
    assert sorted(_ask(manager, "examine", failures)) == [("first", 1), ("second", 2)]
    assert failures == ["plugin bad: examine: OSError: no device"]


def test_a_hook_gets_its_arguments_and_the_answers_are_named(tmp_path: Path) -> None:
    source = """
from graphcore import Provenance, hookimpl
@hookimpl
def verify_file(path):
    return Provenance("absent", False, f"looked at {path.name}", {})
"""
    write(tmp_path, looks=source)
    answers, _ = ask("verify_file", tmp_path, path=tmp_path / "looks.py")
    assert dict(answers)[str(tmp_path / "looks.py")].summary == "looked at looks.py"


def test_a_node_that_does_nothing_is_not_registered() -> None:
    from graphcore import Node

    with pytest.raises(DeclarationError, match="Idle: neither process nor produce"):
        _add(Registry(), "one", type("Idle", (Node,), {}))


VERB = """
from graphcore import Verb, hookimpl
@hookimpl
def register_verbs():
    return [Verb({name!r}, "say hello", lambda parser: parser.add_argument("who"), lambda arguments: 7)]
"""


def test_verbs_of_plugins_are_found_by_name(tmp_path: Path) -> None:
    write(tmp_path, greet=VERB.format(name="say-hello"))
    verbs, failures = find_verbs(tmp_path, ["run"])
    assert verbs["say-hello"].help == "say hello"
    assert failures == []


@pytest.mark.parametrize("built_in", ["run", "nothing"])
def test_a_verb_that_is_claimed_twice_is_an_error_that_names_both(tmp_path: Path, built_in: str) -> None:
    write(tmp_path, one=VERB.format(name="run"))
    names = f"graphcore itself and by {tmp_path / 'one.py'}"
    if built_in == "nothing":
        write(tmp_path, two=VERB.format(name="run"))
        names = f"{tmp_path / 'one.py'} and by {tmp_path / 'two.py'}"
    with pytest.raises(PluginError) as caught:
        find_verbs(tmp_path, [built_in])
    assert str(caught.value) == f"the verb 'run' is claimed by {names}; remove one"


@pytest.mark.parametrize("answer", ["5", "[5]", "[Verb('No such name', '', print, print)]", "(Verb('a', '', 0, 0),)"])
def test_what_is_no_verb_is_told_and_the_others_go_on(tmp_path: Path, answer: str) -> None:
    source = f"from graphcore import Verb, hookimpl\n@hookimpl\ndef register_verbs(): return {answer}"
    write(tmp_path, a_bad=source, b_good=VERB.format(name="good"))
    verbs, failures = find_verbs(tmp_path, [])
    assert "good" in verbs
    assert failures == [
        f"plugin {tmp_path / 'a_bad.py'}: register_verbs: expected a list of Verb, their names like `show-me`"
    ]


PREVIEW = """
from graphcore import Preview, hookimpl
from parts import Number
@hookimpl
def register_previews():
    return {answer}
"""


def test_previews_are_found_by_the_name_of_their_payload(tmp_path: Path) -> None:
    write(tmp_path, one=PREVIEW.format(answer="[Preview(Number, lambda number, width: b'')]"))
    previews, failures = find_previews(tmp_path)
    assert previews["parts.Number"].jpeg(None, 640) == b""
    assert failures == []


@pytest.mark.parametrize("answer", ["5", "[Number]", "[Preview(int, len)]"])
def test_a_plugin_that_brings_no_previews_is_reported_and_the_others_go_on(tmp_path: Path, answer: str) -> None:
    write(tmp_path, one=PREVIEW.format(answer=answer), two=PREVIEW.format(answer="[Preview(Number, len)]"))
    previews, failures = find_previews(tmp_path)
    assert "parts.Number" in previews
    what = "register_previews: expected a list of Preview, each of a payload"
    assert failures == [f"plugin {tmp_path / 'one.py'}: {what}"]
