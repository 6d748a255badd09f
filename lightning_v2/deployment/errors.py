"""What stands in the way of a deployment."""


class TargetError(RuntimeError):
    """A device cannot be opened.

    Attributes:
        reason: what is wrong.
        next_step: what to do about it.
    """

    def __init__(self, reason: str, next_step: str):
        super().__init__(f"{reason}; {next_step}")
        self.reason, self.next_step = reason, next_step
