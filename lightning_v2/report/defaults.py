"""What `lightning-v2 notebooks` does unless told otherwise."""

PLANS = ("bf16", "lightning-v2", "naive")
FIRST = "00_explore"
"""The notebook that is made first: something to hear while the others are made."""
LONGEST = (
    "06_metrics_lie", "08_deployment", "00_answer", "05_layer_errors", "07_find_a_plan",
    "09_your_own_voice", "12_voices_side_by_side", "10_time_and_money",
)  # fmt: skip
"""Notebooks that take longest. They start next, so that none is waited for alone at the end. One
of the first two needs every loop of the exact tier: what it compiles, the others find."""

CELL_TIMEOUT_S = 600
NOTEBOOK_TIMEOUT_S = 1200


def jobs() -> int:
    """Notebooks that run at the same time: one a core, at most four (each takes 1 to 2 GB)."""
    import joblib

    return min(4, joblib.cpu_count())
