"""trainingMode UPDATE: going on from earlier weights with new items, users and events."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.serving.files import FACTS, WEIGHTS, map_tensors
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.features.hrnn import fit_hrnn_metadata
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.model import Base
from pzdecl.engine.training.novelty import novelty
from pzdecl.engine.training.sequence.update import restore
from pzdecl.engine.training.train import train
from tests.engine.training.features.worlds import genres, quick, rows, table
from tests.engine.training.worlds import cycle, interactions, write

RECIPE = "aws-user-personalization"
SOLUTION = {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": "32"}}}
ITEMS = 12


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of a model that was trained on the circle, and how many epochs that took."""
    base = tmp_path_factory.mktemp("full")
    epochs: list[float] = []
    parts = {"INTERACTIONS": [write(base / "circle.parquet", cycle())]}
    train(RECIPE, parts, SOLUTION, base / "model", lambda p: epochs.append(p.done), lambda: False)
    return base / "model", round(max(epochs))


def _grown(folder: Path) -> dict[str, list[Path]]:
    """Since then "fresh" came, between i11 and i00: old users met it in their newest round, and new ones."""
    grown = list(cycle())
    for number in range(60):
        user, begin = f"u{number:03}", 20_000
        if number >= 40:
            user = f"v{number:03}"
        order = ["i09", "i10", "i11", "fresh", "i00", "i01"]
        grown += [(user, item, begin + 60 * step) for step, item in enumerate(order[: 3 + number % 4])]
    folder.mkdir(exist_ok=True)
    return {"INTERACTIONS": [write(folder / "grown.parquet", grown)]}


def _update(base: Path, folder: Path) -> tuple[dict[str, float], list[Progress]]:
    told: list[Progress] = []
    metrics = train(RECIPE, _grown(folder), SOLUTION, folder / "model", told.append, lambda: False, base=base)
    return metrics, told


def test_new_items_and_users_are_known_after_a_few_epochs(full: tuple[Path, int], tmp_path: Path) -> None:
    folder, epochs = full
    metrics, told = _update(folder, tmp_path)
    before, after = ServedModel.load(folder), ServedModel.load(tmp_path / "model")
    assert epochs >= 8
    assert told[-1].done == told[-1].total
    assert told[-1].total < epochs
    assert metrics == json.loads((folder / FACTS).read_text())["metrics"]
    assert "fresh" not in before.item_ids
    asked = [f"u{number:03}" for number in range(0, 40, 4)] + [f"v{number:03}" for number in range(40, 60, 4)]
    for user in asked:  # their newest item is i11: some of those before them went on to "fresh"
        items = [item["itemId"] for item in after.get_recommendations(user, num_results=3)]
        assert "fresh" in items, (user, items)


def test_an_update_repeats_itself(full: tuple[Path, int], tmp_path: Path) -> None:
    for name in ("a", "b"):
        _update(full[0], tmp_path / name)
    one, other = (map_tensors(tmp_path / name / "model" / "model.safetensors") for name in ("a", "b"))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_an_update_can_be_updated(full: tuple[Path, int], tmp_path: Path) -> None:
    _update(full[0], tmp_path / "a")
    metrics, _ = _update(tmp_path / "a" / "model", tmp_path / "b")
    assert metrics == json.loads((full[0] / FACTS).read_text())["metrics"]


def test_without_weights_it_says_what_to_do(full: tuple[Path, int], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in full[0].iterdir():
        if file.name != WEIGHTS:
            (copy / file.name).write_bytes(file.read_bytes())
    with pytest.raises(TrainingFailed, match="trainingMode FULL"):
        _update(copy, tmp_path)


def test_rows_go_where_their_items_are_and_new_ones_begin_beside_their_neighbours() -> None:
    old, new = (Network(count, 8, torch.Generator().manual_seed(count)) for count in (3, 5))
    with torch.no_grad():
        old.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
    data = interactions([[0, 1, 2], [0, 1, 2]], 5)  # 1 is new, between 0 and 2; 3 is old, 4 is new and unmet
    base = Base(old.weights(), ["i0002", "i0000", "i0003"])
    restore(new, base.weights, base.item_ids, data, Network.by_item)
    assert new.bias.tolist() == pytest.approx([2.0, 1.5, 1.0, 3.0, 2.0])
    assert torch.equal(new.items[0], old.items[1])
    assert torch.allclose(new.items[1], (old.items[0] + old.items[1]) / 2)
    assert torch.allclose(new.items[4], old.items.mean(0), atol=1e-6)
    assert torch.equal(new.session.state, old.session.state)


def test_where_all_items_are_new_there_is_nothing_to_go_on_from() -> None:
    data = interactions([[0, 1, 2]] * 3, 3)
    network = Network(3, 4, torch.Generator().manual_seed(0))
    with pytest.raises(TrainingFailed, match=r"No item .* trainingMode FULL"):
        restore(network, network.weights(), ["other", "ids"], data, Network.by_item)


def test_new_items_are_placed_by_their_metadata_and_new_values_say_nothing(tmp_path: Path) -> None:
    """Users of one genre each: what has just come in a genre is for those who watch it."""
    before, job = genres(items=24, new=2), quick(tmp_path / "a")
    earlier = fit_hrnn_metadata(before, job)
    earlier.finish(before)
    names = [("comedy", "drama")[item % 2] for item in range(26)]
    names[25] = "opera"
    later = TrainingData(
        replace(before.interactions, item_ids=[f"i{n:04}" for n in range(26)]),
        items=table({"GENRES": names}, GENRES="categorical"),
    )
    base = Base(earlier.weights(), before.interactions.item_ids)
    model = fit_hrnn_metadata(later, replace(quick(tmp_path / "b"), base=base))
    model.finish(later)
    users = np.arange(6)
    place: dict[int, list[int]] = {24: [], 23: []}
    for row in model.recommend(later.interactions, users, 26).tolist():
        for item, found in place.items():
            found.append(row.index(item))
    comedies, dramas = users % 2 == 0, users % 2 == 1
    assert np.array(place[24])[comedies].max() < np.array(place[24])[dramas].min()
    assert np.array(place[23])[dramas].max() < np.array(place[23])[comedies].min()


def test_novelty_counts_what_was_shown_and_ignored() -> None:
    events = interactions([[0, 1], [2, 2, 0]], 4)
    shown = rows({"IMPRESSION": ["i0000|i0001", None, "i0001|i0003|gone", "i0002", "i0001|i0000|i0003"]})
    found = novelty(TrainingData(replace(events, columns=shown)))
    assert found["item_ignored"].tolist() == [0, 3, 0, 2]
    assert found["item_events"].tolist() == [2, 1, 2, 0]
    assert found["item_created"].tolist() == [0, 60, 0, 120]
    assert found["newest_event"].tolist() == [120]
    assert novelty(TrainingData(events))["item_ignored"].tolist() == [0] * 4
