"""How many, in words."""

from __future__ import annotations


def counted(count: int, word: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
