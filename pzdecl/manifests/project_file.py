"""pzdecl.yaml: the project's name, provider, variables and environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pzdecl.errors import Position, nearest
from pzdecl.manifests import policy_settings, provider_settings, state_settings
from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.model import Policies, ProviderSettings, StateSettings
from pzdecl.manifests.nodes import MappingNode, Node, compose, decode, place
from pzdecl.manifests.patches import Patch, check_sensitive
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.project_spec import EnvironmentSpec, ProjectSpec
from pzdecl.manifests.report import Report
from pzdecl.manifests.values import validate, without_nulls
from pzdecl.manifests.variables import Given, resolve_variables

FILE = "pzdecl.yaml"
DEFAULT_ENVIRONMENT = "default"


@dataclass(frozen=True, slots=True)
class Settings:
    """A project file in one environment, evaluated."""

    name: str
    environment: str
    provider: ProviderSettings
    state: StateSettings
    exclude: tuple[str, ...]
    variables: Variables
    policies: Policies
    name_prefix: str
    patches: tuple[Patch, ...]


def read(root: Path, environment: str | None, given: Given, report: Report) -> Settings | None:
    """Reads the project file. None, with the reasons in the report, where manifests could not be evaluated."""
    document = _document(root, report)
    if document is None:
        return None
    positions = Positions(FILE, document)
    known = len(report.errors)
    try:
        return _evaluated(root, document, positions, environment, given, report)
    finally:
        report.complete(known, None, positions.field_at)


def _evaluated(
    root: Path, document: Node, positions: Positions, environment: str | None, given: Given, report: Report
) -> Settings | None:
    raw = Evaluator(FILE, Variables(), Report()).value(document)
    chosen = environment or DEFAULT_ENVIRONMENT
    environments = raw.get("environments")
    names = list(environments) if isinstance(environments, dict) else []
    if chosen not in names and environment is not None and environment != DEFAULT_ENVIRONMENT:
        report.add(
            "PZ0002",
            f"there is no environment {environment}",
            positions.nearest(("environments",)),
            expected=", ".join(names) if names else "no environment: the project declares none",
            suggestion=nearest(environment, names),
        )
    block = environments.get(chosen) if isinstance(environments, dict) else None
    block_values = block.get("variables") if isinstance(block, dict) else None
    values = block_values if isinstance(block_values, dict) else {}
    variables = resolve_variables(
        raw.get("variables"), replace_environment(given, chosen, values), positions, report
    )
    _check_blocks(raw, chosen, positions, report)
    state_settings.check_sharing(raw, positions, report)
    if variables is None:
        return None
    evaluator = Evaluator(FILE, variables, report)
    value = _plain(evaluator.value(document))
    if evaluator.sensitive:
        check_sensitive(positions, evaluator.sensitive, report)
    spec = validate(ProjectSpec, value, below=(), positions=positions, report=report)
    if spec is not None:
        provider_settings.check(value, positions, report)
        state_settings.check(raw, value, positions, report)
    return _settings(root, spec, chosen, variables, positions, report) if spec else None


def _plain(value: dict[str, Any]) -> Any:
    """Without nulls, but for those of patches: there they take a field out."""
    environments = value.get("environments")
    if not isinstance(environments, dict):
        return without_nulls(value)
    kept = {
        name: block["patches"]
        for name, block in environments.items()
        if isinstance(block, dict) and block.get("patches") is not None
    }
    plain = without_nulls(value)
    for name, patches in kept.items():
        plain["environments"][name]["patches"] = patches
    return plain


def _check_blocks(raw: Mapping[str, Any], chosen: str, positions: Positions, report: Report) -> None:
    """Names of variables in the blocks of all the other environments: a typing error there should not wait."""
    declared, environments = raw.get("variables"), raw.get("environments")
    names = list(declared) if isinstance(declared, dict) else []
    for environment, block in environments.items() if isinstance(environments, dict) else ():
        values = block.get("variables") if isinstance(block, dict) and environment != chosen else None
        for name in values if isinstance(values, dict) else ():
            if name not in names:
                path = ("environments", environment, "variables", name)
                report.add(
                    "PZ0003",
                    f"there is no variable {name} (the environment {environment})",
                    positions.nearest(path, on_key=True),
                    expected=", ".join(names) or "no variables: pzdecl.yaml declares none",
                    suggestion=nearest(name, names),
                )


def replace_environment(given: Given, environment: str, values: Mapping[str, Any]) -> Given:
    """What was given from outside, with the values of an environment's block."""
    return replace(given, environment=environment, block=values)


def _settings(
    root: Path, spec: ProjectSpec, chosen: str, variables: Variables, positions: Positions, report: Report
) -> Settings:
    environment = (spec.environments or {}).get(chosen)
    provider = (environment.provider if environment else None) or spec.provider
    own = ".pzdecl/engine" if chosen == DEFAULT_ENVIRONMENT else f".pzdecl/engine-{chosen}"
    state = (environment.state if environment else None) or spec.state
    policies = policy_settings.settings(spec, chosen, positions, report)
    own_prefix = environment.name_prefix if environment else None
    return Settings(
        name=spec.name,
        environment=chosen,
        provider=provider_settings.settings(root, provider, own),
        state=state_settings.settings(root, state, spec.name, chosen, positions, report),
        exclude=tuple(spec.exclude or ()),
        variables=variables,
        policies=policies,
        name_prefix=own_prefix or spec.name_prefix or "",
        patches=_patches(environment, chosen, positions),
    )


def _patches(environment: EnvironmentSpec | None, chosen: str, positions: Positions) -> tuple[Patch, ...]:
    found = []
    for index, patch in enumerate((environment and environment.patches) or ()):
        above = ("environments", chosen, "patches", index)
        places = {path: positions.nearest((*above, "set", path)) for path in patch.set}
        found.append(Patch(patch.target, patch.set, places, positions.nearest((*above, "target"))))
    return tuple(found)


def _where_else(root: Path) -> str:
    """Where the project file may be instead."""
    if (root / "pzdecl.yml").exists():
        return "rename pzdecl.yml to pzdecl.yaml"
    above = next((number for number, folder in enumerate(root.parents, 1) if (folder / FILE).exists()), None)
    if above is not None:
        return f"the project begins further up: add -C {'/'.join(['..'] * above)}"
    return "`pzdecl init` writes one; -C DIR points elsewhere"


def _document(root: Path, report: Report) -> Node | None:
    try:
        data = (root / FILE).read_bytes()
    except OSError as error:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            what = f"the file cannot be read: {error.strerror}"
            report.add("PZ1007", what, Position(FILE), expected="a readable file")
            return None
        report.add(
            "PZ0001",
            f"there is no {FILE} here",
            Position(FILE),
            expected=f"a project file {FILE} at the project's root",
            hint=_where_else(root),
        )
        return None
    text = decode(data, FILE, report)
    documents = compose(text, FILE, report) if text is not None else None
    if documents is None:
        return None
    if len(documents) != 1 or not isinstance(documents[0], MappingNode):
        at = place(FILE, documents[1].start_mark) if len(documents) > 1 else Position(FILE)
        report.add(
            "PZ2001", "this is no project file", at, expected="one mapping with name, provider, variables, ..."
        )
        return None
    return documents[0]
