#!/usr/bin/env python3
"""Writes the data of a small, invented film club: interactions.csv, items.csv, users.csv.

    python examples/movies/generate.py [--out FOLDER] [--seed N] [--append N]

The world behind it has the structure that real viewing has. Members have tastes, and tastes drift. They watch
in sessions, each in a mood. Series are watched in order, several at a time; films have sequels. New titles
appear and draw attention for a while. Few things are watched twice. The same seed gives the same files, byte
for byte. `--append N` adds the next N events of the same world to interactions.csv. Nothing but Python is
needed.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

START = 1_735_689_600  # 1 January 2025, 00:00 UTC
DAY = 86_400
DAYS = 150
MEMBERS = 700
FILMS = 220
SEQUELS = 24
SERIES = 30
GENRES = (
    "Comedy", "Crime", "Documentary", "Drama", "Family",
    "Fantasy", "Horror", "Romance", "Science-fiction", "Thriller",
)  # fmt: skip
COUNTRIES = ("DE", "FR", "GB", "JP", "NG", "PL", "US")
PLANS = ("basic", "family", "premium")
FIRST = """
    Amber Borrowed Broken Crimson Distant Electric Fallen Frozen Gentle Golden Hidden Hollow Iron Last Little
    Lonely Midnight Northern Paper Quiet Restless Salt Second Silent Silver Stolen Sunken Tender Velvet Winter
"""
SECOND = """
    Archive Bridge Carousel Coast Comet Garden Harbour Island Kingdom Ladder Lantern Letters Lighthouse Machine
    Market Meridian Mirror Orchard Parade Piano Railway River Station Summer Telegraph Theatre Tide Valley
    Window
"""
COLUMNS = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE")


@dataclass(frozen=True)
class Title:
    """A film or an episode. `line` is the series or run of sequels that it is in, `part` its place in there."""

    id: str
    name: str
    kind: str
    genres: tuple[str, ...]
    appeal: float
    released: int  # day of the world; negative: before it begins
    minutes: int
    year: int
    line: int | None = None
    part: int = 0


@dataclass
class Member:
    """Somebody who watches. `taste` has a weight for each genre; `ahead` the titles to go on with."""

    id: str
    age: int
    country: str
    plan: str
    taste: list[float]
    pace: float  # sessions a day
    joined: float
    rng: random.Random
    ahead: list[Title] = field(default_factory=list)
    watched: set[str] = field(default_factory=set)


class Catalogue:
    """All titles, and how members come upon them."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(f"{seed}/titles")
        names = [f"{a} {b}" for a in FIRST.split() for b in SECOND.split()]
        rng.shuffle(names)
        self.titles: list[Title] = []
        self.lines: dict[int, list[Title]] = {}
        for index in range(FILMS + SEQUELS + SERIES):
            parts = 1 if index < FILMS else 3 if index < FILMS + SEQUELS else rng.randint(6, 10)
            self._add(index, names[index], parts, rng)
        self.starts = {genre: [t for t in self.titles if genre in t.genres and t.part == 0] for genre in GENRES}
        self.odds = {
            genre: [t.appeal / (1 + 2 * t.genres.index(genre)) for t in starts]
            for genre, starts in self.starts.items()
        }

    def _add(self, index: int, name: str, parts: int, rng: random.Random) -> None:
        series = index >= FILMS + SEQUELS
        genres = tuple(rng.sample(GENRES, rng.choice((1, 2, 2, 3))))
        appeal = rng.paretovariate(1.6) * (2.0 if parts > 1 else 1.0)
        first = rng.randrange(-60, DAYS - 30) if rng.random() < 0.3 else rng.randrange(-4000, -60)
        slug = name.lower().replace(" ", "-")
        line = []
        for part in range(parts):
            released = first + part * (7 if series else 20) if first > -60 else first
            suffix, label = ("", "") if not part else (f"-{part + 1}", f" {part + 1}")
            if series:
                suffix, label = f"-e{part + 1:02}", f", episode {part + 1}"
            line.append(
                Title(
                    id=slug + suffix,
                    name=name + label,
                    kind="episode" if series else "film",
                    genres=genres,
                    appeal=appeal,
                    released=released,
                    minutes=rng.randint(24, 58) if series else rng.randint(78, 165),
                    year=2025 + released // 365,
                    line=index if parts > 1 else None,
                    part=part,
                )
            )
        self.titles += line
        self.lines[index] = line

    def following(self, title: Title) -> Title | None:
        """The next episode or sequel."""
        if title.line is None or title.part + 1 == len(self.lines[title.line]):
            return None
        return self.lines[title.line][title.part + 1]

    def discover(self, member: Member, genre: str, day: float) -> Title:
        """Something of a genre: by appeal, more so while it is new, and rarely what was watched already."""
        rng = member.rng
        while True:
            title = rng.choices(self.starts[genre], self.odds[genre])[0]
            age = day - title.released
            if age < 0 or (title.id in member.watched and rng.random() > 0.02):
                if rng.random() < 0.05:
                    genre = rng.choice(GENRES)  # all of a genre watched: look elsewhere
                continue
            if rng.random() < 0.4 + 0.6 * 0.97 ** min(age, 500):
                return title


def members(seed: int) -> list[Member]:
    """Everybody, each with randomness of their own, so that a longer history begins like a shorter one."""
    found = []
    for number in range(1, MEMBERS + 1):
        rng = random.Random(f"{seed}/member/{number}")
        taste = [rng.gammavariate(0.35, 1.0) + 0.01 for _ in GENRES]
        found.append(
            Member(
                id=f"member-{number:04}",
                age=rng.randint(16, 79),
                country=rng.choice(COUNTRIES),
                plan=rng.choice(PLANS),
                taste=taste,
                pace=min(rng.gammavariate(1.5, 0.09) + 0.02, 0.9),
                joined=max(0.0, rng.uniform(-DAYS, DAYS * 0.8)),
                rng=rng,
            )
        )
    return found


def history(member: Member, catalogue: Catalogue, days: float) -> Iterator[tuple[int, str, str, str, str]]:
    """A member's events until a day, in order: (time, member, title, event type, event value)."""
    rng = member.rng
    day = member.joined + rng.expovariate(member.pace)
    while day < days:
        _drift(member)
        moment = START + int(day * DAY)
        mood = rng.choices(GENRES, [weight**1.5 for weight in member.taste])[0]
        previous: Title | None = None
        for _ in range(1 + min(int(rng.expovariate(0.5)), 7)):
            title = _choose(member, catalogue, mood, (moment - START) / DAY, previous)
            if rng.random() < 0.3:
                yield moment, member.id, title.id, "click", "0.0"
                moment += rng.randint(5, 90)
            share = (
                round(min(1.0, rng.betavariate(6, 1.2)), 2) if rng.random() < 0.88 else rng.uniform(0.02, 0.3)
            )
            yield moment, member.id, title.id, "watch", f"{share:.2f}"
            moment += int(title.minutes * 60 * share) + rng.randint(20, 300)
            member.watched.add(title.id)
            upcoming = catalogue.following(title)
            if share > 0.4 and upcoming:
                member.ahead.append(upcoming)
            previous = title
        day = max((moment - START) / DAY + 0.1, day + rng.expovariate(member.pace))


def _choose(member: Member, catalogue: Catalogue, mood: str, day: float, previous: Title | None) -> Title:
    """Goes on with what was just watched, or with what was left off earlier, or discovers something."""
    rng = member.rng
    ready = [title for title in member.ahead if title.released <= day]
    nearest = [title for title in ready if previous and title.line == previous.line]
    for choices, chance in ((nearest, 0.75), (ready[-4:], 0.55)):
        if choices and rng.random() < chance:
            title = choices[-1] if choices is nearest else rng.choice(choices)
            member.ahead.remove(title)
            return title
    return catalogue.discover(member, mood, day)


def _drift(member: Member) -> None:
    """One genre wins, one loses a little with every session."""
    rng = member.rng
    member.taste[rng.randrange(len(GENRES))] *= 0.8
    grown = rng.choices(range(len(GENRES)), [weight + 0.02 for weight in member.taste])[0]
    member.taste[grown] += 0.05 * sum(member.taste)


def events(seed: int, days: float) -> list[tuple[int, str, str, str, str]]:
    """All events before a day, by time."""
    catalogue = Catalogue(seed)
    limit = START + days * DAY
    every = [event for member in members(seed) for event in history(member, catalogue, days)]
    return sorted(event for event in every if event[0] < limit)


def write_all(folder: Path, seed: int) -> dict[str, int]:
    """Writes the three files; returns how many rows each got."""
    folder.mkdir(parents=True, exist_ok=True)
    items = [
        (t.id, t.name, t.kind, "|".join(t.genres), t.year, t.minutes, START + t.released * DAY)
        for t in sorted(Catalogue(seed).titles, key=lambda t: t.id)
    ]
    people = [(m.id, m.age, m.country, m.plan) for m in members(seed)]
    found = [_row(event) for event in events(seed, DAYS)]
    header = ("ITEM_ID", "TITLE", "KIND", "GENRES", "YEAR", "MINUTES", "CREATION_TIMESTAMP")
    _write(folder / "items.csv", header, items)
    _write(folder / "users.csv", ("USER_ID", "AGE", "COUNTRY", "PLAN"), people)
    _write(folder / "interactions.csv", COLUMNS, found)
    return {"interactions.csv": len(found), "items.csv": len(items), "users.csv": len(people)}


def append(folder: Path, seed: int, count: int) -> None:
    """Adds the `count` events that come after those in interactions.csv."""
    file = folder / "interactions.csv"
    with file.open(newline="", encoding="utf-8") as opened:
        rows = sum(1 for _ in csv.reader(opened)) - 1
    days, later = DAYS, []
    while len(later) < rows + count:
        days += 30
        later = events(seed, days)
    with file.open("a", newline="", encoding="utf-8") as opened:
        csv.writer(opened, lineterminator="\n").writerows(map(_row, later[rows : rows + count]))


def _row(event: tuple[int, str, str, str, str]) -> tuple[str, str, int, str, str]:
    moment, member, title, kind, value = event
    return member, title, moment, kind, value


def _write(file: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data", help="folder to write to")
    parser.add_argument("--seed", type=int, default=7, help="another number is another world")
    parser.add_argument("--append", type=int, metavar="N", help="add the next N events to interactions.csv")
    options = parser.parse_args()
    if options.append is not None:
        if options.append < 1 or not (options.out / "interactions.csv").exists():
            parser.error(
                f"--append needs N of at least 1 and {options.out / 'interactions.csv'}: generate it first"
            )
        append(options.out, options.seed, options.append)
        print(f"{options.out / 'interactions.csv'}: {options.append} rows added")
        return
    for name, rows in write_all(options.out, options.seed).items():
        print(f"{options.out / name}: {rows} rows")


if __name__ == "__main__":
    main()
