"""Packed constants of a voice under a plan, kept on disk.

The host packs each constant once; block floats take it a while. What it packed lies in the user's
cache under a key of voice, plan, ttnn's version and all code that can change a value. Each has a
file, named after its values, with the digest of its content in a second one. What is stale has
another key or name, what is damaged is packed again.
"""

import hashlib
from pathlib import Path

from lightning_v2.deployment.device.convolution_ops import Taps
from lightning_v2.deployment.device.target import ttnn_version
from lightning_v2.deployment.device.ttnn_ops import TtnnOps
from lightning_v2.deployment.lowering.constant import Constant, DeviceTensor
from lightning_v2.files import user_cache, written_whole
from lightning_v2.identity import code_digest
from lightning_v2.model import Voice
from lightning_v2.precision import Plan

_SUFFIX = ".tensorbin"


class Weights:
    """Constants on one device: the `Store` of a `Runner`.

    Attributes:
        folder: of the cache.
        packed, loaded: how many constants were packed, and how many came from the cache.
    """

    def __init__(self, ops: TtnnOps, voice: Voice, plan: Plan, folder: Path | None = None):
        """folder: of all caches; the user's if not given."""
        self.packed = self.loaded = 0
        root = folder or user_cache() / "weights"
        # A mock device prepares taps as zeros, which no other may find.
        kind = "-mock" if ops.device.target == "mock" else ""
        self.folder = root / f"{cache_key(voice, plan)}{kind}"
        self._ops, self._sent = ops, {}

    def __call__(self, constant: Constant) -> DeviceTensor | Taps:
        """A constant on the device, as its operations take it."""
        key = constant.name, constant.dtype
        if key not in self._sent:
            self._sent[key] = self._send(constant)
        return self._sent[key]

    def _send(self, constant: Constant) -> DeviceTensor | Taps:
        sent = self._ops.keep(self._kept(constant))
        return Taps(sent, tuple(constant.values.shape)) if constant.kind == "taps" else sent

    def _kept(self, constant: Constant) -> DeviceTensor:
        """A packed constant on the host, from the cache if it is there and whole."""
        # A voice may be trained on after its folder was chosen.
        values = hashlib.sha256(constant.values.detach().contiguous().numpy()).hexdigest()[:16]
        path = self.folder / f"{constant.name}.{constant.dtype}.{values}{_SUFFIX}"
        if _is_whole(path):
            self.loaded += 1
            return self._ops.load(path)
        packed = self._pack(constant)
        self.folder.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as part:
            # ttnn insists on the ending.
            whole = part.with_name(part.name + _SUFFIX)
            self._ops.dump(whole, packed)
            whole.replace(part)
            digest = _digest(part)
        with written_whole(_digest_path(path)) as part:
            part.write_text(digest)
        return packed

    def _pack(self, constant: Constant) -> DeviceTensor:
        self.packed += 1
        packers = {"taps": self._ops.pack_taps, "table": self._ops.pack_rows}
        pack = packers.get(constant.kind, self._ops.pack)
        return pack(constant.values.detach(), constant.dtype)


def cache_key(voice: Voice, plan: Plan) -> str:
    """What packed constants depend on, as a digest."""
    parts = [voice.digest, plan.digest, ttnn_version() or "", code_digest()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _digest_path(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_whole(path: Path) -> bool:
    try:
        return _digest_path(path).read_text() == _digest(path)
    except OSError:
        return False
