"""What a program that speaks may say beside its sound, as JSON."""

from __future__ import annotations

import json
from typing import Any, Literal

from avatar_nodes.audio.pcm_model import FormatError, PcmFormat

EXPECTED = 'expected {"sample_rate": ..., "channels": ..., "format": ...}, {"interrupt": true} or {"end": true}'
HEADER = {"sample_rate", "channels", "format"}


class OrderError(ValueError):
    """A text message that cannot be obeyed."""


def order_of(text: str, usual: PcmFormat) -> PcmFormat | Literal["interrupt", "end"]:
    """The format of what follows, or what to do; what a header leaves out is as `usual`. Raises OrderError."""
    try:
        order: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise OrderError(f"this is no JSON; {EXPECTED}") from None
    if order == {"interrupt": True}:
        return "interrupt"
    if order == {"end": True}:
        return "end"
    if not isinstance(order, dict) or not order or not set(order) <= HEADER:
        raise OrderError(EXPECTED)
    try:
        return PcmFormat(
            order.get("sample_rate", usual.sample_rate),
            order.get("channels", usual.channels),
            order.get("format", usual.sample_format),
        )
    except FormatError as error:
        raise OrderError(str(error)) from None
