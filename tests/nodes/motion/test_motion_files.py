"""Motion in files: exact both ways, strict where somebody edited it, never at the cost of a good file."""

from __future__ import annotations

import resource
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_nodes.motion.motion_columns_model import COLUMNS, FIRST_LINE
from avatar_nodes.motion.motion_file import MotionFile
from avatar_nodes.motion.motion_file_model import label_of, read_motion
from avatar_nodes.motion.motion_out_file import MotionOutFile
from avatar_nodes.motion.motion_out_file_model import PartialMotionFile
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion
from graphcore import GraphcoreError, timestamp_of
from graphcore.testing import Result, run_node

MS = 1_000_000
ANY = st.floats(width=32, allow_nan=False, allow_infinity=False)


def motion(seed: int, gaze: bool = True, components: int = 0) -> FaceMotion:
    rng = np.random.default_rng(seed)
    return FaceMotion(
        rng.normal(0, 5, 6).astype(np.float32),
        rng.uniform(0, 1, 52).astype(np.float32),
        rng.normal(0, 5, 2).astype(np.float32) if gaze else None,
        float(rng.uniform()),
        rng.normal(0, 1, components).astype(np.float32) if components else None,
        "a basis, 'of' \"mine\"" if components else "",
    )


def assert_same(one: FaceMotion, other: FaceMotion) -> None:
    for name in ("head", "expression", "gaze", "dynamics"):
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None)
        if first is not None:
            assert second.dtype == np.float32
            np.testing.assert_array_equal(first, second)
    assert (one.closure, one.basis) == (other.closure, other.basis)


def save(path: Path, frames: list[tuple[int, FaceMotion]]) -> Result:
    return run_node(MotionOutFile, inputs={"motion": frames}, params={"path": path})


def replay(path: Path, frame_rate: Fraction | int = 25) -> list[tuple[int, FaceMotion]]:
    packets = run_node(MotionFile, params={"path": path}, frame_rate=frame_rate).outputs["motion"]
    return [(packet.timestamp, packet.payload) for packet in packets]


def edited(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "edited.csv"
    path.write_text("\n".join([FIRST_LINE, *lines, ""]), encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(GraphcoreError) as caught:
        replay(path)
    return str(caught.value)


def test_what_is_saved_is_replayed_to_the_last_bit(tmp_path: Path) -> None:
    kinds = [motion(0), motion(1, gaze=False), motion(2, components=5), FaceMotion.neutral()]
    frames = [(i * 40 * MS, kind) for i, kind in enumerate(kinds)]
    result = save(tmp_path / "a.csv", frames)
    assert [(made.path, made.count, made.unit) for made in result.made] == [(tmp_path / "a.csv", 4, "frames")]
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    found = replay(tmp_path / "a.csv")
    assert [timestamp for timestamp, _ in found] == [timestamp for timestamp, _ in frames]
    for (_, one), (_, other) in zip(frames, found, strict=True):
        assert_same(one, other)


@settings(max_examples=20, deadline=None)
@given(values=st.lists(ANY, min_size=6, max_size=6), closure=st.floats(0, 1), timestamp=st.integers(0, 86_400 * 10**9))
def test_any_float32_and_any_timestamp_come_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], closure: float, timestamp: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.csv"
    kept = FaceMotion(np.array(values[:6], np.float32), np.resize(np.array(values, np.float32), 52), None, closure)
    file = PartialMotionFile(path)
    file.write(timestamp, kept)
    file.finish()
    saved = read_motion(path)
    assert saved.times.tolist() == [timestamp]
    assert_same(saved.frame(0), kept)


def test_the_52_have_their_names_and_the_file_says_that_it_is_synthetic(tmp_path: Path) -> None:
    save(tmp_path / "a.csv", [(0, motion(0))])
    lines = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# graphcore motion 1"
    assert lines[1] == "# Synthetic media made by graphcore"
    assert tuple(lines[3].split(",")) == COLUMNS
    assert set(EXPRESSION_NAMES) < set(COLUMNS)
    assert "Synthetic" in (label_of(tmp_path / "a.csv") or "")
    (tmp_path / "b.csv").write_text("a,b\n")
    assert label_of(tmp_path / "b.csv") is None


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), 24, 60])
def test_another_frame_rate_mixes_the_two_nearest_frames(tmp_path: Path, rate: Fraction | int) -> None:
    faces = []
    for index in range(11):
        face = FaceMotion.neutral()
        face.head[0], face.closure = index, index / 10
        faces.append((index * 40 * MS, face))
    save(tmp_path / "a.csv", faces)
    found = replay(tmp_path / "a.csv", rate)
    grid = Fraction(rate)
    assert [time for time, _ in found] == [
        timestamp_of(i, grid.numerator, grid.denominator) for i in range(int(grid * Fraction(2, 5)) + 1)
    ]
    for time, face in found:
        assert face.head[0] == pytest.approx(time / (40 * MS), abs=1e-5)
        assert face.closure == pytest.approx(time / (400 * MS), abs=1e-6)


def test_a_motion_that_begins_late_keeps_its_time(tmp_path: Path) -> None:
    save(tmp_path / "a.csv", [(90 * MS, motion(0)), (130 * MS, motion(1))])
    found = replay(tmp_path / "a.csv")
    assert [time for time, _ in found] == [80 * MS, 120 * MS]
    assert_same(found[0][1], motion(0))


def test_a_script_needs_few_columns_and_a_spreadsheet_may_add_empty_cells(tmp_path: Path) -> None:
    lines = ["# by hand,,", "time,jawOpen,,", ",,,", '0,"0.5",,', "4E-2, 1 ,,", "0.08,0.25,,"]
    path = tmp_path / "edited.csv"
    path.write_text("\r\n".join([FIRST_LINE + ",,,", *lines, ""]), encoding="utf-8-sig")
    found = replay(path)
    assert [time for time, _ in found] == [0, 40 * MS, 80 * MS]
    assert [float(face.expression[EXPRESSION_INDEX["jawOpen"]]) for _, face in found] == [0.5, 1.0, 0.25]
    assert found[0][1].gaze is None
    assert not found[0][1].head.any()


def test_every_mistake_is_told_with_line_and_column(tmp_path: Path) -> None:
    lines = [
        "time,jawOpen,gazeYaw,gazePitch,dynamics",
        "0,nan,1,,",
        "soon,1e39,,,1 x",
        "0,0.5,,,",
        '-1,"0,5",,,',
        "0.04,,1,2,",
        "0.08,0.1",
    ]
    said = refused(edited(tmp_path, lines))
    for part in (
        "line 3, jawOpen: 'nan', expected a number",
        "line 3, gazePitch: '', expected a number",
        "line 4, time: 'soon', expected seconds",
        "line 4, jawOpen: '1e39'",
        "line 4, dynamics: expected up to 1024 numbers",
        "line 5, time: 0 s is not after the frame before it",
        "line 6, time: '-1'",
        "line 6, jawOpen: '0,5'",
        "line 7, jawOpen: ''",
        "line 8: 2 cells, expected 5",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "it holds no frame"),
        (["time,jawOpen"], "it holds no frame"),
        (["jawOpen", "1"], "no column is named time"),
        (["time,jawOpn,eyeblinkleft", "0,1,1"], "column 2: unknown name 'jawOpn'; did you mean 'jawOpen'?"),
        (["time,jawOpen,jawOpen", "0,1,1"], "column 3: jawOpen is there twice"),
        (["time;jawOpen", "0;1"], "line 2: expected commas between the cells, not semicolons"),
        (["time,jawOpen", '0,"1'], "line 3"),
        (["time,dynamics", "0," + "1 " * 1025], "dynamics: expected up to 1024"),
    ],
)
def test_what_is_no_motion_is_refused(tmp_path: Path, lines: list[str], expected: str) -> None:
    assert expected in refused(edited(tmp_path, lines))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "it holds no frame"),
        (b"time,jawOpen\n0,1\n", "line 1 is 'time', expected '# graphcore motion 1'"),
        (b"# graphcore motion 1;\r\ntime;jawOpen\r\n0,04;1\r\n", "line 2: expected commas between the cells, not"),
        (b"# graphcore motion 2\ntime\n0\n", "expected '# graphcore motion 1'"),
        (b"\xff\xfe\x00 a", "is not UTF-8"),
        (b"\x89PNG\r\n", "is not UTF-8"),
        (b"# graphcore motion 1\ntime\n0\x00\n", "line 3"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    assert expected in refused(path)
    assert "other.csv" in refused(path)


def test_a_misspelled_column_hides_no_mistake_of_the_rows(tmp_path: Path) -> None:
    said = refused(edited(tmp_path, ["time,jawOpn,closure", "0,1,x", "0,1,0,", "0.04,1"]))
    for part in ("did you mean 'jawOpen'?", "line 3, closure: 'x'", "line 4, time: 0 s is not", "line 5: 2 cells"):
        assert part in said
    assert "line 3, closure" in refused(edited(tmp_path, ["closure", "x"]))


def test_numbers_that_look_like_percent_are_told_and_kept(tmp_path: Path) -> None:
    path = edited(tmp_path, ["time,jawOpen,headYaw,closure", "0,0,20,0", "0.04,40,20,0", "0.08,0,20,-0.1"])
    result = run_node(MotionFile, params={"path": path})
    assert "2 numbers of closure and the 52 not from 0 to 1, first jawOpen 40 at 0.04 s" in " ".join(result.notices)
    assert result.outputs["motion"][1].payload.expression[EXPRESSION_INDEX["jawOpen"]] == 40.0


def test_numbers_from_0_to_1_need_no_word(tmp_path: Path) -> None:
    path = edited(tmp_path, ["time,jawOpen", "0,0", "0.04,1"])
    assert run_node(MotionFile, params={"path": path}).notices == []


def test_many_mistakes_are_counted(tmp_path: Path) -> None:
    said = refused(edited(tmp_path, ["time,jawOpen", *(f"{i},x" for i in range(100))]))
    assert said.count("expected a number") == 20
    assert "and 80 mistakes more" in said


@pytest.mark.parametrize("field", ["head", "expression", "gaze", "closure", "dynamics"])
def test_a_frame_with_nan_ends_the_run_and_keeps_the_good_file(tmp_path: Path, field: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("an older, good file")
    bad = motion(1, components=3)
    if field == "closure":
        bad.closure = float("nan")
    else:
        getattr(bad, field)[1] = np.inf
    with pytest.raises(GraphcoreError, match=f"{field} of the motion is NaN or infinite"):
        save(path, [(0, motion(0)), (40 * MS, bad)])
    assert path.read_text() == "an older, good file"
    assert len(replay(tmp_path / "a.partial.csv")) == 1


def test_no_motion_leaves_no_file_and_an_older_part(tmp_path: Path) -> None:
    (tmp_path / "a.partial.csv").write_text("an older part")
    with pytest.raises(GraphcoreError, match="no motion arrived"):
        save(tmp_path / "a.csv", [])
    assert (tmp_path / "a.partial.csv").read_text() == "an older part"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_part_can_be_replayed_while_it_grows(tmp_path: Path) -> None:
    file = PartialMotionFile(tmp_path / "a.csv")
    for index in range(3):
        file.write(index * 40 * MS, motion(index))
        assert len(replay(tmp_path / "a.partial.csv")) == index + 1
    file.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_name_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(GraphcoreError, match=r"a\.bvh.*ends in \.csv"):
        save(tmp_path / "a.bvh", [(0, motion(0))])
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(GraphcoreError, match="is a folder"):
        save(tmp_path / "b.csv", [(0, motion(0))])
    with pytest.raises(GraphcoreError, match=r"c\.csv: cannot be read"):
        replay(tmp_path / "c.csv")


def test_a_full_disk_names_the_file_and_keeps_the_good_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"good")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))  # the kernel then refuses more, as a full disk does
    try:
        with pytest.raises(GraphcoreError, match=r"a\.csv: cannot be written.*disk"):
            save(path, [(i * 40 * MS, motion(i)) for i in range(50)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"good"


def test_two_runs_that_save_to_one_file_do_not_meet(tmp_path: Path) -> None:
    first, second = PartialMotionFile(tmp_path / "a.csv"), PartialMotionFile(tmp_path / "a.csv")
    for index in range(2):
        first.write(index * 40 * MS, motion(1))
        second.write(index * 40 * MS, motion(2))
    first.finish()
    assert_same(replay(tmp_path / "a.csv")[1][1], motion(1))
    second.finish()
    assert_same(replay(tmp_path / "a.csv")[1][1], motion(2))
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_part_that_was_deleted_is_missed(tmp_path: Path) -> None:
    file = PartialMotionFile(tmp_path / "a.csv")
    (tmp_path / "a.partial.csv").unlink()
    with pytest.raises(FileNotFoundError, match="deleted while it was written"):
        file.write(0, motion(0))
    assert file.abandon() is None


def test_times_that_look_like_milliseconds_are_told(tmp_path: Path) -> None:
    path = edited(tmp_path, ["time,jawOpen", "0,0", "40,1", "80,0"])
    assert "apart; time is in seconds" in " ".join(run_node(MotionFile, params={"path": path}, frame_rate=1).notices)
    assert "expected seconds from 0 to 86,400" in refused(edited(tmp_path, ["time,jawOpen", "86401,0"]))
