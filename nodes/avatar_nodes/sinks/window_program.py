"""The program that holds a window: pictures come on its standard input, until that ends or somebody closes the window.

Each is width, height (32 bit, little-endian), then RGB. It says "ready", or what is wrong, as its first line. A process
of its own, because a window wants the main thread, and because nothing that happens to it then happens to the graph.
"""

from __future__ import annotations

import struct
import sys
import threading
from typing import Any, BinaryIO

HEAD = struct.Struct("<II")  # width, height
LOOK_MS = 4  # between looks for a picture that came


class Arriving:
    """Reads pictures on a thread, and keeps the newest."""

    def __init__(self, stream: BinaryIO) -> None:
        self.ended = False
        self._stream = stream
        self._newest: Any = None
        threading.Thread(target=self._read, daemon=True).start()

    def take(self) -> Any:
        """The newest that was not taken, or None."""
        newest, self._newest = self._newest, None
        return newest

    def _read(self) -> None:
        from PIL import Image

        while len(head := self._stream.read(HEAD.size)) == HEAD.size:
            width, height = HEAD.unpack(head)
            pixels = self._stream.read(width * height * 3)
            if len(pixels) == width * height * 3:
                self._newest = Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)
        self.ended = True


class Window:
    """Shows each picture as large as it fits; F11 or f is full screen, Escape ends that."""

    def __init__(self, arriving: Arriving, title: str, background: str) -> None:
        import tkinter

        self._arriving = arriving
        self._root = tkinter.Tk(className=title)
        self._root.title(title)
        self._root.configure(background=background)
        self._label = tkinter.Label(self._root, background=background, borderwidth=0)
        self._label.place(relx=0.5, rely=0.5, anchor="center")
        self._root.geometry("512x512")
        self._sized = False
        self._picture: Any = None  # the newest, as it came
        self._shown: Any = None  # Tk's own copy: gone from the screen once nobody holds it
        for key in ("<F11>", "<Key-f>", "<Double-Button-1>"):
            self._root.bind(key, lambda _: self._fill(not self._root.attributes("-fullscreen")))
        self._root.bind("<Escape>", lambda _: self._fill(False))
        self._root.bind("<Configure>", lambda _: self._show())

    def run(self) -> None:
        """Until it is closed, or nothing more comes."""
        self._look()
        self._root.mainloop()

    def _fill(self, screen: bool) -> None:
        self._root.attributes("-fullscreen", screen)

    def _look(self) -> None:
        if self._arriving.ended:
            self._root.destroy()
            return
        picture = self._arriving.take()
        if picture is not None:
            self._picture = picture
            if not self._sized:
                self._root.geometry(f"{picture.width}x{picture.height}")
                self._sized = True
            self._show()
        self._root.after(LOOK_MS, self._look)

    def _show(self) -> None:
        from PIL import Image, ImageTk

        if self._picture is None:
            return
        width, height = self._root.winfo_width(), self._root.winfo_height()
        scale = min(width / self._picture.width, height / self._picture.height)
        size = (max(1, round(self._picture.width * scale)), max(1, round(self._picture.height * scale)))
        fits = size == self._picture.size
        picture = self._picture if fits else self._picture.resize(size, Image.Resampling.BILINEAR)
        if self._shown is None or (self._shown.width(), self._shown.height()) != size:
            self._shown = ImageTk.PhotoImage(picture)
            self._label.configure(image=self._shown)
        else:
            self._shown.paste(picture)


def main() -> int:
    """Show what comes; the arguments are the title and the colour behind the pictures."""
    title, background = sys.argv[1:3]
    try:
        window = Window(Arriving(sys.stdin.buffer), title, background)
    except Exception as error:  # no Tk, no display
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    window.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
