/* Functions of sin(alpha x). The product is taken exactly, as v + rest: with its rounding the angle of a large x would be any angle.
 * Long double holds it also where a double overflows. A sum of two angles keeps libm's own reduction, which is exact.
 */

static long double F(angle)(REAL x, REAL alpha, long double *rest) {
    long double v = (long double)alpha * x;
    *rest = fma(alpha, x, -v);
    return v;
}

static long double F(sin_of_sum)(long double v, long double rest) { return sin(v) * cos(rest) + cos(v) * sin(rest); }

static long double F(cos_of_sum)(long double v, long double rest) { return cos(v) * cos(rest) - sin(v) * sin(rest); }

static REAL F(snake)(REAL x, const REAL *p) {
    if (isinf(x) || x == 0 || p[0] == 0)
        return x;
    long double rest, v = F(angle)(x, p[0], &rest), s = F(sin_of_sum)(v, rest);
    if (fabs(v) > 2)
        return x + s * (s / p[0]);
    return (fabs(s) < 0.5 ? v + (s * s + rest) : v + 0.5 - (F(cos_of_sum)(2 * v, 2 * rest) / 2 - rest)) / p[0];
}

static REAL F(snake_d0)(REAL x, const REAL *p) {
    if (isinf(x))
        return NAN;
    long double rest, v = F(angle)(x, p[0], &rest);
    return 1 + F(sin_of_sum)(2 * v, 2 * rest);
}

/* (v sin 2v - sin^2 v)/alpha^2, next to 0 r(2x cos v - r) for r = sin v/alpha, which tends to x. */
static REAL F(snake_d1)(REAL x, const REAL *p) {
    if (isinf(x))
        return NAN;
    long double rest, v = F(angle)(x, p[0], &rest), r = p[0] == 0 ? x : F(sin_of_sum)(v, rest) / p[0];
    return fabs(v) < 4 ? r * (2 * F(cos_of_sum)(v, rest) * x - r) : x * (F(sin_of_sum)(2 * v, 2 * rest) / p[0]) - r * r;
}

LOOP(snake)
LOOP(snake_d0)
LOOP(snake_d1)
