"""The key is made once, whoever comes first, and renewed in time."""

from __future__ import annotations

import datetime
import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from avatar_nodes.sinks.signing_key import RENEW_BEFORE, VALID_FOR, default_folder, load_or_make, trusted_roots

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = load_or_make(tmp_path, NOW)
    assert load_or_make(tmp_path, NOW) == first
    assert stat.S_IMODE((tmp_path / "identity.pem").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["identity.pem", "roots"]


def test_the_leaf_is_signed_by_the_root_that_is_trusted(tmp_path: Path) -> None:
    leaf, root = x509.load_pem_x509_certificates(load_or_make(tmp_path, NOW).certificates)
    leaf.verify_directly_issued_by(root)
    assert x509.load_pem_x509_certificates(trusted_roots(tmp_path)) == [root]
    assert leaf.not_valid_before_utc < NOW < leaf.not_valid_after_utc


def test_an_outdated_key_is_renewed_and_its_root_stays_trusted(tmp_path: Path) -> None:
    old = load_or_make(tmp_path, NOW)
    late = NOW + VALID_FOR - RENEW_BEFORE
    assert load_or_make(tmp_path, late - datetime.timedelta(days=1)) == old
    new = load_or_make(tmp_path, late)
    assert new != old
    assert load_or_make(tmp_path, late) == new
    assert len(x509.load_pem_x509_certificates(trusted_roots(tmp_path))) == 2


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_broken_key_is_put_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "identity.pem").write_bytes(content)
    key = load_or_make(tmp_path, NOW)
    assert load_or_make(tmp_path, NOW) == key
    assert (tmp_path / "identity.pem.broken").read_bytes() == content


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")  # as FAT says

    monkeypatch.setattr(os, "link", refuse)
    key = load_or_make(tmp_path, NOW)
    assert load_or_make(tmp_path, NOW) == key
    assert stat.S_IMODE((tmp_path / "identity.pem").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["identity.pem", "roots"]


def test_processes_that_come_at_once_share_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from avatar_nodes.sinks.signing_key import load_or_make;"
        "print('ready', flush=True); sys.stdin.read(1);"
        "sys.stdout.buffer.write(load_or_make(Path(sys.argv[1])).certificates)"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("x")
        child.stdin.flush()
    certificates = [child.communicate()[0] for child in children]
    assert certificates[0].startswith("-----BEGIN CERTIFICATE-----")
    assert len(set(certificates)) == 1
    assert len(list((tmp_path / "roots").iterdir())) == 1


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert default_folder().parts[-2:] == ("graphcore", "signing")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".local" / "share" / "graphcore" / "signing"


def test_no_roots_where_nothing_was_made(tmp_path: Path) -> None:
    assert trusted_roots(tmp_path / "nothing") == b""
