"""`graphcore keys`: make the key pair with which this machine shows who it is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = "Keys for places on other machines: who may come, and whom one talks to."
    parser = subparsers.add_parser("keys", description=description)
    verbs = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    new = verbs.add_parser("new", help="make a key pair", description="Make a key pair.")
    new.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="where to; else the one for all graphs")


def run(arguments: argparse.Namespace) -> int:
    """Make one; raises ChannelError where one is there already."""
    from graphcore.places.places_file import own_keys_folder
    from graphcore.transport.keys import PUBLIC, SECRET, make_keys

    folder: Path = arguments.folder or own_keys_folder()
    keys = make_keys(folder)
    print(f"{folder / ('graphcore' + SECRET)}: keep it here; only you can read it")
    print(f"{folder / ('graphcore' + PUBLIC)}: give it to the other machine (it is {keys.public.decode()})")
    return 0
