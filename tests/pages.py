"""The pages of the documentation, and what stands in their fenced blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "plugins").glob("*/README.md")),
]
_FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# ([\w-]+\.yaml)\b")


@dataclass(frozen=True)
class Fenced:
    """One fenced block: its info string, its text, the line it begins on."""

    kind: str
    text: str
    line: int

    @property
    def name(self) -> str:
        """The file name on the first line of a YAML block, or an empty text."""
        found = _NAME.match(self.text)
        return found[1] if found else ""


def label(page: Path) -> str:
    """A page for a person."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, kind: str) -> list[Fenced]:
    """The blocks of one kind on a page."""
    text = page.read_text(encoding="utf-8")
    found = [Fenced(one["kind"], one["text"], text[: one.start()].count("\n") + 2) for one in _FENCE.finditer(text)]
    return [block for block in found if block.kind == kind]


def prose(page: Path) -> str:
    """A page without its code."""
    return re.sub(r"`[^`\n]+`", "", _FENCE.sub("", page.read_text(encoding="utf-8")))


def with_blocks(*kinds: str) -> list[Path]:
    """The pages that have a block of one of these kinds."""
    return [page for page in PAGES if any(blocks(page, kind) for kind in kinds)]


def python_of(page: Path) -> str:
    """The Python of a page as one module, every line where it stands on the page."""
    lines: list[str] = []
    for block in blocks(page, "python"):
        lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
    return "\n".join(lines) + "\n"
