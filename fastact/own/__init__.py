"""Activations of the user's own: a plain Python function becomes values of machine code on every target."""
