"""What is measured between two waveforms."""
