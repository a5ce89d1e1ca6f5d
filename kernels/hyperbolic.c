/* tanh and its derivative 1/cosh^2 = 4e/(1 + e)^2 with e = exp(-2|x|). */

static REAL F(tanh)(REAL x, const REAL *p) { return tanh(x); }

static REAL F(tanh_d0)(REAL x, const REAL *p) {
    REAL u = -2 * fabs(x), e = exp(u);
    return F(times_exp)(4 / (1 + e * (2 + e)), u);
}

LOOP(tanh)
LOOP(tanh_d0)
