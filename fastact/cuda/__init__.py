"""Kernels for CUDA arrays. Nothing here is imported before a device array arrives."""
