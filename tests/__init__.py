"""Tests, in the layout of the code. (A package, because gruut installs one of this name.)"""
