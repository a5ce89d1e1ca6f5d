"""The definitions, by family."""
