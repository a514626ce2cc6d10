"""What the kills interrupt: commands on a small shop, and what must have come of them in the end.

A stage has a folder as it is before, the command that is killed and run again, and how many trainings and
imports the engine may know afterwards: one for every cause.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pzdecl.kinds.address import Address
from pzdecl.plan.pins import pinned
from pzdecl.project import load
from tests.crash import projects

APPLY = ("apply", "--auto-approve")
DESTROY = ("destroy", "--auto-approve")


@dataclass(frozen=True, slots=True)
class Stage:
    """`versions` and `imports` are what is there in the end; `campaign` answers then, if there is one.

    before    the stage whose end is this one's beginning
    prepare   what changes before the command: a manifest, data, or something behind pzdecl's back
    left      whether the command is to be run (again): not where a killed one was done, and can't be repeated
    """

    name: str
    command: tuple[str, ...]
    before: str | None
    prepare: Callable[[Path], None]
    versions: int = 1
    imports: int = 1
    campaign: str | None = "popular"
    left: Callable[[Path], bool] = lambda root: True
    trains: bool = True

    @property
    def destroys(self) -> bool:
        """Whether nothing stays."""
        return self.command == DESTROY


def _nothing(root: Path) -> None:
    """The shop as it is."""


def _more_data(root: Path) -> None:
    projects.append(root, "i2", 1_700_100_000)
    projects.replace(root, "team: discovery", "team: data")


def _intrude(root: Path) -> None:
    """Somebody deletes the campaign, puts other tags on the group, and deploys nothing."""
    project = load(root)
    with project.state() as state, project.client(read_only=False) as client:
        arns = state.arns()
        client.call("delete_campaign", campaignArn=arns[Address("Campaign", "popular")])
        tags = [{"tagKey": "team", "tagValue": "z"}]
        client.call("tag_resource", resourceArn=arns[Address("DatasetGroup", "shop")], tags=tags)


def _drifted(root: Path) -> None:
    """Somebody deletes the tracker, and puts other tags on the group; the manifests say so, too."""
    with load(root).state() as state, load(root).client(read_only=False) as client:
        arns = state.arns()
        client.call("delete_event_tracker", eventTrackerArn=arns[Address("EventTracker", "web")])
        tags = [{"tagKey": "team", "tagValue": "z"}]
        client.call("tag_resource", resourceArn=arns[Address("DatasetGroup", "shop")], tags=tags)
    projects.replace(root, "team: discovery", "team: z")
    path = root / "shop.yaml"
    documents = path.read_text().split("---\n")
    path.write_text("---\n".join(one for one in documents if "kind: EventTracker" not in one))


def _unknown(root: Path) -> None:
    """Nobody manages what is there any more, and no manifest tells of it."""
    shutil.rmtree(root / ".pzdecl/state")
    (root / "shop.yaml").unlink()


def _unadopted(root: Path) -> bool:
    return not _recorded(root)


def _renamed(root: Path) -> None:
    projects.replace(root, "kind: Campaign\nmetadata: {name: popular}", "kind: Campaign\nmetadata: {name: top}")


def _unmoved(root: Path) -> bool:
    return Address("Campaign", "popular") in _recorded(root)


def _told(root: Path) -> None:
    _renamed(root)
    (root / "moved.yaml").write_text(
        "apiVersion: pzdecl/v1\nmoved:\n  - {from: Campaign/popular, to: Campaign/top}\n"
    )


def _pulled(root: Path) -> None:
    """The state of before is in a file, and has lost a resource since."""
    project = load(root)
    (root / "pulled").write_bytes(project.pull_state())
    project.forget("EventTracker/web")


def _unpushed(root: Path) -> bool:
    return Address("EventTracker", "web") not in _recorded(root)


def _unpinned(root: Path) -> bool:
    with load(root).state() as state:
        return pinned(state.resources()[Address("Campaign", "popular")]) is None


def _recorded(root: Path) -> dict[Address, str]:
    with load(root).state() as state:
        return dict(state.arns())


STAGES = {
    stage.name: stage
    for stage in (
        Stage("create", APPLY, None, _nothing),
        Stage("change", APPLY, "create", projects.change, imports=2, campaign="top"),
        Stage("data", APPLY, "create", _more_data, versions=2, imports=2),
        Stage("drift", APPLY, "create", _intrude, trains=False),
        Stage("moved", APPLY, "create", _told, campaign="top", trains=False),
        Stage(
            "state mv",
            ("state", "mv", "Campaign/popular", "Campaign/top"),
            "create",
            _renamed,
            campaign="top",
            left=_unmoved,
            trains=False,
        ),
        Stage(
            "state push",
            ("state", "push", "--force", "pulled"),
            "create",
            _pulled,
            left=_unpushed,
            trains=False,
        ),
        Stage("refresh-only", (*APPLY, "--refresh-only"), "create", _drifted, trains=False),
        Stage("adopt", ("adopt", "--all"), "create", _unknown, left=_unadopted, trains=False),
        Stage(
            "rollback",
            ("rollback", "Campaign/popular", "--auto-approve"),
            "data",
            _nothing,
            left=_unpinned,
            versions=2,
            imports=2,
            trains=False,
        ),
        Stage("destroy", DESTROY, "change", _nothing, versions=0, imports=0, campaign=None),
    )
}
LIKELY = {"create": 5, "change": 5, "data": 3, "destroy": 2}
"""How often a stage is drawn; once, unless it is here."""
