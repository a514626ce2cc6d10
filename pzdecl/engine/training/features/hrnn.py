"""Fits aws-hrnn-metadata: the hierarchical recurrent network with what is known of items, users and events."""

from __future__ import annotations

import torch

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.features.featured import Featured
from pzdecl.engine.training.hrnn.fit import settings
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.hrnn.sessions import session_gap
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.sequence.fit import fit_sequences
from pzdecl.engine.training.sequence.sequences import Sequences


class FeaturedNetwork(Featured, Network):
    """The hierarchical recurrent network, with features."""


def fit_hrnn_metadata(data: TrainingData, job: Job) -> Sequences:
    """Trains with the recipe's hyperparameters. Without any metadata this is aws-hrnn, but for rare items."""
    return fit_sequences(build, data, job, settings(job))


def build(
    data: TrainingData, job: Job, generator: torch.Generator, kind: type[FeaturedNetwork] = FeaturedNetwork
) -> FeaturedNetwork:
    """The untrained network for these items, users and events."""
    events = data.interactions
    width, steps = int(job.parameters["hidden_dimension"]), int(job.parameters["bptt"])
    network = kind(len(events.item_ids), width, generator, gap=session_gap(events), steps=steps)
    network.describe(data)
    return network
