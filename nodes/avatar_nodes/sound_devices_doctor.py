"""Whether there is something to hear with and something to be heard on, for `graphcore doctor`."""

from __future__ import annotations

from graphcore import Finding

SHOWN = 6  # names, of a machine that lists many


def findings() -> list[Finding]:
    """One finding for microphones and one for speakers, or one for what both lack; none of them is a must."""
    from avatar_nodes.audio.sound_devices_model import SOUND_DEVICES, Kind, SoundDeviceError

    kinds: tuple[Kind, ...] = ("microphone", "speaker")
    found = []
    for kind in kinds:
        try:
            SOUND_DEVICES.find(kind, None)
        except SoundDeviceError as error:
            found.append(Finding(kind, "warn", error.what, error.fix))
        else:
            names = [device.name for device in SOUND_DEVICES.listed(kind)]
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            found.append(Finding(kind, "ok", ", ".join(names[:SHOWN]) + more))
    if found[0].state == "warn" and found[0].what == found[1].what:  # sounddevice or PortAudio is missing
        return [Finding("sound devices", "warn", found[0].what, found[0].fix)]
    return found
