"""What a plan says would be uploaded: for runs that will take place, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.manifests.model import DataSource, Project
from pzdecl.plan import PlanOptions, make
from pzdecl.plan.model import Plan
from pzdecl.providers.staging import Staging
from tests.plan.projects import Documents, content, movies
from tests.plan.world import World, actions

IMPORT, JOB = "DatasetImport/full", "BatchInferenceJob/nightly"
FILES = {IMPORT: "data/a.csv", "DatasetImport/more": "data/b.csv", JOB: "questions.json"}
CONTENT = {Address.parse(address): content(address) for address in FILES}


class Staged(World):
    """A world whose project has a bucket, and whose files are on this machine."""

    def project(self, docs: Documents) -> Project:
        made = super().project(docs)
        resources = {
            address: replace(desired, data=DataSource(path, Path("/project", path)))
            if (path := FILES.get(str(address)))
            else desired
            for address, desired in made.resources.items()
        }
        provider = replace(made.provider, staging=Staging("bucket", "in"))
        return replace(made, provider=provider, resources=resources)


def documents() -> dict[str, dict[str, Any]]:
    docs = movies()
    job = {
        "solution": "x",
        "jobInput": {"s3DataSource": {"path": FILES[JOB]}},
        "jobOutput": {"s3DataDestination": {"path": "s3://bucket/out/"}},
    }
    return {**docs, JOB: {"spec": job}}


def planned(docs: Documents, world: World) -> Plan:
    return make(world.project(docs), world.state, world.service, PlanOptions(data=CONTENT))


def uploads(plan: Plan) -> dict[str, str]:
    return {str(change.address): change.upload.path for change in plan.changes if change.upload}


def test_imports_and_batch_jobs_are_uploaded_for() -> None:
    plan = planned(documents(), Staged())
    assert uploads(plan) == FILES
    found = next(change.upload for change in plan.changes if str(change.address) == JOB)
    assert found is not None
    assert found.bytes == len(JOB)
    assert found.to.startswith(f"s3://bucket/in/{CONTENT[Address.parse(JOB)]['sha256']}/")


def test_without_a_bucket_nothing_is() -> None:
    assert uploads(planned(documents(), World())) == {}


def test_what_is_blocked_uploads_nothing() -> None:
    class Limited(Staged):
        def project(self, docs: Documents) -> Project:
            made = super().project(docs)
            return replace(made, provider=replace(made.provider, quotas="aws"))

    world, docs = Limited(), documents()
    large = {Address.parse(IMPORT): {**content("large"), "bytes": 2**40}}
    plan = make(world.project(docs), world.state, world.service, PlanOptions(data={**CONTENT, **large}))
    assert actions(plan)[IMPORT] == "[import]"
    assert IMPORT not in uploads(plan)


def test_what_has_run_uploads_nothing() -> None:
    world = Staged()
    docs = documents()
    del docs[JOB]
    world.settle(docs)
    data = {Address.parse(address): content("o") for address in docs if address in FILES}
    again = make(world.project(docs), world.state, world.service, PlanOptions(data=data))
    assert uploads(again) == {}
