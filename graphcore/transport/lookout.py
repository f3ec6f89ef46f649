"""Whether a silent peer is only out of reach, or gone: a machine that is up refuses where nothing listens any more."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

SILENT_S = 0.25  # a peer that has been silent for so long is looked for
TRY_S = 0.3
AGAIN_S = 0.3


class Lookout:
    """Looks for a TCP listener now and then, from a thread of its own; any other address is not looked for."""

    def __init__(self, address: str) -> None:
        self._address = address
        parts = urlsplit(address)
        self._where = (parts.hostname, parts.port) if parts.scheme == "tcp" and parts.hostname else None
        self._gone = False
        self._busy = False
        self._looked_at = 0.0

    def look(self, silent_s: float) -> str:
        """Why the peer is gone, or nothing; `silent_s` is how long nothing has come from it."""
        if self._gone:
            return f"nothing listens at {self._address}"
        now = time.monotonic()
        if self._where and silent_s > SILENT_S and not self._busy and now - self._looked_at > AGAIN_S:
            self._looked_at, self._busy = now, True
            threading.Thread(target=self._try, name="graphcore-lookout", daemon=True).start()
        return ""

    def _try(self) -> None:
        try:
            assert self._where is not None
            socket.create_connection(self._where, TRY_S).close()
        except ConnectionRefusedError:
            self._gone = True
        except OSError:  # out of reach: it may come back
            pass
        finally:
            self._busy = False
