"""What an apply would upload for jobs to read: files of this machine, if the provider has a place for them."""

from __future__ import annotations

from pzdecl.kinds.fields import lookup
from pzdecl.plan.model import Action, Upload
from pzdecl.plan.node import Node
from pzdecl.plan.survey import Survey


def upload(node: Node, survey: Survey) -> Upload | None:
    """What the node's run would upload; None where it reads nothing of this machine, or is not run."""
    staging, desired = survey.project.provider.staging, node.desired
    runs = node.action in (Action.IMPORT, Action.INFER) and node.blocked is None
    if staging is None or desired is None or not runs or not node.kind.reads:
        return None
    content = survey.options.data.get(node.address)
    if content is None or desired.data is None or desired.data.path is None:
        return None
    to = staging.location(content["sha256"], desired.data.path)
    return Upload(str(lookup(desired.inputs, node.kind.reads)), int(content["bytes"]), to)
