/* Functions of s(x) = 1/(1 + exp(-x)), each written with the exponential that cannot overflow.
 * (1 + e)^2 is written 1 + e(2 + e), which rounds once where e is small.
 */

/* a*exp(x). Where exp(x) is subnormal, exp(x/2) enters twice: then the only rounding in that range is that of the result. */
static REAL F(times_exp)(REAL a, REAL x) {
    REAL e = exp(x);
    if (e >= NORMAL)
        return a * e;
    REAL root = exp(x / 2);
    return a * root * root;
}

static REAL F(sigmoid)(REAL x, const REAL *p) {
    REAL e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

static REAL F(sigmoid_d0)(REAL x, const REAL *p) {
    REAL e = exp(-fabs(x));
    return e / (1 + e * (2 + e));
}

static REAL F(log_sigmoid)(REAL x, const REAL *p) {
    REAL tail = log1p(exp(-fabs(x)));
    return x < 0 ? x - tail : -tail;
}

static REAL F(log_sigmoid_d0)(REAL x, const REAL *p) { return F(sigmoid)(-x, p); }

/* -|beta*x| and what its rounding left out: exp would amplify that error by |beta*x|. */
static REAL F(scaled)(REAL x, REAL beta, REAL *rest) {
    REAL product = beta * x;
    *rest = isinf(product) ? 0 : fma(beta, x, -product);
    if (product > 0) {
        *rest = -*rest;
        product = -product;
    }
    return product;
}

/* exp(u + rest) for a rest of a few ulps of u. */
static REAL F(exp_of_sum)(REAL u, REAL rest) {
    REAL e = exp(u);
    return e + e * rest;
}

/* x s(v) for -|v| = u + rest; `left` tells v < 0. */
static REAL F(gate)(REAL x, int left, REAL u, REAL rest) {
    if (u < -20000)
        return left ? copysign(0, x) : x;
    REAL e = F(exp_of_sum)(u, rest);
    return left ? F(times_exp)((x + x * rest) / (1 + e), u) : x / (1 + e);
}

/* Its derivative where v = x, silu' = e^v (1 + v + e^v)/(1 + e^v)^2. With the root r, where e^r = -(1 + r), the numerator is
 * (v - r) + (e^v - e^r) = d + e^r expm1(d) for d = v - r: two terms of one sign, so nothing cancels. r is held as hi + lo.
 * Away from r the numerator loses nothing as it stands.
 */
static REAL F(gate_d0)(int left, REAL u, REAL rest) {
    if (u < -20000)
        return left ? -(REAL)0 : 1;
    REAL e = F(exp_of_sum)(u, rest), v = u + rest, square = fma(e, 2 + e, 1);
    if (!left)
        return (1 + e * (1 - v)) / square;
    REAL hi = -0x1.474973c84120bp+0L, lo = -1.094699418309343743045045e-16L;
    REAL d = (u - hi) + (rest - lo);
    REAL numerator = u < -3 || u > -0.5 ? 1 + v + e : d - (1 + hi + lo) * expm1(d);
    return F(times_exp)(fma(numerator, rest, numerator) / square, u);
}

static REAL F(silu)(REAL x, const REAL *p) { return F(gate)(x, x < 0, -fabs(x), 0); }

static REAL F(silu_d0)(REAL x, const REAL *p) { return F(gate_d0)(x < 0, -fabs(x), 0); }

/* 1.702x, with what the double nearest to 1.702 leaves out. */
static REAL F(quick_gelu_scaled)(REAL x, REAL *rest) {
    REAL rest_of_beta = 4.26325641456060111522674560547e-17L, u = F(scaled)(x, 0x1.b3b645a1cac08p+0L, rest);
    *rest -= fabs(x) * rest_of_beta;
    return u;
}

static REAL F(quick_gelu)(REAL x, const REAL *p) {
    REAL rest, u = F(quick_gelu_scaled)(x, &rest);
    return F(gate)(x, x < 0, u, rest);
}

static REAL F(quick_gelu_d0)(REAL x, const REAL *p) {
    REAL rest, u = F(quick_gelu_scaled)(x, &rest);
    return F(gate_d0)(x < 0, u, rest);
}

/* beta = 0 leaves the angle 0 also at infinity. */
static REAL F(swish)(REAL x, const REAL *p) {
    REAL rest, u = F(scaled)(p[0] == 0 ? p[0] : x, p[0], &rest);
    return F(gate)(x, p[0] * x < 0, u, rest);
}

static REAL F(swish_d0)(REAL x, const REAL *p) {
    REAL rest, u = F(scaled)(p[0] == 0 ? p[0] : x, p[0], &rest);
    return isnan(x) ? x : F(gate_d0)(p[0] * x < 0, u, rest);
}

/* x^2 e^v/(1 + e^v)^2 for v = -|beta x|. */
static REAL F(swish_d1)(REAL x, const REAL *p) {
    REAL rest, u = F(scaled)(p[0] == 0 ? p[0] : x, p[0], &rest);
    if (u < -20000)
        return 0;
    REAL e = F(exp_of_sum)(u, rest);
    return F(times_exp)(x * (x * ((1 + rest) / (1 + e * (2 + e)))), u);
}

/* softplus = x + log(1 + exp(-beta x))/beta for beta x > 0, else log(1 + exp(beta x))/beta. */
static REAL F(softplus)(REAL x, const REAL *p) {
    REAL rest, u = F(scaled)(x, p[0], &rest);
    REAL tail = u < -100 ? F(times_exp)((1 + rest) / p[0], u) : log1p(F(exp_of_sum)(u, rest)) / p[0];
    return p[0] * x > 0 ? x + tail : tail;
}

static REAL F(softplus_d0)(REAL x, const REAL *p) {
    REAL rest, u = F(scaled)(x, p[0], &rest);
    REAL e = F(exp_of_sum)(u, rest);
    return (p[0] * x > 0 ? 1 : e) / (1 + e);
}

/* beta^2 d/dbeta = v s(v) - log(1 + e^v) for v = beta x: minus the entropy of a coin with odds e^v, even in v. For v <= 0 its two
 * terms have one sign. The rest of v enters through the entropy's derivative, -v s'(v), which is about -v e.
 */
static REAL F(softplus_d1)(REAL x, const REAL *p) {
    REAL rest, u = F(scaled)(x, p[0], &rest), beta = p[0];
    if (u < -20000)
        return -(REAL)0;
    if (u < -100)
        return -F(times_exp)(((1 + rest * (1 - u)) / beta + fabs(x)) / beta, u);
    REAL e = exp(u), s = e / (1 + e);
    return -((log1p(e) - rest * u * e) / beta + fabs(x) * s) / beta;
}

LOOP(sigmoid)
LOOP(sigmoid_d0)
LOOP(log_sigmoid)
LOOP(log_sigmoid_d0)
LOOP(silu)
LOOP(silu_d0)
LOOP(quick_gelu)
LOOP(quick_gelu_d0)
LOOP(swish)
LOOP(swish_d0)
LOOP(swish_d1)
LOOP(softplus)
LOOP(softplus_d0)
LOOP(softplus_d1)
