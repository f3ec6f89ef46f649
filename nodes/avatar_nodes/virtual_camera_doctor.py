"""Whether this machine has a virtual camera."""

from __future__ import annotations

from avatar_nodes.sinks.virtual_camera import NO_PACKAGE, what_to_install
from graphcore import Finding

NAME = "virtual camera"


def findings() -> list[Finding]:
    """One finding; nothing else needs a virtual camera, so its absence is no failure."""
    from avatar_nodes.sinks.virtual_camera_model import CameraError, camera_name

    try:
        return [Finding(NAME, "ok", camera_name(None, 25.0))]
    except ImportError as error:
        return [Finding(NAME, "warn", f"virtual_camera cannot run: {error}", NO_PACKAGE)]
    except CameraError as error:
        return [Finding(NAME, "warn", f"none: {error}", what_to_install())]
