"""The words and symbols for actions, and the order in which a reviewer wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pzdecl.plan.model import Action, Change
from pzdecl.views.style import Style


class Wording(NamedTuple):
    """How an action is drawn and spoken of."""

    symbol: str
    ascii: str
    color: str
    future: str
    past: str
    doing: str


WORDS: Mapping[Action, Wording] = {
    Action.DELETE: Wording("-", "-", "red", "will be deleted", "deleted", "deleting"),
    Action.REPLACE: Wording("-/+", "-/+", "red", "will be replaced", "replaced", "replacing"),
    Action.IMPORT: Wording("⇣", "<", "magenta", "will be imported", "imported", "importing"),
    Action.TRAIN: Wording("↻", "@", "magenta", "will be trained", "trained", "training"),
    Action.DEPLOY: Wording("⇢", ">", "magenta", "will be deployed", "deployed", "deploying"),
    Action.INFER: Wording("⇉", "=", "magenta", "will be run", "run", "running"),
    Action.CREATE: Wording("+", "+", "green", "will be created", "created", "creating"),
    Action.UPDATE: Wording("~", "~", "yellow", "will be updated in place", "updated", "updating"),
    Action.ACCEPT: Wording("≈", "%", "cyan", "will be taken into the state", "accepted", "accepting"),
    Action.FORGET: Wording(".", ".", "cyan", "will be forgotten", "forgotten", "forgetting"),
    Action.NO_OP: Wording(" ", " ", "dim", "stays as it is", "unchanged", "leaving"),
}

SECTIONS: tuple[tuple[str, tuple[Action, ...]], ...] = (
    ("Deletions and replacements", (Action.DELETE, Action.REPLACE)),
    ("Imports, trainings and deployments", (Action.IMPORT, Action.TRAIN, Action.DEPLOY)),
    ("Batch jobs and exports", (Action.INFER,)),
    ("Creations", (Action.CREATE,)),
    ("Updates in place", (Action.UPDATE,)),
    ("Taken into the state (changed outside of pzdecl; nothing changes in the service)", (Action.ACCEPT,)),
    ("No longer managed (left where they are)", (Action.FORGET,)),
)
"""What a reviewer reads first, comes first."""

SUMMARY_ORDER = (
    Action.CREATE,
    Action.UPDATE,
    Action.REPLACE,
    Action.IMPORT,
    Action.TRAIN,
    Action.DEPLOY,
    Action.INFER,
    Action.ACCEPT,
    Action.FORGET,
    Action.DELETE,
)

DOING = {action.value: words.doing for action, words in WORDS.items()} | {
    "tag": "tagging",
    "record": "recording",
    "move": "moving",
}
"""A step's operation while it runs."""

DONE = {action.value: words.past for action, words in WORDS.items()} | {
    "tag": "tagged",
    "record": "recorded",
    "move": "moved",
}
"""A step's operation once it is done."""


def symbol(action: Action, style: Style) -> str:
    """The coloured symbol of an action."""
    words = WORDS[action]
    return style.paint(words.symbol if style.unicode else words.ascii, words.color)


def counts(changes: Iterable[Change]) -> dict[Action, int]:
    """How many changes of each action would be carried out, in the summary's order, without blocked ones."""
    found = Counter(change.action for change in changes if not change.blocked)
    return {action: found[action] for action in SUMMARY_ORDER}


def summary(counted: Mapping[Action, int], blocked: int = 0) -> str:
    """`3 to create, 1 to train, 0 to delete`: what is not zero, and always the deletions."""
    parts = [
        f"{counted[action]:,} to {action.value}"
        for action in SUMMARY_ORDER
        if counted.get(action) or action is Action.DELETE
    ]
    if blocked:
        parts.append(f"{blocked:,} blocked")
    return ", ".join(parts)


def done(counted: Mapping[str, int]) -> str:
    """`3 created, 1 trained, 2 moved`, in the summary's order; "" where nothing was."""
    parts = [
        f"{counted[action.value]:,} {WORDS[action].past}"
        for action in SUMMARY_ORDER
        if counted.get(action.value)
    ]
    if moves := counted.get("move"):
        parts.append(f"{moves:,} {DONE['move']}")
    return ", ".join(parts)


def plural(count: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(count: int) -> str:
    """`512 bytes`, `1.5 kB`, `12.3 MB`, `1.2 GB`, in powers of ten."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return plural(count, "byte")


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
