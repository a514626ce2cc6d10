"""Features of an encoder: what they add, what they learn, and what serving makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.features import Features
from pzdecl.engine.serving.files import Ids
from pzdecl.engine.serving.query import Query, Stored
from pzdecl.engine.serving.sequences import SequenceAnswers
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.features import featured, hrnn
from pzdecl.engine.training.features.hrnn import FeaturedNetwork, build, fit_hrnn_metadata
from pzdecl.engine.training.hrnn.fit import build as build_plain
from pzdecl.engine.training.hrnn.fit import settings
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.sequence import softmax
from pzdecl.engine.training.sequence.encoder import Settings
from pzdecl.engine.training.train import train
from tests.engine.training.features.worlds import genres, quick, table, tastes, weekends
from tests.engine.training.worlds import write


def network(data: TrainingData, folder: Path, seed: int = 0) -> FeaturedNetwork:
    return build(data, quick(folder), torch.Generator().manual_seed(seed))


def told(data: TrainingData, folder: Path) -> FeaturedNetwork:
    """One whose features say something."""
    made = network(data, folder)
    noise = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=noise), alpha=0.2)
        made.features.met.copy_(
            torch.from_numpy(np.bincount(data.interactions.items, minlength=len(made.items)))
        )
    return made


def everything() -> TrainingData:
    """Metadata of all kinds."""
    data, events = genres(), weekends(90, 24, 24).interactions
    names = [f"{'red' if n % 3 else 'blue'} {'cup' if n % 2 else 'lamp'}" for n in range(24)]
    items = table(
        {"GENRES": ["a|b", "b", None] * 8, "PRICE": [n / 7 for n in range(24)], "TITLE": names},
        GENRES="categorical",
        TITLE="textual",
    )
    users = table({"CLASS": ["x", "y", "y"] * 30, "AGE": list(range(90))}, CLASS="categorical")
    return TrainingData(replace(data.interactions, columns=events.columns), items, users)


def test_untrained_features_say_nothing(tmp_path: Path) -> None:
    data = everything()
    events = data.interactions
    plain = build_plain(data, quick(tmp_path), torch.Generator().manual_seed(0))
    made = network(data, tmp_path)
    made.features.met.fill_(torch.inf)
    made.features.met.copy_(made.features.met.clamp_max(1e12))
    users = np.arange(90)
    np.testing.assert_allclose(
        made.last_expectations(events, users), plain.last_expectations(events, users), atol=1e-6
    )
    for ours, theirs in zip(made.table(), plain.table(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_bags_and_their_gradient_are_those_of_a_dense_product(tmp_path: Path) -> None:
    cells = network(everything(), tmp_path).features.item_cells
    dense = torch.zeros(len(cells), 40)
    rows = np.repeat(np.arange(len(cells)), np.diff(cells.offsets))
    dense[rows, cells.columns.astype(np.int64)] = torch.from_numpy(cells.weights)
    first = torch.randn(40, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    second = first.detach().clone().requires_grad_()
    weights = torch.arange(3 * len(cells)).view(-1, 3).float()
    (featured.bags(cells, first) * weights).sum().backward()  # type: ignore[no-untyped-call]
    (dense @ second * weights).sum().backward()  # type: ignore[no-untyped-call]
    assert first.grad is not None
    torch.testing.assert_close(first.grad, second.grad)
    torch.testing.assert_close(featured.bags(cells, first), dense @ first)


def test_the_fewer_events_the_more_an_item_is_its_features(tmp_path: Path) -> None:
    data = everything()
    made = told(data, tmp_path)
    made.features.met.copy_(torch.tensor([0.0, featured.FEW] + [1e9] * 22))
    own, bias = made.items, made.bias
    vectors, biases = made.table()
    alone = featured.bags(made.features.item_cells, made.features.item_vectors)
    torch.testing.assert_close(vectors[0], alone[0, :-1])
    torch.testing.assert_close(biases[0], alone[0, -1])
    torch.testing.assert_close(vectors[1], own[1] / 2 + alone[1, :-1])
    torch.testing.assert_close(vectors[2:], own[2:] + alone[2:, :-1])
    torch.testing.assert_close(biases[2:], bias[2:] + alone[2:, -1])


def test_a_step_sees_some_items_nameless_and_never_those_that_nobody_met(tmp_path: Path) -> None:
    made = told(genres(), tmp_path)
    rng = np.random.default_rng(0)
    known = made.features.met > 0
    assert known.tolist() == [True] * 22 + [False] * 2
    biases = made.features.possible(made.bias)
    assert biases[~known].tolist() == [featured.IMPOSSIBLE] * 2
    assert torch.equal(biases[known], made.bias[known])
    nameless = sum(int((made.features.share(rng)[known] == 0).sum()) for _ in range(200))
    share = nameless / 200 / 22
    assert share == pytest.approx(featured.NAMELESS, abs=0.03)


def test_a_batch_is_read_and_scored_with_one_table(tmp_path: Path) -> None:
    data = everything()
    made = told(data, tmp_path)
    used: list[Tensor] = []
    embed = FeaturedNetwork.embed

    def watched(self: FeaturedNetwork, items: Tensor, rows: Tensor) -> Tensor:
        used.append(self.table()[0])
        return embed(self, items, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeaturedNetwork, "embed", watched)
        ones = np.ones(len(data.interactions), np.float32)
        batch = next(made.batches(data.interactions, ones, np.random.default_rng(0)))
        expected = made.read(batch, None, np.random.default_rng(1))
    assert expected.table is not None
    assert expected.table[0] is used[0]
    assert made.table()[0] is not used[0]


def test_rows_of_large_catalogues_are_those_of_the_whole_table(tmp_path: Path) -> None:
    data = everything()
    codes = torch.tensor([[3, 9], [9, 23]])
    found = []
    for by_rows in (False, True):
        made = told(data, tmp_path)
        made.by_rows = by_rows
        ones = np.ones(len(data.interactions), np.float32)
        batch = next(made.batches(data.interactions, ones, np.random.default_rng(0)))
        expected = made.read(batch, None, np.random.default_rng(1))
        vectors, biases = made.some(codes) if by_rows else (part[codes] for part in expected.table or ())
        (vectors.sum() + biases.sum() + expected.states.square().sum()).backward()  # type: ignore[no-untyped-call]
        assert made.items.grad is not None
        assert made.items.grad.is_sparse == by_rows
        gradients = [p.grad.to_dense() for p in made.parameters() if p.grad is not None]
        found.append((expected.states, vectors, biases, *gradients))
        calm = made.expectations(data.interactions)[0]
        found[-1] += (torch.from_numpy(calm), *made.table())
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_expectations_are_shifted_by_user_and_of_every_other_event_by_context(tmp_path: Path) -> None:
    data = everything()
    events = data.interactions
    made = told(data, tmp_path)
    known = Features({"items": made.items.detach().numpy(), **made.tensors()})
    assert data.users is not None
    people, days = data.users.rows.to_pylist(), events.columns.to_pylist()
    asked = np.array([7, 30, -1])
    shifted, rows = made.expectations(events)
    last = made.last_expectations(events, asked)
    of_users = [known.user(people[events.users[row]]) for row in rows]
    of_contexts = [known.context(days[row] if row % 2 == 0 else {}) for row in rows]
    of_asked = np.stack([known.user(people[7]), known.known_user(30), np.zeros(32, np.float32)])
    with torch.no_grad():
        made.features.user_shift.zero_()
        made.features.event_vectors[:, :32] = 0
    plain, _ = made.expectations(events)
    np.testing.assert_allclose(shifted, plain + np.stack(of_users) + np.stack(of_contexts), atol=1e-5)
    np.testing.assert_allclose(last, made.last_expectations(events, asked) + of_asked, atol=1e-5)


def test_the_context_of_the_event_to_come_shifts_half_of_what_a_step_reads(tmp_path: Path) -> None:
    data = everything()
    events = data.interactions
    made = told(data, tmp_path)
    known = Features({"items": made.items.detach().numpy(), **made.tensors()})
    rows = np.arange(len(events))
    days = events.columns["DAY"].to_pylist()
    shifts = np.stack([known.context({"DAY": day}) for day in days])
    made.expectations(events)  # to look at these events
    with torch.no_grad():
        always = made._of_contexts(rows, None).numpy()
        sometimes = made._of_contexts(rows, np.random.default_rng(0)).numpy()
    np.testing.assert_allclose(always, shifts, atol=1e-6)
    hidden = (sometimes == 0).all(1)
    np.testing.assert_allclose(sometimes[~hidden], shifts[~hidden], atol=1e-6)
    assert hidden.mean() == pytest.approx(featured.HIDDEN, abs=0.05)


def test_serving_makes_the_same_vectors_of_metadata(tmp_path: Path) -> None:
    data = everything()
    made = told(data, tmp_path)
    known = Features({"items": made.items.detach().numpy(), **made.tensors()})
    assert data.items is not None
    alone = featured.bags(made.features.item_cells, made.features.item_vectors).detach().numpy()
    for place, row in enumerate(data.items.rows.to_pylist()):
        vector, bias = known.item(row)
        np.testing.assert_allclose(vector, alone[place, :-1], atol=1e-6)
        assert bias == pytest.approx(float(alone[place, -1]), abs=1e-6)
    assert known.context({"DAY": "weekend"}).any()
    for nothing in ({}, {"DAY": "holiday"}, {"NOTE": "weekend"}):
        assert not known.context(nothing).any()
    half = made.features.event_vectors.shape[1] // 2
    given = made.features.event_vectors[1, half:].detach().numpy()
    np.testing.assert_allclose(known.event({"DAY": "weekend"}), given)


def served(data: TrainingData, folder: Path, **parameters: Any) -> SequenceAnswers:
    tensors = fit_hrnn_metadata(data, quick(folder, **parameters)).finish(data)
    ids = data.interactions
    packed = {**Ids.pack("user_ids", ids.user_ids), **Ids.pack("item_ids", ids.item_ids)}
    return SequenceAnswers(Stored({}, tensors, Ids.unpack("user_ids", packed), Ids.unpack("item_ids", packed)))


def test_an_item_that_nobody_met_is_recommended_by_its_genre(tmp_path: Path) -> None:
    data = genres()
    answers = served(data, tmp_path)
    for user in range(10):
        best = answers.answer(Query(user=user, among=np.array([22, 23], np.int32))).items[0]
        assert best % 2 == user % 2


def test_the_context_of_the_request_decides(tmp_path: Path) -> None:
    answers = served(weekends(), tmp_path)
    for user in (None, 3, 40):
        for odd, day in enumerate(("weekday", "weekend")):
            best = answers.answer(Query(user=user, count=6, context={"DAY": day})).items
            assert (best % 2 == odd).all()
        plain, unseen = (
            answers.answer(Query(user=user, context=context)).items.tolist()
            for context in ({}, {"DAY": "holiday"})
        )
        assert plain == unseen


def test_what_is_known_of_users_without_events_decides(tmp_path: Path) -> None:
    data = tastes()
    known = data.interactions
    events = [(known.user_ids[u], known.item_ids[i], int(t)) for u, i, t in zip(*_columns(data), strict=True)]
    parts = {"INTERACTIONS": [write(tmp_path / "interactions.parquet", events)]}
    assert data.users is not None
    people = data.users.rows.add_column(0, "USER_ID", [known.user_ids])
    pq.write_table(people, tmp_path / "users.parquet")
    parts["USERS"] = [tmp_path / "users.parquet"]
    chosen = {"hidden_dimension": "32", "recency_mask": "false"}
    solution = {"solutionConfig": {"algorithmHyperParameters": chosen}}
    train("aws-hrnn-metadata", parts, solution, tmp_path / "model", lambda _: None, lambda: False)
    model = ServedModel.load(tmp_path / "model")
    assert len(model.user_ids) == 102
    for user in (100, 101):
        found = model.get_recommendations(f"u{user:04}", num_results=6)
        assert {int(item["itemId"][1:]) % 2 for item in found} == {user % 2}
        assert sum(item["score"] for item in found) > 0.6
    strangers = model.get_recommendations("nobody", num_results=12)
    assert {int(item["itemId"][1:]) % 2 for item in strangers[:6]} == {0, 1}


def _columns(data: TrainingData) -> tuple[Any, Any, Any]:
    return data.interactions.users, data.interactions.items, data.interactions.timestamps


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of three epochs."""

    def brief(job: Job) -> Settings:
        return replace(settings(job), epochs=(3, 3))

    monkeypatch.setattr(hrnn, "settings", brief)


@pytest.mark.usefixtures("short")
def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    data = everything()
    whole = fit_hrnn_metadata(data, quick(tmp_path / "whole"))
    asked = iter(range(10**6))
    killed = replace(quick(tmp_path / "killed"), cancelled=lambda: next(asked) == 15)
    with pytest.raises(TrainingCancelled):
        fit_hrnn_metadata(data, killed)
    resumed = fit_hrnn_metadata(data, quick(tmp_path / "killed"))
    for (name, ours), theirs in zip(
        whole.encoder.state_dict().items(), resumed.encoder.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name
    ours, theirs = whole.finish(data), resumed.finish(data)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.usefixtures("short")
def test_large_catalogues_learn_from_a_sample_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softmax, "LARGE", 20)
    monkeypatch.setattr(softmax, "NEGATIVES", 10)
    data = everything()
    model = fit_hrnn_metadata(data, quick(tmp_path))
    assert model.encoder.by_rows
    losses = [epoch["validation_loss"] for epoch in model.curve]
    assert losses[-1] < losses[0]
    assert all(
        np.isfinite(tensor).all() for tensor in model.finish(data).values() if tensor.dtype == np.float32
    )


@pytest.mark.usefixtures("short")
def test_without_any_metadata_it_trains(tmp_path: Path) -> None:
    events = genres().interactions
    tensors = fit_hrnn_metadata(TrainingData(events), quick(tmp_path)).finish(TrainingData(events))
    assert np.isfinite(tensors["expected"]).all()
    assert not any(".features." in name for name in tensors)
