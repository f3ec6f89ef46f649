"""Every error that graphcore raises on purpose; anything else is a bug."""

from __future__ import annotations

from dataclasses import dataclass


class GraphcoreError(Exception):
    """The root: what a caller catches to catch all of ours."""


class DeclarationError(GraphcoreError):
    """A node or payload class is declared wrongly, or a node does not do as it declared."""


class ParamError(GraphcoreError):
    """A value does not fit a param; says what was expected."""


class PluginError(GraphcoreError):
    """Plugins cannot be used together, or one could not be imported."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a graph: where it stands, what it is, what was expected, the nearest fix."""

    file: str
    line: int  # 1-based; 0: not in the file
    column: int  # 1-based
    what: str
    expected: str = ""
    fix: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: "
        parts = [self.what]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.fix:
            parts.append(self.fix)
        return where + "; ".join(parts)


class GraphError(GraphcoreError):
    """A graph cannot run; `mistakes` holds all of them, in the order of the file."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


class NodeError(GraphcoreError):
    """What a node's author raises when the world (a file, a device) is not as it should be.

    The text reaches the user as it is, without a traceback: say what was found and what was expected.
    `fix` says what to do about it.
    """

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(f"{what}; {fix}" if fix else what)
        self.what = what
        self.fix = fix


class RunError(GraphcoreError):
    """A run ended because of `node`, at media time `timestamp` (ns; None outside of `process`)."""

    def __init__(self, node: str, timestamp: int | None, cause: BaseException | str) -> None:
        at = "" if timestamp is None else f" at {timestamp / 1e9:.3f} s"
        self.what = _describe(cause)
        super().__init__(f"{node}{at}: {self.what}")
        self.node = node
        self.timestamp = timestamp
        self.cause = cause
        if isinstance(cause, BaseException):
            self.__cause__ = cause


class OpenError(RunError):
    """A node could not open with what it was given: nothing has run."""


class CodecError(GraphcoreError):
    """Bytes from another place are no message, or a message cannot be written; says what is wrong with it."""


class ChannelError(GraphcoreError):
    """A channel cannot be opened as asked: an address, a key or a peer is not as it must be."""


class WebError(NodeError):
    """A server for browsers cannot be had: its address is taken, or would be open to everybody."""


class Cancelled(GraphcoreError):
    """The run was cancelled before it was done."""


def counted(count: int, word: str) -> str:
    """`1 node`, `2 nodes`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _describe(cause: BaseException | str) -> str:
    if isinstance(cause, (str, GraphcoreError)):
        return str(cause)
    text = str(cause)
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__
