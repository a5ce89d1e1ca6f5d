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

static REAL F(hard_tanh)(REAL x, const REAL *p) { return x < p[0] ? p[0] : x > p[1] ? p[1] : x; }

static REAL F(hard_tanh_d0)(REAL x, const REAL *p) { return isnan(x) ? x : p[0] < x && x < p[1] ? 1 : 0; }

static REAL F(hard_tanh_d1)(REAL x, const REAL *p) { return isnan(x) ? x : x <= p[0] ? 1 : 0; }

static REAL F(hard_tanh_d2)(REAL x, const REAL *p) { return isnan(x) ? x : x >= p[1] ? 1 : 0; }

LOOP(relu)
LOOP(relu_d0)
LOOP(leaky_relu)
LOOP(leaky_relu_d0)
LOOP(leaky_relu_d1)
LOOP(prelu)
LOOP(prelu_d0)
LOOP(prelu_d1)
LOOP(hard_tanh)
LOOP(hard_tanh_d0)
LOOP(hard_tanh_d1)
LOOP(hard_tanh_d2)
