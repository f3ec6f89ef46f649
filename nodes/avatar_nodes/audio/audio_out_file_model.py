"""Write a sound file that is either whole under its name, or plainly a part under another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

FORMATS = {".wav": "WAV", ".flac": "FLAC"}


class PartialSoundFile:
    """Writes 16 bit samples to `NAME.partial.EXT` beside `path`, which is not touched before `finish`.

    Raises OSError where the file cannot be written.
    """

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        self.path = path
        self.clipped = 0  # samples beyond full scale
        self._partial = path.with_name(f"{path.stem}.partial{path.suffix}")
        self._partial.write_bytes(b"")  # where that fails it says why; libsndfile only says "System error"
        try:
            self._file = soundfile.SoundFile(
                self._partial, "w", sample_rate, channels, subtype="PCM_16", format=FORMATS[path.suffix.lower()]
            )
        except soundfile.LibsndfileError as error:
            raise OSError(error.error_string) from None

    def write(self, samples: NDArray[np.float32]) -> None:
        """Add (n, channels) samples, -1 to 1."""
        self.clipped += int(np.count_nonzero(np.abs(samples) > 1.0))
        try:
            self._file.write(samples)
        except (soundfile.LibsndfileError, AssertionError) as error:  # soundfile asserts that all was written
            raise OSError(getattr(error, "error_string", "") or "the disk took only a part") from None

    def finish(self) -> None:
        """Complete the file, and put it under its name."""
        self._file.close()
        self._partial.replace(self.path)

    def abandon(self) -> Path:
        """Complete what is there and leave it as `NAME.partial.EXT`; returns that path."""
        self._file.close()
        return self._partial
