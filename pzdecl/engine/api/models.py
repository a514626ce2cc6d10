"""The trained models that this process serves, loaded once and kept while they are used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

KEPT = 8
"""How many models stay in memory; the one that was used longest ago goes first."""


def model_folder(folder: Path, version_arn: str) -> Path:
    """Where a solution version's model lies: `models/SOLUTION/<8 hex>` below the engine's folder."""
    solution, _, version = version_arn.rpartition(":solution/")[2].partition("/")
    return folder / "models" / solution / version


class Models:
    """A small cache, safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, Any] = OrderedDict()

    def get(self, version_arn: str) -> Any:
        """The served model of a solution version. Raises OSError or ValueError where its files are damaged."""
        from pzdecl.engine.serving.served import ServedModel

        with self._lock:
            if version_arn in self._loaded:
                self._loaded.move_to_end(version_arn)
                return self._loaded[version_arn]
            model = ServedModel.load(model_folder(self._folder, version_arn))
            self._loaded[version_arn] = model
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
            return model
