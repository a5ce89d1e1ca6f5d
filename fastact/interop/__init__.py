"""The functions of fastact for other libraries: `fastact.interop.torch`, `.jax` and `.autograd`, imported by name."""
