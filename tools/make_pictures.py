"""Make docs/images/talk.png: some frames of the demo's movie side by side.

    python tools/make_pictures.py out/talk.mp4

The portrait is the US Navy's photo of Grace Hopper, in the public domain, which matplotlib ships.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import av
import numpy as np
from PIL import Image

TARGET = Path(__file__).parents[1] / "docs" / "images" / "talk.png"
FRAMES = 6
FACE = (0.21, 0.1, 0.79, 0.68)  # left, top, right, bottom of what is shown, as parts of a frame
HEIGHT = 256  # px
COLOURS = 256  # a palette keeps the file small
LARGEST_FILE = 400_000  # bytes


def frames_of(movie: Path) -> list[Image.Image]:
    """Every frame of a movie, cut to the face."""
    with av.open(str(movie)) as container:
        whole = [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    width, height = whole[0].size
    box = (round(FACE[0] * width), round(FACE[1] * height), round(FACE[2] * width), round(FACE[3] * height))
    return [frame.crop(box) for frame in whole]


def chosen(frames: list[Image.Image], count: int) -> list[Image.Image]:
    """The first frame, then those in equal stretches of the movie that differ most from it: all of them talk."""
    first = np.asarray(frames[0], np.float32)
    stretches = np.array_split(np.arange(1, len(frames)), count - 1)
    unlike = [[float(np.abs(np.asarray(frames[i], np.float32) - first).mean()) for i in one] for one in stretches]
    return [frames[0], *(frames[one[int(np.argmax(far))]] for one, far in zip(stretches, unlike, strict=True))]


def strip(pictures: list[Image.Image], height: int) -> Image.Image:
    """Pictures side by side, all of one height."""
    scaled = [picture.resize((round(picture.width * height / picture.height), height)) for picture in pictures]
    made = Image.new("RGB", (sum(picture.width for picture in scaled), height))
    left = 0
    for picture in scaled:
        made.paste(picture, (left, 0))
        left += picture.width
    return made


def main() -> None:
    """Write the strip, and refuse one that is too large for a README."""
    parser = argparse.ArgumentParser(description="Make the pictures of the documentation.")
    parser.add_argument("movie", type=Path, help="the movie of `make demo`")
    made = strip(chosen(frames_of(parser.parse_args().movie), FRAMES), HEIGHT)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    made.quantize(COLOURS).save(TARGET, optimize=True)
    size = TARGET.stat().st_size
    if size > LARGEST_FILE:
        raise SystemExit(f"{TARGET}: {size} bytes, expected at most {LARGEST_FILE}; lower HEIGHT or COLOURS")
    print(f"{TARGET}: {made.width} x {made.height} px, {size} bytes")


if __name__ == "__main__":
    main()
