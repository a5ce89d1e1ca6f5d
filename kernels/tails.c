/* Gates with a left tail of their own: x s(v) for a cubic v, and x tanh(ln(1 + e^x)). */

#define CUBIC_C ((REAL)1.595769121605730711759784239737527473903L)
#define CUBIC_K ((REAL)0.07135481627260024877633875227986354099559L)

/* -|v| and what its rounding left out, for v = 2 sqrt(2/pi) (x + 0.044715 x^3) = x(c + k x^2). c and k are held as sums, and so are
 * the square, its product with k and the factor of x.
 */
static REAL F(cubic)(REAL x, REAL *rest) {
    REAL c = 0x1.9884533d43651p+0L, k = 0x1.2444f2a4d8b4bp-4L;
    REAL rest_of_c = -9.96930880911092031457655260466e-17L, rest_of_k = -6.17514991815531545337563557249e-19L;
    REAL a = -fabs(x), square = a * a, m = k * square;
    REAL rest_of_m = fma(k, square, -m) + k * fma(a, a, -square) + rest_of_k * square;
    REAL factor = c + m, part = factor - c;
    REAL rest_of_factor = (c - (factor - part)) + (m - part) + rest_of_m + rest_of_c;
    *rest = fma(a, factor, -a * factor) + a * rest_of_factor;
    return a * factor;
}

static REAL F(gelu_tanh)(REAL x, const REAL *p) {
    REAL rest, u = F(cubic)(x, &rest);
    return F(gate)(x, x < 0, u, rest);
}

/* With w = x v' = cx + 3kx^3 the derivative is e^v (1 + w + e^v)/(1 + e^v)^2, for x > 0 (1 + e^-v (1 + w))/(1 + e^-v)^2.
 * At the root -r, where e^v = w(r) - 1, every term of the difference 1 + w + e^v has the sign of d = r + x.
 */
static REAL F(gelu_tanh_d0)(REAL x, const REAL *p) {
    REAL rest, u = F(cubic)(x, &rest), c = CUBIC_C, k = CUBIC_K;
    if (u < -20000)
        return x < 0 ? -(REAL)0 : 1;
    REAL e = F(exp_of_sum)(u, rest), square = 1 + e * (2 + e);
    if (!(x < 0))
        return (1 + e * (1 + x * (c + 3 * k * x * x))) / square;
    REAL hi = 0x1.81429f9e97e4dp-1L, lo = -3.63556050920768684501670458713e-17L;
    REAL r = hi + lo, at_root = 0.2919552119147671345949768332781258058422L;
    REAL d = (x + hi) + lo, t = x * x - x * r + r * r;
    REAL numerator = 1 + x * (c + 3 * k * x * x) + e;
    if (x > -1.5 && x < -0.3)
        numerator = d * (c + 3 * k * t) + at_root * expm1(d * (c + k * t));
    return F(times_exp)((numerator + numerator * rest) / square, u);
}

/* With n = e^x, tanh(ln(1 + n)) = n(n + 2)/(n(n + 2) + 2). */
static REAL F(mish)(REAL x, const REAL *p) {
    if (x < 0) {
        REAL n = exp(x);
        return isinf(x) ? -(REAL)0 : F(times_exp)(x * ((n + 2) / (n * (n + 2) + 2)), x);
    }
    REAL m = exp(-x), t = 1 + 2 * m;
    return x * (t / (t + 2 * m * m));
}

/* n (4(x + 1) + n(4x + 6) + 4n^2 + n^3)/(n(n + 2) + 2)^2, for x > 0 with powers of 1/n. Next to its root r the sum is the difference
 * from the one there: with d = x - r, n = e^r (1 + expm1(d)), every term has the sign of d while 4x + 6 > 0.
 */
static REAL F(mish_d0)(REAL x, const REAL *p) {
    if (x > 0) {
        REAL m = exp(-x), t = 1 + m * (2 + 2 * m);
        return x > 100 ? 1 : (1 + m * (4 + m * (4 * x + 6 + 4 * (x + 1) * m))) / (t * t);
    }
    if (x < -20000)
        return -(REAL)0;
    REAL n = exp(x), t = fma(n, 2 + n, 2), numerator = fma(n, fma(n, 4 + n, 4 * x + 6), 4 * (x + 1));
    if (x > -1.5 && x < -0.75) {
        REAL hi = -0x1.31432c0d12d84p+0L, lo = -4.84848298480310455493613675617e-17L, m = 0.3034825352815289288214367435396430583645L;
        REAL d = (x - hi) - lo, first = expm1(d), second = expm1(2 * d), third = expm1(3 * d);
        numerator = 4 * d + m * (4 * d + (4 * x + 6) * first + m * (4 * second + m * third));
    }
    return F(times_exp)(numerator / (t * t), x);
}

LOOP(gelu_tanh)
LOOP(gelu_tanh_d0)
LOOP(mish)
LOOP(mish_d0)

#undef CUBIC_C
#undef CUBIC_K
