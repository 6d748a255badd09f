import time

import pytest

from tests.deployment.device_process import run_alone


def failing():
    print("before the failure")
    raise ValueError("of the function")


def hanging():
    print("before the wait", flush=True)
    time.sleep(60)


@pytest.mark.parametrize(
    ("function", "timeout_s", "shown"),
    [
        (failing, 60, ["failing ended with status 1", "before the failure", "of the function"]),
        (hanging, 6, ["hanging did not end within 6 s", "before the wait"]),
    ],
)
def test_a_failing_process_shows_what_it_printed(function, timeout_s, shown):
    with pytest.raises(pytest.fail.Exception) as failure:
        run_alone(function, timeout_s=timeout_s)
    assert all(words in str(failure.value) for words in shown)


def echo(text, number):
    return {"text": text, "number": number}


def test_arguments_and_result_go_through():
    assert run_alone(echo, "hyvää päivää", 0.1) == {"text": "hyvää päivää", "number": 0.1}
