"""Transforms, resampling and pooling of signals."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.operations.table import (
    Built,
    Function,
    Given,
    computing,
    has_input,
    moving,
    refuse,
)

LONGEST_FRAME = 8192
"""Samples of a transform: its matrix has a quarter of a gigabyte then."""


def _stft(node: Node, given: Given) -> Built:
    """Frames times a matrix: (B, N, 1) -> (B, frames, bins, 2), real part and imaginary part."""
    step, window = given[1], given[2]
    length = given[3] if len(given) > 3 else None
    if step is None or (window is None and length is None):
        raise refuse(node, "computes its step, window or length")
    size, hop = len(window) if window is not None else int(length), int(step)
    if not 0 < size <= LONGEST_FRAME or hop <= 0:
        raise refuse(node, f"has frames of {size} samples every {hop}, at most {LONGEST_FRAME}")
    bins = size // 2 + 1 if node.attributes.get("onesided", 1) else size
    angles = 2 * np.pi * np.outer(np.arange(bins), np.arange(size)) / size
    taper = np.ones(size) if window is None else window.astype(np.float64)
    # Rows in turn real and imaginary: the last axis of the result comes by a reshape.
    rows = np.stack([np.cos(angles), -np.sin(angles)], 1) * taper

    def stft(signal: Tensor, basis: Tensor, *_: Tensor) -> Tensor:
        if signal.ndim == 3:
            if signal.shape[-1] != 1:
                raise refuse(node, "transforms a complex signal, which is not known")
            signal = signal.squeeze(-1)
        frames = signal.unfold(-1, size, hop)
        return F.linear(frames, basis).reshape(*frames.shape[:-1], bins, 2)

    return Built(stft, {1: rows.reshape(2 * bins, size).astype(np.float32)})


def _resize(node: Node, given: Given) -> Function:
    mode = node.attributes.get("mode", "nearest")
    if mode not in ("nearest", "linear"):
        raise refuse(node, f"resamples by {mode!r}, known are 'nearest' and 'linear'")
    if node.attributes.get("antialias"):
        raise refuse(node, "filters before it resamples, which is not known")
    if node.attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise refuse(node, "keeps the ratio of its axes, which is not known")
    old = node.opset < 11
    scales_at, sizes_at = (1, 3) if old else (2, 3)
    coordinates = node.attributes.get(
        "coordinate_transformation_mode", "asymmetric" if old else "half_pixel"
    )
    if coordinates not in _COORDINATES:
        raise refuse(node, f"has coordinates {coordinates!r}, known are {', '.join(_COORDINATES)}")
    rounding = node.attributes.get("nearest_mode", "floor" if old else "round_prefer_floor")
    fixed = node.attributes.get("scales")

    def resize(x: Tensor, *inputs: Tensor | None) -> Tensor:
        def value(position: int) -> list | None:
            found = inputs[position - 1] if position <= len(inputs) else None
            return None if found is None or not found.numel() else found.tolist()

        sizes = value(sizes_at) if has_input(node, sizes_at) else None
        scales = fixed if fixed is not None else value(scales_at)
        axes = node.attributes.get("axes", range(x.ndim))
        for i, axis in enumerate(axes):
            before = x.shape[axis]
            after = sizes[i] if sizes else int(before * scales[i])
            ratio = after / before if sizes else scales[i]
            if after != before:
                x = _along(x, axis, after, ratio, mode, coordinates, rounding)
        return x

    return resize


_COORDINATES = {
    "asymmetric": lambda i, ratio, before, after: i / ratio,
    "half_pixel": lambda i, ratio, before, after: (i + 0.5) / ratio - 0.5,
    "pytorch_half_pixel": lambda i, ratio, before, after: (
        (i + 0.5) / ratio - 0.5 if after > 1 else i * 0
    ),
    "align_corners": lambda i, ratio, before, after: i * ((before - 1) / max(after - 1, 1)),
}
_ROUNDING = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda place: np.ceil(place - 0.5),
    "round_prefer_ceil": lambda place: np.floor(place + 0.5),
}


def _along(
    x: Tensor, axis: int, after: int, ratio: float, mode: str, coordinates: str, rounding: str
) -> Tensor:
    """x resampled to `after` values along one axis."""
    before = x.shape[axis]
    place = _COORDINATES[coordinates](np.arange(after, dtype=np.float64), ratio, before, after)

    def picked(index: np.ndarray) -> Tensor:
        index = np.clip(index, 0, before - 1).astype(np.int64)
        return x.index_select(axis, torch.from_numpy(index))

    if mode == "nearest":
        return picked(_ROUNDING[rounding](place))
    place = np.clip(place, 0, before - 1)
    left = np.floor(place)
    shape = [after if i == axis % x.ndim else 1 for i in range(x.ndim)]
    share = torch.from_numpy((place - left).astype(np.float32)).reshape(shape)
    return torch.lerp(picked(left), picked(left + 1), share)


def _pool(average: bool) -> Function:
    def build(node: Node, given: Given) -> Function:
        kernel, attributes = node.attributes["kernel_shape"], node.attributes
        axes = len(kernel)
        pads = attributes.get("pads", [0] * 2 * axes)
        if pads[:axes] != pads[axes:] or attributes.get("auto_pad", "NOTSET") != "NOTSET":
            raise refuse(node, "pads one side more than the other, which is not known")
        if len([name for name in node.outputs if name]) > 1:
            raise refuse(node, "returns where its values lie as well, which is not known")
        dilations = attributes.get("dilations", [1] * axes)
        strides, padding = attributes.get("strides", [1] * axes), pads[:axes]
        up = bool(attributes.get("ceil_mode", 0))
        if average and any(step != 1 for step in dilations):
            raise refuse(node, "skips values inside its window, which is not known")
        if average:
            function = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[axes - 1]
            whole = bool(attributes.get("count_include_pad", 0))
            return lambda x: function(x, kernel, strides, padding, up, whole)
        function = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[axes - 1]
        return lambda x: function(x, kernel, strides, padding, dilations, up)

    return build


def _global_pool(function: Function) -> Function:
    def build(node: Node, given: Given) -> Function:
        return lambda x: function(x, list(range(2, x.ndim)), True)

    return build


SIGNALS = {
    **computing(
        {
            "AveragePool": _pool(average=True),
            "GlobalAveragePool": _global_pool(torch.mean),
            "GlobalMaxPool": _global_pool(torch.amax),
            "Interpolate": _resize,
            "MaxPool": _pool(average=False),
            "STFT": _stft,
        }
    ),
    **moving({"Resize": _resize, "Upsample": _resize}),
}
"""`Interpolate` is none of ONNX's: fusion makes it of a resampling that computes new values."""
