"""float32 constants of the numerics; the same names as in f64."""
