/* The reference as one translation unit: every family compiled for double and again for long double.
 *
 * REAL is the type, DIGITS its precision in bits, NORMAL its smallest normal number; F(f) is the name of the scalar f and LOOP(f) defines the exported loop over it.
 * <tgmath.h> picks the libm function that belongs to REAL. Compile without contraction of a*b + c and without fast-math.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tgmath.h>

#include "reference.h"

#define LOOP(f) \
    void EXPORT(f)(size_t n, const REAL *x, const REAL *p, const REAL *q, size_t step, REAL *y) { \
        for (size_t i = 0; i < n; i++) { \
            REAL both[] = {p[i * step], q[i * step]}; \
            y[i] = F(f)(x[i], both); \
        } \
    }

#define REAL double
#define DIGITS DBL_MANT_DIG
#define NORMAL DBL_MIN
#define F(f) f##_in_double
#define EXPORT(f) fastact_##f
#include "piecewise.c"
#include "clipped.c"
#include "logistic.c"
#include "tails.c"
#include "hyperbolic.c"
#include "exponential.c"
#include "gaussian.c"
#include "algebraic.c"
#include "periodic.c"
#include "gates.c"
#include "noisy.c"
#include "pieces.c"
#include "rows.c"
#undef REAL
#undef DIGITS
#undef NORMAL
#undef F
#undef EXPORT

#define REAL long double
#define DIGITS LDBL_MANT_DIG
#define NORMAL LDBL_MIN
#define F(f) f##_in_long_double
#define EXPORT(f) fastact_##f##_l
#include "piecewise.c"
#include "clipped.c"
#include "logistic.c"
#include "tails.c"
#include "hyperbolic.c"
#include "exponential.c"
#include "gaussian.c"
#include "algebraic.c"
#include "periodic.c"
#include "gates.c"
#include "noisy.c"
#include "pieces.c"
#include "rows.c"

/* Chunk by chunk through `values` and `slopes`, so that every input of a chunk is read before an output is written over it. */
#define CHUNK 256

void fastact_run_l(
    long_double_loop *f, long_double_loop *d0, int direction, int flat, size_t params, size_t step, void *const *args, size_t n) {
    long double values[CHUNK], slopes[CHUNK];
    const long double *dy = args[0], *x = args[direction == 1], *p[2] = {x, x};
    long double *const *outputs = (long double *const *)args + (direction == 1) + 1 + params;
    for (size_t k = 0; k < params; k++)
        p[k] = args[(direction == 1) + 1 + k];
    for (size_t from = 0; from < n; from += CHUNK) {
        size_t count = n - from < CHUNK ? n - from : CHUNK;
        const long double *first = p[0] + from * step, *second = p[1] + from * step;
        if (direction == 0 || direction == 3)
            f(count, x + from, first, second, step, values);
        if (direction != 0)
            d0(count, x + from, first, second, step, slopes);
        for (size_t i = 0; i < count; i++) {
            if (direction == 1)
                outputs[0][from + i] = flat && slopes[i] == 0 ? 0 : dy[from + i] * slopes[i];
            else
                outputs[0][from + i] = direction == 2 ? slopes[i] : values[i];
            if (direction == 3)
                outputs[1][from + i] = slopes[i];
        }
    }
}

void fastact_run_gate_l(
    long_double_loop *f, long_double_loop *df, long_double_loop *g, long_double_loop *dg, int direction, int flat, size_t params,
    size_t step, void *const *args, size_t n) {
    long double left[CHUNK], right[CHUNK], slopes_left[CHUNK], slopes_right[CHUNK];
    size_t inputs = (direction == 1) + 2 + params;
    const long double *dy = args[0], *a = args[direction == 1], *b = args[(direction == 1) + 1], *p[3] = {a, a, a};
    long double *const *outputs = (long double *const *)args + inputs;
    for (size_t k = 0; k < params; k++)
        p[k] = args[inputs - params + k];
    for (size_t from = 0; from < n; from += CHUNK) {
        size_t count = n - from < CHUNK ? n - from : CHUNK;
        const long double *first = p[0] + from * step, *second = p[1] + from * step, *last = p[params ? params - 1 : 0] + from * step;
        f(count, a + from, first, second, step, left);
        df(count, a + from, first, second, step, slopes_left);
        for (size_t i = 0; i < count; i++) {
            right[i] = b[from + i];
            slopes_right[i] = 1;
        }
        if (g) {
            g(count, b + from, first, last, step, right);
            dg(count, b + from, first, last, step, slopes_right);
        }
        for (size_t i = 0; i < count; i++) {
            long double da = slopes_left[i] * right[i], db = left[i] * slopes_right[i], up = direction == 1 ? dy[from + i] : 1;
            da = flat && (da == 0 || slopes_left[i] == 0) ? 0 : up * da;
            db = flat && (db == 0 || slopes_right[i] == 0) ? 0 : up * db;
            size_t k = 0;
            if (direction == 0 || direction == 3)
                outputs[k++][from + i] = left[i] * right[i];
            if (direction != 0) {
                outputs[k++][from + i] = da;
                outputs[k][from + i] = db;
            }
        }
    }
}

#include "philox.c"
