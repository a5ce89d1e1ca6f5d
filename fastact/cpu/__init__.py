"""Compiled loops, ufuncs and threads for NumPy arrays."""
