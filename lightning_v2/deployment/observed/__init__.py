"""What a run on a device, or the capture of one, tells."""
