/* Clips and thresholds of |x|: straight and squared pieces between two flat or straight ends. At a kink the derivative is that of
 * the end.
 */

static REAL F(hard_tanh)(REAL x, const REAL *p) {
    return (isnan(p[0]) || isnan(p[1]) ? NAN : x < p[0] ? p[0] : x > p[1] ? p[1] : x);
}

static REAL F(hard_tanh_d0)(REAL x, const REAL *p) {
    return isnan(p[0]) || isnan(p[1]) || isnan(x) ? NAN : p[0] < x && x < p[1] ? 1 : 0;
}

static REAL F(hard_tanh_d1)(REAL x, const REAL *p) {
    return isnan(p[0]) || isnan(p[1]) || isnan(x) ? NAN : x <= p[0] ? 1 : 0;
}

static REAL F(hard_tanh_d2)(REAL x, const REAL *p) {
    return isnan(p[0]) || isnan(p[1]) || isnan(x) ? NAN : x >= p[1] ? 1 : 0;
}

/* -1 where slope*x + offset is 0 or less, 1 where it is 1 or more, 0 between them. Signs of an fma are exact, and so is the 1 taken
 * off an offset in long double. The two doubles nearest to the corners count as corners.
 */
static REAL F(hard_sigmoid_side)(REAL x, const REAL *p) {
    double slope = p[0], offset = p[1];
    if (fma(p[0], x, p[1]) <= 0 || x == -offset / slope)
        return -1;
    return fma(p[0], x, (long double)p[1] - 1) >= 0 || x == (1 - offset) / slope;
}

static REAL F(hard_sigmoid)(REAL x, const REAL *p) {
    REAL side = F(hard_sigmoid_side)(x, p);
    return isnan(x) ? x : side < 0 ? 0 : side > 0 ? 1 : fma(p[0], x, p[1]);
}

static REAL F(hard_sigmoid_d0)(REAL x, const REAL *p) { return isnan(x) ? x : F(hard_sigmoid_side)(x, p) ? 0 : p[0]; }

static REAL F(hard_sigmoid_d1)(REAL x, const REAL *p) { return isnan(x) ? x : F(hard_sigmoid_side)(x, p) ? 0 : x; }

static REAL F(hard_sigmoid_d2)(REAL x, const REAL *p) { return isnan(x) ? x : F(hard_sigmoid_side)(x, p) ? 0 : 1; }

static REAL F(hard_swish)(REAL x, const REAL *p) { return x <= -3 ? -(REAL)0 : x >= 3 ? x : x * (x + 3) / 6; }

static REAL F(hard_swish_d0)(REAL x, const REAL *p) { return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6; }

/* A shrink by less than nothing is none. */
static REAL F(hard_shrink)(REAL x, const REAL *p) {
    return isnan(p[0]) || p[0] < 0 ? NAN : isnan(x) || fabs(x) > p[0] ? x : copysign(0, x);
}

static REAL F(hard_shrink_d0)(REAL x, const REAL *p) {
    return isnan(x) || isnan(p[0]) || p[0] < 0 ? NAN : fabs(x) > p[0] ? 1 : 0;
}

static REAL F(hard_shrink_d1)(REAL x, const REAL *p) { return isnan(x) || isnan(p[0]) || p[0] < 0 ? NAN : 0; }

static REAL F(soft_shrink)(REAL x, const REAL *p) {
    return isnan(p[0]) || p[0] < 0 ? NAN : isnan(x) ? x : fabs(x) > p[0] ? x - copysign(p[0], x) : copysign(0, x);
}

static REAL F(soft_shrink_d0)(REAL x, const REAL *p) { return F(hard_shrink_d0)(x, p); }

static REAL F(soft_shrink_d1)(REAL x, const REAL *p) {
    return isnan(x) || isnan(p[0]) || p[0] < 0 ? NAN : fabs(x) > p[0] ? -copysign(1, x) : 0;
}

static REAL F(sparse_sigmoid)(REAL x, const REAL *p) { return x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2; }

static REAL F(sparse_sigmoid_d0)(REAL x, const REAL *p) { return isnan(x) ? x : -1 < x && x < 1 ? 0.5 : 0; }

static REAL F(sparse_plus)(REAL x, const REAL *p) { return x <= -1 ? 0 : x >= 1 ? x : (x + 1) / 2 * ((x + 1) / 2); }

static REAL F(sparse_plus_d0)(REAL x, const REAL *p) { return F(sparse_sigmoid)(x, p); }

LOOP(hard_tanh)
LOOP(hard_tanh_d0)
LOOP(hard_tanh_d1)
LOOP(hard_tanh_d2)
LOOP(hard_sigmoid)
LOOP(hard_sigmoid_d0)
LOOP(hard_sigmoid_d1)
LOOP(hard_sigmoid_d2)
LOOP(hard_swish)
LOOP(hard_swish_d0)
LOOP(hard_shrink)
LOOP(hard_shrink_d0)
LOOP(hard_shrink_d1)
LOOP(soft_shrink)
LOOP(soft_shrink_d0)
LOOP(soft_shrink_d1)
LOOP(sparse_sigmoid)
LOOP(sparse_sigmoid_d0)
LOOP(sparse_plus)
LOOP(sparse_plus_d0)
