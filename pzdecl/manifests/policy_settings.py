"""`policies:` of the project file: what may be made, and what may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pzdecl.errors import nearest
from pzdecl.kinds import recipes
from pzdecl.kinds.base import Spec
from pzdecl.manifests.model import Policies
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report

if TYPE_CHECKING:
    from pzdecl.manifests.project_spec import ProjectSpec


class PoliciesSpec(Spec):
    """What may be made, and what may go. A change that breaks one is blocked, with the reason in the plan."""

    named_deletions: bool = Field(
        False, description="Whether nothing is deleted unless the command names it (--allow-destroy)."
    )
    allowed_recipes: list[str] | None = Field(
        None, description="The recipes that solutions may have.", examples=[["aws-hrnn", "aws-sims"]]
    )
    maximum_tps: int | None = Field(
        None, alias="maximumTPS", ge=1, description="The most that a campaign may provision."
    )
    required_tags: list[str] | None = Field(
        None, description="Keys of tags that everything must have that can have tags.", examples=[["team"]]
    )


def settings(spec: ProjectSpec, chosen: str, positions: Positions, report: Report) -> Policies:
    """The environment's policies where it has some, else the project's."""
    environment = (spec.environments or {}).get(chosen)
    own = environment is not None and environment.policies is not None
    found = (environment.policies if environment and own else spec.policies) or PoliciesSpec()
    above = ("environments", chosen, "policies") if own else ("policies",)
    allowed = found.allowed_recipes
    for index, name in enumerate(allowed or ()):
        if recipes.short(name) not in {*recipes.NAMES, *recipes.DOMAIN}:
            report.add(
                "PZ3010",
                f"there is no recipe {name}",
                positions.nearest((*above, "allowedRecipes", index)),
                expected="a recipe of solutions or recommenders",
                suggestion=nearest(name, recipes.NAMES),
            )
    names = [info.alias or name for name, info in PoliciesSpec.model_fields.items()]
    return Policies(
        found.named_deletions,
        None if allowed is None else tuple(recipes.short(name) for name in allowed),
        found.maximum_tps,
        tuple(found.required_tags or ()),
        {name: positions.nearest((*above, name)) for name in names},
    )
