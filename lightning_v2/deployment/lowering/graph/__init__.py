"""Voices that others trained: a graph of named sites as device operations."""
