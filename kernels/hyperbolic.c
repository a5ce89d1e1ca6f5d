/* tanh and its derivative 1/cosh^2 = 4e/(1 + e)^2 with e = exp(-2|x|), and what is made of them. */

static REAL F(tanh)(REAL x, const REAL *p) { return tanh(x); }

static REAL F(tanh_d0)(REAL x, const REAL *p) {
    REAL u = -2 * fabs(x), e = exp(u);
    return F(times_exp)(4 / (1 + e * (2 + e)), u);
}

/* Lambert's fraction tanh x = x/(1 + x^2/(3 + x^2/(5 + ...))) leaves x - tanh x = x^3/(x^2 + 3 + x^2/(5 + ...)). */
static REAL F(tanh_shrink)(REAL x, const REAL *p) {
    if (fabs(x) > 1.5)
        return x - tanh(x);
    REAL square = x * x, fraction = 41;
    for (int k = 39; k >= 5; k -= 2)
        fraction = k + square / fraction;
    return x * (square / (3 + (square + square / fraction)));
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
