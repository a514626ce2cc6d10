"""Themes: what is named, what it is worth to each item, and what gives none."""

from __future__ import annotations

import itertools
import math
import random

from hypothesis import given
from hypothesis import strategies as st

from pzdecl.engine.serving.themes import Background, Described, Theme, spelt, themes

FILMS = [
    *(Described([f"Space station {n}"], ["Sci-Fi", "Drama"]) for n in "abcd"),
    *(Described([f"Love in Paris {n}"], ["Romance", "Drama"]) for n in "abcd"),
    *(Described([f"The long road {n}"], ["Western", "Drama"]) for n in "abcd"),
]


def theme(items: list[Described], catalogue: list[Described] | None = None) -> Theme | None:
    [found] = themes([items], Background(FILMS if catalogue is None else catalogue))
    return found


def test_what_sets_items_apart_is_their_theme() -> None:
    found = theme(FILMS[:4])
    assert found is not None
    # What all have says nothing (Drama), nor does a word of a run that is named.
    assert found == Theme("Space station, Sci-Fi", (1.0,) * 4)


def test_relevance_is_the_share_of_the_theme_that_an_item_bears() -> None:
    plain = Described(["Dust"], ["Sci-Fi"])
    found = theme([*FILMS[:4] * 3, plain, Described(["Nothing"])], FILMS * 9)
    assert found is not None
    assert found.relevance[:12] == (1.0,) * 12
    assert 0 < found.relevance[12] < 1
    assert found.relevance[13] == 0


def test_worth_is_surprise_times_the_share_of_the_list() -> None:
    """By hand: 7 of 8 items are red and 6 are round, of the catalogue's 39 both are 9."""
    red, both, plain = Described([], ["red"]), Described([], ["red", "round"]), Described([], ["plain"])
    catalogue = [both] * 9 + [plain] * 30
    share = 9.5 / 40
    worth = [
        k / 8 * (k * math.log(k / (8 * share)) + (8 - k) * math.log((8 - k) / (8 * (1 - share))))
        for k in (7, 6)
    ]
    assert worth[1] > worth[0] / 2
    of_red = round(worth[0] / sum(worth), 6)
    found = theme([both] * 6 + [red, plain], catalogue)
    assert found == Theme("Red, round", (*[1.0] * 6, of_red, 0.0))


def test_what_chance_gives_is_no_theme() -> None:
    catalogue = [Described([], ["red"])] * 30 + [Described([], ["blue"])] * 30
    assert theme([*catalogue[:5], *catalogue[-3:]], catalogue) is None  # 5 of 8, where half are
    assert theme([*catalogue[:8]], catalogue) == Theme("Red", (1.0,) * 8)


def test_what_most_items_have_goes_before_what_is_rare() -> None:
    catalogue = [Described([f"w{n}"]) for n in range(1000)] + [Described(["garden tools"])] * 100
    items = [Described(["rake garden"])] * 2 + [Described(["garden"])] * 8
    found = theme(items, catalogue)
    assert found is not None
    assert found.text.startswith("Garden")


def test_nothing_in_common_is_no_theme() -> None:
    assert theme([]) is None
    assert theme([Described(), Described()]) is None
    assert theme([Described(["one two"]), Described(["three four"])]) is None
    assert theme([Described([], ["Drama"])] * 3) is None  # all have it
    assert theme([Described(["the and of"], ["Yes", "n/a", "7"])] * 3) is None


def test_a_single_item_has_a_theme_of_its_own() -> None:
    assert theme([Described(["Solaris"], ["Sci-Fi"])], FILMS * 9) == Theme("Solaris", (1.0,))


def test_terms_are_words_and_their_runs_as_they_are_written() -> None:
    item = Described(["Tom's HOT water-bottle, of tin (1995)"], [" Home  & Garden ", ""])
    assert spelt(item) == {
        "home & garden": "Home & Garden",
        "tom's": "Tom's",
        "hot": "HOT",
        "tom's hot": "Tom's HOT",
        "water-bottle": "water-bottle",
        "hot water-bottle": "HOT water-bottle",
        "tom's hot water-bottle": "Tom's HOT water-bottle",
        "tin": "tin",
        "1995": "1995",
    }
    assert "straße" in spelt(Described(["Große Straße"])) or "strasse" in spelt(Described(["Große Straße"]))
    assert set(spelt(Described([], ["茶"]))) == {"茶"}


def test_most_items_decide_how_a_term_is_written() -> None:
    items = [Described(["drama queen"]), Described(["Drama Queen"]), Described(["Drama Queen"])]
    found = theme(items, [Described([f"w{n}"]) for n in range(50)])
    assert found is not None
    assert found.text == "Drama Queen"


cells = st.sampled_from(["", "red", "Red garden", "blue round", "the tin of 7", "Été", "茶", "rake, tin"])
items = st.builds(lambda name, genre: Described([name], [genre]), cells, cells)
lists = st.lists(items, max_size=6)


@given(st.lists(lists, max_size=3), lists)
def test_any_items_have_sound_themes(lists: list[list[Described]], catalogue: list[Described]) -> None:
    found = themes(lists, Background(catalogue))
    assert len(found) == len(lists)
    for one, theme in zip(lists, found, strict=True):
        assert theme is None or (theme.text and len(theme.relevance) == len(one))
        assert theme is None or all(0 <= value <= 1 for value in theme.relevance)
        assert theme is None or max(theme.relevance) > 0
    # Neither the order of the catalogue nor what else is asked changes a theme.
    shuffled = random.Random(1).sample(catalogue, len(catalogue))
    again = itertools.chain.from_iterable(themes([one], Background(shuffled)) for one in lists)
    assert list(again) == found
