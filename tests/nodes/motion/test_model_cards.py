"""Every trained network has a card, and no card has a blank that nobody filled in."""

from __future__ import annotations

import re

import pytest

from avatar_nodes.doctor import WEIGHTS, WEIGHTS_FOLDER


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_have_a_card_that_is_filled_in(name: str) -> None:
    assert (WEIGHTS_FOLDER / f"{name}.safetensors").is_file()
    card = (WEIGHTS_FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert card.startswith(f"# {name}.safetensors")
    assert re.findall(r"@[A-Z_]+@|^[A-Z_]+$", card, re.MULTILINE) == []
    assert re.findall(r"\b(?:TODO|TBD|XXX|FIXME)\b", card) == []


def test_there_is_no_card_without_weights() -> None:
    assert {path.stem for path in WEIGHTS_FOLDER.glob("*.md")} == set(WEIGHTS)
