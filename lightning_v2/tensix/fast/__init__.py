"""The fast tier: operands of the chip, products of torch."""
