"""Which step needs which: creations after what they depend on, deletions after what depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from pzdecl.kinds.address import Address
from pzdecl.plan import policy
from pzdecl.plan.model import Action, Op, Step
from pzdecl.plan.node import LEAVING, Node, Way
from pzdecl.plan.order import ordered
from pzdecl.plan.steps import VOID, Draft, Drafts, draft, letting_go
from pzdecl.plan.survey import Survey
from pzdecl.plan.usage import Usage


class Wiring:
    """All drafts of a plan, and the needs between addresses."""

    def __init__(self, survey: Survey) -> None:
        self.nodes = survey.nodes
        self.drafts: Mapping[Address, Drafts] = {a: draft(n, survey) for a, n in self.nodes.items()}
        self.usage = Usage(self.nodes)
        self.let_go: list[Draft] = []
        self._drop_kept()
        self.vacated: dict[Address, Draft] = {}
        places = policy.places(self.nodes.values())
        self.left = self._left_places()
        for node in self.nodes.values():
            self._forward(node, places)
        for node in self.nodes.values():
            self._backward(node)
            self._leftovers(node)
        self._former()
        self._let_go_first()
        self._renamed()
        for address, successor in self.vacated.items():
            if gone := self.drafts[address].remove:
                gone.needs |= {step for step in successor.needs if step.startswith(VOID)}

    def steps(self) -> tuple[list[Step], dict[Address, list[Draft]]]:
        """All steps in an order that respects their needs, and the drafts of each address."""
        drafts = {one.id: one for of_address in self.drafts.values() for one in of_address.all()}
        moves = sorted(of_address.move.id for of_address in self.drafts.values() if of_address.move)
        for one in drafts.values():
            one.needs &= drafts.keys()
        # Moves are made first, since everything else speaks of the new addresses: one after the other, so that
        # the rest need name the last one only.
        for before, after in pairwise(moves):
            drafts[after].needs.add(before)
        for one in drafts.values() if moves else ():
            if one.op is not Op.MOVE:
                one.needs.add(moves[-1])
        order = ordered({key: one.needs for key, one in drafts.items()})
        return [drafts[key].step() for key in order], {a: d.all() for a, d in self.drafts.items()}

    def _forward(self, node: Node, places: Mapping[tuple[str, object], Node]) -> None:
        """What a node's making needs: its parents, and the place that something else still occupies."""
        own = self.drafts[node.address]
        if node.desired is None:
            return
        for address in node.desired.depends_on:
            if (parent := self.drafts.get(address)) and parent.make:
                if own.make:
                    own.make.needs.add(parent.make.id)
                if own.void and self.nodes[address].runs:
                    self._before(address, own.void)
        if own.make is None:
            return
        if node.kind.one_per_parent and node.runs:
            other = places.get(policy.place_of(node))
            if left := self.left.get(policy.place_of(node)):
                own.make.needs.add(left.id)
            if other and other is not node and (gone := self.drafts[other.address].remove):
                own.make.needs.add(gone.id)
                self.vacated[other.address] = own.make

    def _left_places(self) -> dict[tuple[str, object], Draft]:
        """Where leftovers of `one_per_parent` kinds stand that are to be deleted."""
        found: dict[tuple[str, object], Draft] = {}
        for node in self.nodes.values():
            for left in node.leftovers if node.kind.one_per_parent else ():
                draft = self.drafts[node.address].leftovers.get(left.arn)
                if draft and draft.op is Op.DELETE:
                    found[node.address.kind, left.arn] = draft
                    if left.parent:
                        found[node.address.kind, left.parent] = draft
        return found

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
            # What makes room for a new one can't wait for those that move on to the new one, and need not:
            # nothing in the service holds up the deletion of a dataset or an event tracker. Nor of what is only
            # forgotten.
            early = parent.way is Way.DELETE_FIRST or address in self.vacated
            if parent.action in LEAVING and not early and (going or gone.op is Op.DELETE):
                gone.needs |= after
            for left in self.drafts[address].leftovers.values():
                if going:
                    left.needs |= after

    def _leftovers(self, node: Node) -> None:
        """What a leftover was made below goes after it."""
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
        """What a replacement leaves is deleted after all that used it has moved off, and so is what goes: where
        changes were ignored, what is on record as needed is not what is used.
        """
        for node in self.nodes.values():
            own = self.drafts[node.address]
            gone = [one for one in own.leftovers.values() if one.op is not Op.FORGET]
            going = node.action is Action.DELETE and node.address not in self.vacated
            if own.remove and (own.remove.deposed or going):
                gone.append(own.remove)
            first = {left.arn for left in node.leftovers if left.first}
            for one in gone:
                for user in self.usage.users.get(one.arn or "", ()):
                    # What makes room for the new one can't wait for those that move on to that.
                    if user is not node and (one.arn not in first or user.action in LEAVING):
                        one.needs |= self._released(user)

    def _let_go_first(self) -> None:
        """What is retained is forgotten after what it needs.

        Were a run killed in between, the next one would not know what uses that.
        """
        for above in self.let_go:
            below = [self.drafts[user.address].remove for user in self.usage.users.get(above.arn or "", ())]
            for heir, left in self.usage.heirs.get(above.address, ()):
                below.append(self.drafts[heir.address].leftovers.get(left.arn))
            for one in below:
                if one and one is not above and one.op is Op.FORGET:
                    above.needs.discard(one.id)
                    one.needs.add(above.id)

    def _renamed(self) -> None:
        """What is created anew under another name is there before the former one goes, where both can be."""
        renamed = [node for node in self.nodes.values() if node.successor]
        drafts = (
            {one.id: one for of_address in self.drafts.values() for one in of_address.all()} if renamed else {}
        )
        for node in renamed:
            assert node.successor
            gone, made = self.drafts[node.address].remove, self.drafts[node.successor].make
            if gone and made and gone.id not in _above(made, drafts):
                gone.needs.add(made.id)

    def _released(self, node: Node) -> set[str]:
        """The steps after which what is on record for a node needs nothing any more."""
        own = self.drafts[node.address]
        if own.remove:
            return {own.remove.id}
        return {own.make.id} if own.make else set()

    def _drop_kept(self) -> None:
        """Takes out the deletions of former resources that something goes on using.

        What is retained goes on for good, and is not known any more: what it needs is let go as well.
        """
        for node in self.nodes.values():
            own = self.drafts[node.address]
            if own.remove and own.remove.deposed:
                own.remove = self._kept(own.remove, node)
            first = {left.arn for left in node.leftovers if left.first}
            for arn, left in list(own.leftovers.items()):
                if left.op is Op.DELETE and arn not in first:
                    if needed := self._kept(left, node):
                        own.leftovers[arn] = needed
                    else:
                        del own.leftovers[arn]

    def _kept(self, gone: Draft, node: Node) -> Draft | None:
        """The deletion of something former; where that is used, what lets go of it, or nothing."""
        kept = self.usage.keeps(gone.arn or "", node)
        if kept is None:
            return gone
        if not kept.for_good:
            return None
        self.let_go.append(letting_go(gone, node))
        return self.let_go[-1]


def _above(start: Draft, drafts: Mapping[str, Draft]) -> set[str]:
    """The ids of all that a step needs."""
    found: set[str] = set()
    queue = [start]
    while queue:
        for key in queue.pop().needs - found:
            found.add(key)
            if key in drafts:
                queue.append(drafts[key])
    return found
