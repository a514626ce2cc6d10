"""pzdecl: Terraform for recommenders, with the recommender built in.

::

    project = pzdecl.load("examples/movies")
    run = project.apply(project.plan())
    project.recommend("movies-hrnn", user="member-0042")

    pzdecl.Engine(folder).client("personalize-runtime").get_recommendations(campaignArn=..., userId=...)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pzdecl.engine.engine import Engine as Engine
    from pzdecl.project import Project as Project
    from pzdecl.project import load as load

__version__ = "0.1.0"

__all__ = ["Engine", "Project", "__version__", "load"]

_WHERE = {"Engine": "pzdecl.engine.engine", "Project": "pzdecl.project", "load": "pzdecl.project"}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for: `import pzdecl` stays cheap."""
    if name not in _WHERE:
        raise AttributeError(f"module 'pzdecl' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
