"""What every loop of a training must be able to: go on where it was broken off."""

import torch


def assert_goes_on(made, folder):
    """To the same weights and average, bit for bit.

    made: () -> a new loop of four steps.
    """
    whole, begun, resumed = made(), made(), made()
    for _ in range(4):
        whole.train_step()
    for _ in range(2):
        begun.train_step()
    begun.save(folder / "state.pt")
    resumed.resume(folder / "state.pt")
    for _ in range(2):
        resumed.train_step()
    for part in ("network", "average"):
        ours, theirs = (getattr(loop, part).state_dict() for loop in (resumed, whole))
        assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
