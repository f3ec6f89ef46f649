"""One BLAS thread while graphs run: nodes run side by side already.

A BLAS with threads of its own spins on the cores the nodes need (`graphs/talk.yaml` on two cores spent half its time
so). With one thread its sums do not depend on how many cores there are, either.
"""

from __future__ import annotations

import threading
from typing import Any

_lock = threading.Lock()
_runs = 0  # that go on in this process
_limits: Any = None


def hold() -> None:
    """A run begins: limit the BLAS libraries that are loaded by now."""
    from threadpoolctl import OpenBLASController, threadpool_limits

    global _runs, _limits
    with _lock:
        if _runs == 0:
            _limits = threadpool_limits(1, user_api="blas")
            OpenBLASController.clear_controlling_thread()  # so that another thread can set them back
        _runs += 1


def release() -> None:
    """A run has ended: after the last one the limits are as they were."""
    from threadpoolctl import OpenBLASController

    global _runs
    with _lock:
        _runs -= 1
        if _runs == 0:
            _limits.restore_original_limits()
            OpenBLASController.clear_controlling_thread()
