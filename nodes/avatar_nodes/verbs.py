"""The verbs of this package: `graphcore portrait` for photos, `graphcore say` for a run that waits for lines."""

from __future__ import annotations

import argparse
from pathlib import Path

from graphcore import Verb


def portrait_verb() -> Verb:
    """The verb; what is heavy is imported when it runs."""
    return Verb(
        "portrait", "prepare a photo as a file, or show what a portrait can do", _portrait_arguments, _run_portrait
    )


def _portrait_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    prepare = actions.add_parser(
        "prepare",
        help="write a photo as an .avatar file, and report on it",
        description="Find the face in a photo, take the photo apart, write what was found as a file that any graph can "
        "use in place of the photo, and report how well the photo serves.",
    )
    prepare.add_argument("photo", type=Path, help="a photo of one person who looks at the camera")
    prepare.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the .avatar file to write")
    prepare.add_argument("--size", type=_size, default=512, metavar="PX", help="of a frame, 256 to 1024; default 512")
    show = actions.add_parser(
        "show",
        help="draw a labelled sheet of what a portrait can do",
        description="Draw a portrait at rest, speaking, blinking, looking around, with every emotion, and turning.",
    )
    show.add_argument("portrait", type=Path, help="an .avatar file or a photo")
    show.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the picture to write, a .png")


def _size(text: str) -> int:
    if not text.isdecimal() or not 256 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number from 256 to 1024")
    return int(text)


def _run_portrait(arguments: argparse.Namespace) -> int:
    from avatar_nodes.portrait_verb import prepare, show

    return (prepare if arguments.action == "prepare" else show)(arguments)


def say_verb() -> Verb:
    """The verb that lets a live run speak."""
    return Verb("say", "let a live run speak a line", _say_arguments, _run_say)


def _say_arguments(parser: argparse.ArgumentParser) -> None:
    from graphcore import add_studio_address

    parser.add_argument("text", nargs="+", help="what to say; - reads lines from the standard input, as they come")
    parser.add_argument("--node", metavar="NAME", help="which node speaks, where several do")
    add_studio_address(parser)


def _run_say(arguments: argparse.Namespace) -> int:
    from avatar_nodes.say_verb import say

    return say(arguments)
