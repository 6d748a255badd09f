"""What a device gave beside what the exact tier gives, value by value."""

from dataclasses import dataclass, field

import numpy as np
import torch

from lightning_v2.deployment.agreement import digest

EXAMPLES = 16
"""Values that are kept of a case with differences."""

SAME, DIFFERS, REFUSED = "same", "differs", "refused"


@dataclass(frozen=True, slots=True)
class Row:
    """One case.

    Attributes:
        group: kind of what is verified.
        name: of the case, in words.
        state: SAME, DIFFERS or REFUSED.
        values: compared.
        different: how many differ in any bit.
        otherwise: how many differ if SrcB is read the other way; None where nothing hangs on it.
        digest: of what the device gave.
        examples: of values that differ: number of the value, the device's pattern, the emulated.
        message: of ttnn, where it refused.
        seconds: that the device took, compilation included; measured.
    """

    group: str
    name: str
    state: str
    values: int = 0
    different: int = 0
    otherwise: int | None = None
    digest: str = ""
    examples: list[tuple[int, str, str]] = field(default_factory=list)
    message: str = ""
    seconds: float = 0.0


def compared(
    group: str,
    name: str,
    found: torch.Tensor,
    wanted: torch.Tensor,
    otherwise: torch.Tensor | None = None,
    seconds: float = 0.0,
) -> Row:
    """The row of a result and of what was expected, any shapes with as many values.

    otherwise: what would be expected if SrcB were read the other way.
    """
    device, emulated = _bits(found), _bits(wanted)
    if device.size != emulated.size:
        message = f"the device gave {device.size} values, the emulator {emulated.size}"
        return Row(group, name, REFUSED, message=message, seconds=seconds)
    apart = np.flatnonzero(device != emulated)
    other = None if otherwise is None else _bits(otherwise)
    decisive = other is not None and (other != emulated).any()
    return Row(
        group,
        name,
        DIFFERS if apart.size else SAME,
        int(device.size),
        int(apart.size),
        int((device != other).sum()) if decisive else None,
        digest(device.view(np.float32)),
        [
            (int(place), f"{device[place]:08x}", f"{emulated[place]:08x}")
            for place in apart[:EXAMPLES]
        ],
        seconds=round(seconds, 3),
    )


def _bits(values: torch.Tensor) -> np.ndarray:
    return values.detach().contiguous().numpy().reshape(-1).view(np.uint32)
