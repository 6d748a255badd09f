"""What stands in the way of a deployment."""

from lightning_v2.errors import LightningError


class TargetError(LightningError, RuntimeError):
    """A device cannot be opened, or not used in such a way.

    Attributes:
        reason: what is wrong.
        next_step: what to do about it.
    """

    def __init__(self, reason: str, next_step: str):
        super().__init__(f"{reason}; {next_step}")
        self.reason, self.next_step = reason, next_step

    def __reduce__(self):
        return type(self), (self.reason, self.next_step)


class UnsupportedError(LightningError, RuntimeError):
    """ttnn cannot run an operation of a plan.

    Attributes:
        plan: name of it. board: where. site: "in OPERATION at site NAME". reason: ttnn's own words.
    """

    def __init__(self, plan: str, board: str, site: str, message: str):
        # ttnn: location, "info:", what is wrong, "backtrace:", where in its own code.
        reason = " ".join(message.split("info:")[-1].split("backtrace:")[0].split())
        super().__init__(f"plan {plan} cannot run on {board}: {site}: {reason}")
        self.plan, self.board, self.site, self.reason = plan, board, site, reason

    def __reduce__(self):
        return type(self), (self.plan, self.board, self.site, self.reason)
