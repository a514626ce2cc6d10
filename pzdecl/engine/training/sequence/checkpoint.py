"""Checkpoints: after each epoch, all that the next one needs, in one file that is replaced in one go.

A training goes on only from a checkpoint of its own: while it was interrupted, its data may have been replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.sequence.optimiser import AdamW

NAME = "checkpoint.safetensors"


class Checkpoint:
    """How far a training is, on disk and in memory.

    epoch       epochs that are done
    best_epoch  the one with the lowest validation loss; its weights are kept beside the current ones
    curve       of each epoch: its number, its mean loss, the validation loss after it
    """

    def __init__(self, folder: Path, network: nn.Module, optimiser: AdamW, mark: str) -> None:
        self.file = folder / NAME
        self.mark = mark
        self.network = network
        self.optimiser = optimiser
        self.epoch = 0
        self.best_epoch = 0
        self.best_loss = float("inf")
        self.best = _copy(network)
        self.detail: dict[str, float] = {}
        self.curve: list[dict[str, float]] = []

    @classmethod
    def open(cls, folder: Path, network: nn.Module, optimiser: AdamW, mark: str) -> Checkpoint:
        """Starts, or goes on with what an interrupted training with the same `mark` left in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint = cls(folder, network, optimiser, mark)
        left = _read(checkpoint.file)
        if left is not None and left[0].get("mark") == mark:
            checkpoint._go_on_from(*left)
        return checkpoint

    def advance(self, loss: float, validation_loss: float) -> None:
        """An epoch is done: remembers its weights if they are the best, and writes everything."""
        self.epoch += 1
        self.detail = {"epoch_loss": loss, "validation_loss": validation_loss}
        self.curve.append({"epoch": self.epoch, "loss": loss, "validation_loss": validation_loss})
        if validation_loss < self.best_loss:
            self.best_loss, self.best_epoch, self.best = validation_loss, self.epoch, _copy(self.network)
        self._save()

    def load_best(self) -> None:
        """Puts the best epoch's weights into the network."""
        self.network.load_state_dict(self.best)

    def _save(self) -> None:
        from safetensors.torch import save_file

        tensors = {f"network.{name}": value for name, value in _copy(self.network).items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        tensors |= {f"optimiser.{name}": value for name, value in self.optimiser.state().items()}
        facts = {
            "mark": self.mark,
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "detail": self.detail,
            "curve": self.curve,
        }
        partial = self.file.with_suffix(".partial")
        save_file(tensors, partial, metadata={"facts": json.dumps(facts)})
        os.replace(partial, self.file)

    def _go_on_from(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.network.load_state_dict(_under("network.", tensors))
        self.best = _under("best.", tensors)
        self.optimiser.restore(_under("optimiser.", tensors))
        self.epoch, self.best_epoch = facts["epoch"], facts["best_epoch"]
        self.best_loss, self.detail, self.curve = facts["best_loss"], facts["detail"], facts["curve"]


def mark_of(network: nn.Module, data: Interactions, job: Job) -> str:
    """What a training is of, in 32 characters: these events, with these ids, hyperparameters and shapes."""
    found = hashlib.blake2b(digest_size=16)
    for column in (data.users, data.items, data.timestamps):
        found.update(column.tobytes())
    for ids in (data.user_ids, data.item_ids):
        found.update("\0".join(ids).encode("utf-8", "surrogatepass"))
    shapes = {name: list(value.shape) for name, value in network.state_dict().items()}
    found.update(json.dumps([shapes, dict(job.parameters), job.seed], sort_keys=True).encode())
    return found.hexdigest()


def _read(file: Path) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """Facts and tensors; None without a file, or with one that a machine left half written as it went down."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            facts = json.loads(opened.metadata()["facts"])
            return facts, {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
