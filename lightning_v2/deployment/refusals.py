"""What a device lacks for a voice that others trained."""

import json
from functools import partial

import torch

from lightning_v2.deployment.device.convolution_ops import Taps
from lightning_v2.deployment.device.target import Device
from lightning_v2.deployment.device.ttnn_ops import TtnnOps
from lightning_v2.deployment.lowering.constant import Constant, DeviceTensor
from lightning_v2.deployment.lowering.graph.runner import GraphRunner
from lightning_v2.deployment.lowering.graph.shapes import shape_store
from lightning_v2.deployment.lowering.graph.survey import Survey, shape_runner, survey
from lightning_v2.files import write_output
from lightning_v2.model import Voice
from lightning_v2.onnx.voice import OnnxVoice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice


def refusals(voice: Voice, plan: Plan, device: Device | None = None) -> Survey | None:
    """Which nodes of a voice cannot run; None for one that is no graph.

    Where the lowering refuses none, ttnn is not asked: it says so when the voice is compiled.

    Args:
        device: a mock one is asked about every node besides.
    """
    if not isinstance(voice, OnnxVoice):
        return None
    sites = voice_sites(voice)
    policy = for_voice(plan, sites).for_site
    found = survey(voice, sites, shape_runner(policy))
    if not found.refused or device is None or device.target != "mock":
        return found
    ops = TtnnOps(device)
    return survey(voice, sites, GraphRunner(ops, policy, store=partial(_zeros, ops)))


def _zeros(ops: TtnnOps, constant: Constant) -> DeviceTensor | Taps:
    """Zeros in place of a constant: a mock device looks at no value."""
    zeros = torch.zeros(shape_store(constant).shape)
    if constant.kind == "taps":
        return Taps(ops.keep(ops.pack_taps(zeros, constant.dtype)), tuple(zeros.shape))
    return ops.from_torch(zeros, constant.dtype)


def save(found: Survey, path: str) -> None:
    """Write a survey as JSON."""
    write_output(path, json.dumps(found.to_dict(), indent=1) + "\n")
