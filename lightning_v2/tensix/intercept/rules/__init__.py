"""What runs for a torch call: its arguments as device tensors, operations of one site, and back."""
