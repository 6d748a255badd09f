"""What `lightning-v2 notebooks` does unless told otherwise."""

PLANS = ("bf16", "lightning-v2", "naive")
CELL_TIMEOUT_S = 600
NOTEBOOK_TIMEOUT_S = 1200


def jobs() -> int:
    """Notebooks that run at the same time: one a core, at most four (each takes 1 to 2 GB)."""
    import joblib

    return min(4, joblib.cpu_count())
