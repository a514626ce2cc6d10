"""Models that are loaded, switched and removed while others ask for them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.api.families import CAMPAIGN, SOLUTION_VERSION
from pzdecl.engine.api.models import Models, model_folder, remove_models
from pzdecl.engine.errors import UnavailableException
from pzdecl.engine.jobs.updating import note_update
from pzdecl.engine.locks import Locks
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.store.rows import Resource
from tests.bench.loaded import write_random
from tests.bench.serving import deployed
from tests.waiting import PATIENCE

LOAD = ServedModel.load


@pytest.fixture
def campaign(tmp_path: Path) -> tuple[str, str]:
    """Campaign and user of a small model that was never trained."""
    arn, users = deployed(tmp_path / "engine", lambda folder: write_random(folder, users=3, items=40, hidden=8))
    return arn, users[1]


def _overtaken(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Something happens just before a model is loaded, once."""
    todo = [meanwhile]

    def load(folder: Path, update: str | None = None) -> ServedModel:
        if todo:
            todo.pop()()
        return LOAD(folder, update)

    monkeypatch.setattr(ServedModel, "load", load)


def _ask(engine: Engine, campaign: tuple[str, str]) -> dict[str, Any]:
    return engine.call("get_recommendations", {"campaignArn": campaign[0], "userId": campaign[1]})


def test_a_version_that_is_switched_from_and_removed_before_it_is_loaded_fails_no_request(
    tmp_path: Path, campaign: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine(tmp_path / "engine") as engine:

        def switch() -> None:
            with engine._context.store.write() as tx:
                found = tx.get(campaign[0])
                assert found
                old = tx.get(found.body["solutionVersionArn"])
                assert old
                arn = old.arn.replace("/00000000", "/00000001")
                tx.insert(Resource(arn, SOLUTION_VERSION.type, "x/00000001", old.parent, old.body))
                found.body["solutionVersionArn"] = arn
                assert found.type == CAMPAIGN.type
                tx.save(found)
            shutil.move(model_folder(engine.folder, old.arn), model_folder(engine.folder, arn))

        _overtaken(monkeypatch, switch)
        assert len(_ask(engine, campaign)["itemList"]) == 25


def test_a_model_that_is_gone_is_told(tmp_path: Path, campaign: tuple[str, str]) -> None:
    shutil.rmtree(tmp_path / "engine" / "models")
    with (
        Engine(tmp_path / "engine") as engine,
        pytest.raises(UnavailableException, match=r"can't be loaded .*: train a new solution version"),
    ):
        _ask(engine, campaign)


def test_updates_that_overtake_each_other_fail_no_request(
    tmp_path: Path, campaign: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three updates in a row take each other's place before the first is loaded."""
    with Engine(tmp_path / "engine") as engine:
        version = engine.call("describe_campaign", {"campaignArn": campaign[0]})["campaign"][
            "solutionVersionArn"
        ]
        numbers = iter(range(1, 4))

        def load(folder: Path, update: str | None = None) -> ServedModel:
            number = next(numbers, None)
            if number is not None:
                with engine._context.store.write() as tx:
                    note_update(tx, version, 1.0, None, f"update.{number}.safetensors")
                raise FileNotFoundError(update)
            assert update == "update.3.safetensors"
            return LOAD(folder)

        monkeypatch.setattr(ServedModel, "load", load)
        assert _ask(engine, campaign)["itemList"]


def test_loading_a_model_keeps_nobody_from_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = Models(tmp_path)
    loading, go = threading.Event(), threading.Event()
    loads: list[str] = []

    def load(folder: Path, update: str | None = None) -> Any:
        loads.append(folder.name)
        if folder.name == "slow":
            loading.set()
            assert go.wait(PATIENCE)
        return object()

    monkeypatch.setattr(ServedModel, "load", load)
    slow = "arn:aws:personalize:local:000000000000:solution/s/slow"
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(models.get(slow))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert loading.wait(PATIENCE)
    assert models.get(slow.replace("slow", "quick")) is not None  # while the other is being loaded
    go.set()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(map(id, found))) == 1
    assert loads == ["slow", "quick"]


def test_what_was_made_anew_under_a_deleted_name_stays(tmp_path: Path) -> None:
    solution = "arn:aws:personalize:local:000000000000:solution/s"
    deleted, new = (model_folder(tmp_path, f"{solution}/{version}") for version in ("00000001", "00000002"))
    for folder in (deleted, new):
        write_random(folder, users=1, items=20, hidden=4)
    remove_models(tmp_path, [f"{solution}/00000001"])
    assert [deleted.exists(), new.exists()] == [False, True]


def test_locks_are_one_for_each_key_and_leave_nothing_behind() -> None:
    locks, order = Locks(), []

    def second() -> None:
        with locks.held("a"):
            order.append("second")

    thread = threading.Thread(target=second)
    with locks.held("a"), locks.held("b"):
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert not locks._locks
