"""What a coordinator and a place say to each other; packets travel between the places themselves.

Texts of any length are JSON in an array of bytes, so that a message's header stays small.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from graphcore.payload import Shape
from graphcore.transport.codec import message

Text = Annotated[NDArray[np.uint8], Shape("bytes")]


def to_text(content: Any) -> NDArray[np.uint8]:
    """Anything that JSON can say, as bytes."""
    return np.frombuffer(json.dumps(content).encode(), np.uint8)


def from_text(text: NDArray[np.uint8]) -> Any:
    """What `to_text` wrote; raises ValueError."""
    return json.loads(text.tobytes())


@message
class Greet:
    """To a place, first: who speaks, and the public keys of the other workers, which may come in by way of it."""

    version: str
    allow: tuple[str, ...]


@message
class Ping:
    """To a place: what time is it there? `sent` is ours (ns)."""

    sent: int


@message
class Content:
    """To a worker: a piece of a file that a node there reads; the last one is followed by what refers to it."""

    digest: str  # SHA-256 of the whole, hexadecimal
    start: int  # byte of the file at which this piece begins
    data: Text


@message
class Assign:
    """To a place: run this part; `routes` say how it reaches its peers."""

    attempt: int
    round: int  # how often room was made by then
    routes: Text
    part: Text


@message
class Rejoin:
    """To a place: peers were lost and have come back; `routes` lead to what came in their stead."""

    attempt: int
    routes: Text


@message
class Go:
    """To a place: everybody has opened, begin; time zero is `zero` (ns, this machine's monotonic clock)."""

    attempt: int
    zero: int


@message
class Stop:
    """To a place: end the sources; what they have sent still goes all the way."""

    attempt: int


@message
class Cancel:
    """To a place: end at once."""

    attempt: int


@message
class Adjust:
    """To a place: change a live param."""

    attempt: int
    node: str
    param: str
    value: Text


@message
class Interrupt:
    """To a place: let every node forget what waits in it to be said or shown; it was asked for at this media time."""

    attempt: int
    moment: int


@message
class Relieve:
    """To a place: nothing goes on anywhere, let full links take more."""

    attempt: int
    round: int


@message
class Release:
    """To a place: all have ended, close the ways between."""

    attempt: int


@message
class Ready:
    """From a place: it has started and can be given a part at once; `about` is what it says of itself."""

    pid: int
    about: Text


@message
class Pong:
    """From a place: the time there (ns), for a Ping."""

    sent: int
    now: int


@message
class Opened:
    """From a place: its nodes have opened."""

    attempt: int


@message
class Parted:
    """From a place: the way to a peer has ended, and nobody closed it."""

    attempt: int
    peer: str
    reason: str


@message
class Quiet:
    """From a place: nothing goes on unless something comes; how many messages it had with each peer by then."""

    attempt: int
    round: int  # how often it was told to make room
    peers: tuple[str, ...]
    sent: tuple[int, ...]
    received: tuple[int, ...]


@message
class Relieved:
    """From a place: whether a link took more; if not, which node waits for what."""

    attempt: int
    round: int
    grown: bool
    waits: str


@message
class Told:
    """From a place: what its nodes said and what was counted."""

    attempt: int
    report: Text


@message
class Ended:
    """From a place: its part has ended, by an error at `node` where one is named."""

    attempt: int
    cancelled: bool
    opening: bool  # it could not open with what it was given
    node: str | None
    timestamp: int | None  # ns
    what: str
