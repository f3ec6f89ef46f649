"""A face ready to be drawn, as somebody wishes it; while another one is shown it is made on a thread."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.backdrop_model import WORDS, is_backdrop, make_backdrop, picture_backdrop
from avatar_nodes.face.full_frame_model import NO_EDGES, FullFrame
from avatar_nodes.face.kernel_model import load_compiler
from avatar_nodes.face.photo_file_model import PortraitError
from avatar_nodes.face.portrait_cache_model import load_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.face.sway_model import STILL, Sway
from avatar_nodes.payloads import FaceMotion


@dataclass(frozen=True, slots=True)
class Wish:
    """Which photo is to be shown, and how."""

    portrait: Path
    size: int  # px of a talking head
    full: bool  # the whole photo instead
    background: str
    background_picture: Path | None

    def check(self) -> None:
        """Raise PortraitError for what does not go together."""
        if not is_backdrop(self.background):
            expected = f"expected {', '.join(WORDS)}, or a colour in quotes such as '#1e90ff'"
            raise PortraitError(f"background {self.background!r}: {expected}", "a picture is a background_picture")
        own = self.background == "photo"
        if self.background_picture is not None and not own:
            raise PortraitError("background and background_picture are both given", "leave one of them out")
        if self.full and not (own and self.background_picture is None):
            raise PortraitError("the whole photo keeps its own background", "set framing: head, or background: photo")


class LoadedFace:
    """Draws the face of a wish; raises PortraitError where its files cannot serve."""

    def __init__(self, wish: Wish) -> None:
        wish.check()
        self.wish = wish
        with ThreadPoolExecutor(1) as beside:
            beside.submit(load_compiler)
            portrait = load_portrait(wish.portrait, None if wish.full else wish.size)
        self.notices = list(portrait.notices)
        self._whole = FullFrame(portrait) if wish.full else None
        if self._whole is not None and self._whole.smaller_than(wish.portrait):
            width, height = self._whole.size
            self.notices.append(f"shown at {width} x {height} px, smaller than it is")
        if wish.background_picture is not None:
            backdrop = picture_backdrop(wish.background_picture, wish.size)
        else:
            backdrop = make_backdrop(wish.background, portrait.layers.background)
        self._renderer = Renderer(portrait, backdrop, self._whole.edges if self._whole is not None else NO_EDGES)
        self._renderer.warm_up()

    @property
    def photo_motion(self) -> FaceMotion:
        """The motion at which the picture is the photo."""
        return self._renderer.photo_motion

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a picture, px."""
        return (self._renderer.size, self._renderer.size) if self._whole is None else self._whole.size

    def draw(self, motion: FaceMotion, sway: Sway = STILL) -> NDArray[np.uint8]:
        """A new picture, RGB, or RGBA where nothing stands behind."""
        frame = self._renderer.render(motion, sway)
        return frame if self._whole is None else self._whole.around(frame)


class FaceLoader:
    """Makes faces on a thread, one after the other; of several wishes only the newest is made."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wish: Wish | None = None
        self._made: LoadedFace | PortraitError | None = None
        self._thread: threading.Thread | None = None

    def ask(self, wish: Wish) -> None:
        """Begin, or go on with this once what is being made is done."""
        with self._changed:
            self._wish, self._made = wish, None
            if self._thread is None:
                self._thread = threading.Thread(target=self._load, name="portrait", daemon=True)
                self._thread.start()

    def take(self, wait_s: float = 0.0) -> LoadedFace | PortraitError | None:
        """The face that was asked for last, or why there is none; None: not yet, or it was taken."""
        if self._made is None and not wait_s:  # asked before each frame
            return None
        with self._changed:
            self._changed.wait_for(lambda: self._made is not None, wait_s)
            made, self._made = self._made, None
        return made

    def close(self) -> None:
        """Forget what was asked for; wait for what is being made."""
        with self._changed:
            self._wish, thread = None, self._thread
        if thread is not None:
            thread.join()

    def _load(self) -> None:
        while (wish := self._next()) is not None:
            made = _load(wish)
            with self._changed:
                if self._wish is None:  # else somebody wishes another one by now
                    self._made = made
                    self._changed.notify_all()

    def _next(self) -> Wish | None:
        with self._changed:
            wish, self._wish = self._wish, None
            if wish is None:
                self._thread = None
        return wish


def _load(wish: Wish) -> LoadedFace | PortraitError:
    try:
        return LoadedFace(wish)
    except PortraitError as error:  # a file that was sent is known by its name, not by where it is kept
        named = [text.replace(str(wish.portrait), wish.portrait.name) for text in (error.what, error.fix)]
        return PortraitError(*named)
    except Exception as error:  # whatever a file does to a library, the face that is shown goes on
        return PortraitError(
            f"{wish.portrait.name}: cannot be shown ({type(error).__name__}: {error})", "take another photo"
        )
