"""The columns of a saved motion, and its limits."""

from __future__ import annotations

from avatar_nodes.payloads import EXPRESSION_NAMES

FIRST_LINE = "# graphcore motion 1"  # the number is that of the format
HEAD_NAMES = ("headYaw", "headPitch", "headRoll", "headX", "headY", "headZ")
GAZE_NAMES = ("gazeYaw", "gazePitch")  # empty cells where the eyes are in eyeLook* only
NUMBER_NAMES = (*HEAD_NAMES, *GAZE_NAMES, "closure", *EXPRESSION_NAMES)
GAZE_AT = slice(6, 8)  # of NUMBER_NAMES
CLOSURE_AT = 8
TEXT_NAMES = ("basis", "dynamics")  # dynamics: the components, with spaces between them
COLUMNS = ("time", *NUMBER_NAMES, *TEXT_NAMES)

MOST_BYTES = 512_000_000
MOST_FRAMES = 500_000  # more than five hours at 25 frames a second
MOST_SECONDS = 86_400  # a day
MOST_COMPONENTS = 1024  # of dynamics
MOST_MISTAKES = 20  # that are told one by one
LARGEST = 3.4028235e38  # a float32
NS_PER_S = 1_000_000_000
