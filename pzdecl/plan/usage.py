"""What is still bound to something that is to go: a former solution goes on serving until a new one is
trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action, Reason, ReasonCode
from pzdecl.plan.node import Leftover, Node, Way


class Kept(NamedTuple):
    """What stays bound to something, now or, since it is retained and let go, `for_good`."""

    user: Node
    for_good: bool = False


class Usage:
    """Who is bound to what, in state and after the plan.

    users   for each ARN what is bound to it, or to something below it (a version of a solution)
    heirs   for each address what an earlier run left behind of things that depended on it; `untouched` are
            those of which the same is true, but which this plan leaves alone
    """

    def __init__(self, nodes: Mapping[Address, Node]) -> None:
        self.users: dict[str, list[Node]] = {}
        self.heirs: dict[Address, list[tuple[Node, Leftover]]] = {}
        self.untouched: dict[Address, list[Node]] = {}
        self._known: dict[str, Kept | None] = {}
        for node in nodes.values():
            for value in _bound_to(node):
                self.users.setdefault(value, []).append(node)
                self.users.setdefault(value.rpartition("/")[0], []).append(node)
            for left in node.leftovers:
                for address in left.dependencies:
                    self.heirs.setdefault(address, []).append((node, left))
            going = {left.arn for left in node.leftovers}
            for former in node.deposed:
                for address in former.dependencies if former.arn not in going else ():
                    self.untouched.setdefault(address, []).append(node)

    def keeps(self, arn: str, owner: Node) -> Kept | None:
        """What stays bound to `arn`, which is or was `owner`'s: by itself, or through a former resource that
        has to stay. None: it can go, once the plan's other steps are done.
        """
        if arn not in self._known:
            self._known[arn] = None
            found = list(self._keeping(arn, owner))
            # What is retained is not known any more afterwards: nobody would find out then why this is used.
            self._known[arn] = next((one for one in found if one.for_good), found[0] if found else None)
        return self._known[arn]

    def _keeping(self, arn: str, owner: Node) -> Iterator[Kept]:
        # A version is named rather than the campaign that serves it: training it anew is what helps.
        for user in sorted(self.users.get(arn, ()), key=lambda user: user.kind.run_action is None):
            if user is owner or user.recorded is None:
                continue
            if user.remains and any(_bound(value, arn) for value in user.bindings.values()):
                yield Kept(user)
            elif user.action is Action.REPLACE and user.way is Way.CREATE_FIRST and not user.blocked:
                if _leaves_former(user):
                    yield Kept(user, for_good=True)
                elif kept := self.keeps(user.recorded.arn, user):
                    yield kept
        for node in self.untouched.get(owner.address, ()):
            if node is not owner:
                yield Kept(node)
        for heir, left in self.heirs.get(owner.address, ()):
            if left.arn == arn or left.first:  # what makes room goes, whoever had used what was there
                continue
            if left.retained:
                yield Kept(heir, for_good=True)
            elif kept := self.keeps(left.arn, heir):
                yield kept


def _leaves_former(node: Node) -> bool:
    """Whether what takes a resource's place leaves that where it is, and forgets it."""
    return node.desired is not None and node.desired.lifecycle.on_delete == "retain"


def block_used(nodes: Mapping[Address, Node]) -> bool:
    """Blocks the deletion of what a former resource still needs that has to stay, and lets go of what one needs
    that is retained. Returns whether anything was blocked.
    """
    usage = Usage(nodes)
    made = {node.arn for node in nodes.values() if node.runs and isinstance(node.arn, str)}
    found = False
    for node in nodes.values():
        if node.action is not Action.DELETE or node.blocked or node.recorded is None:
            continue
        if node.recorded.arn in made:
            # Something else takes its place, under its ARN.
            continue
        kept = usage.keeps(node.recorded.arn, node)
        if kept is None:
            continue
        user = kept.user
        if kept.for_good:
            # It goes on for good, and nobody knows it any more.
            node.action = Action.FORGET
            text = f"left where it is: what {user.address} was is retained, and needs it"
            node.reasons.append(Reason(ReasonCode.NOT_DECLARED, text, cause=user.address))
        else:
            found = True
            text = f"{node.address} can't go while {user.address} goes on using what belongs to it"
            if user.kind.run_action:
                text += f": train it anew with --retrain {user.address}"
            node.block(Reason(ReasonCode.NOT_TRAINED, text, cause=user.address))
    return found


def _bound_to(node: Node) -> set[str]:
    """The ARNs that a recorded resource is bound to: on record, and in the service, where an update of ours
    that was cut short may have gone through.
    """
    if node.recorded is None:
        return set()
    seen = node.live.observed.values() if node.live else ()
    return {value for value in (*node.recorded.bindings.values(), *seen) if isinstance(value, str)}


def _bound(value: object, arn: str) -> bool:
    return isinstance(value, str) and (value == arn or value.startswith(f"{arn}/"))
