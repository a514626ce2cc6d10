"""A project as Python sees it: load it, plan, apply, look at what came out.

::

    project = load("examples/movies", environment="prod")
    plan = project.plan()
    with project.locked(command="nightly"):      # nobody changes the state between the plan and the apply
        run = project.apply(project.plan())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pzdecl.errors import PzdeclError
from pzdecl.project.answering import Answering
from pzdecl.project.changing import Changing
from pzdecl.project.keeping import Keeping
from pzdecl.project.opening import find_address

__all__ = ["Project", "find_address", "load"]


class Project(Changing, Keeping, Answering):
    """A folder of manifests in one environment, with its state and its target."""


def load(
    path: str | Path = ".",
    environment: str | None = None,
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
) -> Project:
    """Reads and checks the manifests in the folder `path`. Raises InvalidProject with all that is wrong."""
    from pzdecl import manifests

    root = Path(path)
    if not root.is_dir():
        raise PzdeclError(f"{root} is not a folder", hint="name the project's folder with -C DIR")
    return Project(
        manifests.load(root, environment=environment, variables=variables or {}, var_files=var_files)
    )
