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

static REAL F(silu)(REAL x, const REAL *p) {
    if (x < 0)
        return isinf(x) ? -(REAL)0 : F(times_exp)(x / (1 + exp(x)), x);
    return x / (1 + exp(-x));
}

/* silu' = e^x (1 + x + e^x)/(1 + e^x)^2. With the root r, where e^r = -(1 + r), the numerator is
 * (x - r) + (e^x - e^r) = d + e^r expm1(d) for d = x - r: two terms of one sign, so nothing cancels. r is held as hi + lo.
 * Away from r the numerator loses nothing as it stands.
 */
static REAL F(silu_d0)(REAL x, const REAL *p) {
    if (isinf(x))
        return x < 0 ? -(REAL)0 : 1;
    if (x < 0) {
        REAL hi = -0x1.474973c84120bp+0L, lo = -1.094699418309343743045045e-16L;
        REAL d = (x - hi) - lo, e = exp(x);
        REAL numerator = x < -3 || x > -0.5 ? 1 + x + e : d - (1 + hi + lo) * expm1(d);
        return F(times_exp)(numerator / (1 + e * (2 + e)), x);
    }
    REAL e = exp(-x);
    return (1 + e * (1 + x)) / (1 + e * (2 + e));
}

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

/* exp(u + rest) for a rest below half an ulp of u. */
static REAL F(exp_of_sum)(REAL u, REAL rest) {
    REAL e = exp(u);
    return e + e * rest;
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
LOOP(silu)
LOOP(silu_d0)
LOOP(softplus)
LOOP(softplus_d0)
LOOP(softplus_d1)
