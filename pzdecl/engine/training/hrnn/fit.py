"""Fits aws-hrnn: the hierarchical recurrent network, on the core that all models of sequences share."""

from __future__ import annotations

import torch

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.hrnn.sessions import session_gap
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.sequence.encoder import Settings
from pzdecl.engine.training.sequence.fit import fit_sequences
from pzdecl.engine.training.sequence.sequences import Sequences

PEAK_RATE = 0.01
FINISHING_RATE = 0.001


def fit_hrnn(data: TrainingData, job: Job) -> Sequences:
    """Trains with the recipe's hyperparameters."""
    return fit_sequences(build, data, job, settings(job))


def build(data: TrainingData, job: Job, generator: torch.Generator) -> Network:
    """The untrained network for these items and users."""
    events = data.interactions
    width, steps = int(job.parameters["hidden_dimension"]), int(job.parameters["bptt"])
    return Network(len(events.item_ids), width, generator, gap=session_gap(events), steps=steps)


def settings(job: Job) -> Settings:
    """How the HRNN family is trained."""
    p = job.parameters
    return Settings(
        peak_rate=PEAK_RATE,
        finishing_rate=FINISHING_RATE,
        recency=bool(p["recency_mask"]),
        lengths=(p["min_user_history_length_percentile"], p["max_user_history_length_percentile"]),
    )
