"""Fits the -v2 recipes: the transformer, on the core that all models of sequences share.

The service has no hyperparameters for its size, so the data decide (see `Size.of`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pzdecl.engine.data.event_parameters import event_parameters
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.features.featured import Designs
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.sequence.encoder import Settings
from pzdecl.engine.training.sequence.fit import fit_sequences
from pzdecl.engine.training.sequence.sequences import Sequences
from pzdecl.engine.training.transformer.featured import FeaturedTransformer
from pzdecl.engine.training.transformer.network import Transformer

PEAK_RATE = 0.003
FINISHING_RATE = 0.0003
EPOCHS = (10, 40)
SMALL = 50_000
"""Events below which the narrower network is as good."""
PLACES = (256, 2048)
BATCHES = 64
"""Batches of an epoch aimed at when choosing how many places one has."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width of the vectors, heads of attention, and places (events and padding) of a batch."""

    width: int
    heads: int
    places: int

    @staticmethod
    def of(events: int) -> Size:
        """Narrow for little data; batches that make enough steps of it, and keep the processor busy."""
        width = 64 if events < SMALL else 128
        return Size(width, width // 32, min(max(events // BATCHES, PLACES[0]), PLACES[1]))


def fit_transformer(data: TrainingData, job: Job) -> Sequences:
    """Trains with the recipe's hyperparameters; the rest follows from the data."""
    return fit_sequences(build, data, job, settings(job))


def build(data: TrainingData, job: Job, generator: torch.Generator) -> Transformer:
    """The untrained network for these items, users and events; with features where there are any."""
    del job
    size = Size.of(len(data.interactions))
    items = len(data.interactions.item_ids)
    designs = Designs.fit(data)
    if not any(design.columns for design in (designs.items, designs.users, designs.events)):
        return Transformer(items, size.width, generator, heads=size.heads, places=size.places)
    network = FeaturedTransformer(items, size.width, generator, heads=size.heads, places=size.places)
    network.describe(data, designs)
    return network


def settings(job: Job) -> Settings:
    """How the transformer is trained."""
    return Settings(
        peak_rate=PEAK_RATE,
        finishing_rate=FINISHING_RATE,
        epochs=EPOCHS,
        recency=bool(job.parameters["apply_recency_bias"]),
        by_type=event_parameters(job.config),
    )
