"""What the page on saved motion says of the file is what is read and written."""

from __future__ import annotations

import re
from pathlib import Path

from avatar_nodes.motion.motion_columns_model import COLUMNS
from avatar_nodes.motion.motion_file_model import read_motion
from avatar_nodes.payloads import EXPRESSION_NAMES
from pages import ROOT, blocks

PAGE = ROOT / "docs" / "save-and-replay-motion.md"


def test_the_file_on_the_page_is_a_motion(tmp_path: Path) -> None:
    (shown,) = blocks(PAGE, "csv")
    (tmp_path / "nod.csv").write_text(shown.text, encoding="utf-8")
    assert len(read_motion(tmp_path / "nod.csv").times) == 4


def test_every_column_is_on_the_page() -> None:
    rows = " ".join(re.findall(r"^\| (`[^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert f"`{EXPRESSION_NAMES[0]}` ... `{EXPRESSION_NAMES[-1]}`" in rows
    assert [name for name in COLUMNS if name not in EXPRESSION_NAMES and f"`{name}`" not in rows] == []
