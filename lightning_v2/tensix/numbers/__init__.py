"""Number formats, tensors in them, and how precisely a site computes."""
