"""The hooks a plugin may implement, and finding the plugins."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

import pluggy

from graphcore.errors import PluginError
from graphcore.node import Node

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


class Hooks:
    """What a plugin may implement."""

    @hookspec
    def register_nodes(self) -> list[type[Node]]:  # type: ignore[empty-body]
        """Return the node classes this plugin brings."""

    @hookspec
    def verify_file(self, path: Path) -> Provenance | None:
        """Return what `path` says of its origin; None where this plugin cannot read such a file."""


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
    manager = pluggy.PluginManager("graphcore")
    manager.add_hookspecs(Hooks)
    registry = Registry()
    for entry in entry_points(group=GROUP):
        try:
            manager.register(entry.load(), name=entry.name)
        except Exception as error:  # whatever a stranger's module raises, the others go on
            registry.failures.append(f"plugin {entry.name} ({entry.value}): {type(error).__name__}: {error}")
    for path in _loose_files(folder):
        try:
            manager.register(_import_file(path), name=str(path))
        except Exception as error:
            registry.failures.append(f"plugin {path}: {type(error).__name__}: {error}")
    for name, plugin in manager.list_name_plugin():
        _collect(registry, manager, name, plugin)
    return registry


def _collect(registry: Registry, manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    others = [other for _, other in manager.list_name_plugin() if other is not plugin]
    try:
        found = manager.subset_hook_caller("register_nodes", others)()
        for node_class in (one for group in found for one in group):
            _add(registry, name, node_class)
    except PluginError:
        raise
    except Exception as error:
        registry.failures.append(f"plugin {name}: register_nodes: {type(error).__name__}: {error}")


def _add(registry: Registry, plugin: str, node_class: type[Node]) -> None:
    name = node_class.type_name
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
