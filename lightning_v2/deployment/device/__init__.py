"""ttnn: devices, programs, weights and stages."""
