"""Write a sound file that is either whole under its name, or plainly a part under another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from avatar_nodes.sinks.partial_name_model import PartialName

FORMATS = {".wav": "WAV", ".flac": "FLAC"}


class PartialSoundFile:
    """Writes 16 bit samples to a partial name beside `path`, which is not touched before `finish`.

    Raises OSError where the file cannot be written.
    """

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        self.path = path
        self.clipped = 0  # samples beyond full scale
        self._name = PartialName(path)  # where that fails it says why; libsndfile only says "System error"
        try:
            self._file = soundfile.SoundFile(
                self._name.path, "w", sample_rate, channels, subtype="PCM_16", format=FORMATS[path.suffix.lower()]
            )
        except soundfile.LibsndfileError as error:
            self._name.release()
            raise OSError(error.error_string) from None

    def write(self, samples: NDArray[np.float32]) -> None:
        """Add (n, channels) samples, -1 to 1."""
        self._check_there()
        self.clipped += int(np.count_nonzero(np.abs(samples) > 1.0))
        try:
            self._file.write(samples)
        except (soundfile.LibsndfileError, AssertionError) as error:  # soundfile asserts that all was written
            raise OSError(getattr(error, "error_string", "") or "the disk took only a part") from None

    def finish(self) -> None:
        """Complete the file, and put it under its name."""
        self._check_there()
        self._file.close()
        self._name.path.replace(self.path)
        self._name.release()

    def abandon(self) -> Path | None:
        """Complete what is there and leave it under its partial name; returns that, or None where it was deleted."""
        kept = self._name.path if self._name.there else None
        try:
            self._file.close()
        finally:
            self._name.release()
        return kept

    def _check_there(self) -> None:
        if not self._name.there:
            raise FileNotFoundError(f"{self._name.path.name} was deleted while it was written")
