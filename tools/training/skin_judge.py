"""How much learned shading explains of a person that it was not learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatar_nodes.face.skin_map_model import skin_share
from avatar_nodes.face.skin_weights_model import SkinWeights
from training.skin_fit import ON, Shaded, learn

_SURE = 0.3  # of a texel's share: what counts


@dataclass(frozen=True)
class Explained:
    """Shares of the variance of one person's shading, pose and neutral taken away."""

    name: str
    frames: int
    by_expression: float  # what the 52 predict
    correlation: float  # between what they predict and what is seen
    by_components: float  # the best that the components can do


def judged(weights: SkinWeights, person: Shaded) -> Explained:
    """One person's figures."""
    counts = person.good & (skin_share()[ON] > _SURE)
    maps = weights.maps[:, ON][:, counts].astype(np.float64)
    seen = (person.maps * skin_share()[ON])[:, counts].astype(np.float64)
    said = person.expression @ weights.weights @ maps
    held = seen @ np.linalg.pinv(maps) @ maps
    total = float((seen**2).sum())
    return Explained(
        person.name,
        len(seen),
        1.0 - float(((seen - said) ** 2).sum()) / total,
        float((seen * said).sum()) / np.sqrt(total * float((said**2).sum())),
        1.0 - float(((seen - held) ** 2).sum()) / total,
    )


def left_out(people: list[Shaded]) -> list[Explained]:
    """Each person, judged by what the others teach."""
    return [judged(learn([other for other in people if other is not person]), person) for person in people]
