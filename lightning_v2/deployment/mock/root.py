"""The folder in which ttnn finds its own files, and the stand-in where its compiler would be.

ttnn looks for the compiler inside its installed package, which may not be ours to write to. So it
is given another folder: links to the package, and the stand-in. The folder lies among the user's
caches and is named after ttnn's version, the package's place and the text of the files in here. It
is looked through before each use, and each of its files appears whole or not at all: it does not
matter what happened to it, or who else makes it at the same time.
"""

import hashlib
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from lightning_v2.deployment.errors import TargetError
from lightning_v2.deployment.mock.program import program
from lightning_v2.files import user_cache, written_whole

_HERE = Path(__file__).parent
_COMPILER = Path("runtime/sfpi/compiler/bin")
_LINKED = ("tt_metal", "ttnn", "runtime/hw")
_VERSION = re.compile(r"^sfpi_(version|build)='(.*)'$", re.MULTILINE)


def environment(board: str) -> dict[str, str]:
    """What ttnn must find among the variables of its process to open a mock device.

    board: has a description in here.

    Raises:
        TargetError: the installed ttnn is not laid out as expected, or the cache cannot be used.
    """
    package = Path(find_spec("ttnn").origin).parent
    try:
        folder = _prepared(package)
    except OSError as error:
        raise TargetError(
            f"mock devices cannot keep their files: {error}",
            "set XDG_CACHE_HOME to a folder that can be written to",
        ) from error
    return {
        "TT_METAL_RUNTIME_ROOT": str(folder / "root"),
        "TT_METAL_CACHE": str(folder / "kernels"),
        "TT_METAL_LOGS_PATH": str(folder / "logs"),
        "TT_METAL_MOCK_CLUSTER_DESC_PATH": str(_HERE / f"{board}.yaml"),
    }


def _prepared(package: Path) -> Path:
    """The folder, with all that belongs there."""
    compiler = _compiler(package)
    text = b"\0".join([str(package).encode(), compiler, program()])
    digest = hashlib.sha256(text).hexdigest()[:16]
    folder = user_cache() / f"ttnn-{version('ttnn')}-mock-{digest}"
    if any(letter.isspace() for letter in str(folder)):
        # ttnn takes its own command lines apart at every space.
        raise TargetError(
            f"ttnn cannot keep files in {folder}, because of the space in that name",
            "set XDG_CACHE_HOME to a folder without one",
        )
    root = folder / "root"
    for name in _LINKED:
        _link(root / name, package / name)
    _write(root / _COMPILER / "riscv-tt-elf-g++", compiler, 0o755)
    _write(root / _COMPILER / "program.elf", program(), 0o644)
    for name in ("kernels", "logs"):
        (folder / name).mkdir(exist_ok=True)
    return folder


def _compiler(package: Path) -> bytes:
    """The text of the stand-in, which answers with the version that this ttnn asks for."""
    asked = package / "tt_metal" / "sfpi-version"
    found = dict(_VERSION.findall(asked.read_text())) if asked.exists() else {}
    if found.keys() != {"version", "build"}:
        raise TargetError(
            f"{asked} does not say which compiler this ttnn wants", "install ttnn from its wheel"
        )
    wanted = f"{found['version']}[{found['build']}]"
    return (_HERE / "compiler.sh").read_text().replace("@SFPI@", wanted).encode()


def _link(path: Path, target: Path) -> None:
    if path.is_symlink() and path.readlink() == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        part.symlink_to(target)


def _write(path: Path, content: bytes, mode: int) -> None:
    whole = path.is_file() and path.read_bytes() == content
    if whole and path.stat().st_mode & 0o777 == mode:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        part.write_bytes(content)
        part.chmod(mode)
