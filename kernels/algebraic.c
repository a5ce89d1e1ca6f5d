/* Functions of roots and quotients alone. No square of x is taken where it could overflow. */

static REAL F(softsign)(REAL x, const REAL *p) { return isinf(x) ? copysign(1, x) : x / (1 + fabs(x)); }

static REAL F(softsign_d0)(REAL x, const REAL *p) { return 1 / (1 + fabs(x)) / (1 + fabs(x)); }

/* (x + h)/2 for h = sqrt(x^2 + b); on the left it is b/2/(h - x), the product of both being b/4. r is NaN for b < 0. */
static REAL F(squareplus)(REAL x, const REAL *p) {
    REAL r = sqrt(p[0]), h = hypot(x, r);
    if (isinf(x) && !isnan(r))
        return x > 0 ? x : 0;
    return x < 0 ? p[0] / 2 / h / (1 - x / h) : x + (h - x) / 2;
}

static REAL F(squareplus_d0)(REAL x, const REAL *p) {
    REAL r = sqrt(p[0]), h = hypot(x, r);
    if (isinf(x) && !isnan(r))
        return x > 0 ? 1 : 0;
    return x / h < -0.5 ? p[0] / 2 / h / h / (1 - x / h) : (1 + x / h) / 2;
}

static REAL F(squareplus_d1)(REAL x, const REAL *p) {
    REAL r = sqrt(p[0]);
    return isnan(r) ? r : 1 / hypot(x, r) / 4;
}

/* x/2 (1 + x/h) for h = sqrt(1 + x^2); on the left 1 + x/h is 1/(h(h - x)). */
static REAL F(dish)(REAL x, const REAL *p) {
    REAL h = hypot(1, x);
    if (isinf(x))
        return x < 0 ? -(REAL)0 : x;
    return x < 0 ? x / h * (1 / (h / 2 - x / 2)) / 4 : x / 2 * (1 + x / h);
}

/* (1 + 2u - u^3)/2 for u = x/h. On the left, with a = -x, that is (1 - ah)/(2h^3(h + a)). q = h^2, h and ah are taken with what
 * their roundings left out. Next to the root r, held as hi + lo, where r^4 + r^2 = 1,
 * 1 - ah = (1 - a^2 - a^4)/(1 + ah) = (r - a)(r + a)(a^2 + 1/r^2)/(1 + ah). Far out -1/(4a^2) is left.
 */
static REAL F(dish_d0)(REAL x, const REAL *p) {
    REAL a = -x, u = x / hypot(1, x);
    if (a > 1e10)
        return -(1 / (2 * a)) / (2 * a);
    if (!(a > 0.25))
        return isinf(x) ? 1 : (1 + u * (2 - u * u)) / 2;
    REAL q = fma(a, a, 1), h = sqrt(q), ah = a * h, difference = 1 - ah;
    REAL rest_of_q = fma(a, a, 1 - q), rest_of_h = (fma(-h, h, q) + rest_of_q) / (2 * h);
    REAL rest_of_ah = fma(a, h, -ah) + a * rest_of_h;
    REAL rest_of_divisor = rest_of_q / q + rest_of_h / h + rest_of_h / (h + a);
    if (a > 0.786 && a < 0.7863) {
        REAL hi = 0x1.92826ef258d1bp-1L, lo = 1.07641879056991350823484775876e-17L, inverse = 1.272019649514068964252422461737491491716L;
        difference = ((hi - a) + lo) * (hi + lo + a) * fma(a, a, inverse * inverse) / (1 + ah);
        rest_of_ah = 0;
    }
    return (difference - fma(difference, rest_of_divisor, rest_of_ah)) / (2 * (q * h) * (h + a));
}

LOOP(softsign)
LOOP(softsign_d0)
LOOP(squareplus)
LOOP(squareplus_d0)
LOOP(squareplus_d1)
LOOP(dish)
LOOP(dish_d0)
