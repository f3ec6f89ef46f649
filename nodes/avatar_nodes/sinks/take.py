"""One take of a recorder: a movie whose troubles end the take, never the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from graphcore import Context

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from avatar_nodes.sinks.signed_movie import SignedMovie


class Take:
    """Is begun, gets frames and sound, and is ended, all on one thread; raises nothing, but tells the user."""

    def __init__(self, context: Context, make: Callable[[], SignedMovie]) -> None:
        self._context = context
        self._make = make
        self._movie: SignedMovie | None = None  # while it can be written

    def begin(self) -> None:
        """Make the file."""
        try:
            self._movie = self._make()
        except Exception as error:  # also of a folder that cannot be read, and of x264
            self._give_up(error)

    def add_picture(self, timestamp: int, pixels: NDArray[np.uint8]) -> None:
        """Add a frame, (height, width, 3 or 4)."""
        if self._movie is not None:
            self._try(lambda movie: movie.add_picture(timestamp, pixels))

    def add_sound(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int) -> None:
        """Add (samples, channels)."""
        if self._movie is not None:
            self._try(lambda movie: movie.add_sound(timestamp, samples, sample_rate))

    def end(self) -> None:
        """Complete it."""
        movie = self._movie
        if movie is None:
            return
        if movie.empty:
            self._context.notice("nothing came to be recorded")
        else:
            self._try(lambda movie: movie.finish())
        if movie.done:
            self._context.counts["takes"] += 1
            self._context.notice(f"recorded {movie.path}")
        self._close()

    def _try(self, step: Callable[[SignedMovie], None]) -> None:
        assert self._movie is not None
        try:
            step(self._movie)
        except Exception as error:  # whatever it is, it does not end the run
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._context.notice(f"the take has ended: {error}; for another, switch recording off and on")
        self._close()

    def _close(self) -> None:
        movie, self._movie = self._movie, None
        if movie is None:
            return
        try:
            movie.close()
        except Exception as error:
            self._context.notice(f"{movie.path} may not be complete: {error}")
