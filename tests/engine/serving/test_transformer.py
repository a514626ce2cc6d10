"""What the -v2 recipes answer, trained and read back from their files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzdecl.engine.serving.query import Event, Query
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.train import train
from tests.engine.training.worlds import cycle, write

WATCH = {"eventType": "Watch", "weight": 0.5}
USERS = 30


def parts_in(folder: Path) -> dict[str, list[Path]]:
    """Everybody watches the circle's items in their order, and dislikes one that is called "bad"."""
    rows = [(*row, "watch") for row in cycle(USERS)]
    rows += [(f"u{user:03}", "bad", 20_000, "dislike") for user in range(USERS)]
    events = write(folder / "interactions.parquet", rows, ["EVENT_TYPE"])
    pq.write_table(pa.table({"ITEM_ID": ["i03", "unborn"], "GENRE": ["a", "b"]}), folder / "items.parquet")
    return {"INTERACTIONS": [events], "ITEMS": [folder / "items.parquet"]}


def trained(recipe: str, folder: Path, events: list[dict[str, object]]) -> ServedModel:
    solution = {"solutionConfig": {"eventsConfig": {"eventParametersList": events}}}
    train(recipe, parts_in(folder), solution, folder / recipe, lambda _: None, lambda: False)
    return ServedModel.load(folder / recipe)


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    return trained("aws-user-personalization-v2", tmp_path_factory.mktemp("models"), [WATCH])


def newest() -> dict[str, int]:
    """The place on the circle where each user is."""
    return {user: int(item[1:]) for user, item, _ in cycle(USERS)}


def test_it_goes_on_where_the_user_is(personal: ServedModel) -> None:
    for user, place in list(newest().items())[:5]:
        best = personal.get_recommendations(user, num_results=1)[0]
        assert best["itemId"] == f"i{(place + 1) % 12:02}"
        assert best["score"] > 0.5


def test_scores_are_a_softmax_over_all_items_and_the_item_is_ignored(personal: ServedModel) -> None:
    answer = personal.get_recommendations("u001", "i05", 500)
    assert answer == personal.get_recommendations("u001", num_results=500)
    assert sum(item["score"] for item in answer) == pytest.approx(1, abs=1e-4)


def test_what_is_done_after_the_training_changes_the_next_answer(personal: ServedModel) -> None:
    """Five steps further round the circle, for one who is known, and for one who is new."""
    place, end = newest()["u001"], 1_000_000
    going = [personal.item_ids.find(f"i{(place + step) % 12:02}") for step in range(1, 6)]
    events = tuple(Event(item or 0, end + 60 * step) for step, item in enumerate(going))
    for user in ("u001", "somebody-new"):
        best = personal.get_recommendations(user, num_results=1, query=Query(events=events))
        assert best[0]["itemId"] == f"i{(place + 6) % 12:02}"


def test_a_new_user_gets_an_answer(personal: ServedModel) -> None:
    assert len(personal.get_recommendations("nobody", num_results=7)) == 7


def test_ranking_keeps_to_the_list_and_what_has_no_interactions_comes_last(tmp_path: Path) -> None:
    model = trained("aws-personalized-ranking-v2", tmp_path, [WATCH])
    following = f"i{(newest()['u002'] + 1) % 12:02}"
    given = ["unborn", "i00", "bad", "i04", following, "i08"]
    answer = model.get_personalized_ranking("u002", given)
    assert {item["itemId"] for item in answer} == set(given)
    assert answer[0]["itemId"] == following
    scored = [item["score"] for item in answer if "score" in item]
    assert scored == sorted(scored, reverse=True)
    assert sum(scored) == pytest.approx(1, abs=1e-6)
    assert answer[-2:] == [{"itemId": "unborn"}, {"itemId": "bad"}], "only disliked, which is not listed"


def test_too_few_events_of_the_listed_types_fail_in_the_services_words(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed) as failure:
        trained("aws-user-personalization-v2", tmp_path, [{"eventType": "Dislike"}])
    expected = "Dataset has fewer than 1000 interactions after filtering by event type: dislike."
    assert str(failure.value) == expected


def test_serving_needs_no_torch(personal: ServedModel, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = next((tmp_path_factory.getbasetemp()).glob("models*/aws-user-personalization-v2"))
    program = (
        "import sys; from pathlib import Path\n"
        "from pzdecl.engine.serving.query import Event, Query\n"
        "from pzdecl.engine.serving.served import ServedModel\n"
        f"model = ServedModel.load(Path({str(folder)!r}))\n"
        "assert model.get_recommendations('u001', query=Query(events=(Event(1, 10**6),)))\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert personal.recipe.explores
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
