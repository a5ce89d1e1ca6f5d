/* Functions of roots and quotients alone. No square of x is taken where it could overflow. */

static REAL F(softsign)(REAL x, const REAL *p) { return isinf(x) ? copysign(1, x) : x / (1 + fabs(x)); }

static REAL F(softsign_d0)(REAL x, const REAL *p) { return 1 / (1 + fabs(x)) / (1 + fabs(x)); }

/* (x + h)/2 for h = sqrt(x^2 + b); on the left it is b/2/(h - x), the product of both being b/4. r is NaN for b < 0. */
static REAL F(squareplus)(REAL x, const REAL *p) {
    REAL r = sqrt(p[0]), h = hypot(x, r);
    if (isinf(x))
        return x > 0 ? x + r : r / -x;
    return x < 0 ? p[0] / 2 / h / (1 - x / h) : x + (h - x) / 2;
}

static REAL F(squareplus_d0)(REAL x, const REAL *p) {
    REAL r = sqrt(p[0]), h = hypot(x, r);
    if (isinf(x))
        return x > 0 ? 1 + r / x : r / -x;
    return x / h < -0.5 ? p[0] / 2 / h / h / (1 - x / h) : (1 + x / h) / 2;
}

static REAL F(squareplus_d1)(REAL x, const REAL *p) {
    REAL r = sqrt(p[0]);
    return isinf(x) ? r / fabs(x) : 1 / hypot(x, r) / 4;
}

/* x/2 (1 + x/h) for h = sqrt(1 + x^2); on the left 1 + x/h is 1/(h(h - x)). */
static REAL F(dish)(REAL x, const REAL *p) {
    REAL h = hypot(1, x);
    if (isinf(x))
        return x < 0 ? -(REAL)0 : x;
    return x < 0 ? x / h * (1 / (h / 2 - x / 2)) / 4 : x / 2 * (1 + x / h);
}

/* (1 + 2u - u^3)/2 = (1 + u)(1 + u - u^2)/2 for u = x/h. On the left, with a = -x and q = h^2 = 1 + a^2, the factors are
 * 1/(h(h + a)) and (1 - ah)/q, and 1 - ah = (1 - a^2 - a^4)/(1 + ah) = (r^2 - a^2)(a^2 + 1 + r^2)/(1 + ah), where r is the root of
 * r^4 + r^2 = 1 and held as hi + lo. The denominator is q h(h + a)(1 + ah) = q(q^2 + ah(1 + q)). Far out -1/(4a^2) is left.
 */
static REAL F(dish_d0)(REAL x, const REAL *p) {
    REAL a = -x;
    if (a > 1e10)
        return -(1 / (2 * a)) / (2 * a);
    REAL q = 1 + a * a, h = hypot(1, a);
    if (a > 0.25) {
        REAL hi = 0x1.92826ef258d1bp-1L, lo = 1.07641879056991350823484775876e-17L, square = 0.618033988749894848204586834365638117720L;
        REAL numerator = ((hi - a) + lo) * (hi + lo + a) * (a * a + (1 + square));
        return numerator / (2 * q * (q * q + a * h * (1 + q)));
    }
    REAL u = x / h;
    return isinf(x) ? 1 : (1 + u * (2 - u * u)) / 2;
}

LOOP(softsign)
LOOP(softsign_d0)
LOOP(squareplus)
LOOP(squareplus_d0)
LOOP(squareplus_d1)
LOOP(dish)
LOOP(dish_d0)
