"""What `lightning-v2 notebooks` does unless told otherwise."""

PLANS = ("bf16", "lightning-v2", "naive")
CELL_TIMEOUT_S = 600
NOTEBOOK_TIMEOUT_S = 1200
