"""All kinds, in the order in which they are created."""

from __future__ import annotations

from pzdecl.kinds.base import Kind
from pzdecl.kinds.batch import BatchInferenceJob, BatchSegmentJob
from pzdecl.kinds.campaign import Campaign
from pzdecl.kinds.dataset import Dataset
from pzdecl.kinds.dataset_export import DatasetExport
from pzdecl.kinds.dataset_group import DatasetGroup
from pzdecl.kinds.dataset_import import DatasetImport
from pzdecl.kinds.event_tracker import EventTracker
from pzdecl.kinds.filter import Filter
from pzdecl.kinds.metric_attribution import MetricAttribution
from pzdecl.kinds.recommender import Recommender
from pzdecl.kinds.schema import Schema
from pzdecl.kinds.solution import Solution
from pzdecl.kinds.solution_version import SolutionVersion

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Schema(),
        DatasetGroup(),
        Dataset(),
        DatasetImport(),
        EventTracker(),
        Filter(),
        Solution(),
        SolutionVersion(),
        Campaign(),
        Recommender(),
        BatchInferenceJob(),
        BatchSegmentJob(),
        DatasetExport(),
        MetricAttribution(),
    )
}
