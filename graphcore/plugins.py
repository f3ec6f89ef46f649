"""The hooks a plugin may implement, and finding the plugins."""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import pluggy

from graphcore.errors import DeclarationError, PluginError
from graphcore.node import Node, is_source
from graphcore.payload import is_payload, payload_name

GROUP = "graphcore"

hookspec = pluggy.HookspecMarker("graphcore")
hookimpl = pluggy.HookimplMarker("graphcore")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file says of its origin, for `graphcore verify`."""

    state: Literal["valid", "invalid", "absent"]  # the mark is whole; it was tampered with; there is none
    synthetic: bool  # whether the file says that it is synthetic media
    summary: str  # one line for a person
    details: dict[str, str]  # what else is known: signer, time, tool


@dataclass(frozen=True, slots=True)
class Finding:
    """What `graphcore doctor` says of one need of a plugin: what was found, and what to do where it does not do."""

    name: str
    state: Literal["ok", "warn", "fail"]
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb that a plugin adds to the command `graphcore`."""

    name: str  # small letters, digits and hyphens
    help: str  # one line of `graphcore --help`
    arguments: Callable[[argparse.ArgumentParser], None]  # declares what follows the verb
    run: Callable[[argparse.Namespace], int]  # does it, and returns the exit code; heavy imports stand in here


@dataclass(frozen=True, slots=True)
class Preview:
    """How a payload becomes a picture that a browser shows, for the studio."""

    payload: type
    jpeg: Callable[[Any, int], bytes]  # of a payload, at most so many pixels wide; heavy imports stand in here


class Hooks:
    """What a plugin may implement."""

    @hookspec
    def register_nodes(self) -> list[type[Node]]:  # type: ignore[empty-body]
        """Return the node classes this plugin brings."""

    @hookspec
    def verify_file(self, path: Path) -> Provenance | None:
        """Return what `path` says of its origin; None where this plugin cannot read such a file."""

    @hookspec
    def examine(self) -> list[Finding]:  # type: ignore[empty-body]
        """Return whether this machine has what the plugin needs, for `graphcore doctor`."""

    @hookspec
    def register_verbs(self) -> list[Verb]:  # type: ignore[empty-body]
        """Return the verbs this plugin adds to the command `graphcore`."""

    @hookspec
    def register_previews(self) -> list[Preview]:  # type: ignore[empty-body]
        """Return how payloads of this plugin become pictures that `graphcore run --studio` shows."""


@dataclass
class Registry:
    """The node types that were found; `failures` says which plugins could not be imported, and why."""

    types: dict[str, type[Node]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)  # type name -> plugin name
    failures: list[str] = field(default_factory=list)


def find_nodes(folder: Path | None = None) -> Registry:
    """Ask every plugin (entry points of installed distributions, and loose files in `folder`).

    Raises PluginError where two plugins claim one type name. A plugin that fails goes to `failures`.
    """
    manager, failures = _find_plugins(folder)
    registry = Registry(failures=failures)
    for name, group in _ask(manager, "register_nodes", failures):
        try:
            for node_class in group:
                _add(registry, name, node_class)
        except PluginError:
            raise
        except Exception as error:
            failures.append(f"plugin {name}: register_nodes: {type(error).__name__}: {error}")
    return registry


def find_verbs(folder: Path | None, built_in: Collection[str]) -> tuple[dict[str, Verb], list[str]]:
    """The verbs that plugins bring, by name, and the plugins that failed, each with why.

    Raises PluginError for a verb that is built in, or claimed by two plugins.
    """
    answers, failures = ask("register_verbs", folder)
    verbs: dict[str, Verb] = {}
    origins = dict.fromkeys(built_in, "graphcore itself")
    for plugin, group in answers:
        if not isinstance(group, list) or not all(map(_is_verb, group)):
            failures.append(f"plugin {plugin}: register_verbs: expected a list of Verb, their names like `show-me`")
            continue
        for verb in group:
            other = origins.setdefault(verb.name, plugin)
            if verbs.setdefault(verb.name, verb) is not verb or other != plugin:
                raise PluginError(f"the verb {verb.name!r} is claimed by {other} and by {plugin}; remove one")
    return verbs, failures


def find_previews(folder: Path | None = None) -> tuple[dict[str, Preview], list[str]]:
    """How payloads become pictures, by the payload's name on the wire, and the plugins that failed, each with why."""
    answers, failures = ask("register_previews", folder)
    previews: dict[str, Preview] = {}
    for plugin, group in answers:
        if not isinstance(group, list) or not all(map(_is_preview, group)):
            failures.append(f"plugin {plugin}: register_previews: expected a list of Preview, each of a payload")
            continue
        for preview in group:
            previews.setdefault(payload_name(preview.payload), preview)
    return previews, failures


def _is_preview(found: object) -> bool:
    return isinstance(found, Preview) and is_payload(found.payload)


def _is_verb(found: object) -> bool:
    return isinstance(found, Verb) and re.fullmatch(r"[a-z][a-z0-9-]*", found.name) is not None


def ask(hook: str, folder: Path | None = None, **arguments: Any) -> tuple[list[tuple[str, Any]], list[str]]:
    """Every plugin's answer to a hook as (plugin, answer), and the plugins that failed, each with why."""
    manager, failures = _find_plugins(folder)
    return list(_ask(manager, hook, failures, **arguments)), failures


def _find_plugins(folder: Path | None) -> tuple[pluggy.PluginManager, list[str]]:
    manager = pluggy.PluginManager("graphcore")
    manager.add_hookspecs(Hooks)
    failures: list[str] = []
    for entry in entry_points(group=GROUP):
        _register(manager, entry.name, entry.load, failures)
    for path in _loose_files(folder):
        _register(manager, str(path), partial(_import_file, path), failures)
    return manager, failures


def _register(manager: pluggy.PluginManager, name: str, load: Callable[[], object], failures: list[str]) -> None:
    """Import and register one plugin; whatever a stranger's module raises, the others go on."""
    plugin = None
    try:
        plugin = load()
        manager.register(plugin, name=name)
        manager.check_pending()  # a hook by a name that nobody calls
    except (Exception, SystemExit) as error:
        if plugin is not None and manager.get_plugin(name) is plugin:
            manager.unregister(name=name)
        failures.append(f"plugin {name}: {type(error).__name__}: {error}")


def _ask(manager: pluggy.PluginManager, hook: str, failures: list[str], **arguments: Any) -> Iterator[tuple[str, Any]]:
    """Ask one plugin after the other, so that one that raises silences no other."""
    plugins = manager.list_name_plugin()
    for name, plugin in plugins:
        others = [other for _, other in plugins if other is not plugin]
        try:
            answers = manager.subset_hook_caller(hook, others)(**arguments)
        except (Exception, SystemExit) as error:
            failures.append(f"plugin {name}: {hook}: {type(error).__name__}: {error}")
        else:
            yield from ((name, answer) for answer in answers)


def _add(registry: Registry, plugin: str, node_class: type[Node]) -> None:
    name = node_class.type_name
    if not is_source(node_class) and not hasattr(node_class, "process"):
        raise DeclarationError(f"{node_class.__name__}: neither process nor produce: it does nothing")
    other = registry.origins.get(name)
    if other is not None and registry.types[name] is not node_class:
        raise PluginError(f"node type {name!r} is claimed by two plugins: {other} and {plugin}; remove one")
    registry.types[name] = node_class
    registry.origins[name] = plugin


def _loose_files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise PluginError(f"--plugins {folder}: expected a folder of Python files")
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def _import_file(path: Path) -> object:
    name = f"graphcore_loose.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
