"""The types of resources, in one place, because families refer to each other."""

from __future__ import annotations

from pzdecl.engine.api.common import Family

DATASET_GROUP = Family(
    "dataset-group", "dataset group", "DatasetGroup", "datasetGroup", "datasetGroupArn", "datasetGroups"
)
SCHEMA = Family("schema", "schema", "DatasetSchema", "schema", "schemaArn", "schemas")
DATASET = Family("dataset", "dataset", "Dataset", "dataset", "datasetArn", "datasets")
IMPORT_JOB = Family(
    "dataset-import-job",
    "dataset import job",
    "DatasetImportJob",
    "datasetImportJob",
    "datasetImportJobArn",
    "datasetImportJobs",
)
EVENT_TRACKER = Family(
    "event-tracker", "event tracker", "EventTracker", "eventTracker", "eventTrackerArn", "eventTrackers"
)
SOLUTION = Family("solution", "solution", "Solution", "solution", "solutionArn", "solutions")
SOLUTION_VERSION = Family(
    "solution-version",
    "solution version",
    "SolutionVersion",
    "solutionVersion",
    "solutionVersionArn",
    "solutionVersions",
)
FILTER = Family("filter", "filter", "Filter", "filter", "filterArn", "Filters")
CAMPAIGN = Family("campaign", "campaign", "Campaign", "campaign", "campaignArn", "campaigns")
RECOMMENDER = Family(
    "recommender", "recommender", "Recommender", "recommender", "recommenderArn", "recommenders"
)
RECOMMENDER_VERSION = Family("recommender-version", "model of a recommender", "SolutionVersion", "", "", "")
"""A trained model of a recommender: a resource of the engine's own, which no operation shows."""
BATCH_INFERENCE_JOB = Family(
    "batch-inference-job",
    "batch inference job",
    "BatchInferenceJob",
    "batchInferenceJob",
    "batchInferenceJobArn",
    "batchInferenceJobs",
)
BATCH_SEGMENT_JOB = Family(
    "batch-segment-job",
    "batch segment job",
    "BatchSegmentJob",
    "batchSegmentJob",
    "batchSegmentJobArn",
    "batchSegmentJobs",
)
EXPORT_JOB = Family(
    "dataset-export-job",
    "dataset export job",
    "DatasetExportJob",
    "datasetExportJob",
    "datasetExportJobArn",
    "datasetExportJobs",
)
DELETION_JOB = Family(
    "data-deletion-job",
    "data deletion job",
    "DataDeletionJob",
    "dataDeletionJob",
    "dataDeletionJobArn",
    "dataDeletionJobs",
)
METRIC_ATTRIBUTION = Family(
    "metric-attribution",
    "metric attribution",
    "MetricAttribution",
    "metricAttribution",
    "metricAttributionArn",
    "metricAttributions",
)

TAGGABLE = frozenset(
    family.type
    for family in (
        DATASET_GROUP,
        DATASET,
        IMPORT_JOB,
        EVENT_TRACKER,
        FILTER,
        SOLUTION,
        SOLUTION_VERSION,
        CAMPAIGN,
        RECOMMENDER,
        BATCH_INFERENCE_JOB,
        BATCH_SEGMENT_JOB,
        EXPORT_JOB,
        DELETION_JOB,
    )
)
"""Schemas and metric attributions can't be tagged."""
