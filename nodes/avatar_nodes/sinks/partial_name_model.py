"""The name under which a file is written until it is whole: each run has its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MOST_RUNS = 100  # that write to one file at the same time


class PartialName:
    """Holds `NAME.partial.EXT` beside `path`, or, while another run holds that, `NAME.partial-2.EXT`, and so on.

    An older file of that name stays as it is until somebody writes to it. A name is free again when its run has
    released it or has died, however it died. Raises OSError where nothing can be written.
    """

    def __init__(self, path: Path) -> None:
        for number in range(1, MOST_RUNS + 1):
            again = "" if number == 1 else f"-{number}"
            self.path = path.with_name(f"{path.stem}.partial{again}{path.suffix}")
            self._held: int | None = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            if _lock(self._held) and self.there:
                break
            os.close(self._held)
        else:
            raise OSError(f"{MOST_RUNS} runs write to it at the same time")
        if sys.platform == "win32":  # where a file that is open cannot be renamed
            self._let_go()

    @property
    def there(self) -> bool:
        """Whether the file still has this name: somebody may have deleted it, or its folder."""
        try:
            found = self.path.stat()
        except OSError:
            return False
        return self._held is None or os.path.samestat(os.fstat(self._held), found)

    def release(self) -> None:
        """Let others have the name; a file without a byte is removed."""
        if self._held is not None and self.there and os.fstat(self._held).st_size == 0:
            self.path.unlink()
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _lock(descriptor: int) -> bool:
    """False: somebody else holds it. The kernel lets go when the file is closed, so a dead run holds nothing."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk that cannot lock: as good as alone
        pass
    return True
