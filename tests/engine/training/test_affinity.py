"""User segmentation: worlds in which it is known who takes what up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzdecl.engine.data.columns import ROLE
from pzdecl.engine.progress import Progress
from pzdecl.engine.recipes.ranges import MEASURED
from pzdecl.engine.serving.files import read_model
from pzdecl.engine.serving.segments import attribute_features, item_features, log_chance, totals
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.affinity.factors import fit_factors
from pzdecl.engine.training.affinity.histories import histories, related
from pzdecl.engine.training.affinity.questions import ItemQuestions
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.split import halves
from pzdecl.engine.training.train import train
from tests.engine.training.worlds import interactions, write

SMALL = {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": "32"}}}
USERS = 40
ITEMS = 16


def camps() -> list[tuple[str, str, int]]:
    """Even users roam items 0 to 7, odd ones 8 to 15; users of a high number do more."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(USERS):
        for step in range(20 + user // 2):
            item = int(rng.integers(8)) + 8 * (user % 2)
            rows.append((f"u{user:03}", f"i{item:02}", 1_000 * user + 60 * step))
    return rows


def items(file: Path, **columns: list[Any]) -> Path:
    """An Items part; text columns are categorical."""
    ids = [f"i{n:02}" for n in range(ITEMS)]
    fields = [pa.field("ITEM_ID", pa.string())]
    for name, values in columns.items():
        text = any(isinstance(value, str) for value in values)
        kind = pa.string() if text else pa.float64()
        fields.append(pa.field(name, kind, metadata={ROLE: "categorical"} if text else None))
    pq.write_table(pa.table([ids, *columns.values()], schema=pa.schema(fields)), file)
    return file


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("world")
    genres = ["Comedy|Short" if n % 2 else "Comedy" for n in range(8)] + ["Drama"] * 8
    described = items(folder / "items.parquet", GENRES=genres, YEAR=[1990.0 + n // 4 for n in range(ITEMS)])
    return {"INTERACTIONS": [write(folder / "i.parquet", camps())], "ITEMS": [described]}


@pytest.fixture(scope="module")
def trained(
    parts: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Mapping[str, float], ServedModel]]:
    found = {}
    for recipe in ("aws-item-affinity", "aws-item-attribute-affinity"):
        folder = tmp_path_factory.mktemp("models") / recipe
        metrics = train(recipe, parts, SMALL, folder, lambda _: None, lambda: False)
        found[recipe] = (metrics, ServedModel.load(folder))
    return found


Trained = dict[str, tuple[Mapping[str, float], ServedModel]]


def test_the_users_of_an_item_are_those_of_its_camp(trained: Trained) -> None:
    metrics, model = trained["aws-item-affinity"]
    assert list(metrics) == ["coverage", "hits_at_1_percent", "recall_at_1_percent"]
    assert set(metrics) <= set(MEASURED)
    for item, camp in (("i03", 0), ("i12", 1)):
        found = model.get_user_segment(item, None, 20)
        assert {int(user[1:]) % 2 for user in found} == {camp}
        assert np.mean([int(user[1:]) for user in found[:5]]) > 20, "who does more comes first"
    assert len(model.get_user_segment("i03", None, 1000)) == USERS
    assert model.get_user_segment("i03", None, 5) == model.get_user_segment("i03", None, 20)[:5]


def test_the_users_of_a_genre_are_those_of_its_camp(trained: Trained) -> None:
    metrics, model = trained["aws-item-attribute-affinity"]
    assert list(metrics) == ["coverage", "hits_at_1_percent", "recall_at_1_percent"]
    for where, camp in (('ITEMS.GENRES = "Comedy"', 0), ("ITEMS.YEAR = 1993", 1)):
        assert {int(user[1:]) % 2 for user in model.get_user_segment(None, where, 20)} == {camp}
    both = model.get_user_segment(None, 'ITEMS.GENRES = "Comedy" AND ITEMS.GENRES = "Short"', 20)
    assert {int(user[1:]) % 2 for user in both} == {0}


@pytest.mark.parametrize(
    ("recipe", "item", "where", "words"),
    [
        ("aws-item-affinity", "i99", None, "the item 'i99' was not there when the version was trained"),
        ("aws-item-affinity", None, "ITEMS.YEAR = 1990", "finds the users of an item: give an item"),
        ("aws-item-attribute-affinity", "i01", None, "give an expression such as"),
        ("aws-item-attribute-affinity", None, "ITEMS.YEAR = 1", "no item had '1' in ITEMS.YEAR"),
    ],
)
def test_what_cannot_be_asked(trained: Trained, recipe: str, item: str, where: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        trained[recipe][1].get_user_segment(item, where, 3)


@pytest.mark.parametrize("recipe", ["aws-item-affinity", "aws-item-attribute-affinity"])
def test_recommendations_are_refused(trained: Trained, recipe: str) -> None:
    model = trained[recipe][1]
    with pytest.raises(ValueError, match="finds users, not items"):
        model.get_recommendations("u001")
    with pytest.raises(ValueError, match="finds users, not items"):
        model.get_personalized_ranking("u001", ["i01"])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"GENRES": ["Drama"] * ITEMS}, "GENRES has one value only"),
        ({"SKU": [f"s{n}" for n in range(ITEMS)]}, "SKU has another value for every item"),
        ({"PRICE": [None] * ITEMS}, "PRICE has no value"),
        (
            {"CREATION_TIMESTAMP": [float(n // 2) for n in range(ITEMS)]},
            "there is no categorical or numeric column",
        ),
    ],
)
def test_attributes_that_teach_nothing(
    columns: dict[str, list[Any]], words: str, parts: dict[str, list[Path]], tmp_path: Path
) -> None:
    data = {**parts, "ITEMS": [items(tmp_path / "items.parquet", **columns)]}
    with pytest.raises(TrainingFailed, match=f"No column of the Items dataset can be learned from: {words}"):
        train("aws-item-attribute-affinity", data, SMALL, tmp_path / "m", lambda _: None, lambda: False)


def test_times_that_tell_nothing_apart(parts: dict[str, list[Path]], tmp_path: Path) -> None:
    rows = [(user, f"{item}", 5) for user, item, _ in camps()]
    rows = list(dict.fromkeys(rows)) + [(f"v{n:03}", f"i{m:02}", 5) for n in range(60) for m in range(ITEMS)]
    data = {**parts, "INTERACTIONS": [write(tmp_path / "i.parquet", rows)]}
    with pytest.raises(TrainingFailed, match="All interactions have the same TIMESTAMP"):
        train("aws-item-attribute-affinity", data, SMALL, tmp_path / "m", lambda _: None, lambda: False)


def test_short_histories_leave_the_factors_where_they_start(tmp_path: Path) -> None:
    rows = [(f"u{n:03}", f"i{(n + step) % 12:02}", 100 * n + step) for n in range(210) for step in range(5)]
    data = {"INTERACTIONS": [write(tmp_path / "i.parquet", rows)]}
    metrics = train("aws-item-affinity", data, SMALL, tmp_path / "m", lambda _: None, lambda: False)
    model = ServedModel.load(tmp_path / "m")
    assert read_model(tmp_path / "m")[1]["factors"].tolist() == list(ItemQuestions.prior)
    assert metrics["hits_at_1_percent"] > 0
    assert len(model.get_user_segment("i03", None, 7)) == 7


def test_where_nobody_can_be_asked_about_nothing_is_trained_first(tmp_path: Path) -> None:
    rows = [(f"u{n:03}", f"i{(n + step) % 12:02}", 100 * n + step) for n in range(300) for step in range(4)]
    data = {"INTERACTIONS": [write(tmp_path / "i.parquet", rows)]}
    told: list[Progress] = []
    with pytest.raises(TrainingFailed, match="users with at least 5 interactions each"):
        train("aws-item-affinity", data, SMALL, tmp_path / "m", told.append, lambda: False)
    assert not told


def test_four_fifths_of_each_user_come_first() -> None:
    older, newer = halves(interactions([list(range(10)), [0, 1, 2, 3], [5]], 10))
    assert older.lengths.tolist() == [8, 4, 1]
    assert newer.items.tolist() == [8, 9]


def test_the_factors_are_those_that_made_the_choices() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(3, 40, 400)).astype(np.float32)
    truth = np.array([1.5, -1.0, 0.0])
    scores = np.tensordot(truth, features, 1)
    chances = np.exp(scores) / np.exp(scores).sum(0)
    counts = np.stack([rng.multinomial(5, chance) for chance in chances.T], 1).astype(np.float32)
    found = fit_factors(features, counts, np.zeros(3, np.float32))
    assert found == pytest.approx(truth, abs=0.1)
    nothing = fit_factors(features, np.zeros_like(counts), np.array([0.5, 1.0, 0.0], np.float32))
    assert nothing == pytest.approx([0.5, 1.0, 0.0]), "without choices the prior stays"


def test_histories_weigh_recent_events_more_and_cosines_are_those_of_the_sets() -> None:
    data = interactions([[0, 1, 0, 2], [1, 2], [3]], 4)
    had = histories(data)
    assert had["had_offsets"].tolist() == [0, 3, 5, 6]
    assert had["had_items"].tolist() == [0, 1, 2, 1, 2, 3]
    weights = had["had_weights"]
    assert weights[:3].sum() == pytest.approx(1.0)
    assert weights[0] == pytest.approx((0.98**3 + 0.98) / (1 + 0.98 + 0.98**2 + 0.98**3))
    assert had["events"].tolist() == [4.0, 2.0, 1.0]
    near = related(had, 4)
    sets = [{0}, {0, 1}, {0, 1}, {2}]
    for item in range(4):
        part = slice(*near["related_offsets"][item : item + 2])
        found = dict(
            zip(near["related_items"][part].tolist(), near["related_values"][part].tolist(), strict=True)
        )
        expected = {
            other: len(sets[item] & sets[other]) / (len(sets[item]) * len(sets[other])) ** 0.5
            for other in range(4)
            if other != item and sets[item] & sets[other]
        }
        assert found == pytest.approx(expected)


def test_chances_are_those_of_the_softmax() -> None:
    rng = np.random.default_rng(2)
    data = interactions([[0, 1, 0], [2], [1, 3]], 4)
    known: dict[str, Any] = {
        "items": rng.normal(size=(4, 3)).astype(np.float32),
        "bias": rng.normal(size=4).astype(np.float32),
        "expected": rng.normal(size=(3, 3)).astype(np.float32),
        "seen": np.array([-1.5], np.float32),
        **histories(data),
    }
    known["totals"] = totals(known)
    logits = known["expected"] @ known["items"].T + known["bias"]
    for user, had in enumerate([[0, 1], [2], [1, 3]]):
        logits[user, had] -= 1.5
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert log_chance(known, np.array([1, 3], np.int32)) == pytest.approx(
        np.log(chances[:, [1, 3]].sum(1)), abs=1e-5
    )
    known |= related(histories(data), 4)
    features = item_features(known, 1)
    assert features[0] == pytest.approx(np.log(chances[:, 1]), abs=1e-5)
    assert features[2] == pytest.approx(np.log([3, 1, 2]))
    assert features[3].tolist() == [1, 0, 1]
    assert np.array_equal(attribute_features(known, np.array([1], np.int32))[0], features[0])
