"""What a training left to look at beside its metrics: the value of each test user, and the learning curve.

The single values lie beside the model in `evaluation.safetensors`: the ids of what was tested (`Ids`), and one
float64[T] a metric.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pzdecl.engine.serving.files import FACTS, Ids, map_tensors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "evaluation.safetensors"
IDS = "tested"


class Tested(Protocol):
    """What is written: see `pzdecl.engine.training.metrics.Evaluation`."""

    ids: list[str]
    each: dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How a version did.

    ids     what was tested: users; for segments, items or attribute expressions
    each    float64[T] by metric, in the order of `ids`; NaN where it has no meaning
    curve   of each epoch of its training: `epoch`, `loss`, `validation_loss`
    gone    whether the model's files are not there any more
    """

    ids: Sequence[str]
    each: Mapping[str, NDArray[np.float64]]
    curve: Sequence[Mapping[str, float]] = field(default=())
    gone: bool = False


def write_evaluation(folder: Path, evaluation: Tested) -> None:
    """Writes the single values into a model's folder, in one go."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    order = sorted(range(len(evaluation.ids)), key=lambda place: evaluation.ids[place].encode())
    tensors: dict[str, NDArray[Any]] = Ids.pack(IDS, [evaluation.ids[place] for place in order])
    for name, values in sorted(evaluation.each.items()):
        tensors[name] = values[order].astype("float64")
    partial = folder / f"{FILE}.partial"
    save_file(tensors, partial)
    os.replace(partial, folder / FILE)


def read_evaluation(folder: Path) -> Evaluated:
    """What there is in a model's folder; nothing of what an older version did not write."""
    try:
        facts = json.loads((folder / FACTS).read_text("utf-8"))
    except FileNotFoundError:
        return Evaluated([], {}, gone=True)
    curve = facts.get("curve", ())
    if not (folder / FILE).exists():
        return Evaluated([], {}, curve)
    tensors = map_tensors(folder / FILE)
    ids = list(Ids.unpack(IDS, tensors))
    return Evaluated(ids, {n: t for n, t in tensors.items() if not n.startswith(IDS)}, curve)
