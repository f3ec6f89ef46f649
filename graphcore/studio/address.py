"""Where a run's studio is, and what lets somebody in: as arguments of the verbs that serve it or ask it."""

from __future__ import annotations

import argparse
import os

PORT = 7860
TOKEN = "GRAPHCORE_TOKEN"  # of the environment


def add_studio_address(parser: argparse.ArgumentParser) -> None:
    """Declare --url and --token, for a verb that asks the studio of a run."""
    url = f"http://127.0.0.1:{PORT}"
    parser.add_argument("--url", default=url, help=f"where the studio of the run is (default {url})")
    add_token(parser, "what the studio wants to know")


def add_token(parser: argparse.ArgumentParser, what: str) -> None:
    """Declare --token."""
    parser.add_argument("--token", default=os.environ.get(TOKEN, ""), metavar="TEXT", help=f"{what} (or {TOKEN})")
