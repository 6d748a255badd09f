"""Voices that others trained: an ONNX file as a torch module of named sites."""
