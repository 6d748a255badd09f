"""Work spread over processes."""

from collections.abc import Callable, Iterable, Sequence

import joblib


def spread[Job, Result](
    function: Callable[[Job], Result], work: Sequence[Job], jobs: int
) -> Iterable[Result]:
    """What a function makes of each piece of work, in its order, as soon as it is there.

    Args:
        jobs: processes; what one process is enough for is done in this one.
    """
    run = joblib.Parallel(max(1, min(jobs, len(work))), batch_size=1, return_as="generator")
    return run(joblib.delayed(function)(piece) for piece in work)
