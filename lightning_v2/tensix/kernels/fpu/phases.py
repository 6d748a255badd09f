"""The phases of math fidelity: which significand bits of its operands the multiplier takes in each.

docs/numerics.md, section 3. The one table of them: the loops here, the fast tier and what is told
about fidelities derive from it.
"""

BITS = {("in0", "high"): 7, ("in0", "all"): 11, ("in1", "high"): 5, ("in1", "all"): 10}
"""Significand bits with the hidden one, from the top: of `high`, and of `high` and `low`."""

ORDER = (("high", "high"), ("high", "low"), ("low", "high"), ("low", "low"))
"""Part of in0 (the activations, in SrcB) and of in1 (the weights, in SrcA), phase by phase."""

PHASES = {name: ORDER[:count] for count, name in enumerate(("LoFi", "HiFi2", "HiFi3", "HiFi4"), 1)}
"""The phases that each fidelity runs."""
