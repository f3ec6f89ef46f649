"""`python -m graphcore` is `graphcore`."""

from __future__ import annotations

import sys

from graphcore.cli.main import main

sys.exit(main())
