import os

import pytest

from lightning_v2.training.teacher import TeacherMissing, require_teacher


@pytest.fixture(scope="session")
def teacher():
    """The teacher voice; without it the test is skipped with the package's name, but not in CI."""
    try:
        require_teacher("festival", "hts_engine")
    except TeacherMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
