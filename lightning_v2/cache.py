"""Results that take long, kept on disk until something they depend on changes."""

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path

import joblib
import torch

from lightning_v2 import tensix
from lightning_v2.executors import any_at_work
from lightning_v2.files import user_cache
from lightning_v2.identity import code_digest, files_digest, function_digest
from lightning_v2.model import Voice
from lightning_v2.precision import Float32, Plan, reference_of
from lightning_v2.resources import data_path
from lightning_v2.voices import load

MOST_BYTES = 2 * 2**30
"""The cache may take so much disk; what was used longest ago goes first."""

LOADED = {
    "voice": load,
    "plan": Plan.load,
    "plans": Plan.load,
    "base": Plan.load,
    "reference": reference_of,
}
"""What arguments of these names stand for where they are given as words or paths."""


def cached[**P, R](function: Callable[P, R], folder: Path | None = None) -> Callable[P, R]:
    """The same function, but what it has computed before comes from disk.

        comparison = lv2.cached(lv2.compare)(voice, "Hello there.", "lightning-v2")

    The key is the name of the function and all its arguments (a voice counts by its weights, a plan
    by what it says and its name), the tier and architecture of `tensix.use` around the call,
    torch's precision of matrix products, the file that defines the function,
    `identity.code_digest`, and the plans and sentences that travel with the library. Within
    `emulate` or `tensix.intercept` nothing is kept. A damaged file is computed again.

    Args:
        function: at the top level of a module; its result must be picklable.
        folder: of the results; one among the user's caches if not given.

    Raises:
        PlanError, CheckpointError: an argument that is a plan or a voice cannot be loaded.
    """
    memory = joblib.Memory(folder or user_cache() / "results", verbose=0)
    # joblib puts results apart by the function it calls: here all share one, the key names them.
    kept = memory.cache(_call, ignore=["function", "arguments"])
    signature = inspect.signature(function)
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if any_at_work():
            return function(*args, **kwargs)
        arguments = signature.bind(*args, **kwargs)
        arguments.apply_defaults()
        key = {given: _identity(given, value) for given, value in arguments.arguments.items()}
        code = function_digest(function), code_digest()
        arithmetic = tensix.settings().decisive, torch.get_float32_matmul_precision()
        asked = (name, *code, _data_digests(), *arithmetic, key)
        known = kept.check_call_in_cache(asked, function, arguments)
        result = kept(asked, function, arguments)
        if not known:
            memory.reduce_size(bytes_limit=MOST_BYTES)
        return result

    return call


def _data_digests() -> list[str]:
    """Of the data that functions of this library read without being given it."""
    return [files_digest(data_path(name)) for name in ("plans", "sentences")]


def _call(key: tuple, function: Callable, arguments: inspect.BoundArguments) -> object:
    return function(*arguments.args, **arguments.kwargs)


def _identity(name: str, value: object) -> object:
    """What of an argument decides the result."""
    if isinstance(value, Voice):
        return value.name, value.digest
    if isinstance(value, Plan | Float32):
        return type(value).__name__, value.name, value.digest
    if isinstance(value, Mapping):
        return {key: _identity(name, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_identity(name, item) for item in value]
    if name in LOADED and isinstance(value, str | Path):
        return _identity(name, LOADED[name](value))
    return value
