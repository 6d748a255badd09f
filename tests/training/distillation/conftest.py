import pytest

import lightning_v2 as lv2
from lightning_v2.training.distillation.corpus import build
from lightning_v2.training.distillation.lessons import Teacher

TEXTS = {"A-1": "Seven ships sailed. Two came back!", "A-2": "We saw them at dawn.", "A-3": "Now."}


@pytest.fixture(scope="session")
def hibari():
    return Teacher(lv2.load("hibari"))


@pytest.fixture(scope="session")
def lessons(hibari, tmp_path_factory):
    """Three texts, two of them with frames."""
    return build(hibari, TEXTS, tmp_path_factory.mktemp("taught") / "corpus", whole=2)
