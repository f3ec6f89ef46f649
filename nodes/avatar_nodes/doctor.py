"""Whether this machine has what the avatar's nodes need; every check does what a node will do first."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from graphcore import Finding

OPENCVS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
WEIGHTS_FOLDER = Path(__file__).parent / "weights"
WEIGHTS = ("speech_encoder", "lips", "pose", "face_basis", "skin")


def examine() -> list[Finding]:
    """One finding for each need, in the order in which a movie is made; then what live graphs may have."""
    from avatar_nodes import obs_doctor, sound_devices_doctor, virtual_camera_doctor

    return [
        _opencv(),
        _imports("mediapipe", "faces are not found", "pip install mediapipe==0.10.21"),
        _imports("numba", "faces are not drawn", "pip install numba"),
        *_motion(),
        _speech(),
        _codec("libx264", "H.264"),
        _codec("aac", "AAC"),
        _imports("c2pa", "movies are not signed as synthetic", "pip install c2pa-python"),
        *sound_devices_doctor.findings(),
        *obs_doctor.findings(),
        *virtual_camera_doctor.findings(),
    ]


def _opencv() -> Finding:
    installed = [name for name in OPENCVS if _version(name)]
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        return Finding("cv2", "fail", str(error), _opencv_fix(str(error), installed))
    if len(installed) > 1:
        fix = f"they write the same files: pip uninstall {' '.join(installed)}, then install one of them"
        return Finding("cv2", "warn", " and ".join(installed) + " are both installed", fix)
    return Finding("cv2", "ok", f"{cv2.__version__} ({' '.join(installed)})")


def _opencv_fix(why: str, installed: list[str]) -> str:
    headless = "opencv-contrib-python-headless"
    release = f"=={_version(installed[0])}" if installed else ""
    if "libGL" in why or "libgthread" in why or "libglib" in why:
        removed = f"pip uninstall -y {installed[0]} && " if installed else ""
        return f"{removed}pip install --no-deps {headless}{release}, which needs no system library"
    return f"pip install {headless}{release}"


def _imports(module: str, loss: str, fix: str) -> Finding:
    try:
        importlib.import_module(module)
    except Exception as error:  # a broken binary raises whatever it likes
        return Finding(module, "fail", f"{loss}: {type(error).__name__}: {error}", fix)
    return Finding(module, "ok", _version({"c2pa": "c2pa-python"}.get(module, module)) or "installed")


def _motion() -> list[Finding]:
    """torch, where it computes, and the trained weights."""
    found = [_imports("torch", "motion is not made from speech", "pip install torch")]
    if found[0].state == "ok":
        import torch

        gpu = torch.cuda.is_available()
        what = torch.cuda.get_device_name() if gpu else "none that torch sees: motion is computed on the CPU"
        found.append(Finding("GPU", "ok", what))
    missing = [name for name in WEIGHTS if not (WEIGHTS_FOLDER / f"{name}.safetensors").is_file()]
    fix = "pip install --force-reinstall graphcore, or train them: tools/train_motion.py"
    if missing:
        return [*found, Finding("weights", "fail", f"not in {WEIGHTS_FOLDER}: {', '.join(missing)}", fix)]
    size = sum(path.stat().st_size for path in WEIGHTS_FOLDER.glob("*.safetensors"))
    return [*found, Finding("weights", "ok", f"{', '.join(WEIGHTS)}, {size / 1e6:.1f} MB")]


def _speech() -> Finding:
    name = "espeak-ng"
    try:
        import espeakng_loader

        from avatar_nodes.audio.espeak_model import EspeakError, voices
    except ImportError as error:
        return Finding(name, "fail", f"text is not spoken: {error}", "pip install espeakng-loader")
    data = Path(espeakng_loader.get_data_path())
    try:
        voices()  # loads and unloads it: a library that stayed loaded would keep its state for the next text
    except EspeakError as error:
        return Finding(name, "fail", f"text is not spoken: {error}", "pip install espeakng-loader")
    if not (data / "phontab").is_file():
        return Finding(name, "fail", f"no voice data in {data}", "pip install --force-reinstall espeakng-loader")
    return Finding(name, "ok", f"{_version('espeakng-loader')}, data in {data}")


def _codec(codec: str, name: str) -> Finding:
    fix = "pip install --force-reinstall av, whose wheel carries it"
    try:
        import av

        made = av.Codec(codec, "w")
    except ImportError as error:
        return Finding(name, "fail", f"movies are not written: {error}", fix)
    except ValueError:  # av's UnknownCodecError
        return Finding(name, "fail", f"av {_version('av')} has no encoder {codec}", fix)
    return Finding(name, "ok", f"{made.long_name} (av {_version('av')})")


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
