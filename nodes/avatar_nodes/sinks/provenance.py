"""C2PA: saying in a signed manifest that a file is synthetic, and reading what a file says of itself."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from graphcore import NodeError, Provenance

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = SOURCE_TYPES + "trainedAlgorithmicMedia"
SYNTHETIC = {TRAINED, SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia", SOURCE_TYPES + "algorithmicMedia"}
LABEL = "Synthetic media made by graphcore"  # also in the plain tags of a movie

MANIFEST_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # the uuid of C2PA's box in an MP4
HEAD_BYTES = 1 << 20  # where such a box is looked for in a file that cannot be parsed
MOVIES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime"}
PICTURES = {".png": "image/png"}

_SIGNING = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_after_sign": False},
    "core": {"backing_store_memory_threshold_in_mb": 32},  # a larger movie passes through a temporary file
}


class MediaSigner:
    """Signs movies and pictures with this machine's key, offline; raises NodeError where that is impossible."""

    def __init__(self, folder: Path | None = None) -> None:
        try:
            import c2pa

            from avatar_nodes.sinks import signing_key
        except ImportError as error:
            raise NodeError(
                f"files cannot be signed as synthetic: {error}",
                fix="pip install c2pa-python cryptography, or set sign: false",
            ) from error
        folder = folder or signing_key.default_folder()
        try:
            key = signing_key.load_or_make(folder)
        except OSError as error:
            raise NodeError(
                f"no signing key in {folder}: {error.strerror}",
                fix="set XDG_DATA_HOME to a folder you can write, or set sign: false",
            ) from error
        info = c2pa.C2paSignerInfo(b"es256", key.certificates, key.private_key, None)  # None: no time-stamp server
        self._context = c2pa.Context.from_dict(_SIGNING, signer=c2pa.Signer.from_info(info))

    def sign(self, file: Path, signed: Path, *, title: str) -> None:
        """Write a file with a manifest as `signed`, streaming; `signed` is complete on disk, or not there."""
        import c2pa

        try:
            with file.open("rb") as source, signed.open("w+b") as target:
                kind = (MOVIES | PICTURES)[file.suffix.lower()]
                c2pa.Builder(_manifest(title), self._context).sign(kind, source, target)
                target.flush()
                os.fsync(target.fileno())
        except (c2pa.C2paError, OSError) as error:
            signed.unlink(missing_ok=True)
            fix = "look at the disk's space and your rights there, or set sign: false"
            raise NodeError(f"{title} could not be signed: {error}", fix=fix) from error

    def close(self) -> None:
        """Give the key back."""
        self._context.close()


def read_provenance(path: Path, folder: Path | None = None) -> Provenance | None:
    """What a picture, sound or movie says of its origin; None where C2PA cannot read such a file.

    `folder` holds the keys that count as this machine's own. Raises OSError for a file that cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    import c2pa

    try:
        with c2pa.Context.from_dict(_reading(folder)) as context:
            reader = c2pa.Reader.try_create(path, context=context)
            if reader is None:
                return _unsigned(path)
            with reader:
                return _state(json.loads(reader.json()))
    except c2pa.C2paError.NotSupported:
        return None
    except (c2pa.C2paError, ValueError) as error:
        return _damaged(MANIFEST_BOX in head, str(error))


def _manifest(title: str) -> dict[str, Any]:
    tool = {"name": "graphcore", "version": version("graphcore")}
    created = {"action": "c2pa.created", "digitalSourceType": TRAINED, "softwareAgent": tool, "description": LABEL}
    return {
        "claim_generator_info": [tool],
        "title": title,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [created]}}],
    }


def _reading(folder: Path | None) -> dict[str, Any]:
    """Settings that trust this machine's roots and ask nobody on the network."""
    from avatar_nodes.sinks import signing_key

    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    if roots := signing_key.trusted_roots(folder or signing_key.default_folder()):
        settings["trust"] = {"trust_anchors": roots.decode()}
    return settings


def _state(store: dict[str, Any]) -> Provenance:
    """What a manifest store says; C2PA's states are Trusted, Valid (by a signer we do not know) and Invalid."""
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    failures = [status.get("code", "") for status in store.get("validation_status", [])]
    synthetic = any(source in SYNTHETIC for source in _source_types(manifest))
    kind = "synthetic media" if synthetic else "not declared synthetic"
    state = store.get("validation_state")
    details = _details(manifest, [code for code in failures if code])
    if state == "Trusted":
        return Provenance("valid", synthetic, f"{kind}, signed by this machine's graphcore, unchanged since", details)
    if state == "Valid":
        signer = details.get("signer", "an unnamed signer")
        return Provenance("valid", synthetic, f"{kind}, unchanged since {signer} (not known here) signed it", details)
    return Provenance("invalid", synthetic, f"changed after it was signed, or badly signed; it says: {kind}", details)


def _source_types(manifest: dict[str, Any]) -> list[str]:
    return [
        action.get("digitalSourceType", "")
        for assertion in manifest.get("assertions", [])
        if assertion.get("label", "").startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", [])
    ]


def _details(manifest: dict[str, Any], failures: list[str]) -> dict[str, str]:
    signature = manifest.get("signature_info", {})
    tools = manifest.get("claim_generator_info") or [{}]
    found = {
        "title": manifest.get("title", ""),
        "tool": " ".join(str(tools[0].get(part, "")) for part in ("name", "version")).strip(),
        "signer": signature.get("common_name") or signature.get("issuer") or "",
        "time": signature.get("time", ""),
        "source": ", ".join(filter(None, _source_types(manifest))),
        "problems": ", ".join(dict.fromkeys(failures)),
    }
    return {name: text for name, text in found.items() if text}


def read_motion_label(path: Path) -> Provenance | None:
    """What a saved motion says of its origin in its first lines; None for any other file."""
    from avatar_nodes.motion.motion_file_model import label_of

    said = label_of(path)
    if said is None:
        return None
    if LABEL in said:
        return Provenance("absent", True, "no signature; its first lines say that it is synthetic media", {})
    return Provenance("absent", False, "no signature, and its first lines do not say where it comes from", {})


def _unsigned(path: Path) -> Provenance:
    """A file without a manifest; a movie or a picture may still say in its plain tags what it is."""
    comment = _comment(path)
    if comment.startswith(LABEL):
        return Provenance("absent", True, "no signature; its tags say that it is synthetic media", {"comment": comment})
    return Provenance("absent", False, "no signature, and nothing else says where it comes from", {})


def _comment(path: Path) -> str:
    if path.suffix.lower() in PICTURES:
        return _description(path)
    if path.suffix.lower() not in MOVIES:
        return ""
    import av

    try:
        with av.open(f"file:{path}") as container:
            return str(container.metadata.get("comment", ""))
    except (av.FFmpegError, ValueError):
        return ""


def _description(path: Path) -> str:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return str(picture.info.get("Description", ""))
    except (OSError, SyntaxError, ValueError):  # what Pillow raises for what it cannot read
        return ""


def _damaged(marked: bool, reason: str) -> Provenance:
    details = {"problems": reason}
    if marked:
        return Provenance("invalid", False, "there is a signature, but the file is damaged or cut short", details)
    return Provenance("absent", False, "no signature was found; the file is damaged or not what its name says", details)
