/* Factors of the clamped swiglu of gpt-oss. A gate is the product of a function of a and one of b, mostly b itself; the other
 * functions of a are activations. Where a clip cuts, the derivative is 0; at the limit itself it passes.
 */

/* min(a, limit) s(alpha min(a, limit)); p is limit, alpha. */
static REAL F(clamped_swish)(REAL a, const REAL *p) { return F(swish)(a > p[0] ? p[0] : a, &p[1]); }

static REAL F(clamped_swish_d0)(REAL a, const REAL *p) { return a > p[0] ? 0 : F(swish_d0)(a, &p[1]); }

static REAL F(clamped_swish_d1)(REAL a, const REAL *p) { return a > p[0] ? F(swish_d0)(p[0], &p[1]) : isnan(a) ? a : 0; }

static REAL F(clamped_swish_d2)(REAL a, const REAL *p) { return F(swish_d1)(a > p[0] ? p[0] : a, &p[1]); }

/* b between -limit and limit, plus offset; p is limit, offset. */
static REAL F(clamped_sum)(REAL b, const REAL *p) { return p[1] + (fabs(b) > p[0] ? copysign(p[0], b) : b); }

static REAL F(clamped_sum_d0)(REAL b, const REAL *p) { return fabs(b) > p[0] ? 0 : isnan(b) ? b : 1; }

static REAL F(clamped_sum_d1)(REAL b, const REAL *p) { return fabs(b) > p[0] ? copysign(1, b) : isnan(b) ? b : 0; }

static REAL F(clamped_sum_d2)(REAL b, const REAL *p) { return isnan(b) ? b : 1; }

LOOP(clamped_swish)
LOOP(clamped_swish_d0)
LOOP(clamped_swish_d1)
LOOP(clamped_swish_d2)
LOOP(clamped_sum)
LOOP(clamped_sum_d0)
LOOP(clamped_sum_d1)
LOOP(clamped_sum_d2)
