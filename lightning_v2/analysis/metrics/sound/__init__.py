"""What a waveform is made of: spectra, levels, pitch and phase."""
