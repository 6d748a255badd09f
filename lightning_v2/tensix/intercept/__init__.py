"""Runs any torch module in the arithmetic of the chip, by intercepting its calls."""
