"""The workers of a run: where they listen, and with which keys the coordinator comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from graphcore.places.declared import Placement
from graphcore.places.messages import Greet
from graphcore.places.process import Listens, Reached
from graphcore.places.remote import WorkerPlace
from graphcore.transport.keys import Keys


def workers_of(placement: Placement) -> Workers:
    """Those that a places file declares and the graph names."""
    places = placement.workers
    return Workers({name: Listens(each.address, each.server_key) for name, each in places.items()}, placement.keys)


@dataclass(slots=True)
class Workers:
    """By the name of the place; `keys` are the coordinator's own."""

    listens: Mapping[str, Listens] = field(default_factory=dict)
    keys: Keys | None = None

    def reach(self, name: str) -> WorkerPlace | None:
        """The worker that is this place, if one is."""
        listens = self.listens.get(name)
        return None if listens is None else WorkerPlace(listens, self.keys)

    def greet(self, name: str) -> Greet:
        """What to say first: other workers may come to this one."""
        others = {each.server_key for other, each in self.listens.items() if other != name and each.server_key}
        return Greet(version("graphcore"), tuple(sorted(others)) if name in self.listens else ())

    def shown(self, name: str, path: str) -> Path:
        """A path for a person here: on another machine, with the name of the place."""
        return Path(f"{name}:{path}" if name in self.listens else path)

    def answered(self, reached: Mapping[str, Reached]) -> bool:
        """Whether all of them can be given a part; then they let each other in."""
        return all(reached[name].ready is not None for name in self.listens if name in reached)
