/* Pieces side by side: the largest of each group of k, and x beside its negative. */

/* A candidate wins if no piece exceeds it and none before it equals it; a NaN exceeds everything. */
void EXPORT(maxout)(size_t groups, size_t k, const REAL *x, REAL *y, size_t *index) {
    for (size_t g = 0; g < groups; g++, x += k) {
        for (size_t j = 0; j < k; j++) {
            int beaten = 0;
            for (size_t other = 0; other < k && !beaten; other++)
                beaten = isnan(x[j]) ? other < j && isnan(x[other]) : isnan(x[other]) || x[other] > x[j] || (other < j && x[other] == x[j]);
            if (!beaten)
                index[g] = j;
        }
        y[g] = x[index[g]];
    }
}

void EXPORT(crelu)(size_t n, const REAL *x, REAL *right, REAL *left) {
    for (size_t i = 0; i < n; i++) {
        right[i] = isnan(x[i]) ? x[i] : (fabs(x[i]) + x[i]) / 2;
        left[i] = isnan(x[i]) ? x[i] : (fabs(x[i]) - x[i]) / 2;
        if (isinf(x[i])) {
            right[i] = signbit(x[i]) ? 0 : x[i];
            left[i] = signbit(x[i]) ? -x[i] : 0;
        }
    }
}
