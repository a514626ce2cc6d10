"""The trained models that this process serves, loaded once and kept while they are used."""

from __future__ import annotations

import copy
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from pzdecl.engine.locks import Locks

T = TypeVar("T")
KEPT = 8
"""How many models stay in memory; the one that was used longest ago goes first."""


def model_folder(folder: Path, version_arn: str) -> Path:
    """Where a model lies below the engine's folder: `models/SOLUTION/<8 hex>` for a solution version.

    A recommender's lie in `models/recommender.NAME`: no solution's name has a dot.
    """
    kind, name, version = version_arn.rpartition(":")[2].split("/")
    return folder / "models" / (name if kind == "solution" else f"{kind}.{name}") / version


def remove_models(folder: Path, versions: Iterable[str]) -> None:
    """Removes the files of versions that were deleted. Nothing beside them goes: something new may have the
    name of a solution that was deleted just now, and be trained already.
    """
    for arn in versions:
        shutil.rmtree(model_folder(folder, arn), ignore_errors=True)


class Models:
    """A small cache, safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loading = Locks()
        self._loaded: OrderedDict[str, tuple[str | None, Any]] = OrderedDict()
        self._refreshing = threading.Lock()
        self._refreshed: WeakKeyDictionary[Any, tuple[float, Any]] = WeakKeyDictionary()
        self._made: WeakKeyDictionary[Any, WeakKeyDictionary[Any, Any]] = WeakKeyDictionary()

    def get(self, version_arn: str, update: str | None = None) -> Any:
        """The served model of a solution version, with an update between trainings: the name of its file.

        Raises OSError or ValueError where its files are damaged.
        """
        with self._lock:
            model = self._known(version_arn, update)
        if model is not None:
            return model
        from pzdecl.engine.serving.served import ServedModel

        with self._loading.held(version_arn):  # of another version nobody waits for this one's files
            with self._lock:
                model = self._known(version_arn, update)
            if model is None:
                model = ServedModel.load(model_folder(self._folder, version_arn), update)
                with self._lock:
                    self._loaded[version_arn] = update, model
                    self._loaded.move_to_end(version_arn)
                    while len(self._loaded) > KEPT:
                        self._loaded.popitem(last=False)
            return model

    def _known(self, version_arn: str, update: str | None) -> Any:
        """What is loaded already, which then counts as just used; None where nothing is, or another update."""
        loaded, model = self._loaded.get(version_arn, (None, None))
        if model is None or loaded != update:
            return None
        self._loaded.move_to_end(version_arn)
        return model

    def refreshed(self, model: Any, now: float, refresh: Callable[[], Any]) -> Any:
        """The model with answers that were made anew less than `answers.refresh_seconds` before `now`.

        refresh  gives the answers to go on with
        """
        with self._refreshing:
            made, fresh = self._refreshed.get(model, (None, None))
            if made is None or not 0 <= now - made < model.answers.refresh_seconds:
                fresh = copy.copy(model)
                fresh.answers = refresh()
                self._refreshed[model] = now, fresh
            return fresh

    def kept(self, model: Any, of: Any, make: Callable[[], T]) -> T:
        """What a model makes of something else, such as a table: made once, kept as long as both are."""
        with self._refreshing:
            made = self._made.setdefault(model, WeakKeyDictionary())
            if of not in made:
                made[of] = make()
            found: T = made[of]
            return found
