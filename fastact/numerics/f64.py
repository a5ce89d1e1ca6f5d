"""float64 constants of the numerics; the same names as in f32."""
