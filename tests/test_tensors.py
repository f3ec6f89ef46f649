"""Payloads that hold torch tensors: they travel as bytes, and come on the device that an input asks for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pytest
import torch

from graphcore import DeclarationError, Input, Node, Output, Param, Run, RunError, Shape, Source, payload
from graphcore.errors import CodecError
from graphcore.payload import fields_of, mismatch, payload_name, size_of
from graphcore.transport.codec import Delivery, decode, encode
from parts import graph, node

if TYPE_CHECKING:
    from torch import Tensor


@payload
class Latents:
    """What a network made."""

    values: Annotated[Tensor, Shape("frames", 4, dtype="float32")]
    mask: Annotated[torch.Tensor, Shape("frames", dtype="bool")] | None = None


class Made(Source):
    """Two of them."""

    latents = Output(Latents)

    def produce(self) -> Any:
        for index in range(2):
            self.latents.send(Latents(torch.full((3, 4), float(index))), timestamp=index)
            yield


class Where(Node):
    """Remembers where they came."""

    latents = Input(Latents, device="device")
    device = Param("cpu")

    def process(self, latents: Latents) -> None:
        DEVICES.append(latents.values.device.type)


DEVICES: list[str] = []


def test_a_tensor_is_described_without_torch() -> None:
    values, mask = fields_of(Latents)
    assert (values.tensor, values.dtype, values.optional) == (True, "float32", False)
    assert (mask.tensor, mask.dtype, mask.optional) == (True, "bool", True)


def test_a_tensor_travels_as_bytes() -> None:
    sent = Latents(torch.arange(8.0).reshape(4, 2).T, torch.tensor([True, False]))  # not in one piece
    frames = encode(Delivery(1, 2, 3, sent))
    assert [len(frame) for frame in frames[1:]] == [32, 2]
    came = decode(frames, {payload_name(Latents): Latents}).payload
    assert torch.equal(came.values, sent.values)
    assert torch.equal(came.mask, sent.mask)
    assert came.values.data_ptr() != sent.values.data_ptr()


@pytest.mark.parametrize("values", [torch.zeros(3, 5), torch.zeros(3, 4, dtype=torch.float64), np.zeros((3, 5)), 3])
def test_a_tensor_that_is_not_as_declared_is_refused(values: Any) -> None:
    with pytest.raises(CodecError, match=r"Latents.values: .* expected an array of float32"):
        encode(Delivery(1, 2, 3, Latents(values)))
    assert "values" in mismatch(Latents(values))


def test_what_it_takes_counts() -> None:
    assert size_of(Latents(torch.zeros(1000, 4))) > 16_000


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_tensors_come_on_the_device_that_a_param_names(device: str) -> None:
    DEVICES.clear()
    Run(graph(node("made", Made), node("where", Where, {"latents": "made.latents"}, device=device))).run()
    assert [device, device] == DEVICES


def test_a_tensor_without_a_dtype_cannot_be_declared() -> None:
    @payload
    class Vague:
        values: Annotated[torch.Tensor, Shape("frames")]

    with pytest.raises(DeclarationError, match=r"Vague.values: a tensor of ''; expected Shape\(..., dtype=\)"):
        fields_of(Vague)


def test_a_device_that_is_none_is_told() -> None:
    run = Run(graph(node("made", Made), node("where", Where, {"latents": "made.latents"}, device="nowhere")))
    with pytest.raises(RunError, match=r"^where at 0.000 s: RuntimeError: .*nowhere"):
        run.run()


def test_tensors_where_torch_is_missing_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = encode(Delivery(0, 0, 0, Latents(torch.ones(1, 4))))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CodecError, match="Latents: torch cannot be imported here"):
        decode(frames, {payload_name(Latents): Latents})
