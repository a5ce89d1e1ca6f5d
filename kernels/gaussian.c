/* Functions of the normal density phi and distribution Phi. On the left they are phi(x) times Mills' ratio
 * R(t) = Phi(-t)/phi(t) at t = -x, so that the tail keeps all its digits.
 */

#define ROOT_HALF ((REAL)0.707106781186547524400844362104849039L)
#define ROOT_TWO_PI ((REAL)2.506628274631000502415765284811045253L)

/* a*exp(-x^2/2). The argument is split: h keeps the upper half of x's bits, so that h^2 is exact. */
static REAL F(times_bell)(REAL a, REAL x) {
    REAL scaled = ((REAL)(1ULL << (DIGITS + 1) / 2) + 1) * x;
    REAL h = scaled - (scaled - x);
    return F(times_exp)(a + a * expm1(-(x - h) * (x + h) / 2), -h * h / 2);
}

/* t R(t) = 1 - integral of s^2/(t^2 + s^2) phi(s) over all s, by the trapezoidal rule with step 1/2. The poles at s = +-it make
 * the rule too small by sqrt(2 pi) t exp(t^2/2)/(exp(4 pi t) - 1) (Goodwin 1949, Matta & Reichel 1971); beyond that it is off by
 * exp(-8 pi^2) = 5e-35. For t above 8 the poles count for less than 1e-29. Good for t > 0.5.
 */
static REAL F(mills)(REAL t) {
#define W(k) ((k) * (k) * exp(-(REAL)((k) * (k)) / 8))
    const REAL weight[] = {W(1),  W(2),  W(3),  W(4),  W(5),  W(6),  W(7),  W(8),  W(9),  W(10), W(11), W(12), W(13),
                           W(14), W(15), W(16), W(17), W(18), W(19), W(20), W(21), W(22), W(23), W(24), W(25)};
#undef W
    REAL sum = 0;
    for (int k = 25; k >= 1; k--)
        sum += weight[k - 1] / (4 * t * t + k * k);
    REAL poles = t < 8 ? ROOT_TWO_PI * t * exp(t * t / 2) / expm1(2 * ROOT_TWO_PI * ROOT_TWO_PI * t) : 0;
    return 1 - (sum / ROOT_TWO_PI + poles);
}

/* t - R(t) next to its root t0, where -gelu' has its own: Taylor's series of R there. R' = tR - 1 gives its coefficients,
 * (n + 1) r[n+1] = t0 r[n] + r[n-1] with r[0] = t0. The root is held as hi + lo.
 */
static REAL F(excess_near_root)(REAL t) {
    REAL hi = 0x1.80ead197f00b4p-1L, lo = -1.495675917700988327320555e-17L;
    REAL d = (t - hi) - lo, root = hi + lo;
    REAL before = root, last = root * root - 1, power = 1, tail = 0;
    for (int n = 1; n < 40; n++) {
        REAL next = (root * last + before) / (n + 1);
        power *= d;
        tail += next * power;
        before = last;
        last = next;
    }
    return d * (2 - root * root - tail);
}

static REAL F(gelu)(REAL x, const REAL *p) {
    if (x < -200)
        return -(REAL)0;
    if (x < -0.75)
        return -F(times_bell)(F(mills)(-x) / ROOT_TWO_PI, x);
    return x / 2 * erfc(x * -ROOT_HALF);
}

static REAL F(gelu_d0)(REAL x, const REAL *p) {
    if (x < -200)
        return -(REAL)0;
    if (x < -1.25)
        return F(times_bell)((x - F(mills)(-x) / x) / ROOT_TWO_PI, x);
    if (x < -0.25)
        return -F(times_bell)(F(excess_near_root)(-x) / ROOT_TWO_PI, x);
    if (x > 200)
        return 1;
    return erfc(x * -ROOT_HALF) / 2 + F(times_bell)(x / ROOT_TWO_PI, x);
}

LOOP(gelu)
LOOP(gelu_d0)

#undef ROOT_HALF
#undef ROOT_TWO_PI
