"""Judges of one signal: a recogniser and a model of listeners."""
