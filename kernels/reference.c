/* The reference as one translation unit: every family compiled for double and again for long double.
 *
 * REAL is the type, DIGITS its precision in bits, NORMAL its smallest normal number; F(f) is the name of the scalar f and LOOP(f) defines the exported loop over it.
 * <tgmath.h> picks the libm function that belongs to REAL. Compile without contraction of a*b + c and without fast-math.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <tgmath.h>

#include "reference.h"

#define LOOP(f) \
    void EXPORT(f)(size_t n, const REAL *x, const REAL *params, size_t step, REAL *y) { \
        for (size_t i = 0; i < n; i++) \
            y[i] = F(f)(x[i], params + i * step); \
    }

#define REAL double
#define DIGITS DBL_MANT_DIG
#define NORMAL DBL_MIN
#define F(f) f##_in_double
#define EXPORT(f) fastact_##f
#include "piecewise.c"
#include "logistic.c"
#include "hyperbolic.c"
#include "exponential.c"
#include "gaussian.c"
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
#include "logistic.c"
#include "hyperbolic.c"
#include "exponential.c"
#include "gaussian.c"
