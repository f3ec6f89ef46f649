"""Where the files of a graph are: the graph itself, what its nodes read, what they write."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path, PurePosixPath

from graphcore.errors import GraphError, Mistake
from graphcore.graph.report import nearest

PACKAGE = "package:"
SUFFIXES = (".yaml", ".yml")


class FileMistake(Exception):
    """Why a path cannot be used: what is wrong, what was expected, and the nearest fix."""

    def __init__(self, what: str, expected: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.fix = fix


def packaged_graphs() -> dict[str, Path]:
    """The graphs that come with graphcore, by name: inside the package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    folder = package / "graphs"
    if not folder.is_dir() and (package.parent / "pyproject.toml").is_file():
        folder = package.parent / "graphs"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder.is_dir() else {}


def packaged_places() -> dict[str, Path]:
    """The places files that come with graphcore, by name."""
    folders = {path.parent for path in packaged_graphs().values()}
    return {path.stem: path for folder in folders for path in sorted((folder / "places").glob("*.yaml"))}


def find_places(path: Path) -> Path:
    """An existing places file first, then the packaged one of that name; raises GraphError with the nearest names."""
    if _kind(path) == "file":
        return path
    packaged = packaged_places()
    if path.parent.as_posix() in (".", "graphs/places") and path.suffix in ("", ".yaml") and path.stem in packaged:
        return packaged[path.stem]
    beside = [str(path.parent / other) for other in _names_in(path.parent) if Path(other).suffix in SUFFIXES]
    what = "is a folder" if _kind(path) else "there is no such file"
    fix = nearest(str(path), [*beside, *packaged])
    raise GraphError([Mistake(str(path), 0, 0, what, "a places file or the name of one", fix)])


def find_graph(path: str | Path) -> Path:
    """An existing path first, then the packaged graph of that name; raises GraphError with the nearest names."""
    path = Path(path)
    kind = _kind(path)
    if kind == "file":
        return path
    packaged = packaged_graphs()
    name = PurePosixPath(path.as_posix())
    if name.parent.as_posix() in (".", "graphs") and name.suffix in ("", ".yaml") and name.stem in packaged:
        return packaged[name.stem]
    folder = path if kind else path.parent
    beside = [str(folder / other) for other in _names_in(folder) if Path(other).suffix in SUFFIXES]
    what = "is a folder" if kind else "there is no such file"
    fix = nearest(str(path), [*beside, *packaged])
    raise GraphError([Mistake(str(path), 0, 0, what, "a graph file or the name of one", fix)])


def shown(path: Path) -> str:
    """A path for a person: relative to the working directory where it is inside."""
    inside = path.is_absolute() and path.is_relative_to(Path.cwd())
    return str(path.relative_to(Path.cwd()) if inside else path)


def find_input(path: Path, folder: Path) -> Path:
    """The absolute path of a file to read, relative to `folder`; raises FileMistake where it cannot be read."""
    _check_name(path)
    named = path.as_posix()
    found = _in_package(named) if named.startswith(PACKAGE) else Path(os.path.abspath(folder / path))
    kind = _kind(found)
    if not kind:
        raise _missing(found)
    if kind == "folder":
        raise FileMistake(f"{found} is a folder", "a file")
    if not os.access(found, os.R_OK):
        raise FileMistake(f"{found} may not be read", "a readable file", "change its permissions")
    return found


def find_output(path: Path) -> Path:
    """The absolute path of a file to write, relative to the working directory; raises FileMistake for a folder."""
    _check_name(path)
    if "\0" in str(path):
        raise FileMistake(f"{str(path)!r} cannot be the name of a file")
    found = Path(os.path.abspath(path))
    if _kind(found) == "folder":
        raise FileMistake(f"{found} is a folder", "a file to write")
    return found


def _check_name(path: Path) -> None:
    """Native libraries take names as UTF-8 text."""
    name = str(path)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise FileMistake(f"{name!r} is not UTF-8 text", "a file name in UTF-8", "rename the file") from None


def same_file(path: Path) -> str:
    """What two paths of the same file have in common, links followed."""
    return os.path.realpath(path)


def _in_package(named: str) -> Path:
    package, _, inside = named.removeprefix(PACKAGE).partition("/")
    parts = PurePosixPath(inside).parts
    if not package.isidentifier() or not parts or ".." in parts or inside.startswith("/"):
        raise FileMistake(f"{named!r} names no file in a package", f"{PACKAGE}NAME/PATH without '..'")
    try:
        spec = importlib.util.find_spec(package)  # of a top-level name: imports nothing
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise FileMistake(f"{named!r}: there is no installed package {package!r}", "", f"pip install {package}")
    roots = [Path(root) for root in spec.submodule_search_locations]
    return next((found for root in roots if _kind(found := root.joinpath(*parts))), roots[0].joinpath(*parts))


def _missing(path: Path) -> FileMistake:
    folder = path.parent
    if not _kind(folder):
        return FileMistake(f"there is no file {_quoted(path)}", f"an existing file; the folder {folder} is missing")
    return FileMistake(f"there is no file {_quoted(path)}", "an existing file", nearest(path.name, _names_in(folder)))


def _quoted(path: Path) -> str:
    return str(path) if str(path).isprintable() else repr(str(path))


def _kind(path: Path) -> str:
    """`file`, `folder`, or empty where there is none (or none that a system could have)."""
    try:
        return ("folder" if path.is_dir() else "file") if path.exists() else ""
    except (OSError, ValueError):  # a name that is too long, a folder that may not be entered
        return ""


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))[:10_000]
    except (OSError, ValueError):
        return []
