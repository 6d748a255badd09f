"""Holds what a card or the simulator computes against the exact tier: chosen calls, a sentence."""
