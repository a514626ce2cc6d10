"""Items and users: one row an id, and new columns for old rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pzdecl.engine import Engine
from tests.contract.clients import ITEMS, InProcess, avro, dataset, field, group, imported, schema, settled


def _rows(engine: Engine, arn: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    with engine._context.store.read() as reader:
        parts = reader.parts(arn)
    return [row for part in parts for row in pq.read_table(engine.folder / part.path).to_pylist()]


def _import(service: InProcess, arn: str, path: Path, content: str, mode: str) -> None:
    path.write_text(content, encoding="utf-8")
    imported(service, arn, f"file://{path}", path.stem, importMode=mode)


def test_the_newest_row_of_an_id_wins(tmp_path: Path) -> None:
    with Engine(tmp_path / "engine") as engine:
        engine.start_worker()
        service = InProcess(engine)
        arn = dataset(service, group(service), schema(service, "items", ITEMS), "Items")
        _import(service, arn, tmp_path / "a.csv", "ITEM_ID,GENRE\nx,old\ny,b\nx,new\nz,\n", "FULL")
        first = [
            {"ITEM_ID": "x", "GENRE": "new"},
            {"ITEM_ID": "y", "GENRE": "b"},
            {"ITEM_ID": "z", "GENRE": None},
        ]
        assert _rows(engine, arn) == first
        _import(service, arn, tmp_path / "b.csv", "GENRE,ITEM_ID\nchanged,y\nadded,w\n", "INCREMENTAL")
        assert _rows(engine, arn) == [
            first[0],
            {"ITEM_ID": "y", "GENRE": "changed"},
            first[2],
            {"ITEM_ID": "w", "GENRE": "added"},
        ]
        _import(service, arn, tmp_path / "c.csv", "ITEM_ID,GENRE\nq,only\n", "FULL")
        assert _rows(engine, arn) == [{"ITEM_ID": "q", "GENRE": "only"}]


def test_a_wider_schema_gives_old_rows_the_new_column(tmp_path: Path) -> None:
    with Engine(tmp_path / "engine") as engine:
        engine.start_worker()
        service = InProcess(engine)
        arn = dataset(service, group(service), schema(service, "items", ITEMS), "Items")
        _import(service, arn, tmp_path / "a.csv", "ITEM_ID,GENRE\nx,a\n", "FULL")
        wider = avro("Items", *ITEMS["fields"], field("PRICE", "null", "float"))
        wider_arn = schema(service, "wider", wider)
        service.call("update_dataset", datasetArn=arn, schemaArn=wider_arn)
        found = settled(service, "describe_dataset", "dataset", datasetArn=arn)
        assert found["schemaArn"] == wider_arn
        assert found["latestDatasetUpdate"]["status"] == "ACTIVE"
        assert _rows(engine, arn) == [{"ITEM_ID": "x", "GENRE": "a", "PRICE": None}]
        _import(service, arn, tmp_path / "b.csv", "ITEM_ID,GENRE,PRICE\ny,b,2.5\n", "INCREMENTAL")
        assert _rows(engine, arn)[1] == {"ITEM_ID": "y", "GENRE": "b", "PRICE": 2.5}
