"""The transformer: windows, what may be looked at, what it learns, and serving it without torch."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch.nn import functional as F

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.tables import Table
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.features import Features
from pzdecl.engine.serving.sequences import reader_of
from pzdecl.engine.serving.transformer import START, TransformerReader, gap_codes
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.sequence.sequences import of_users, tables
from pzdecl.engine.training.transformer import windows
from pzdecl.engine.training.transformer.featured import FeaturedTransformer
from pzdecl.engine.training.transformer.fit import Size, build
from pzdecl.engine.training.transformer.network import Block, Transformer
from tests import datasets
from tests.bench.quality.data import coded, training_data, truths
from tests.bench.quality.protocols import LIST, first_hit, leave_last_out, relevant
from tests.bench.quality.rows import LOO
from tests.engine.training.worlds import HOUR, fitted, interactions, job

RECIPE = "aws-user-personalization-v2"
NOTHING = np.zeros(0, np.int32), np.zeros(0, np.int64)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ring(users: int, items: int, length: int) -> Interactions:
    return interactions([[(u * 5 + t) % items for t in range(length)] for u in range(users)], items)


def network(items: int, length: int = 8, width: int = 16, seed: int = 0) -> Transformer:
    """Random in every weight, so that nothing is zero by how it begins."""
    made = Transformer(items, width, generator(seed), heads=2, length=length, overlap=length // 4, places=64)
    for parameter in made.parameters():
        parameter.data += torch.randn(parameter.shape, generator=generator(seed + 1)) * 0.2
    return made


def stored(model: Transformer, data: Interactions) -> dict[str, np.ndarray]:
    """What a training leaves to serve with, as far as the network is concerned."""
    return {**tables(model), **of_users(model, data), **model.tensors()}


def random_histories(lengths: list[int], items: int, seed: int = 0) -> Interactions:
    rng = np.random.default_rng(seed)
    data = interactions([rng.integers(items, size=length).tolist() for length in lengths], items)
    passed = np.cumsum(rng.integers(0, 3 * HOUR, len(data)))
    return replace(data, timestamps=passed.astype(np.int64))


def test_every_event_is_expected_once_and_the_newest_windows_are_full() -> None:
    data = random_histories([1, 7, 8, 9, 30, 0, 14], 9)
    found = windows.cut(data, 8, 2)
    counts: Counter[int] = Counter()
    for chosen in windows.batches(found, 40, np.random.default_rng(0)):
        made = windows.filled(data, found, chosen)
        assert made.rows.numel() <= 40
        rows = made.rows[made.weights > 0].tolist()
        counts.update(rows)
        assert made.targets[made.weights > 0].tolist() == data.items[rows].tolist()
    assert counts == Counter(range(len(data)))
    newest = found.ends == data.offsets[1:][data.users[found.ends - 1]]
    sizes = (found.ends - found.reads)[newest]
    assert sizes.tolist() == [1, 7, 8, 8, 8, 8]
    assert ((found.begins - found.reads)[~np.isin(found.reads, data.offsets)] == 2).all()


def test_what_is_read_is_the_event_before_and_the_time_before_that() -> None:
    data = replace(interactions([[3, 4, 5, 6]], 7), timestamps=np.array([100, 100, 163, 100_000], np.int64))
    found = windows.cut(data, 8, 2)
    made = windows.filled(data, found, np.array([0]))
    assert made.inputs.items[:, :4].tolist() == [[START, 3, 4, 5]]
    assert made.inputs.rows[:, :4].tolist() == [[-1, 0, 1, 2]]
    assert made.inputs.gaps[:, :4].tolist() == [[0, 0, 1, 7]]
    assert made.targets[:, :4].tolist() == [[3, 4, 5, 6]]
    assert made.weights.tolist() == [[1] * 4 + [0] * 4]
    assert made.rows.tolist() == [[0, 1, 2, 3, -1, -1, -1, -1]]
    assert gap_codes(np.array([0, 1, 2, 3, 1 << 60])).tolist() == [1, 2, 2, 3, 31]


def test_a_later_event_never_changes_what_was_expected_before_it() -> None:
    data = random_histories([12], 9)
    model = network(9, length=16)
    expected, rows = model.expectations(data)
    changed = replace(data, items=np.where(np.arange(12) == 7, 8 - data.items, data.items).astype(np.int32))
    other, _ = model.expectations(changed)
    order = np.argsort(rows)
    differs = np.abs(expected - other).max(1)[order] > 1e-6
    assert differs.tolist() == [False] * 8 + [True] * 4


def test_padding_has_no_effect() -> None:
    data = random_histories([3, 15], 9)
    model = network(9, length=16)
    found = windows.cut(data, 16, 4)
    with torch.no_grad():
        alone = model(windows.filled(data, found, np.array([0])).inputs)
        beside = model(windows.filled(data, found, np.array([0, 1])).inputs)
    assert (alone.shape[1], beside.shape[1]) == (8, 16)
    torch.testing.assert_close(beside[:1, :3], alone[:, :3])


@pytest.mark.parametrize(
    ("events", "size"),
    [
        (1_000, Size(64, 2, 256)),
        (49_999, Size(64, 2, 781)),
        (100_000, Size(128, 4, 1562)),
        (10**9, Size(128, 4, 2048)),
    ],
)
def test_the_size_follows_from_the_data(events: int, size: Size) -> None:
    assert Size.of(events) == size


def test_attention_equals_torchs() -> None:
    block = network(5, length=8).blocks[0]
    assert isinstance(block, Block)
    block.recent.data[1:] = 0
    block.recent.data[0] = 1
    x = torch.randn(3, 6, 16, generator=generator(4))
    queries, keys, values = (x @ block.look).view(3, 6, 3, 2, 8).permute(2, 0, 3, 1, 4).unbind()
    near = block.nearness[:, (torch.arange(6)[:, None] - torch.arange(6)).clamp_min(0)]
    mask = near.masked_fill(torch.ones(6, 6).triu(1).bool(), -torch.inf)
    found = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    torch.testing.assert_close(block.attend(x), found.transpose(1, 2).flatten(2) @ block.found)


@pytest.mark.parametrize("length", [0, 1, 2, 5, 8, 9, 40])
def test_serving_without_torch_expects_the_same(length: int) -> None:
    data = random_histories([length, 4], 9)
    model = network(9)
    tensors = stored(model, data)
    reader = reader_of(tensors)
    assert isinstance(reader, TransformerReader)
    whole = slice(0, length)
    expected = tensors["expected"][0]
    read = reader.read(tensors["items"][data.items[whole]], data.timestamps[whole])
    np.testing.assert_allclose(read, expected, atol=1e-4)
    np.testing.assert_allclose(reader.expect(0, *NOTHING), expected, atol=1e-6)


@pytest.mark.parametrize(("known", "new"), [(0, 2), (3, 1), (6, 5), (30, 3), (5, 20)])
def test_new_events_are_read_as_if_they_had_been_there(known: int, new: int) -> None:
    """Of somebody among others, whose histories are longer than the network looks back, and shorter."""
    lengths = [40, known + new, 20, 3]
    data = random_histories(lengths, 9)
    model = network(9)
    start, end = int(data.offsets[1]), int(data.offsets[2])
    before = data.select(np.r_[np.ones(start + known, bool), np.zeros(new, bool), np.ones(23, bool)])
    reader = reader_of(stored(model, before))
    later = slice(start + known, end)
    found = reader.expect(1 if known else None, data.items[later], data.timestamps[later])
    np.testing.assert_allclose(found, model.last_expectations(data, np.arange(2))[1], atol=1e-4)


def test_it_learns_a_circle(tmp_path: Path) -> None:
    data = ring(40, 10, 60)
    model = fitted(RECIPE, data, job(tmp_path, RECIPE))
    shown = ring(12, 10, 17)
    lists = model.recommend(replace(shown, user_ids=data.user_ids), np.arange(12), 1)
    assert lists[:, 0].tolist() == [(u * 5 + 17) % 10 for u in range(12)]


def test_it_knows_what_followed_the_last_time(tmp_path: Path) -> None:
    """Everybody goes round a circle of their own, so what follows an item differs from user to user.

    No chain of items knows the answer, of whatever order: only one's own history tells.
    """
    rng = np.random.default_rng(0)
    circles = [rng.permutation(24)[:6] for _ in range(160)]
    data = interactions([np.resize(circle, 30).tolist() for circle in circles], 24)
    model = fitted(RECIPE, data.of_users(np.arange(160) < 140), job(tmp_path, RECIPE))
    lists = model.recommend(data, np.arange(140, 160), 1)
    right = [int(circles[user][0]) for user in range(140, 160)]
    assert (lists[:, 0] == right).mean() >= 0.9


class Killed(Exception):
    pass


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    data = ring(40, 10, 30)
    whole = fitted(RECIPE, data, job(tmp_path / "whole", RECIPE)).finish(TrainingData(data))

    def kill(progress: Progress) -> None:
        if progress.done > 2.4:
            raise Killed

    with pytest.raises(Killed):
        fitted(RECIPE, data, replace(job(tmp_path / "cut", RECIPE), report=kill))
    resumed: list[Progress] = []
    parts = fitted(RECIPE, data, replace(job(tmp_path / "cut", RECIPE), report=resumed.append))
    tensors = parts.finish(TrainingData(data))
    assert 2 < resumed[0].done <= 3
    assert all(np.array_equal(whole[name], tensors[name]) for name in whole)


def test_a_cancelled_training_ends_within_a_batch(tmp_path: Path) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(TrainingCancelled):
        fitted(RECIPE, ring(30, 10, 30), replace(job(tmp_path, RECIPE), cancelled=cancelled))
    assert len(asked) == 4


def test_recency_bias_weighs_newer_events_and_popular_items(tmp_path: Path) -> None:
    """Of late everybody takes up the first two items only."""
    data = interactions([[(u + t) % 10 for t in range(30)] for u in range(60)], 10)
    late = data.users >= 40
    data = replace(
        data,
        timestamps=data.timestamps + late * 100 * HOUR,
        items=np.where(late, data.items // 5, data.items).astype(np.int32),
    )
    shares = []
    for bias in (True, False):
        base = job(tmp_path / str(bias), RECIPE, apply_recency_bias=bias)
        shares.append(float(fitted(RECIPE, data, base).finish(TrainingData(data))["new_user"][:2].sum()))
    assert shares[0] > shares[1] + 0.1


def test_both_recipes_train_the_same_model() -> None:
    ranking = RECIPES["aws-personalized-ranking-v2"]
    assert ranking.type == "PERSONALIZED_RANKING"
    assert ranking.trainer() is RECIPES[RECIPE].trainer()
    assert ranking.hyperparameters == RECIPES[RECIPE].hyperparameters


def test_event_weights_decide_what_is_learned(tmp_path: Path) -> None:
    """Half of the users buy the next item, half view the one before: what weighs more is what is expected."""
    steps = np.where(np.arange(60) < 30, 1, -1)
    data = interactions([[(7 * u + steps[u] * t) % 11 for t in range(2)] for u in range(60)] * 4, 11)
    types = np.where(data.users % 60 < 30, "buy", "view").astype(object)
    types[data.offsets[:-1]] = "look"
    data = replace(data, columns=pa.table({"EVENT_TYPE": types}))
    forward = []
    for buy, view in ((0.9, 0.1), (0.1, 0.9)):
        listed = [{"eventType": "Buy", "weight": buy}, {"eventType": "view", "weight": view}]
        listed.append({"eventType": "look", "weight": 0.5})
        base = job(tmp_path / f"{buy}", RECIPE)
        model = fitted(RECIPE, data, replace(base, config={"eventsConfig": {"eventParametersList": listed}}))
        seen = replace(
            interactions([[item] for item in range(11)], 11),
            columns=pa.table({"EVENT_TYPE": ["look"] * 11}),
        )
        with torch.no_grad():
            expected = torch.from_numpy(model.encoder.last_expectations(seen, np.arange(11)))
            logits = expected @ model.encoder.items.t() + model.encoder.bias
        after = torch.arange(11)
        forward.append(float((logits[after, (after + 1) % 11] - logits[after, (after - 1) % 11]).mean()))
    assert forward[0] > 0.5
    assert forward[1] < -0.5


@pytest.mark.parametrize("weights", [{"look": 0.0}, {"look": 0.0, "buy": 1.0}])
def test_events_that_weigh_nothing_are_refused(weights: dict[str, float], tmp_path: Path) -> None:
    """Whether no type has a weight, or only types of which there are no events."""
    data = ring(30, 10, 30)
    data = replace(data, columns=pa.table({"EVENT_TYPE": ["Look"] * len(data)}))
    listed = [{"eventType": name, "weight": weight} for name, weight in weights.items()]
    config = {"eventsConfig": {"eventParametersList": listed}}
    with pytest.raises(TrainingFailed, match="no event a weight above 0"):
        fitted(RECIPE, data, replace(job(tmp_path, RECIPE), config=config))


def test_features_join_and_serving_reads_them_too(tmp_path: Path) -> None:
    data = random_histories([20, 3, 300, 0], 9)
    rng = np.random.default_rng(1)
    columns = pa.table(
        {"EVENT_TYPE": rng.choice(["buy", "view", "rate"], len(data)), "DEVICE": ["x"] * len(data)}
    )
    data = replace(data, columns=columns)
    ages = pa.table({"AGE": pa.array([3.0, 30.0, 50.0, 70.0])})
    genres = pa.table({"GENRES": rng.choice(["a", "b|c", "c"], 9)})
    everything = TrainingData(
        data,
        Table(genres, {"GENRES": "categorical"}, np.ones(9, bool)),
        Table(ages, {"AGE": "numeric"}, np.ones(4, bool)),
    )
    model = build(everything, job(tmp_path, RECIPE), generator())
    assert isinstance(model, FeaturedTransformer)
    for parameter in model.parameters():
        parameter.data += torch.randn(parameter.shape, generator=generator(2)) * 0.2
    early = data.select(np.arange(len(data)) != data.offsets[1] - 1)
    tensors = stored(model, early)
    features = Features(tensors)
    newest = int(data.offsets[1] - 1)
    event = {"EVENT_TYPE": columns["EVENT_TYPE"][newest].as_py()}
    assert np.abs(features.event(event)).max() > 0.01
    found = reader_of(tensors).expect(
        0, data.items[newest : newest + 1], data.timestamps[newest : newest + 1], features.event(event)[None]
    )
    expected = model.last_expectations(data, np.arange(4))
    np.testing.assert_allclose(found, expected[0], atol=1e-4)
    np.testing.assert_allclose(tensors["expected"][1:], expected[1:], atol=1e-5)
    with torch.no_grad():
        user = model.features.of_users(np.array([3]))[0].numpy()
    assert np.abs(user).max() > 0.01
    np.testing.assert_allclose(reader_of(tensors).expect(None, *NOTHING) + user, expected[3], atol=1e-4)


@pytest.mark.slow
def test_it_is_worth_more_than_what_usually_follows_on_real_data() -> None:
    """Leave-last-out on MovieLens 100K without past items, beside a first-order Markov chain."""
    datasets.require("ml-100k")
    held = leave_last_out("ml-100k")
    assert held is not None
    with tempfile.TemporaryDirectory() as scratch:
        data = training_data("ml-100k", held.training, Path(scratch)).interactions
    shown, truth = coded(held.shown, data), truths(held.truth, data)
    same = data.users[1:] == data.users[:-1]
    follows = np.zeros((len(data.item_ids), len(data.item_ids)))
    np.add.at(follows, (data.items[:-1][same], data.items[1:][same]), 1)
    lists = np.full((len(truth), LIST), -1, np.int32)
    for row, user in enumerate(truth):
        past = shown.items[shown.offsets[user] : shown.offsets[user + 1]]
        scores = follows[past[-1]].copy()
        scores[past] = -1
        lists[row] = np.argsort(-scores, kind="stable")[:LIST]
    chain = first_hit(relevant(lists, truth))["NDCG@10"]
    assert 0.07 < chain < 0.08
    ours = LOO("ml-100k", RECIPE, {}, 0)
    assert ours is not None
    assert ours.scores["unseen NDCG@10"] > chain + 0.02
