"""A signed movie, and everything that can happen to it."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avatar_nodes.sinks import signing_key
from avatar_nodes.sinks.movie_file_model import MovieWriter
from avatar_nodes.sinks.provenance import LABEL, TRAINED, MediaSigner, read_motion_label, read_provenance
from graphcore import NodeError


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("movie") / "plain.mp4"
    writer = MovieWriter(path, Fraction(25), tags={"title": "plain"})
    noise = np.random.default_rng(0).integers(0, 255, (25, 64, 64, 3), np.uint8)
    for index, pixels in enumerate(noise):
        writer.add_picture(index * 40_000_000, pixels)
        writer.add_sound(index * 40_000_000, np.zeros((1920, 1), np.float32), 48_000)
    writer.finish()
    return path


@pytest.fixture(scope="module")
def signed(unsigned: Path, keys: Path) -> Path:
    path = unsigned.with_name("signed.mp4")
    signer = MediaSigner(keys)
    signer.sign(unsigned, path, title="talk.mp4")
    signer.close()
    return path


def test_a_signed_movie_says_that_it_is_synthetic(signed: Path, keys: Path) -> None:
    found = read_provenance(signed, keys)
    assert found is not None
    assert (found.state, found.synthetic) == ("valid", True)
    assert "signed by this machine's graphcore" in found.summary
    assert found.details["title"] == "talk.mp4"
    assert found.details["tool"].startswith("graphcore ")
    assert found.details["source"] == TRAINED
    assert "problems" not in found.details


def test_a_signed_movie_plays_as_before(signed: Path, unsigned: Path) -> None:
    seen = []
    for path in (signed, unsigned):
        with av.open(str(path)) as container:
            seen.append(np.stack([frame.to_ndarray() for frame in container.decode(video=0)]))
    np.testing.assert_array_equal(seen[0], seen[1])


def test_another_machine_sees_a_valid_signature_of_a_stranger(signed: Path, tmp_path: Path) -> None:
    signing_key.load_or_make(tmp_path / "other")
    for folder in (tmp_path / "other", tmp_path / "no keys"):
        found = read_provenance(signed, folder)
        assert found is not None
        assert (found.state, found.synthetic) == ("valid", True)
        assert "not known here" in found.summary
        assert found.details["problems"] == "signingCredential.untrusted"


@pytest.mark.parametrize("box", [b"mdat", b"moov", b"trun"])
def test_one_flipped_bit_is_found(signed: Path, keys: Path, tmp_path: Path, box: bytes) -> None:
    content = bytearray(signed.read_bytes())
    content[content.index(box) + 24] ^= 1
    tampered = tmp_path / "tampered.mp4"
    tampered.write_bytes(content)
    found = read_provenance(tampered, keys)
    assert found is not None
    assert found.state == "invalid"
    assert "changed after it was signed" in found.summary
    assert "bmffHash.mismatch" in found.details["problems"]


def test_a_changed_manifest_is_found(signed: Path, keys: Path, tmp_path: Path) -> None:
    content = signed.read_bytes().replace(b"trainedAlgorithmicMedia", b"digitalCaptureeeeeeeeee")
    (tmp_path / "washed.mp4").write_bytes(content)
    found = read_provenance(tmp_path / "washed.mp4", keys)
    assert found is not None
    assert (found.state, found.synthetic) == ("invalid", False)


def test_a_copy_without_its_manifest_still_has_its_tags(signed: Path, keys: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    for comment, synthetic in ((LABEL, True), ("home video", False)):
        with av.open(str(signed)) as source, av.open(str(copy), "w") as target:
            target.metadata["comment"] = comment
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
        found = read_provenance(copy, keys)
        assert found is not None
        assert (found.state, found.synthetic) == ("absent", synthetic)


def test_an_unsigned_picture_is_absent(tmp_path: Path, keys: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "photo.jpg")
    found = read_provenance(tmp_path / "photo.jpg", keys)
    assert found is not None
    assert (found.state, found.synthetic) == ("absent", False)


def test_a_cut_movie_is_never_valid(signed: Path, keys: Path, tmp_path: Path) -> None:
    content = signed.read_bytes()
    cut = tmp_path / "cut.mp4"
    for length in (0, 4, 40, 400, 4000, len(content) // 2, len(content) - 1):
        cut.write_bytes(content[:length])
        found = read_provenance(cut, keys)
        assert found is not None
        assert found.state == ("absent" if length < 400 else "invalid"), length
        assert "problems" in found.details


@pytest.mark.parametrize("name", ["notes.txt", "movie.mkv", "data", "movie.mp4"])
def test_other_files_are_not_read(tmp_path: Path, keys: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"nothing that C2PA knows\n" * 100)
    found = read_provenance(path, keys)
    assert found is None or (name == "movie.mp4" and found.state == "absent")


def test_a_file_that_is_not_there_is_an_oserror(tmp_path: Path, keys: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.mp4"):
        with pytest.raises(OSError, match="directory"):
            read_provenance(path, keys)


def test_without_c2pa_signing_says_what_to_do(monkeypatch: pytest.MonkeyPatch, keys: Path) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(NodeError, match=r"cannot be signed as synthetic.*set sign: false"):
        MediaSigner(keys)


def test_a_key_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NodeError, match=r"no signing key in .*Not a directory.*XDG_DATA_HOME"):
        MediaSigner(tmp_path / "file" / "signing")


def test_a_movie_that_cannot_be_signed_stays_and_leaves_nothing_beside_it(tmp_path: Path, keys: Path) -> None:
    broken, target = tmp_path / "broken.mp4", tmp_path / "signed.mp4"
    broken.write_bytes(b"no movie")
    signer = MediaSigner(keys)
    with pytest.raises(NodeError, match=r"broken\.mp4 could not be signed"):
        signer.sign(broken, target, title="broken.mp4")
    signer.close()
    assert broken.read_bytes() == b"no movie"
    assert not target.exists()


@pytest.mark.parametrize(
    ("head", "synthetic"),
    [(f"# graphcore motion 1\n# {LABEL}\ntime\n", True), ("# graphcore motion 1\ntime\n", False), ("time\n", None)],
)
def test_a_saved_motion_says_it_in_its_first_lines(tmp_path: Path, head: str, synthetic: bool | None) -> None:
    path = tmp_path / "a.csv"
    path.write_text(head)
    found = read_motion_label(path)
    assert (found and found.synthetic) == synthetic
    assert found is None or found.state == "absent"
