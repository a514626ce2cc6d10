"""Which step needs which: creations after what they depend on, deletions after what depends on them."""

from __future__ import annotations

from collections.abc import Mapping

from pzdecl.kinds.address import Address
from pzdecl.plan import policy
from pzdecl.plan.model import Action, Op, Step
from pzdecl.plan.node import LEAVING, Node, Way
from pzdecl.plan.order import ordered
from pzdecl.plan.steps import Draft, Drafts, draft
from pzdecl.plan.survey import Survey


class Wiring:
    """All drafts of a plan, and the needs between addresses."""

    def __init__(self, survey: Survey) -> None:
        self.nodes = survey.nodes
        self.drafts: Mapping[Address, Drafts] = {a: draft(n, survey) for a, n in self.nodes.items()}
        self.users = _users(self.nodes)
        self._kept: dict[str, bool] = {}
        self._drop_kept()
        places = policy.places(self.nodes.values())
        for node in self.nodes.values():
            self._forward(node, places)
            self._backward(node)
        self._former()

    def steps(self) -> tuple[list[Step], dict[Address, list[Draft]]]:
        """All steps in an order that respects their needs, and the drafts of each address."""
        drafts = {one.id: one for of_address in self.drafts.values() for one in of_address.all()}
        for one in drafts.values():
            one.needs &= drafts.keys()
        order = ordered({key: one.needs for key, one in drafts.items()})
        return [drafts[key].step() for key in order], {a: d.all() for a, d in self.drafts.items()}

    def _forward(self, node: Node, places: Mapping[tuple[str, object], Node]) -> None:
        """What a node's making needs: its parents, and the place that something else still occupies."""
        own = self.drafts[node.address]
        if own.make is None or node.desired is None:
            return
        for address in node.desired.depends_on:
            if (parent := self.drafts.get(address)) and parent.make:
                own.make.needs.add(parent.make.id)
                if own.void and self.nodes[address].runs:
                    self._before(address, own.void)
        if node.kind.one_per_parent and node.runs:
            other = places.get(policy.place_of(node))
            if other and other is not node and (gone := self.drafts[other.address].remove):
                own.make.needs.add(gone.id)

    def _before(self, address: Address, void: Draft) -> None:
        """Declares a record void before the first step that takes away what it stands for."""
        parent = self.drafts[address]
        assert parent.make
        first = parent.remove if parent.remove and self.nodes[address].way is Way.DELETE_FIRST else parent.make
        first.needs.add(void.id)

    def _backward(self, node: Node) -> None:
        """A parent's deletion waits for what was recorded as depending on it."""
        if node.recorded is None:
            return
        after = self._released(node)
        for address in node.recorded.dependencies:
            parent = self.nodes.get(address)
            if parent is None or parent is node or not (gone := self.drafts[address].remove):
                continue
            going = node.action in LEAVING
            if parent.action in LEAVING or (parent.way is Way.DELETE_FIRST and going):
                gone.needs |= after
            for left in self.drafts[address].leftovers.values():
                if going:
                    left.needs |= after
        for former in node.leftovers:
            own = self.drafts[node.address].leftovers.get(former.arn)
            for address in former.dependencies:
                above = self.drafts.get(address)
                if own is None or above is None or address == node.address:
                    continue
                if above.remove and (self.nodes[address].action in LEAVING or above.remove.deposed):
                    above.remove.needs.add(own.id)
                for left in above.leftovers.values():
                    left.needs.add(own.id)

    def _former(self) -> None:
        """What a replacement leaves is deleted after all that used it has moved off."""
        for node in self.nodes.values():
            own = self.drafts[node.address]
            gone = [one for one in own.leftovers.values() if one.op is not Op.FORGET]
            if own.remove and own.remove.deposed:
                gone.append(own.remove)
            for one in gone:
                for user in self.users.get(one.arn or "", ()):
                    if user is not node:
                        one.needs |= self._released(user)

    def _released(self, node: Node) -> set[str]:
        """The steps after which what is on record for a node needs nothing any more."""
        own = self.drafts[node.address]
        if own.remove:
            return {own.remove.id}
        return {own.make.id} if own.make else set()

    def _drop_kept(self) -> None:
        """Takes out the deletions of former resources that something goes on using."""
        for node in self.nodes.values():
            own = self.drafts[node.address]
            if own.remove and own.remove.deposed and self._in_use(own.remove.arn, node):
                own.remove = None
            for arn, left in list(own.leftovers.items()):
                if left.op is Op.DELETE and self._in_use(arn, node):
                    del own.leftovers[arn]

    def _in_use(self, arn: str | None, owner: Node) -> bool:
        """Whether something that stays, or a former resource that has to stay, is bound to `arn`."""
        if not arn:
            return False
        if arn not in self._kept:
            self._kept[arn] = False
            self._kept[arn] = any(
                self._stays_on(user, arn) for user in self.users.get(arn, ()) if user is not owner
            )
        return self._kept[arn]

    def _stays_on(self, user: Node, arn: str) -> bool:
        recorded = user.recorded
        assert recorded
        if user.remains and any(_bound(value, arn) for value in user.bindings.values()):
            return True
        if user.action is Action.REPLACE and user.way is Way.CREATE_FIRST and not user.blocked:
            former = self.drafts[user.address].remove
            return former is None or former.op is Op.FORGET or self._in_use(recorded.arn, user)
        return False


def _users(nodes: Mapping[Address, Node]) -> dict[str, list[Node]]:
    """For each ARN what is recorded as bound to it, or to something below it (a version of a solution)."""
    users: dict[str, list[Node]] = {}
    for node in nodes.values():
        if node.recorded is None:
            continue
        for value in node.recorded.bindings.values():
            if isinstance(value, str):
                users.setdefault(value, []).append(node)
                users.setdefault(value.rpartition("/")[0], []).append(node)
    return users


def _bound(value: object, arn: str) -> bool:
    return isinstance(value, str) and (value == arn or value.startswith(f"{arn}/"))
