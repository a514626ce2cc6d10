"""Themes: what a list of items has in common that sets it apart from the catalogue, in the items' own words.

The terms of an item are the words of its name and its description, up to three of them that stand side by side,
and the values of its categories. A term that k of a list's n items have, and a share p of the catalogue, is
worth

    k / n * G,    G = k ln(k / (n p)) + (n - k) ln((n - k) / (n (1 - p)))

G is how surprising so many would be in a list drawn at random: half the log-likelihood ratio of T. Dunning,
"Accurate methods for the statistics of surprise and coincidence", Computational Linguistics 19(1), 1993. The
share of the list before it prefers what most of the items have to what is rare. What chance gives a
term in one list of twenty (2 G below 3.84) is worth nothing; of many terms, one or another gets further by
chance, and then few of the items have it, which the relevance tells.

What bears a theme are the best term and those worth at least half as much; the theme names up to three of them
that share no word. An item's relevance is what its terms among them are worth, over what all of them are. No
randomness is in it: equal items give equal themes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

NAMED = 3
"""Terms that a theme names, at most."""
BEARING = 12
"""Terms that bear it, at most."""
LEAST = 0.5
"""Each is worth at least so much of what the best one is."""
ITEMS = 10_000
"""Items of lists whose terms are held in memory at one time."""
SURPRISE = 1.92
"""G that is no chance: half of the 95 % point of chi-squared with one degree of freedom."""
RUN = 3
"""Words that stand side by side and are one term, at most."""
WORDS = 200
"""Words of a text that are read: what it is about is told by then."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_JOINED = re.compile(r"\s+")
_COMMON = """
a about after again all also an and any are as at be because been before being between both but by can could
did do does doing down during each every few for from further get gets had has have having he her here hers
him his how i if in into is it its just like make may me more most much my new no nor not now of off on once
one only or other our out over own per same she should so some such than that the their them then there
these they this those through to too under until up upon us use used very was we were what when where which
while who whom why will with within without would you your false n/a na nan none null true unknown yes
"""
COMMON = frozenset(_JOINED.split(_COMMON.strip()))
"""English words, and stand-ins for values, that tell nothing. Of other languages the frequencies tell alone."""


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of an item: texts (its name, its description) and values of categories."""

    texts: Sequence[str] = ()
    categories: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Theme:
    """A list's theme. `relevance[i]`, in 0..1, is the share of it that the list's item i bears."""

    text: str
    relevance: tuple[float, ...]


@dataclass(slots=True)
class Background:
    """How frequent terms are in the catalogue; each is counted when it is first asked for.

    items   of the catalogue, or of a fair part of it
    """

    items: Sequence[Described]
    _counts: dict[str, int] = field(default_factory=dict)

    def look(self, terms: Collection[str]) -> None:
        """Counts terms, those that are not known yet, in one pass over the items."""
        wanted = set(terms) - self._counts.keys()
        if not wanted:
            return
        found: Counter[str] = Counter()
        for item in self.items:
            found.update(wanted.intersection(spelt(item)))
        self._counts |= {term: found[term] for term in wanted}

    def share(self, term: str) -> float:
        """The share of items that have a term, above 0 and below 1."""
        self.look((term,))
        return (self._counts[term] + 0.5) / (len(self.items) + 1)


def themes(lists: Sequence[Sequence[Described]], background: Background) -> list[Theme | None]:
    """The theme of each list; None where nothing that two of its items share sets them apart."""
    found: list[Theme | None] = []
    for some in _together(lists):
        terms = [_shared([spelt(item) for item in one]) for one in some]
        background.look({term for one in terms for item in one for term in item})
        found += [_theme(one, background) for one in terms]
    return found


def _together(lists: Sequence[Sequence[Described]]) -> Iterator[list[Sequence[Described]]]:
    """Lists of some thousands of items, whose terms are in memory and counted together."""
    some: list[Sequence[Described]] = []
    for one in lists:
        some.append(one)
        if sum(map(len, some)) >= ITEMS:
            yield some
            some = []
    if some:
        yield some


def spelt(item: Described) -> dict[str, str]:
    """The terms of an item, folded, each as it is written (where it is a category: as it is there)."""
    found: dict[str, str] = {}
    for value in item.categories:
        written = _JOINED.sub(" ", value.strip())
        if _tells(written):
            found.setdefault(written.casefold(), written)
    for text in item.texts:
        for term in _terms(text):
            found.setdefault(term.casefold(), term)
    return found


def _terms(text: str) -> Iterator[str]:
    """Words, and runs of them with nothing but space between."""
    run: list[str] = []
    end = 0
    for match in islice(_WORD.finditer(text), WORDS):
        if not text[end : match.start()].isspace():
            run.clear()
        end = match.end()
        if not _tells(match[0]):
            run.clear()
            continue
        run = [*run, match[0]][-RUN:]
        for length in range(1, len(run) + 1):
            yield " ".join(run[-length:])


def _tells(term: str) -> bool:
    """Single letters and digits tell nothing; single characters of other scripts may be words."""
    return term.casefold() not in COMMON and (len(term) > 1 or not term.isascii())


def _shared(items: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The terms of each item that another one has, too (of a single item: all)."""
    counts = Counter(term for item in items for term in item)
    least = min(2, len(items))
    return [{term: written for term, written in item.items() if counts[term] >= least} for item in items]


def _theme(items: Sequence[Mapping[str, str]], known: Background) -> Theme | None:
    """`items`: the shared terms of each."""
    counts = Counter(term for item in items for term in item)
    worth = {term: _worth(count, len(items), known.share(term)) for term, count in counts.items()}
    # Of terms that are worth the same the longer one tells more; the last key settles the rest.
    best = sorted(worth, key=lambda one: (-worth[one], -len(one), one))[:BEARING]
    bearing = [one for one in best if worth[one] >= LEAST * worth[best[0]] > 0]
    if not bearing:
        return None
    total = sum(worth[one] for one in bearing)
    text = ", ".join(_written(term, items) for term in _apart(bearing))
    relevance = (sum(worth[one] for one in bearing if one in item) / total for item in items)
    return Theme(text[:1].upper() + text[1:], tuple(round(one, 6) for one in relevance))


def _apart(terms: Sequence[str]) -> list[str]:
    """The first few of the terms that share no word with one before."""
    found: list[str] = []
    words: set[str] = set()
    for term in terms:
        own = {*_WORD.findall(term)} - COMMON
        if len(found) < NAMED and not own & words:
            found.append(term)
            words |= own
    return found


def _worth(count: int, of: int, share: float) -> float:
    """See the module: 0 for what is no more frequent in the list than elsewhere, or hardly."""
    if count / of <= share:
        return 0.0
    surprise = count * math.log(count / (of * share))
    if count < of:
        surprise += (of - count) * math.log((of - count) / (of * (1 - share)))
    return count / of * surprise if surprise >= SURPRISE else 0.0


def _written(term: str, items: Iterable[Mapping[str, str]]) -> str:
    """As most of the items write it."""
    spellings = Counter(item[term] for item in items if term in item)
    return min(spellings, key=lambda one: (-spellings[one], one))
