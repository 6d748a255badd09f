"""The compiled loops of the exact tier, by the engine that they stand for."""
