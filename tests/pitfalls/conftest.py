"""A small project, driven through the command line in this process; its service can fail, stall or die."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pzdecl import providers
from pzdecl.cli.run import run
from pzdecl.engine import Engine
from pzdecl.providers.client import Client
from pzdecl.providers.faults import Fault, FaultyClient
from tests.cli.conftest import Cli, Result, cli
from tests.crash.process import SERVER
from tests.shop import EVENTS, PROJECT, Folder, data, deployed, document, group, interactions, manifest
from tests.waiting import PATIENCE

__all__ = ["cli"]

SITE = manifest(group(), data("events", EVENTS))
POPULAR = document(
    "Solution",
    "popular",
    "datasetGroup: shop, recipe: aws-popularity-count, training: {when: manual}",
    metadata="tags: {team: discovery}",
)
TRAINED = manifest(
    document("DatasetImport", "events", "dataset: events, dataSource: {dataLocation: data/events.csv}"),
    deployed("popular", "aws-popularity-count", campaign="minProvisionedTPS: 1"),
)


@dataclass(frozen=True)
class Site(Folder):
    """A project's folder and the commands run in it."""

    cli: Cli

    def __call__(self, *arguments: object) -> Result:
        return self.cli("-C", self.root, *arguments)

    def apply(self, *arguments: object, expect: int = 0) -> Result:
        answer = self("apply", "--auto-approve", *arguments)
        assert answer.code == expect, f"exit {answer.code}, not {expect}:\n{answer.out}\n{answer.err}"
        return answer

    def settled(self) -> bool:
        return self("plan", "--detailed-exitcode").code == 0

    def managed(self) -> list[str]:
        return self("state", "list").out.split()

    def there(self, operation: str = "list_solutions", **params: Any) -> list[str]:
        """The names of what the engine has, whatever state says of it."""
        engine = Engine(self.root / ".pzdecl/engine")
        try:
            (found,) = (v for v in engine.call(operation, params).values() if isinstance(v, list))
        finally:
            engine.close()
        return sorted(one["name"] for one in found)


@pytest.fixture
def site(cli: Cli, tmp_path: Path) -> Site:
    """Four resources that need no data."""
    made = Site(tmp_path / "shop", cli)
    made.write("pzdecl.yaml", PROJECT)
    made.write("shop.yaml", SITE)
    made.write("popular.yaml", POPULAR)
    return made


@pytest.fixture
def trained(site: Site) -> Site:
    """The same with data, a training and a campaign, not yet applied."""
    pytest.importorskip("pyarrow")
    site.write("data/events.csv", interactions())
    site.write("popular.yaml", TRAINED)
    return site


Strike = Callable[..., list[FaultyClient]]


@pytest.fixture
def strike(monkeypatch: pytest.MonkeyPatch) -> Iterator[Strike]:
    """Lets faults strike every client opened from now on; gives the list of those clients."""
    opened: list[FaultyClient] = []
    real = providers.open_local

    def arm(*faults: Fault) -> list[FaultyClient]:
        def opening(*arguments: Any, **options: Any) -> Client:
            opened.append(FaultyClient(real(*arguments, **options), faults))
            return opened[-1]

        monkeypatch.setattr(providers, "open_local", opening)
        return opened

    yield arm
    monkeypatch.setattr(providers, "open_local", real)


def apply_struck_by(fault: Fault, site: Site) -> int:
    """Applies in a process of its own, which a fault strikes. The exit status, negative for a signal."""
    child = SERVER.Process(target=_apply, args=(fault, site.root))
    child.start()
    child.join(PATIENCE)
    assert child.exitcode is not None
    return child.exitcode


def _apply(fault: Fault, root: Path) -> None:
    real = providers.open_local

    def opening(*arguments: Any, **options: Any) -> Client:
        return FaultyClient(real(*arguments, **options), [fault])

    providers.open_local = opening
    raise SystemExit(run(["-C", str(root), "apply", "--auto-approve"]))
