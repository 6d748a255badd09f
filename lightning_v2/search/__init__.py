"""Sentences, plans and sites by the thousand: sweeps, measurements, and the check of a plan."""
