"""Small programs that reproduce what founding texts of the field say; each prints a table: python -m bench.examples.NAME."""
