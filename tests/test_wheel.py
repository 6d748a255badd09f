"""What is installed from a wheel works away from the checkout: its data travels in it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder with the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.mark.parametrize(
    "name",
    [
        "lightning_v2/data/voices/lark/model.safetensors",
        "lightning_v2/data/checks/lightning-v2.json",
        "lightning_v2/data/economics/constants.yaml",
        "lightning_v2/data/golden/verification.npz",
        "lightning_v2/data/plans/lightning-v2.yaml",
        "lightning_v2/data/prices.yaml",
        "lightning_v2/data/sentences/heldout.tsv",
        "lightning_v2/data/notebooks/01_hear_the_difference.ipynb",
        "lightning_v2/deployment/mock/compiler.sh",
        "lightning_v2/deployment/mock/p100.yaml",
        "lightning_v2/report/pages/page.css",
    ],
)
def test_file_travels(installed, name):
    assert (installed / name).stat().st_size > 100


def test_widgets_bring_their_scripts(installed):
    assert list((installed / "widgets").rglob("*.js"))


def test_speaks_from_the_wheel(installed, tmp_path):
    """And without torch's compiler, whose import takes longer than the sentence."""
    code = (
        "import sys; from lightning_v2.cli.main import main; import lightning_v2\n"
        "assert lightning_v2.__file__.startswith(sys.argv[1]), lightning_v2.__file__\n"
        "assert not main(['say', 'Hello.', '-o', 'a.wav', '--plan', 'lightning-v2'])\n"
        "assert not {'torch._dynamo', 'sympy'} & sys.modules.keys()"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(installed)],
        cwd=tmp_path,
        check=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert (tmp_path / "a.wav").stat().st_size > 10_000
