/* Gates with a left tail of their own: x s(v) for a cubic v, and x tanh(ln(1 + e^x)). */

#define CUBIC_C ((REAL)1.595769121605730711759784239737527473903L)
#define CUBIC_K ((REAL)0.07135481627260024877633875227986354099559L)
#define CUBIC_3K ((REAL)0.2140644488178007463290162568395906229868L)

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

/* With w = x v' = cx + 3kx^3 the derivative is e^v (1 + w + e^v)/(1 + e^v)^2, for x > 0 (1 + e^-v (1 + w))/(1 + e^-v)^2. The sum on
 * the left is taken with what its roundings left out. At the root -r every term of its difference from the sum there has the sign of
 * d = r + x.
 */
static REAL F(gelu_tanh_d0)(REAL x, const REAL *p) {
    REAL rest, u = F(cubic)(x, &rest), c = CUBIC_C, m = CUBIC_3K * x * x, slope = c + m;
    if (u < -20000)
        return x < 0 ? -(REAL)0 : 1;
    REAL e = F(exp_of_sum)(u, rest), square = fma(e, 2 + e, 1);
    if (!(x < 0))
        return (1 + e * fma(x, slope, 1)) / square;
    REAL w = x * slope, sum = 1 + w;
    REAL rest_of_w = fma(x, slope, -w) + x * ((c - slope) + m), rest_of_sum = 1 - (sum - w) + rest_of_w;
    REAL numerator = sum + (e + fma(sum + e, rest, rest_of_sum));
    if (x > -1 && x < -0.5) {
        REAL hi = 0x1.81429f9e97e4dp-1L, lo = -3.63556050920768684501670458713e-17L, r = hi + lo;
        REAL d = (x + hi) + lo, t = x * x - x * r + r * r, e_of_root = 0.2919552119147671345949768332781258058422L;
        REAL first = fma(CUBIC_3K, t, c), second = e_of_root * expm1(d * fma(CUBIC_K, t, c));
        numerator = fma(d, first, fma(rest, fma(d, first, second), second));
    }
    return F(times_exp)(numerator / square, u);
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

/* n (4(x + 1) + n(4x + 6) + 4n^2 + n^3)/(n(n + 2) + 2)^2, for x > -1/3 with powers of 1/n. Next to its root r the sum is the difference
 * from the one there: with d = x - r, n = e^r (1 + expm1(d)), every term has the sign of d while 4x + 6 > 0.
 */
static REAL F(mish_d0)(REAL x, const REAL *p) {
    if (x > -0.33) {
        REAL m = exp(-x), factor = 2 + 2 * m, t = fma(m, factor, 1);
        REAL rest_of_t = fma(m, factor, 1 - t) + m * (2 * m - (factor - 2));
        REAL numerator = fma(m, fma(m, fma(4 * (x + 1), m, 4 * x + 6), 4), 1);
        return x > 100 ? 1 : fma(numerator / t, rest_of_t * -2, numerator) / (t * t);
    }
    if (x < -20000)
        return -(REAL)0;
    REAL n = exp(x), factor = 2 + n, t = fma(n, factor, 2);
    REAL rest_of_t = fma(n, factor, 2 - t) + n * (n - (factor - 2));
    REAL numerator = fma(n, fma(n, 4 + n, 4 * x + 6), 4 * (x + 1));
    if (x > -1.35 && x < -1.05) {
        REAL hi = -0x1.31432c0d12d84p+0L, lo = -4.84848298480310455493613675617e-17L, m = 0.3034825352815289288214367435396430583645L;
        REAL d = (x - hi) - lo, first = expm1(d), second = expm1(2 * d), third = expm1(3 * d);
        numerator = 4 * d + m * (4 * d + (4 * x + 6) * first + m * (4 * second + m * third));
    }
    return F(times_exp)(fma(numerator / t, rest_of_t * -2, numerator) / (t * t), x);
}

LOOP(gelu_tanh)
LOOP(gelu_tanh_d0)
LOOP(mish)
LOOP(mish_d0)

#undef CUBIC_C
#undef CUBIC_K
#undef CUBIC_3K
