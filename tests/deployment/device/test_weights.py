"""Packed constants and their cache on disk, on a mock device."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.deployment.device.ttnn_ops import TtnnOps
from lightning_v2.deployment.device.weights import Weights, cache_key
from lightning_v2.deployment.lowering.constant import Constant
from lightning_v2.precision import Plan
from lightning_v2.tensix.numbers.rounding import Rounding
from tests.deployment.device_process import run_on_mock

SPOKEN = SimpleNamespace(digest="a" * 64)
PLAN = "bf16"


def constants():
    """Two of each kind that a voice has, in several formats."""
    generator = torch.Generator().manual_seed(1)

    def constant(name, kind, dtype, *shape, bits=None):
        values = torch.randn(*shape, generator=generator)
        return Constant(name, kind, values, lambda x: x, dtype, Rounding(bits))

    return [
        constant("up.weight", "matrix", "bfloat8_b", 192, 96, bits=5),
        constant("down.weight", "matrix", "bfloat4_b", 96, 64),
        constant("output.weight", "matrix", "float32", 64, 1),
        constant("up.bias", "vector", "bfloat16", 96),
        constant("add.table", "table", "bfloat16", 41, 192),
        constant("depthwise.weight", "taps", "bfloat16", 64, 1, 7),
    ]


def deployed(device, folder, voice=SPOKEN, plan=PLAN):
    """All constants on the device, and where they came from."""
    weights = Weights(TtnnOps(device), voice, Plan.load(plan), Path(folder))
    for constant in constants():
        weights(constant)
    return weights


def counts(weights):
    return [weights.packed, weights.loaded]


def files(folder):
    return {str(path.relative_to(folder)): path for path in sorted(Path(folder).rglob("*.*"))}


def written(folder):
    """Content and time of all files."""
    found = files(folder).items()
    return {name: (path.read_bytes(), path.stat().st_mtime_ns) for name, path in found}


def cached(device, folder):
    told = {"first": counts(deployed(device, folder))}
    told["names"] = [Path(name).name for name in files(folder)]
    before = written(folder)
    second = deployed(device, folder)
    told["second"] = counts(second)
    again = second(constants()[0])
    told["once"] = counts(second) == told["second"] and again is second(constants()[0])
    told["untouched"] = before == written(folder)

    def damaged(name, damage):
        """Counts after `damage` was done to a file, and whether it is whole again."""
        (path,) = Path(folder).rglob(name)
        whole = path.read_bytes()
        damage(path)
        found = counts(deployed(device, folder))
        return [*found, path.read_bytes() == whole, counts(deployed(device, folder))]

    def half(path):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def flipped(path):
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(content)

    told["half a file"] = damaged("up.weight.*.tensorbin", half)
    told["a bit"] = damaged("up.bias.*.tensorbin", flipped)
    told["no digest"] = damaged("add.table.*.sha256", Path.unlink)
    told["no file"] = damaged("depthwise.weight.*.tensorbin", Path.unlink)
    told["another's digest"] = damaged("up.weight.*.sha256", lambda path: path.write_text("0" * 64))

    trained = Weights(TtnnOps(device), SPOKEN, Plan.load(PLAN), Path(folder))
    (bias,) = (constant for constant in constants() if constant.name == "up.bias")
    bias.owner.mul_(2)
    trained(bias)
    told["trained on"] = [counts(trained), counts(deployed(device, folder))]
    return told


def bits(device, folder):
    """Digest of every constant as it is packed, as it is packed and kept, and as it is loaded."""
    import ttnn  # after the device chose what it runs on

    ops = TtnnOps(device)
    fresh, loaded = [], []

    def spied(into, method):
        def run(*args):
            packed = method(*args)
            values = ttnn.to_torch(packed).float()
            what = [str(packed.dtype), str(packed.layout), list(packed.shape)]
            into.append([*what, hashlib.sha256(values.numpy().tobytes()).hexdigest()])
            return packed

        return run

    kept = Weights(ops, SPOKEN, Plan.load(PLAN), Path(folder))
    ops.pack, ops.load = spied(fresh, ops.pack), spied(loaded, ops.load)
    ops.pack_rows = spied(fresh, ops.pack_rows)
    for constant in constants()[:5]:
        kept(constant)
    other = Weights(ops, SPOKEN, Plan.load(PLAN), Path(folder))
    for constant in constants()[:5]:
        other(constant)
    return fresh, loaded


def folders(device, folder):
    """Where weights are kept, of a voice under a plan."""

    def of(voice, plan):
        return str(Weights(TtnnOps(device), voice, Plan.load(plan), Path(folder)).folder)

    other = SimpleNamespace(digest="b" * 64)
    return {
        "three": [of(SPOKEN, PLAN), of(SPOKEN, "fp32"), of(other, PLAN)],
        "same": of(SPOKEN, PLAN),
        "user's": str(Weights(TtnnOps(device), SPOKEN, Plan.load(PLAN)).folder),
    }


def all_of(device, root):
    """Each with a cache of its own."""
    told = {}
    for function in (cached, bits, folders):
        cache = Path(root) / function.__name__
        cache.mkdir()
        told[function.__name__] = function(device, cache)
    return told


@pytest.fixture(scope="module")
def told_all(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    return {"root": root, **run_on_mock("n150", all_of, str(root), XDG_CACHE_HOME=str(root))}


@pytest.fixture(scope="module")
def told(told_all):
    return told_all["cached"]


def test_a_second_deployment_packs_nothing(told):
    assert told["first"] == [6, 0]
    assert told["second"] == [0, 6]
    assert told["untouched"]


def test_a_constant_is_sent_once(told):
    assert told["once"]


def test_one_file_for_each_constant_and_one_for_its_digest(told):
    kinds = [f"{constant.name}.{constant.dtype}" for constant in constants()]
    for ending in (".tensorbin", ".sha256"):
        names = [Path(name).stem for name in told["names"] if name.endswith(ending)]
        assert sorted(Path(name).stem for name in names) == sorted(kinds)


@pytest.mark.parametrize(
    "damage", ["half a file", "a bit", "no digest", "no file", "another's digest"]
)
def test_what_is_damaged_is_packed_again(told, damage):
    packed, loaded, whole, then = told[damage]
    assert (packed, loaded) == (1, 5)
    assert whole and then == [0, 6]


def test_weights_that_change_after_the_folder_was_chosen_are_packed_again(told):
    assert told["trained on"] == [[1, 0], [0, 6]]


def test_what_is_loaded_is_what_was_packed(told_all):
    fresh, loaded = told_all["bits"]
    assert len(fresh) == 5 and fresh == loaded
    assert len({digest for *_, digest in fresh}) == 5


def test_what_is_packed_is_what_the_emulator_packs(told_all):
    """The matrices; the first is rounded to LoFi's five bits before."""
    for constant, (*_, digest) in zip(constants()[:3], told_all["bits"][0], strict=False):
        mine = tensix.from_torch(constant.values, constant.dtype).values
        assert hashlib.sha256(mine.numpy().tobytes()).hexdigest() == digest
    rounded = constants()[0].values
    assert not torch.equal(rounded, constants()[0].owner)


def test_another_voice_or_plan_has_another_folder(told_all):
    told, cache = told_all["folders"], told_all["root"] / "folders"
    assert len(set(told["three"])) == 3 and told["same"] == told["three"][0]
    assert all(Path(folder).parent == cache for folder in told["three"])
    assert Path(told["user's"]).parent == told_all["root"] / "lightning-v2" / "weights"


class Anything:
    """Operations of a device that is not there."""

    def __init__(self, target):
        self.device = SimpleNamespace(target=target)


def test_what_a_mock_prepared_stays_with_mocks(tmp_path):
    """Taps that it prepares are zeros."""
    plan = Plan.load(PLAN)
    folders = {
        target: Weights(Anything(target), SPOKEN, plan, tmp_path).folder
        for target in ("silicon", "simulator", "mock")
    }
    assert folders["silicon"] == folders["simulator"] != folders["mock"]


def test_the_key_depends_on_the_version_of_ttnn_and_on_the_code(monkeypatch):
    from lightning_v2.deployment.device import weights

    plan = Plan.load(PLAN)
    keys = {cache_key(SPOKEN, plan)}
    with monkeypatch.context() as patch:
        patch.setattr(weights, "ttnn_version", lambda: "0.82.0")
        keys.add(cache_key(SPOKEN, plan))
    monkeypatch.setattr(weights, "code_digest", lambda: "other code")
    keys.add(cache_key(SPOKEN, plan))
    assert len(keys) == 3


def at_once(device, folder):
    """Packs together with another process, and counts what each did."""
    started = Path(folder) / f"{os.getpid()}.started"
    started.touch()
    deadline = time.monotonic() + 60
    while len(list(Path(folder).glob("*.started"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    return counts(deployed(device, Path(folder) / "cache"))


def test_two_processes_at_once(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run_on_mock, "n150", at_once, str(tmp_path)) for _ in range(2)]
        both = [run.result() for run in runs]
    assert all(packed + loaded == 6 for packed, loaded in both)
    left = files(tmp_path / "cache")
    assert len(left) == 12 and not any(name.endswith(".part") for name in left)
    for name, path in left.items():
        if name.endswith(".tensorbin"):
            digest = path.with_suffix(".sha256").read_text()
            assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
