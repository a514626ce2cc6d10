"""Runs that are killed, refused, interrupted or long: nothing is lost, left over or made twice."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.errors import InvalidInputException
from pzdecl.providers.faults import Fault
from tests.pitfalls.conftest import SITE, Site, Strike, apply_struck_by
from tests.shop import group

KILLED = -9


def test_06_a_kill_leaves_a_whole_state(site: Site) -> None:
    """At each of its requests in turn: before it, and after it while the answer is on its way."""
    for number in range(1, 5):
        fault = Fault("*", number=1, when="before" if number % 2 else "after")
        assert apply_struck_by(fault, site) in (KILLED, 0)
        assert _integrity(site) == "ok"
        assert set(site.managed()) <= {
            "DatasetGroup/shop",
            "Schema/events",
            "Dataset/events",
            "Solution/popular",
        }
    site.apply()
    assert site.settled()
    assert (len(site.managed()), site.there(), site.there("list_schemas")) == (4, ["popular"], ["events"])


def test_07_a_lock_is_taken_only_from_the_dead(site: Site) -> None:
    assert apply_struck_by(Fault("create_dataset_group"), site) == KILLED
    with closing(sqlite3.connect(_state(site))) as connection, connection:
        assert connection.execute("SELECT count(*) FROM lock").fetchone() == (1,), "it is left behind"
    site.apply()
    with closing(sqlite3.connect(_state(site))) as connection:
        assert connection.execute("SELECT count(*) FROM lock").fetchone() == (0,)


def test_07_a_lock_whose_owner_lives_is_respected(site: Site) -> None:
    import pzdecl

    site.apply()
    site.edit("popular.yaml", "discovery", "search")
    with pzdecl.load(site.root).locked(command="nightly"):
        answer = site("apply", "--auto-approve")
        assert answer.code == 6
        assert "nightly" in answer.err
        assert str(os.getpid()) in answer.err
        assert site("plan", "--detailed-exitcode").code == 2, "looking needs no lock"
    site.apply()


def test_10_an_update_updates(site: Site) -> None:
    """What is changed in place is there afterwards, with its new value; what is replaced, once."""
    site.apply()
    site.edit("popular.yaml", "discovery", "search")
    assert "1 updated" in site.apply().out
    engine = Engine(site.root / ".pzdecl/engine")
    arn = engine.call("list_solutions", {})["solutions"][0]["solutionArn"]
    tags = engine.call("list_tags_for_resource", {"resourceArn": arn})["tags"]
    engine.close()
    assert tags == [{"tagKey": "team", "tagValue": "search"}]
    site.edit("popular.yaml", "aws-popularity-count", "aws-sims")
    assert "1 replaced" in site.apply().out
    (name,) = site.there()
    assert name.startswith("popular-")
    assert site.settled()


def test_11_what_was_refused_is_on_no_record(site: Site, strike: Strike) -> None:
    """State says what is there: neither more, where a request failed, nor less, where one after it did."""
    strike(Fault("create_dataset", number=None, error=InvalidInputException("not today")))
    answer = site("apply", "--auto-approve")
    assert answer.code == 7
    assert "not today" in answer.out + answer.err
    strike()
    assert site.managed() == ["DatasetGroup/shop", "Schema/events", "Solution/popular"]
    assert (site.there(), site.there("list_schemas")) == (["popular"], ["events"])
    assert site.there("list_datasets", datasetGroupArn=_arn("dataset-group/shop")) == []
    site.apply()
    assert site.settled()


def test_12_another_projects_resources_are_not_ours(site: Site, tmp_path: Path) -> None:
    """One engine, two projects, equal names: nothing is taken over, changed or deleted."""
    site.apply()
    other = Site(tmp_path / "other", site.cli)
    other.write("pzdecl.yaml", f"name: other\nprovider: {{type: local, engine: {site.root}/.pzdecl/engine}}\n")
    other.write("shop.yaml", SITE)
    answer = other("apply", "--auto-approve")
    assert answer.code == 4
    assert "not managed here" in answer.out
    assert other.managed() == []
    assert other("destroy", "--auto-approve").code == 0
    assert site.settled()
    assert site.there("list_dataset_groups") == ["shop"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_18_an_interrupted_create_leaves_no_orphan(site: Site, strike: Strike, when: str) -> None:
    """The process dies while the service creates something: the next run finds it by its name."""
    fault = Fault("create_solution", when="after" if when == "after" else "before")
    assert apply_struck_by(fault, site) == KILLED
    assert site.there() == (["popular"] if when == "after" else [])
    assert "Solution/popular" not in site.managed()
    clients = strike()
    site.apply()
    assert site.there() == ["popular"]
    assert sum(client.calls.count("create_solution") for client in clients) == (0 if when == "after" else 1)
    assert site.settled()
    assert site("destroy", "--auto-approve").code == 0
    assert site.there() == []


def test_19_a_long_training_outlives_its_deadline(
    trained: Site, strike: Strike, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadline is no failure: what trains is waited for again, never destroyed or begun anew."""
    clients = strike()

    def asked() -> int:
        return sum(client.calls.count("create_solution_version") for client in clients)

    trained.apply("--target", "DatasetImport/events")
    with _nobody_works(monkeypatch):
        seconds = 0.1
        while not asked() and seconds < 100:  # a slow machine is given longer to ask for it
            assert trained("apply", "--auto-approve", "--timeout", f"{seconds}s").code == 8
            seconds *= 2
        assert trained("apply", "--auto-approve", "--timeout", "0.1s").code == 8
        assert "Solution/popular" in trained.managed()
        planned = trained("plan").out
        assert "delete" not in planned.replace("0 to delete", "")
        assert "replace" not in planned
    trained.apply()
    assert asked() == 1
    assert not any(call.startswith("delete_") for client in clients for call in client.calls)
    assert trained.settled()


def test_20_a_run_writes_in_proportion_to_its_resources(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements and bytes that reach the state, for 40 and for 120 more resources."""
    from pzdecl.state.sqlite import SqliteState

    written: list[int] = []
    real = SqliteState._execute

    def counting(self: SqliteState, sql: str, parameters: tuple[object, ...]) -> None:
        written.append(len(sql) + sum(len(str(one)) for one in parameters))
        real(self, sql, parameters)

    monkeypatch.setattr(SqliteState, "_execute", counting)
    site.apply()
    found: list[tuple[int, int]] = []
    for name, count in (("few", 40), ("many", 120)):
        site.write(f"{name}.yaml", "---\n".join(group(f"{name}-{number}") for number in range(count)))
        written.clear()
        site.apply()
        found.append((len(written), sum(written)))
    (statements, size), (more_statements, more_size) = found
    assert statements >= 40
    assert more_statements / statements < 3.5
    assert more_size / size < 3.5


@contextmanager
def _nobody_works(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Jobs are queued, and stay so."""
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "start_worker", lambda self, **_: None)
        yield


def _state(site: Site) -> Path:
    return site.root / ".pzdecl/state/default.db"


def _integrity(site: Site) -> str:
    with closing(sqlite3.connect(_state(site))) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def _arn(tail: str) -> str:
    return f"arn:aws:personalize:local:000000000000:{tail}"
