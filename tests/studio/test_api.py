"""The studio's API, asked by a real client while a real graph runs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import PREVIEWS, Served, small_graph  # type: ignore[import-not-found]
