/* Functions with noise. Each fills pairs: a result, and the size of the largest term of the sum that it is, against which its rounding
 * is counted. The results are the value and the derivatives by x, by the noise and by each parameter.
 *
 * The strength of the noise is written with the logistic g as in the paper, c (g(pD) - 1/2)^2; g(z) - 1/2 = sinh(z) / (2 + 2 cosh(z)).
 */

static void F(pair)(REAL **to, REAL value, REAL size) {
    *(*to)++ = value;
    *(*to)++ = fmax(fabs(value), fabs(size));
}

static REAL F(centred)(REAL z) {
    REAL e = exp(-fabs(z));
    return fabs(z) > 50 ? copysign((1 - e) / (2 + 2 * e), z) : sinh(z) / (2 + 2 * cosh(z));
}

static REAL F(bell)(REAL z) { return exp(-fabs(z)) / (1 + 2 * exp(-fabs(z)) + exp(-2 * fabs(z))); }

/* u(x) = slope x + middle, h its clip to middle -+ half; noise e = xi or |xi|, of which `side` is the derivative. */
static void F(output)(REAL x, REAL e, REAL side, const REAL *p, REAL slope, REAL half, REAL middle, REAL *y) {
    REAL u = slope * x + middle;
    if (!(fabs(slope * x) > half)) {
        F(pair)(&y, isnan(x) ? x : u, 0);
        F(pair)(&y, isnan(x) ? x : slope, 0);
        for (int k = 0; k < 4; k++)
            F(pair)(&y, isnan(x) ? x : 0, 0);
        return;
    }
    REAL alpha = p[0], c = p[1], scale = p[2];
    REAL h = x > 0 ? middle + half : middle - half, gap = (x > 0 ? half : -half) - slope * x;
    REAL d = (alpha > 1 ? 1 : -1) * (x > 0 ? 1 : -1);
    REAL z = scale * gap, s = F(centred)(z), q = s * s, ds = 2 * s * F(bell)(z);
    REAL noise = d * c * q * e, drift = (1 - alpha) * slope, gain = d * e * c * ds;
    F(pair)(&y, alpha * h + (1 - alpha) * u + noise, fmax(fmax(fabs(alpha * h), fabs((1 - alpha) * u)), fmax(fabs(noise), half * alpha)));
    F(pair)(&y, drift - gain * scale * slope, fmax(fabs(drift), fabs(gain * scale * slope)));
    F(pair)(&y, side * d * c * q, 0);
    F(pair)(&y, gap, 0);
    F(pair)(&y, d * q * e, 0);
    F(pair)(&y, gain * gap, 0);
}

static void F(noise_noisy_hard_tanh)(REAL x, REAL xi, const REAL *p, REAL *y) { F(output)(x, xi, 1, p, 1, 1, 0, y); }

static void F(noise_noisy_hard_tanh_half)(REAL x, REAL xi, const REAL *p, REAL *y) {
    F(output)(x, fabs(xi), copysign(1, xi), p, 1, 1, 0, y);
}

static void F(noise_noisy_hard_sigmoid)(REAL x, REAL xi, const REAL *p, REAL *y) { F(output)(x, xi, 1, p, 0.25, 0.5, 0.5, y); }

static void F(noise_noisy_hard_sigmoid_half)(REAL x, REAL xi, const REAL *p, REAL *y) {
    F(output)(x, fabs(xi), copysign(1, xi), p, 0.25, 0.5, 0.5, y);
}

/* h(x + scale noise) for a clip: value, the derivative h' at the noisy input. */
static int F(clip)(REAL z, REAL slope, REAL half, REAL middle, REAL *y) {
    REAL line = slope * z;
    *y = line <= -half ? middle - half : line >= half ? middle + half : line + middle;
    return line <= -half || line >= half;
}

static void F(shifted)(REAL x, REAL xi, REAL c, int on, REAL slope, REAL half, REAL middle, REAL *y) {
    REAL z = on ? x + c * xi : x, value;
    int flat = F(clip)(z, slope, half, middle, &value);
    REAL d = flat ? 0 : slope;
    F(pair)(&y, isnan(z) ? z : value, flat ? 0 : fmax(slope * fmax(fabs(x), fabs(c * xi)), middle));
    F(pair)(&y, isnan(z) ? z : d, 0);
    F(pair)(&y, isnan(z) ? z : on ? c * d : 0, 0);
    F(pair)(&y, isnan(z) ? z : on ? xi * d : 0, 0);
}

static void F(noise_input_noise_hard_tanh)(REAL x, REAL xi, const REAL *p, REAL *y) { F(shifted)(x, xi, p[0], 1, 1, 1, 0, y); }

static void F(noise_input_noise_hard_sigmoid)(REAL x, REAL xi, const REAL *p, REAL *y) { F(shifted)(x, xi, p[0], 1, 0.25, 0.5, 0.5, y); }

static void F(noise_saturated_noise_hard_tanh)(REAL x, REAL xi, const REAL *p, REAL *y) {
    F(shifted)(x, xi, p[0], fabs(x) >= 1, 1, 1, 0, y);
}

static void F(noise_saturated_noise_hard_sigmoid)(REAL x, REAL xi, const REAL *p, REAL *y) {
    F(shifted)(x, xi, p[0], fabs(x) >= 2, 0.25, 0.5, 0.5, y);
}

static void F(noise_noisy_relu)(REAL x, REAL xi, const REAL *p, REAL *y) {
    REAL z = x + p[0] * xi;
    F(pair)(&y, z <= 0 ? 0 : z, z <= 0 ? 0 : fmax(fabs(x), fabs(p[0] * xi)));
    F(pair)(&y, isnan(z) ? z : z > 0, 0);
    F(pair)(&y, isnan(z) ? z : z > 0 ? p[0] : 0, 0);
    F(pair)(&y, isnan(z) ? z : z > 0 ? xi : 0, 0);
}

static void F(learnt)(REAL x, REAL xi, const REAL *p, REAL slope, REAL half, REAL middle, REAL *y) {
    REAL c = p[0], scale = p[1], below = fabs(xi) + (REAL)1e-10, value;
    REAL gap = fabs(slope * x) > half ? fabs(slope * x) - half : 0, a = scale * (gap / below);
    REAL soft = fmax(a, 0) + log1p(exp(-fabs(a))), g = 1 / (1 + exp(-a)), z = x + c * soft * xi;
    REAL grow = gap > 0 ? c * xi * g * scale * copysign(slope, x) / below : 0;
    int flat = F(clip)(z, slope, half, middle, &value);
    REAL d = flat ? 0 : slope;
    F(pair)(&y, isnan(z) ? z : value, flat ? 0 : fmax(slope * fmax(fabs(x), fabs(c * soft * xi)), middle));
    F(pair)(&y, d * (1 + grow), d * fmax(1, fabs(grow)));
    F(pair)(&y, d * c * (soft - g * a * fabs(xi) / below), d * fabs(c) * fmax(soft, fabs(g * a)));
    F(pair)(&y, d * xi * soft, 0);
    F(pair)(&y, d * c * xi * g * (gap / below), 0);
}

static void F(noise_learned_noise_hard_tanh)(REAL x, REAL xi, const REAL *p, REAL *y) { F(learnt)(x, xi, p, 1, 1, 0, y); }

static void F(noise_learned_noise_hard_sigmoid)(REAL x, REAL xi, const REAL *p, REAL *y) { F(learnt)(x, xi, p, 0.25, 0.5, 0.5, y); }

static void F(noise_rrelu)(REAL x, REAL u, const REAL *p, REAL *y) {
    REAL slope = (1 - u) * p[0] + u * p[1], size = fabs((1 - u) * p[0]) + fabs(u * p[1]);
    F(pair)(&y, x > 0 ? x : slope * x, x > 0 ? 0 : size * x);
    F(pair)(&y, isnan(x) ? x : x > 0 ? 1 : slope, x > 0 ? 0 : size);
    F(pair)(&y, isnan(x) ? x : x > 0 ? 0 : (p[1] - p[0]) * x, 0);
    F(pair)(&y, isnan(x) ? x : x > 0 ? 0 : (1 - u) * x, 0);
    F(pair)(&y, isnan(x) ? x : x > 0 ? 0 : u * x, 0);
}

static REAL F(share)(REAL rate) { return rate >= 0 && rate <= 1 ? rate : NAN; }

static void F(noise_dropout)(REAL x, REAL u, const REAL *p, REAL *y) {
    REAL rate = F(share)(p[0]), scale = u < rate ? 0 : 1 / (1 - rate);
    F(pair)(&y, u < rate ? 0 : x * scale, 0);
    F(pair)(&y, scale, 0);
    F(pair)(&y, 0, 0);
    F(pair)(&y, u < rate ? 0 : x * scale * scale, 0);
}

static void F(noise_alpha_dropout)(REAL x, REAL u, const REAL *p, REAL *y) {
    REAL low = -1.75809934084737685994022L, rate = F(share)(p[0]), variance = (1 - rate) * (1 + rate * low * low);
    REAL a = 1 / sqrt(variance), grow = -(low * low * (1 - rate) - 1 - rate * low * low) / (2 * variance) * a;
    REAL v = u < rate ? low : x;
    F(pair)(&y, a * (v - rate * low), u < rate ? 0 : fmax(fabs(a * x), fabs(a * rate * low)));
    F(pair)(&y, u < rate ? 0 : a, 0);
    F(pair)(&y, 0, 0);
    F(pair)(&y, grow * (v - rate * low) - a * low, fmax(fabs(v), fabs(low)) * a / (2 - 2 * rate));
}

#define PAIRS(f, results) \
    void EXPORT(f)(size_t n, const REAL *x, const REAL *noise, const REAL *params, REAL *pairs) { \
        for (size_t i = 0; i < n; i++) \
            F(f)(x[i], noise[i], params, pairs + 2 * (results) * i); \
    }

PAIRS(noise_noisy_hard_tanh, 6)
PAIRS(noise_noisy_hard_tanh_half, 6)
PAIRS(noise_noisy_hard_sigmoid, 6)
PAIRS(noise_noisy_hard_sigmoid_half, 6)
PAIRS(noise_input_noise_hard_tanh, 4)
PAIRS(noise_input_noise_hard_sigmoid, 4)
PAIRS(noise_saturated_noise_hard_tanh, 4)
PAIRS(noise_saturated_noise_hard_sigmoid, 4)
PAIRS(noise_noisy_relu, 4)
PAIRS(noise_learned_noise_hard_tanh, 5)
PAIRS(noise_learned_noise_hard_sigmoid, 5)
PAIRS(noise_rrelu, 5)
PAIRS(noise_dropout, 4)
PAIRS(noise_alpha_dropout, 4)
#undef PAIRS
