"""The device that a voice is deployed to: a card, the simulator of one, or a mock of one.

    silicon      a card in this machine
    simulator    ttsim: ttnn's real kernels on a model of a chip, far slower than a card
    mock         all that ttnn does on the host; nothing is computed and results are zeros

ttnn reads what it runs on from variables of its process as it is loaded, so a process can open one
kind of device only.
"""

import hashlib
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lightning_v2.deployment import mock
from lightning_v2.deployment.errors import TargetError
from lightning_v2.errors import LightningWarning
from lightning_v2.files import user_cache

TARGETS = ("silicon", "simulator", "mock")

BOARDS = {"n150": "wormhole_b0", "n300": "wormhole_b0", "p100": "blackhole", "p150": "blackhole"}
"""Board -> architecture."""

TTNN = "0.81.1"
"""The version of ttnn that everything here is tested with."""

DRIVER = Path("/dev/tenstorrent")
"""Where tt-kmd, the kernel driver, shows the cards."""

SYSTEM_COMPILER = Path("/opt/tenstorrent/sfpi")
"""Where Tenstorrent's packages install the compiler."""

MIB = 2**20

_CLUSTER_BOARDS = {"t3k": "n300", "n300_2x2": "n300"} | {f"p150_x{n}": "p150" for n in (2, 4, 8)}

_DESCRIPTIONS = {"wormhole_b0": "wormhole_b0_80_arch.yaml", "blackhole": "blackhole_140_arch.yaml"}
"""Of chips, in ttnn/tt_metal/soc_descriptors: the simulator has one beside its library."""


def get_simulator(arch: str) -> str:
    """What to do for the simulator of a chip."""
    chip = arch.partition("_")[0].capitalize()
    return (
        f"build or download release 1.10.0 of tenstorrent/ttsim (on GitHub), put its library for "
        f"{chip} into a folder, with ttnn/tt_metal/soc_descriptors/{_DESCRIPTIONS[arch]} beside it "
        f"under the name soc_descriptor.yaml, and let TT_METAL_SIMULATOR name the library"
    )


_GET_SIMULATOR = f"{get_simulator('wormhole_b0')} (of Blackhole: {_DESCRIPTIONS['blackhole']})"


@dataclass(frozen=True)
class Device:
    """An open device.

    Attributes:
        target: one of TARGETS.
        board: one of BOARDS, or what ttnn calls another machine, as "galaxy".
        arch: "wormhole_b0" or "blackhole".
        grid: columns and rows of the cores that compute. The simulator has one row more than an
            n150, because it needs no cores to dispatch, and all 14 columns of a p150 but one.
        command_queues: how many there are.
        handle: ttnn's own device.
    """

    target: str
    board: str
    arch: str
    grid: tuple[int, int]
    command_queues: int
    handle: Any = field(repr=False)

    @property
    def can_trace(self) -> bool:
        """Whether runs can be recorded and replayed."""
        return self.target == "silicon"


@contextmanager
def open_device(target: str, board: str | None = None) -> Iterator[Device]:
    """The first device of `target`, closed again at the end.

    ttnn prints nothing, and its errors come without a trace of its own functions, unless its
    variables (TT_LOGGER_LEVEL, LOGURU_LEVEL, TT_METAL_DISABLE_BACKTRACE) are set.

    Args:
        target: one of TARGETS.
        board: one of BOARDS. For a mock which board to make up, n150 if it is not given; otherwise
            the board that must be there.

    Raises:
        TargetError: there is no such device, or it is not `board`; ttnn or something that it needs
            is missing; ttnn was loaded in this process for another target.
    """
    _check("target", target, TARGETS)
    if board is not None:
        _check("board", board, BOARDS)
    _check_ttnn()
    _adopt(target, _VARIABLES[target](board))
    import ttnn

    queues = 2 if target == "silicon" else 1
    try:
        handle = ttnn.open_device(device_id=0, **_options(ttnn, target, queues))
    except RuntimeError as error:
        reason = " ".join(str(error).split("info:")[-1].split())
        raise TargetError(
            f"ttnn cannot open the {target} device: {reason}", "see: lightning-v2 doctor"
        ) from error
    try:
        grid = handle.compute_with_storage_grid_size()
        arch = handle.arch().name.lower()
        found = ttnn.cluster.get_cluster_type().name.lower()
        found = _CLUSTER_BOARDS.get(found, found)
        if board not in (None, found):
            raise TargetError(
                f"the {target} device is a {found} ({arch}), not a {board} ({BOARDS[board]})",
                f"ask for {found}, or for no board in particular",
            )
        yield Device(target, found, arch, (grid.x, grid.y), queues, handle)
    finally:
        ttnn.close_device(handle)


def ttnn_version() -> str | None:
    """The version of the installed ttnn, which is not loaded for that; None if there is none."""
    try:
        return version("ttnn") if find_spec("ttnn") else None
    except PackageNotFoundError:
        return None


def compiler() -> Path | None:
    """The RISC-V compiler that ttnn takes for silicon and for the simulator; None if there is none.

    ttnn must be installed.
    """
    package = Path(find_spec("ttnn").origin).parent
    root = Path(os.environ.get("TT_METAL_RUNTIME_ROOT", package))
    places = (root / "runtime" / "sfpi", SYSTEM_COMPILER)
    paths = [place / "compiler" / "bin" / "riscv-tt-elf-g++" for place in places]
    return next((path for path in paths if path.exists()), None)


def toolchain() -> dict[str, str]:
    """What made kernels and, on the simulator, ran them: names and digests, no places.

    Call it while a device is open.
    """
    version = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=True)
    facts = {"compiler": version.stdout.splitlines()[0]}
    if "TT_METAL_SIMULATOR" in os.environ:
        library = Path(os.environ["TT_METAL_SIMULATOR"]).resolve()
        digest = hashlib.sha256(library.read_bytes()).hexdigest()
        facts = {"library": library.name, "library_sha256": digest} | facts
    return facts


def simulated_arch() -> str | None:
    """Of which chip the simulator is, by the description beside its library: one of the
    architectures in BOARDS; None if there is none, or it does not say.
    """
    library = os.environ.get("TT_METAL_SIMULATOR")
    description = Path(library).parent / "soc_descriptor.yaml" if library else None
    if description is None or not description.is_file():
        return None
    said = re.search(r"^arch_name:\s*(\w+)", description.read_text(), re.MULTILINE)
    arch = said[1].lower() if said else None
    return arch if arch in BOARDS.values() else None


def obstacle(target: str) -> TargetError | None:
    """What `open_device` would stop at before it loads ttnn; None if nothing."""
    try:
        _check_ttnn()
        _VARIABLES[target](None)
    except TargetError as error:
        return error
    return None


def _check(name: str, value: str, legal: tuple[str, ...] | dict[str, str]) -> None:
    if value not in legal:
        raise TargetError(f"{name} is {value!r}", f"legal are {', '.join(legal)}")


def _check_ttnn() -> None:
    found = ttnn_version()
    if found is None:
        raise TargetError("ttnn is not installed", f"install it with: pip install ttnn=={TTNN}")
    if found != TTNN:
        message = f"ttnn {found} is installed; lightning-v2 is tested with {TTNN} only"
        warnings.warn(message, LightningWarning, stacklevel=4)


def _check_compiler() -> None:
    if compiler() is None:
        raise TargetError(
            f"there is no RISC-V compiler, neither in ttnn's folder nor in {SYSTEM_COMPILER}",
            "install the release of tenstorrent/sfpi (on GitHub) that ttnn/tt_metal/sfpi-version "
            "names",
        )


def _silicon(board: str | None) -> dict[str, str | None]:
    """Variable -> value, None for one that must not be set."""
    if not DRIVER.exists():
        raise TargetError(
            f"{DRIVER} is missing: there is no Tenstorrent card, or its driver is not loaded",
            "install tt-kmd (tenstorrent/tt-kmd on GitHub) and run: modprobe tenstorrent",
        )
    cards = sorted(DRIVER.glob("[0-9]*"))
    if not cards:
        raise TargetError(
            f"{DRIVER} is empty: the driver is loaded and finds no Tenstorrent card",
            "see whether the card is listed by: lspci -d 1e52:",
        )
    if not os.access(cards[0], os.R_OK | os.W_OK):
        raise TargetError(
            f"{cards[0]} may not be read and written by this user",
            "give access by the udev rules of tt-kmd",
        )
    if "TT_METAL_SIMULATOR" in os.environ:
        raise TargetError(
            "TT_METAL_SIMULATOR is set: this shell is set up for the simulator",
            "unset it, or open the target simulator",
        )
    _check_compiler()
    return dict.fromkeys(("TT_METAL_MOCK_CLUSTER_DESC_PATH", "TT_METAL_SLOW_DISPATCH_MODE"))


def _simulator(board: str | None) -> dict[str, str | None]:
    path = os.environ.get("TT_METAL_SIMULATOR")
    if not path:
        raise TargetError("TT_METAL_SIMULATOR is not set", _GET_SIMULATOR)
    for needed in (Path(path), Path(path).parent / "soc_descriptor.yaml"):
        if not needed.is_file():
            raise TargetError(
                f"TT_METAL_SIMULATOR is {path}, and there is no file {needed}", _GET_SIMULATOR
            )
    root = os.environ.get("TT_METAL_RUNTIME_ROOT")
    if root is not None and not (Path(root) / "tt_metal").is_dir():
        raise TargetError(
            f"TT_METAL_RUNTIME_ROOT is {root}, and there is no folder tt_metal in it",
            "let it name a folder that is laid out as the package ttnn, or unset it",
        )
    _check_compiler()
    return {
        "TT_METAL_MOCK_CLUSTER_DESC_PATH": None,
        "TT_METAL_SLOW_DISPATCH_MODE": "1",
        # ttsim 1.10.0 lacks this instruction; ttnn then takes kernels that do the same without it.
        "TT_METAL_DISABLE_SFPLOADMACRO": "1",
    }


def _mock(board: str | None) -> dict[str, str | None]:
    others = (
        "TT_METAL_DISABLE_SFPLOADMACRO",
        "TT_METAL_HOME",
        "TT_METAL_SIMULATOR",
        "TT_METAL_SLOW_DISPATCH_MODE",
        "TT_VISIBLE_DEVICES",
    )
    return dict.fromkeys(others) | mock.environment(board or "n150")


_VARIABLES = {"silicon": _silicon, "simulator": _simulator, "mock": _mock}


def _adopt(target: str, variables: dict[str, str | None]) -> None:
    """Set the variables of this process, for ttnn to read."""
    defaults = {
        "LOGURU_LEVEL": "WARNING",
        "TT_METAL_DISABLE_BACKTRACE": "1",
        "TT_METAL_LOGS_PATH": str(user_cache() / "ttnn-logs"),
    }
    if "TT_METAL_LOGGER_LEVEL" not in os.environ:
        defaults["TT_LOGGER_LEVEL"] = "off"
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    changed = [name for name, value in variables.items() if os.environ.get(name) != value]
    if changed and "ttnn" in sys.modules:
        raise TargetError(
            f"ttnn is loaded in this process for another device and has read {', '.join(changed)}",
            f"open the {target} device in a process of its own",
        )
    for name in changed:
        if variables[name] is None:
            del os.environ[name]
        else:
            os.environ[name] = variables[name]


def _options(ttnn: Any, target: str, queues: int) -> dict[str, Any]:
    """What `ttnn.open_device` is asked for; sizes in bytes."""
    options = {
        # Convolutions keep their tables there.
        "l1_small_size": 16384,
        # By default an n300 dispatches from Ethernet cores, which ttnn 0.81.1 forgets in places.
        "dispatch_core_config": ttnn.DispatchCoreConfig(ttnn.DispatchCoreType.WORKER),
    }
    if target == "silicon":
        options |= {"num_command_queues": queues, "trace_region_size": 32 * MIB}
    if target == "simulator":
        # Compiled without Tenstorrent's optimiser, SFPU kernels outgrow the room for code that is
        # left by default.
        options["worker_l1_size"] = 1_000_000
    return options
