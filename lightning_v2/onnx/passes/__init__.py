"""What rewrites a graph before it runs: expansions, fusions, and what is known already."""
