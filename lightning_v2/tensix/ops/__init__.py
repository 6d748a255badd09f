"""The operations as a caller of ttnn finds them."""
