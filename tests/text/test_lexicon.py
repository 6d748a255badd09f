import os
import subprocess
import sys

SCRIPT = "from lightning_v2.text import lexicon; lexicon._tagger(); lexicon._letter_to_sound()"


def test_what_packages_say_of_their_own_sources_reaches_nobody(tmp_path):
    """The first import after an installation compiles them: as it is without any compiled file."""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", SCRIPT],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path)},
    )
    assert done.stderr == ""
