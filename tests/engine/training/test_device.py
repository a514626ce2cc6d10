"""Training on a GPU: nothing is left behind on the CPU, and the results are the CPU's within tolerance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.device import chosen_device
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.sequence import loss, softmax
from pzdecl.engine.training.sequence.softmax import Softmax, full_loss
from tests.engine.training.worlds import HOUR, fitted, interactions, job

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use")


class OneDevice(TorchDispatchMode):
    """Refuses operations, other than copies, on tensors of several devices; numbers may be anywhere."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        devices = {tensor.device.type for tensor in tensors if tensor.dim()}
        assert len(devices) < 2 or "copy" in str(function), f"{function} on {devices}"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("large", [1, 20_000])
def test_everything_goes_to_the_networks_device(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's "meta" device, whose tensors have a shape and no content, stands in for a GPU."""
    monkeypatch.setattr(softmax, "LARGE", large)
    monkeypatch.setattr(softmax, "product_dtype", lambda _: torch.bfloat16)
    monkeypatch.setattr(loss, "CHUNK", {"meta": 64})
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: torch.zeros(tensor.shape, dtype=tensor.dtype))
    monkeypatch.setattr(torch.Tensor, "__float__", lambda tensor: 0.0)
    data = interactions([[(u + t) % 30 for t in range(40)] for u in range(20)], 30, gap=HOUR)
    network = Network(30, 8, torch.Generator()).to("meta")
    made = Softmax(network, data)
    with OneDevice():
        carry = None
        weights, rng = np.ones(len(data), np.float32), np.random.default_rng(0)
        for batch in network.batches(data, weights, rng):
            read = network.read(batch, carry, rng)
            made.loss(read, rng).backward()  # type: ignore[no-untyped-call]
            carry = read.carry
        expected, rows = network.expectations(data)
        full_loss(network, expected, data.items[rows])
        assert network.carried(data, np.arange(20))["session_states"].shape == (20, 8)
        assert network.tensors()["network.output"].shape == (8, 8)


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen_device("cpu").type == "cpu"
    with pytest.raises(TrainingFailed, match="'gpu': expected one of auto, cpu, cuda"):
        chosen_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert chosen_device("auto").type == "cpu"
    with pytest.raises(TrainingFailed, match="no GPU here"):
        chosen_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert chosen_device("auto").type == "cuda"


def test_the_environment_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PZDECL_DEVICE", raising=False)
    assert job(tmp_path).device == "auto"
    monkeypatch.setenv("PZDECL_DEVICE", "cpu")
    assert job(tmp_path).device == "cpu"


@gpu
@pytest.mark.parametrize("recipe", ["aws-hrnn", "aws-hrnn-metadata", "aws-user-personalization-v2"])
def test_a_gpu_learns_what_the_cpu_learns(recipe: str, tmp_path: Path) -> None:
    data = interactions([[(u * 5 + t) % 10 for t in range(40)] for u in range(40)], 10)
    answers, tensors = {}, {}
    for device in ("cpu", "cuda"):
        model = fitted(recipe, data, replace(job(tmp_path / device, recipe), device=device))
        answers[device] = model.recommend(data, np.arange(40), 1)[:, 0].tolist()
        tensors[device] = model.finish(TrainingData(data))
    assert answers["cuda"] == answers["cpu"] == [(u * 5 + 40) % 10 for u in range(40)]
    assert tensors["cuda"].keys() == tensors["cpu"].keys()
    assert abs(tensors["cuda"]["new_user"] - tensors["cpu"]["new_user"]).max() < 0.05


@gpu
def test_one_step_on_a_gpu_is_the_cpus() -> None:
    data = interactions([[(u + t) % 30 for t in range(40)] for u in range(20)], 30, gap=HOUR)
    gradients = []
    for device in ("cpu", "cuda"):
        network = Network(30, 8, torch.Generator().manual_seed(0)).to(device)
        rng = np.random.default_rng(0)
        batch = next(network.batches(data, np.ones(len(data), np.float32), rng))
        Softmax(network, data).loss(network.read(batch, None, rng), rng).backward()  # type: ignore[no-untyped-call]
        gradients.append({name: p.grad for name, p in network.named_parameters() if p.grad is not None})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name].cpu(), gradient, rtol=0.05, atol=2e-3)
