/* Straight pieces. At a kink the derivative is that of the piece on the left, or 0 for both ends of a clip. */

static REAL F(relu)(REAL x, const REAL *p) { return isnan(x) ? x : x > 0 ? x : 0; }

static REAL F(relu_d0)(REAL x, const REAL *p) { return isnan(x) ? x : x > 0 ? 1 : 0; }

/* A slope of 0 sends -inf to the limit of 0 * x, not to NaN. */
static REAL F(leaky_relu)(REAL x, const REAL *p) { return x > 0 ? x : isinf(x) && p[0] == 0 ? -p[0] : p[0] * x; }

static REAL F(leaky_relu_d0)(REAL x, const REAL *p) { return isnan(x) ? x : x > 0 ? 1 : p[0]; }

static REAL F(leaky_relu_d1)(REAL x, const REAL *p) { return x > 0 ? 0 : x; }

static REAL F(prelu)(REAL x, const REAL *p) { return F(leaky_relu)(x, p); }

static REAL F(prelu_d0)(REAL x, const REAL *p) { return F(leaky_relu_d0)(x, p); }

static REAL F(prelu_d1)(REAL x, const REAL *p) { return F(leaky_relu_d1)(x, p); }

static REAL F(identity)(REAL x, const REAL *p) { return x; }

static REAL F(identity_d0)(REAL x, const REAL *p) { return isnan(x) ? x : 1; }

static REAL F(relu6)(REAL x, const REAL *p) { return isnan(x) ? x : x <= 0 ? 0 : x >= 6 ? 6 : x; }

static REAL F(relu6_d0)(REAL x, const REAL *p) { return isnan(x) ? x : 0 < x && x < 6 ? 1 : 0; }

static REAL F(threshold)(REAL x, const REAL *p) {
    return (isnan(p[0]) || isnan(p[1]) ? NAN : isnan(x) || x > p[0] ? x : p[1]);
}

static REAL F(thresholded_relu_d0)(REAL x, const REAL *p) { return isnan(p[0]) ? NAN : isnan(x) ? x : x > p[0] ? 1 : 0; }

static REAL F(threshold_d0)(REAL x, const REAL *p) { return (isnan(p[1]) ? NAN : F(thresholded_relu_d0)(x, p)); }

static REAL F(threshold_d1)(REAL x, const REAL *p) { return isnan(p[0]) || isnan(p[1]) || isnan(x) ? NAN : 0; }

static REAL F(threshold_d2)(REAL x, const REAL *p) {
    return isnan(p[0]) || isnan(p[1]) || isnan(x) ? NAN : x <= p[0] ? 1 : 0;
}

static REAL F(thresholded_relu)(REAL x, const REAL *p) { return isnan(p[0]) ? NAN : isnan(x) || x > p[0] ? x : 0; }

static REAL F(thresholded_relu_d1)(REAL x, const REAL *p) { return isnan(p[0]) || isnan(x) ? NAN : 0; }

static REAL F(relu_squared)(REAL x, const REAL *p) { return isnan(x) ? x : x > 0 ? x * x : 0; }

static REAL F(relu_squared_d0)(REAL x, const REAL *p) { return isnan(x) ? x : x > 0 ? 2 * x : 0; }

static REAL F(step)(REAL x, const REAL *p) { return isnan(x) ? x : x > 0 ? 1 : 0; }

static REAL F(step_d0)(REAL x, const REAL *p) { return isnan(x) ? x : 0; }

LOOP(relu)
LOOP(relu_d0)
LOOP(leaky_relu)
LOOP(leaky_relu_d0)
LOOP(leaky_relu_d1)
LOOP(prelu)
LOOP(prelu_d0)
LOOP(prelu_d1)
LOOP(identity)
LOOP(identity_d0)
LOOP(relu6)
LOOP(relu6_d0)
LOOP(threshold)
LOOP(threshold_d0)
LOOP(threshold_d1)
LOOP(threshold_d2)
LOOP(thresholded_relu)
LOOP(thresholded_relu_d0)
LOOP(thresholded_relu_d1)
LOOP(relu_squared)
LOOP(relu_squared_d0)
LOOP(step)
LOOP(step_d0)
