/* Functions of whole rows of n elements. Sums are compensated (Neumaier); x - max is formed with its rounding error.
 *
 * An element at -inf takes no part: 0, or -inf for the logarithms, with gradient 0. Where the largest is +inf, all that are +inf
 * share the row. NaN makes the row NaN.
 */
typedef struct {
    REAL sum, rest;
} F(row_sum);

static void F(row_add)(F(row_sum) *s, REAL v) {
    REAL t = s->sum + v;
    if (isfinite(t))
        s->rest += fabs(s->sum) >= fabs(v) ? (s->sum - t) + v : (v - t) + s->sum;
    s->sum = t;
}

static REAL F(row_top)(size_t n, const REAL *x) {
    REAL m = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            return x[i];
        m = x[i] > m ? x[i] : m;
    }
    return m;
}

static REAL F(row_exp)(REAL x, REAL m) {
    if (x == m)
        return 1;
    if (isinf(x) || isinf(m))
        return 0;
    REAL d = x - m, part = d - x, low = (x - (d - part)) + (-m - part);
    return exp(d) * (1 + low);
}

/* sum of e^(x - m) without one element that is m */
static REAL F(row_others)(size_t n, const REAL *x, REAL m) {
    F(row_sum) s = {0, 0};
    int found = 0;
    for (size_t i = 0; i < n; i++) {
        if (!found && x[i] == m)
            found = 1;
        else
            F(row_add)(&s, F(row_exp)(x[i], m));
    }
    return s.sum + s.rest;
}

static void F(rows_softmax)(size_t n, const REAL *x, const REAL *dy, REAL *y) {
    REAL m = F(row_top)(n, x);
    REAL all = m == -INFINITY ? 1 : 1 + F(row_others)(n, x, m);
    for (size_t i = 0; i < n; i++)
        y[i] = isnan(m) ? m : x[i] == -INFINITY ? 0 : F(row_exp)(x[i], m) / all;
}

static void F(rows_softmax_from_output)(size_t n, const REAL *y, const REAL *dy, REAL *dx) {
    F(row_sum) s = {0, 0};
    for (size_t i = 0; i < n; i++) {
        REAL p = y[i] * dy[i];
        F(row_add)(&s, p);
        s.rest += isfinite(p) ? fma(y[i], dy[i], -p) : 0;
    }
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] * ((dy[i] - s.sum) - s.rest);
}

/* dx serves as the place of y: element i of it is read before it is written */
static void F(rows_softmax_backward)(size_t n, const REAL *x, const REAL *dy, REAL *dx) {
    F(rows_softmax)(n, x, dy, dx);
    F(rows_softmax_from_output)(n, dx, dy, dx);
}

static void F(rows_log_softmax)(size_t n, const REAL *x, const REAL *dy, REAL *y) {
    REAL m = F(row_top)(n, x);
    REAL above = log1p(F(row_others)(n, x, m));
    for (size_t i = 0; i < n; i++)
        y[i] = isnan(m) ? m : x[i] == -INFINITY ? -INFINITY : (x[i] == m ? 0 : x[i] - m) - above;
}

static void F(rows_log_softmax_from_output)(size_t n, const REAL *y, const REAL *dy, REAL *dx) {
    F(row_sum) s = {0, 0};
    for (size_t i = 0; i < n; i++)
        F(row_add)(&s, y[i] == -INFINITY ? 0 : dy[i]);
    for (size_t i = 0; i < n; i++) {
        REAL p = exp(y[i]);
        dx[i] = y[i] == -INFINITY ? 0 : fma(-p, s.sum, dy[i]) - p * s.rest;
    }
}

static void F(rows_log_softmax_backward)(size_t n, const REAL *x, const REAL *dy, REAL *dx) {
    F(rows_log_softmax)(n, x, dy, dx);
    F(rows_log_softmax_from_output)(n, dx, dy, dx);
}

static void F(rows_logsumexp)(size_t n, const REAL *x, const REAL *dy, REAL *y) {
    REAL m = F(row_top)(n, x);
    *y = isinf(m) || isnan(m) ? m : m + log1p(F(row_others)(n, x, m));
}

static void F(rows_logsumexp_backward)(size_t n, const REAL *x, const REAL *dy, REAL *dx) {
    F(rows_softmax)(n, x, dy, dx);
    for (size_t i = 0; i < n; i++)
        dx[i] *= *dy;
}

static void F(rows_hardmax)(size_t n, const REAL *x, const REAL *dy, REAL *y) {
    REAL m = F(row_top)(n, x);
    int found = m == -INFINITY;
    for (size_t i = 0; i < n; i++) {
        y[i] = isnan(m) ? m : !found && x[i] == m;
        found = found || x[i] == m;
    }
}

/* The threshold by bisection, then once more from the support that it shows. */
static void F(rows_sparsemax)(size_t n, const REAL *x, const REAL *dy, REAL *y) {
    REAL m = F(row_top)(n, x), low = -1, high = 0;
    for (int k = 0; k < 2 * DIGITS; k++) {
        REAL middle = low + (high - low) / 2, mass = 0;
        for (size_t i = 0; i < n; i++) {
            REAL d = x[i] == m ? 0 : x[i] - m;
            mass += d > middle ? d - middle : 0;
        }
        *(mass >= 1 ? &low : &high) = middle;
    }
    F(row_sum) s = {0, 0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        REAL d = x[i] == m ? 0 : x[i] - m;
        if (d >= high) {
            F(row_add)(&s, d);
            count++;
        }
    }
    REAL threshold = (s.sum - 1 + s.rest) / count;
    for (size_t i = 0; i < n; i++) {
        REAL d = x[i] == m ? 0 : x[i] - m;
        y[i] = isnan(m) ? m : x[i] == -INFINITY ? 0 : d > threshold ? d - threshold : 0;
    }
}

static void F(rows_sparsemax_from_output)(size_t n, const REAL *y, const REAL *dy, REAL *dx) {
    F(row_sum) s = {0, 0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (y[i] > 0) {
            F(row_add)(&s, dy[i]);
            count++;
        }
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] > 0 ? (dy[i] - s.sum / count) - s.rest / count : isnan(y[i]) ? y[i] : 0;
}

static void F(rows_sparsemax_backward)(size_t n, const REAL *x, const REAL *dy, REAL *dx) {
    F(rows_sparsemax)(n, x, dy, dx);
    F(rows_sparsemax_from_output)(n, dx, dy, dx);
}

/* t are probabilities: loss = sum of t (log sum e^x - x) */
static void F(rows_cross_entropy)(size_t n, const REAL *x, const REAL *t, REAL *loss) {
    REAL m = F(row_top)(n, x), above = log1p(F(row_others)(n, x, m));
    F(row_sum) s = {0, 0};
    for (size_t i = 0; i < n; i++)
        F(row_add)(&s, t[i] == 0 ? 0 : t[i] * (above - (x[i] - m)));
    *loss = isnan(m) ? m : s.sum + s.rest;
}

/* softmax(x) sum(t) - t, which for t_i = sum(t) is formed from the other elements */
static void F(rows_cross_entropy_backward)(size_t n, const REAL *x, const REAL *t, REAL *dx) {
    REAL m = F(row_top)(n, x), others = F(row_others)(n, x, m);
    F(row_sum) weight = {0, 0};
    for (size_t i = 0; i < n; i++)
        F(row_add)(&weight, t[i]);
    for (size_t i = 0; i < n; i++) {
        REAL e = F(row_exp)(x[i], m), all = weight.sum + weight.rest;
        dx[i] = isnan(m) ? m : t[i] == all ? -all * ((1 - e) + others) / (1 + others) : e / (1 + others) * all - t[i];
    }
}

/* Rows that give a row, and rows that give one number; `step` says by how much dy moves from row to row. */
#define ROW_LOOP(f, size) \
    void EXPORT(f)(size_t rows, size_t n, const REAL *x, const REAL *dy, size_t step, REAL *y) { \
        for (size_t r = 0; r < rows; r++) \
            F(f)(n, x + r * n, dy + r * step, y + r * (size)); \
    }

ROW_LOOP(rows_softmax, n)
ROW_LOOP(rows_softmax_backward, n)
ROW_LOOP(rows_softmax_from_output, n)
ROW_LOOP(rows_log_softmax, n)
ROW_LOOP(rows_log_softmax_backward, n)
ROW_LOOP(rows_log_softmax_from_output, n)
ROW_LOOP(rows_logsumexp, 1)
ROW_LOOP(rows_logsumexp_backward, n)
ROW_LOOP(rows_hardmax, n)
ROW_LOOP(rows_sparsemax, n)
ROW_LOOP(rows_sparsemax_backward, n)
ROW_LOOP(rows_sparsemax_from_output, n)
ROW_LOOP(rows_cross_entropy, 1)
ROW_LOOP(rows_cross_entropy_backward, n)

#undef ROW_LOOP
