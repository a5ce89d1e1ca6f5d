/* Exponential units: x on the right, an expm1 on the left. */

static REAL F(exp)(REAL x, const REAL *p) { return exp(x); }

static REAL F(exp_d0)(REAL x, const REAL *p) { return exp(x); }

static REAL F(elu)(REAL x, const REAL *p) { return x > 0 ? x : p[0] * expm1(x); }

static REAL F(elu_d0)(REAL x, const REAL *p) { return x > 0 ? 1 : F(times_exp)(p[0], x); }

static REAL F(elu_d1)(REAL x, const REAL *p) { return x > 0 ? 0 : expm1(x); }

/* alpha expm1(u) for u = x/alpha. Where u is subnormal x itself is left. */
static REAL F(celu)(REAL x, const REAL *p) {
    if (!(p[0] > 0))
        return NAN;
    REAL u = x / p[0];
    return x > 0 || u > -NORMAL ? x : p[0] * expm1(u);
}

/* exp amplifies the error of u, so the remainder of the division counts. */
static REAL F(celu_d0)(REAL x, const REAL *p) {
    if (!(p[0] > 0))
        return NAN;
    REAL u = x / p[0], rest = isinf(u) ? 0 : fma(u, -p[0], x) / p[0];
    return x > 0 ? 1 : F(times_exp)(1 + rest, u);
}

/* expm1(u) - u e^u; for w = -u below 2 it is -e^u times the series of e^w - 1 - w, whose terms have one sign. */
static REAL F(celu_d1)(REAL x, const REAL *p) {
    if (!(p[0] > 0))
        return NAN;
    if (x > 0)
        return 0;
    REAL w = -x / p[0];
    if (w > 2)
        return w > 100 ? -1 : expm1(-w) + w * exp(-w);
    REAL sum = 1;
    for (int k = 30; k >= 3; k--)
        sum = 1 + sum * w / k;
    return -exp(-w) * sum * (w * w / 2);
}

#define SELU_L ((REAL)1.050700987355480493419334985294606351959L)
#define SELU_LA ((REAL)1.758099340847376859940217520812279577323L)

static REAL F(selu)(REAL x, const REAL *p) { return x > 0 ? SELU_L * x : SELU_LA * expm1(x); }

static REAL F(selu_d0)(REAL x, const REAL *p) { return (x > 0 ? SELU_L : F(times_exp)(SELU_LA, x)); }

LOOP(exp)
LOOP(exp_d0)
LOOP(elu)
LOOP(elu_d0)
LOOP(elu_d1)
LOOP(celu)
LOOP(celu_d0)
LOOP(celu_d1)
LOOP(selu)
LOOP(selu_d0)

#undef SELU_L
#undef SELU_LA
