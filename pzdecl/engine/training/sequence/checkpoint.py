"""Checkpoints: after each epoch, all that the next one needs, in one file that is replaced in one go."""

from __future__ import annotations

import json
import os
from pathlib import Path

from torch import Tensor, nn

from pzdecl.engine.training.sequence.optimiser import AdamW

NAME = "checkpoint.safetensors"


class Checkpoint:
    """How far a training is, on disk and in memory.

    epoch       epochs that are done
    best_epoch  the one with the lowest validation loss; its weights are kept beside the current ones
    curve       of each epoch: its number, its mean loss, the validation loss after it
    """

    def __init__(self, folder: Path, network: nn.Module, optimiser: AdamW) -> None:
        self.file = folder / NAME
        self.network = network
        self.optimiser = optimiser
        self.epoch = 0
        self.best_epoch = 0
        self.best_loss = float("inf")
        self.best = _copy(network)
        self.detail: dict[str, float] = {}
        self.curve: list[dict[str, float]] = []

    @classmethod
    def open(cls, folder: Path, network: nn.Module, optimiser: AdamW) -> Checkpoint:
        """Starts, or goes on with what an interrupted training of the same shape left in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint = cls(folder, network, optimiser)
        if checkpoint.file.exists():
            checkpoint._load()
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
        facts = {"epoch": self.epoch, "best_epoch": self.best_epoch, "best_loss": self.best_loss}
        facts_text = json.dumps({**facts, "detail": self.detail, "curve": self.curve})
        partial = self.file.with_suffix(".partial")
        save_file(tensors, partial, metadata={"facts": facts_text})
        os.replace(partial, self.file)

    def _load(self) -> None:
        from safetensors import safe_open

        with safe_open(self.file, framework="pt") as opened:
            facts = json.loads(opened.metadata()["facts"])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        self.network.load_state_dict(_under("network.", tensors))
        self.best = _under("best.", tensors)
        self.optimiser.restore(_under("optimiser.", tensors))
        self.epoch, self.best_epoch = facts["epoch"], facts["best_epoch"]
        self.best_loss, self.detail, self.curve = facts["best_loss"], facts["detail"], facts["curve"]


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
