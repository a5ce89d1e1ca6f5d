/* Exponential units: x on the right, alpha (e^x - 1) on the left. */

static REAL F(elu)(REAL x, const REAL *p) { return x > 0 ? x : p[0] * expm1(x); }

static REAL F(elu_d0)(REAL x, const REAL *p) { return x > 0 ? 1 : F(times_exp)(p[0], x); }

static REAL F(elu_d1)(REAL x, const REAL *p) { return x > 0 ? 0 : expm1(x); }

LOOP(elu)
LOOP(elu_d0)
LOOP(elu_d1)
