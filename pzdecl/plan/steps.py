"""The steps of each change: requests, what to record, and what must be done first within the address itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Call, Effect
from pzdecl.plan import gates, naming, records
from pzdecl.plan.model import Action, Op, ReasonCode, Step
from pzdecl.plan.node import MAKING, Leftover, Node, Way
from pzdecl.plan.survey import Survey

MAKING_OPS = {
    Action.CREATE: Op.CREATE,
    Action.REPLACE: Op.CREATE,
    Action.IMPORT: Op.IMPORT,
    Action.TRAIN: Op.TRAIN,
    Action.INFER: Op.INFER,
}

VOID = "void:"
"""How the ids of steps begin that declare a record void."""


@dataclass(slots=True)
class Draft:
    """A step whose needs are still being found out."""

    id: str
    op: Op
    address: Address
    call: Call | None = None
    name: str | None = None
    arn: str | None = None
    record: Mapping[str, Any] | None = None
    deposed: bool = False
    source: Address | None = None
    gates: tuple[Mapping[str, Any], ...] = ()
    serving: str | None = None
    needs: set[str] = field(default_factory=set)

    def step(self) -> Step:
        """The finished step."""
        return Step(
            id=self.id,
            op=self.op,
            address=self.address,
            operation=self.call.operation if self.call else None,
            params=self.call.params if self.call else {"from": str(self.source)} if self.source else {},
            needs=tuple(sorted(self.needs)),
            name=self.name,
            arn=self.arn,
            record=self.record,
            deposed=self.deposed,
            gates=self.gates,
            serving=self.serving,
        )


@dataclass(slots=True)
class Drafts:
    """The steps of one address, by what others may wait for.

    move      gives the address what was on record under another one
    make      makes or changes the resource (create, import, train, infer, update, deploy)
    remove    removes what is on record: before `make` where it goes first, after it where it goes last
    void      declares the record void, before anything that it was filled into goes
    others    tags, bookkeeping
    leftovers what earlier runs left, by ARN
    """

    move: Draft | None = None
    make: Draft | None = None
    remove: Draft | None = None
    void: Draft | None = None
    others: list[Draft] = field(default_factory=list)
    leftovers: dict[str, Draft] = field(default_factory=dict)

    def all(self) -> list[Draft]:
        """Every step of the address."""
        own = [draft for draft in (self.move, self.void, self.make, self.remove) if draft]
        return [*own, *self.others, *self.leftovers.values()]


def draft(node: Node, survey: Survey) -> Drafts:
    """The steps of one node, with their needs among each other."""
    drafts = Drafts()
    if not survey.includes(node.address):
        drafts.void = _void(node)
        return drafts
    blocked = node.blocked is not None
    if source := survey.came_from.get(node.address):
        drafts.move = Draft(f"{Op.MOVE}:{node.address}", Op.MOVE, node.address, source=source)
    for left in node.leftovers:
        if left.own or not blocked:
            drafts.leftovers[left.arn] = _leftover(node, left)
    if blocked:
        _unprotect(node, drafts)
        return drafts
    drafts.void = _void(node)
    if node.action in MAKING:
        _make(node, drafts, survey)
    elif node.action in (Action.DELETE, Action.FORGET):
        drafts.remove = removal(node, forget=node.action is Action.FORGET, deposed=False)
    elif node.action in (Action.UPDATE, Action.DEPLOY):
        _update(node, drafts, survey)
    elif records.stale(node):
        drafts.others.append(_bookkeeping(node))
    if drafts.make and (rules := gates.of(node)):
        drafts.make.gates, drafts.make.serving = tuple(rules), gates.serving(node)
    return drafts


def _void(node: Node) -> Draft | None:
    if not node.void or node.recorded is None or node.recorded.data is None:
        return None
    return Draft(f"{VOID}{node.address}", Op.RECORD, node.address, record=records.void(node))


def _make(node: Node, drafts: Drafts, survey: Survey) -> None:
    desired = node.desired
    assert desired
    op = MAKING_OPS[node.action]
    step = naming.creation(op, node, survey.nodes)
    inputs, bindings = node.inputs, node.bindings
    if desired.sensitive:
        inputs = survey.secrets.tokens(desired, inputs)
        bindings = survey.secrets.bindings(desired, survey.bind(node)[0], token=True)
    call = node.kind.create(node.name, inputs, bindings, node.tags)
    if desired.sensitive:
        call = Call(call.operation, survey.secrets.request(desired, call.params))
    arn = node.arn if isinstance(node.arn, str) else None
    drafts.make = Draft(step, op, node.address, call, node.name, arn, records.planned(node))
    drafts.make.needs |= {drafts.leftovers[left.arn].id for left in node.leftovers if left.first}
    if drafts.void:
        drafts.make.needs.add(drafts.void.id)
    further = node.kind.after_creation(node.arn, node.inputs)
    chain = [drafts.make, *_changes(node, Op.UPDATE, further, arn, records.planned(node))]
    drafts.others += _chained(chain)[1:]
    if node.action is not Action.REPLACE:
        return
    if node.way is Way.DELETE_FIRST:
        drafts.remove = removal(node, forget=False, deposed=False)
        drafts.make.needs.add(drafts.remove.id)
    else:
        drafts.remove = removal(node, forget=desired.lifecycle.on_delete == "retain", deposed=True)
        drafts.remove.needs.add(drafts.make.id)


def _update(node: Node, drafts: Drafts, survey: Survey) -> None:
    desired, recorded = node.desired, node.recorded
    assert desired is not None
    assert recorded is not None
    row = records.planned(node)
    chain: list[Draft] = []
    there = node.live.tags if node.live and node.live.tags is not None else recorded.tags
    if node.request:
        op = Op.DEPLOY if node.action is Action.DEPLOY else Op.UPDATE
        inputs, bindings = node.inputs, node.bindings
        if desired.sensitive:
            inputs = survey.secrets.tokens(desired, inputs)
        paths = [field.path for field in node.fields if field.effect is not Effect.METADATA]
        calls = node.kind.updates(recorded.arn, inputs, bindings, paths)
        if desired.sensitive:
            calls = [Call(one.operation, survey.secrets.request(desired, one.params)) for one in calls]
        chain += _changes(node, op, calls, recorded.arn, records.with_tags(row, there))
        drafts.make = chain[0]
        drafts.make.id = f"{op}:{node.address}"
    if node.set_tags:
        tags = [{"tagKey": key, "tagValue": node.set_tags[key]} for key in sorted(node.set_tags)]
        call = Call("tag_resource", {"resourceArn": recorded.arn, "tags": tags})
        between = records.with_tags(row, {**there, **node.set_tags})
        chain.append(Draft(f"tag:{node.address}", Op.TAG, node.address, call, node.name, recorded.arn, between))
    if node.unset_tags:
        call = Call("untag_resource", {"resourceArn": recorded.arn, "tagKeys": sorted(node.unset_tags)})
        chain.append(Draft(f"untag:{node.address}", Op.TAG, node.address, call, node.name, recorded.arn, row))
    if not chain:
        chain.append(_bookkeeping(node))
    drafts.others += [one for one in _chained(chain) if one is not drafts.make]


def _changes(node: Node, op: Op, calls: Sequence[Call], arn: str | None, row: Mapping[str, Any]) -> list[Draft]:
    """A step for each request that changes what is at `arn`."""
    return [
        Draft(f"{op}:{node.address}:{call.operation}", op, node.address, call, node.name, arn, row)
        for call in calls
    ]


def _chained(chain: list[Draft]) -> list[Draft]:
    """The same steps, each after the one before."""
    for before, after in pairwise(chain):
        after.needs.add(before.id)
    return chain


def _bookkeeping(node: Node) -> Draft:
    return Draft(f"record:{node.address}", Op.RECORD, node.address, record=records.planned(node))


def _unprotect(node: Node, drafts: Drafts) -> None:
    """What is protected on record but not in its manifest loses its protection now, and may go the next
    time.
    """
    assert node.blocked
    mine = node.blocked.code is ReasonCode.PROTECTED and node.root == node.address
    if mine and node.desired and node.recorded and node.recorded.protect and not node.desired.lifecycle.protect:
        row = records.unprotected(node)
        drafts.others.append(Draft(f"record:{node.address}", Op.RECORD, node.address, record=row))


def removal(node: Node, *, forget: bool, deposed: bool) -> Draft:
    """The step that deletes what is on record, or forgets it."""
    recorded = node.recorded
    assert recorded
    return _gone(node, recorded.name, recorded.arn, forget=forget, deposed=deposed)


def letting_go(gone: Draft, node: Node) -> Draft:
    """In place of the deletion of something former: it is forgotten, after all that the deletion waits for."""
    made = _gone(node, gone.name or "", gone.arn or "", forget=True, deposed=gone.deposed)
    made.needs |= gone.needs
    return made


def _leftover(node: Node, left: Leftover) -> Draft:
    return _gone(node, left.name, left.arn, forget=left.keep, deposed=True)


def _gone(node: Node, name: str, arn: str, *, forget: bool, deposed: bool) -> Draft:
    op = Op.FORGET if forget else Op.DELETE
    call = None if forget else node.kind.delete(arn)
    step = f"{op}:{node.address}:{name}" if deposed else f"{op}:{node.address}"
    return Draft(step, op, node.address, call, name, arn, deposed=deposed)
