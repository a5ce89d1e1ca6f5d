"""The functions of fastact as operators of other libraries: `fastact.interop.torch` and `fastact.interop.jax`, imported by name."""
