"""Train what motion_diffusion ships: the speech encoder, the lips and the pose, from one config.

    python tools/train_motion.py encoder --config tools/motion.yaml --data DIR --out DIR

DIR/speech is what tools/make_speech_data.py writes, DIR/tracks what tools/track_faces.py writes. A stage leaves its
checkpoint, its log (log.jsonl) and its weights under --out; Ctrl-C ends early and leaves them too.
"""

from __future__ import annotations

import argparse
import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

STAGES = ("encoder", "lips", "pose")


def main() -> None:
    """Run one stage, or all of them in their order."""
    parser = argparse.ArgumentParser(description="Train the motion diffusion.")
    parser.add_argument("stage", choices=(*STAGES, "all"))
    parser.add_argument("--config", type=Path, default=Path(__file__).parent / "motion.yaml")
    parser.add_argument("--data", type=Path, required=True, help="folder with speech/ and tracks/")
    parser.add_argument("--out", type=Path, required=True, help="each stage writes into a folder of its name")
    parser.add_argument("--minutes", type=float, help="instead of the config's")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="instead of the config's")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    wanted = parser.parse_args()
    config = read_config(wanted.config)
    for stage in STAGES if wanted.stage == "all" else (wanted.stage,):
        try:
            run(stage, config.get(stage, {}), wanted)
        except (FileNotFoundError, ValueError) as error:
            raise SystemExit(f"{stage}: {error}") from None
        except KeyboardInterrupt:
            raise SystemExit(f"{stage}: stopped before it was trained") from None
        from training.loop import STOPPED

        if STOPPED.is_set():
            raise SystemExit(f"{stage}: stopped; the weights are as far as they came, --resume goes on from them")


def read_config(path: Path) -> dict[str, Any]:
    """The parts of the config, by stage."""
    if not path.exists():
        raise SystemExit(f"{path}: no such file")
    read = yaml.safe_load(path.read_text())
    if not isinstance(read, dict) or set(read) - set(STAGES):
        raise SystemExit(f"{path}: expected the stages {', '.join(STAGES)}, found {read and list(read)}")
    return read


def run(stage: str, settings: dict[str, Any], wanted: argparse.Namespace) -> None:
    """Train one stage; `training/<stage>.py` has run(settings, data, out, plan, resume)."""
    from training.loop import Plan

    settings = dict(settings)
    try:
        plan = Plan(**settings.pop("plan", {}))
    except TypeError as error:
        raise ValueError(f"plan: {error}") from None
    changed = {name: getattr(wanted, name) for name in ("minutes", "device") if getattr(wanted, name) is not None}
    module = importlib.import_module(f"training.{stage}")
    module.run(settings, wanted.data, wanted.out / stage, replace(plan, **changed), wanted.resume)


if __name__ == "__main__":
    main()
