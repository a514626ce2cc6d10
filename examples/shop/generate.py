#!/usr/bin/env python3
"""Writes the data of a small, invented shop: interactions.csv and items.csv.

    python examples/shop/generate.py [--out FOLDER] [--seed N]

Customers have hobbies. In a visit they look at a few articles of one hobby and perhaps buy one, mostly together
with what goes with it. The same seed gives the same files, byte for byte. Nothing but Python is needed.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

START = 1_735_689_600  # 1 January 2025, 00:00 UTC
DAY = 86_400
DAYS = 120
CUSTOMERS = 300
SETS = {
    "Coffee": ("Espresso machine", "Coffee beans", "Grinder", "Milk jug", "Descaler", "Tamper"),
    "Garden": ("Spade", "Seeds", "Watering can", "Gloves", "Compost", "Secateurs"),
    "Camping": ("Tent", "Sleeping bag", "Stove", "Gas cartridge", "Headlamp", "Water filter"),
    "Drawing": ("Sketchbook", "Pencils", "Eraser", "Ink", "Brush pen", "Easel"),
    "Cycling": ("Helmet", "Inner tube", "Pump", "Bottle", "Bell", "Chain oil"),
    "Music": ("Ukulele", "Strings", "Tuner", "Capo", "Music stand", "Metronome"),
}
"""Articles by category. Neighbours in a list go together."""


def articles() -> list[tuple[str, str, float, str, int]]:
    """Rows of items.csv."""
    draw = random.Random(0)
    return [
        (
            name.lower().replace(" ", "-"),
            name,
            round(draw.lognormvariate(3, 0.8), 2),
            category,
            START - draw.randrange(400) * DAY,
        )
        for category, names in SETS.items()
        for name in names
    ]


def visits(seed: int) -> Iterable[tuple[str, str, int, str]]:
    """Rows of interactions.csv, customer by customer."""
    categories = list(SETS)
    for number in range(CUSTOMERS):
        draw = random.Random(f"{seed} {number}")
        tastes = [draw.expovariate(1) ** 2 for _ in categories]
        for _ in range(draw.randrange(2, 9)):
            at = START + draw.randrange(DAYS * DAY)
            names = SETS[draw.choices(categories, tastes)[0]]
            wanted = min(draw.randrange(len(names)), draw.randrange(len(names)))
            for name in draw.sample(names, 3):
                yield _event(number, name, at, "View")
                at += draw.randrange(10, 300)
            if draw.random() < 0.7:
                yield _event(number, names[wanted], at, "View")
                yield _event(number, names[wanted], at + 60, "Purchase")
                if draw.random() < 0.6:
                    yield _event(number, names[wanted ^ 1], at + 60, "Purchase")


def _event(customer: int, name: str, at: int, kind: str) -> tuple[str, str, int, str]:
    return f"customer-{customer:03}", name.lower().replace(" ", "-"), at, kind


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Writes both files."""
    parser = argparse.ArgumentParser(description="Writes the data of the shop.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data", help="the folder")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another year")
    given = parser.parse_args()
    columns = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")
    write(given.out / "interactions.csv", columns, visits(given.seed))
    columns = ("ITEM_ID", "NAME", "PRICE", "CATEGORY_L1", "CREATION_TIMESTAMP")
    write(given.out / "items.csv", columns, articles())


if __name__ == "__main__":
    main()
