"""The documentation's sources, which packages that are built leave out."""
