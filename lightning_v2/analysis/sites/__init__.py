"""The error of every site."""
