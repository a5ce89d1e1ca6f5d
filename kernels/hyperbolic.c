/* tanh and its derivative 1/cosh^2 = 4e/(1 + e)^2 with e = exp(-2|x|), and what is made of them. */

static REAL F(tanh)(REAL x, const REAL *p) { return tanh(x); }

static REAL F(tanh_d0)(REAL x, const REAL *p) {
    REAL u = -2 * fabs(x), e = exp(u);
    return F(times_exp)(4 / (1 + e * (2 + e)), u);
}

/* x - tanh x = (x cosh x - sinh x)/cosh x; the numerator's series, the sum of 2k x^(2k+1)/(2k+1)!, has terms of one sign. */
static REAL F(tanh_shrink)(REAL x, const REAL *p) {
    if (fabs(x) > 2)
        return x - tanh(x);
    REAL sum = 1;
    for (int k = 20; k >= 1; k--)
        sum = 1 + sum * x * x / (2 * k * (2 * k + 3));
    return x * x * x * (sum / (3 * cosh(x)));
}

/* libm's tanh is good for a square only where it is near 1. */
static REAL F(tanh_shrink_d0)(REAL x, const REAL *p) {
    REAL t = fabs(x) < 1 ? x - F(tanh_shrink)(x, p) : tanh(x);
    return t * t;
}

static REAL F(lisht)(REAL x, const REAL *p) { return x * tanh(x); }

static REAL F(lisht_d0)(REAL x, const REAL *p) { return isinf(x) ? copysign(1, x) : tanh(x) + x * F(tanh_d0)(x, p); }

LOOP(tanh)
LOOP(tanh_d0)
LOOP(tanh_shrink)
LOOP(tanh_shrink_d0)
LOOP(lisht)
LOOP(lisht_d0)
