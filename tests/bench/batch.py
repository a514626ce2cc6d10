"""Recommendations for all users of ML-1M: 25 comedies each, from the mapped model to ids and scores.

The network is aws-hrnn's with 64 hidden units, untrained: what it computes takes as long with any weights. The
histories, the memory of transitions and the genres are real.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Any

from tests import datasets
from tests.bench.report import Report

HIDDEN = 64
TIMES = 3
RATE = 3000.0
SINGLE = 200


def bench(report: Report, scratch: Path) -> None:
    import numpy as np

    from pzdecl.engine.serving.batch import recommend_all
    from pzdecl.engine.serving.served import ServedModel

    name = "batch of ML-1M, 25 comedies a user: users/s"
    data = datasets.BASE / "ml-1m"
    if not (data / "interactions.csv.gz").is_file():
        report.skip(name, "set PZDECL_DATA to a folder that holds ml-1m/")
        return
    write_untrained(data, scratch / "batch")
    model = ServedModel.load(scratch / "batch")
    users = list(model.user_ids)
    comedies = {
        one["ITEM_ID"] for one in table(data / "items.csv", text=["ITEM_ID"]) if "Comedy" in one["GENRES"]
    }
    allowed = np.array([one in comedies for one in model.item_ids])
    rates = []
    for _ in range(TIMES):
        model = ServedModel.load(scratch / "batch")  # nothing is kept from the time before
        started = time.perf_counter()
        for _, answer in recommend_all(model, users, 25, allowed):
            if len(model.listed(answer)) != 25:
                raise RuntimeError(f"{len(answer.items)} comedies of 25")
        rates.append(len(users) / (time.perf_counter() - started))
    report.add(name, median(rates), RATE, f"{len(users):,} users, {len(allowed):,} items", at_least=True)

    times = []
    for user in users[:SINGLE]:
        started = time.perf_counter()
        model.get_recommendations(user)
        times.append(time.perf_counter() - started)
    report.add("GetRecommendations in process, p50, ms", median(times) * 1e3, 2, f"{SINGLE} users of ML-1M")


def table(file: Path, text: list[str]) -> list[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import csv

    options = csv.ConvertOptions(column_types=dict.fromkeys(text, pa.string()))
    rows: list[dict[str, Any]] = csv.read_csv(file, convert_options=options).to_pylist()
    return rows


def write_untrained(data: Path, folder: Path) -> None:
    """The files of an aws-hrnn over the interactions in `data` that has not been trained."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import torch
    from pyarrow import csv

    from pzdecl.engine.data.interactions import load_interactions
    from pzdecl.engine.data.training_data import TrainingData
    from pzdecl.engine.serving.blend import FACTS, FEATURES
    from pzdecl.engine.serving.files import Ids, write_model
    from pzdecl.engine.training.hrnn.fit import build
    from pzdecl.engine.training.sequence.sequences import Sequences
    from tests.engine.training.worlds import job

    types = {"USER_ID": pa.string(), "ITEM_ID": pa.string(), "TIMESTAMP": pa.int64()}
    options = csv.ConvertOptions(column_types=types, include_columns=list(types))
    folder.mkdir()
    part = folder / "part.parquet"
    pq.write_table(csv.read_csv(data / "interactions.csv.gz", convert_options=options), part)
    events = load_interactions([part])
    known = TrainingData(events)
    with torch.no_grad():
        network = build(known, job(folder, hidden_dimension=HIDDEN), torch.Generator().manual_seed(0))
        gate = np.full((len(FACTS), len(FEATURES)), 0.1, np.float32)
        model = Sequences(network, gate, events, lambda everybody: everybody, popular=True)
        tensors = model.finish(known)
    ids = {**Ids.pack("user_ids", events.user_ids), **Ids.pack("item_ids", events.item_ids)}
    write_model(folder, {"recipe": "aws-hrnn"}, {**tensors, **ids})
