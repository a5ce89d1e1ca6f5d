/* What the reference exports. cffi reads this file as its declarations, so it holds nothing but C declarations.
 *
 * Each loop writes y[i] = f(x[i], p[i*step], q[i*step]) for i < n. p and q are the arrays of the first and the second parameter:
 * step 0 shares one value, step 1 gives every element its own. What a function does not take it ignores; any valid array will do.
 * NAME is the function, NAME_d0 its derivative by x, NAME_d1, NAME_d2 those by its first and second parameter;
 * the suffix _l marks long double.
 */
typedef void double_loop(size_t n, const double *x, const double *p, const double *q, size_t step, double *y);
typedef void long_double_loop(
    size_t n, const long double *x, const long double *p, const long double *q, size_t step, long double *y);

/* One direction over dense arrays; f is the function, d0 its derivative. With its `params` parameters, args are for direction
 * 0, forward: x, parameters, y = f(x);
 * 1, backward: dy, x, parameters, dx = dy*d0(x), and if `flat`, +0 wherever d0(x) is 0, whatever dy is;
 * 2, derivative: x, parameters, d = d0(x);
 * 3, value and derivative: x, parameters, y, d.
 * An output may be the same array as an input, but y is not d.
 */
void fastact_run_l(
    long_double_loop *f, long_double_loop *d0, int direction, int flat, size_t params, size_t step, void *const *args, size_t n);

/* The same for a gate y = f(a) g(b): f and df are of a and the first two parameters, g and dg of b and the first and the last one,
 * or null for g(b) = b. Where the former has x it has a, b; where it has d or dx, one for a, then one for b.
 */
void fastact_run_gate_l(
    long_double_loop *f, long_double_loop *df, long_double_loop *g, long_double_loop *dg, int direction, int flat, size_t params,
    size_t step, void *const *args, size_t n);

/* The largest of each group of k, and its place, the first of equals; NaN counts as the largest. Both halves of n elements. */
void fastact_maxout(size_t groups, size_t k, const double *x, double *y, size_t *index);
void fastact_maxout_l(size_t groups, size_t k, const long double *x, long double *y, size_t *index);
void fastact_crelu(size_t n, const double *x, double *right, double *left);
void fastact_crelu_l(size_t n, const long double *x, long double *right, long double *left);

double_loop fastact_relu, fastact_relu_d0;
double_loop fastact_leaky_relu, fastact_leaky_relu_d0, fastact_leaky_relu_d1;
double_loop fastact_prelu, fastact_prelu_d0, fastact_prelu_d1;
double_loop fastact_identity, fastact_identity_d0;
double_loop fastact_relu6, fastact_relu6_d0;
double_loop fastact_threshold, fastact_threshold_d0, fastact_threshold_d1, fastact_threshold_d2;
double_loop fastact_thresholded_relu, fastact_thresholded_relu_d0, fastact_thresholded_relu_d1;
double_loop fastact_relu_squared, fastact_relu_squared_d0;
double_loop fastact_step, fastact_step_d0;
double_loop fastact_hard_tanh, fastact_hard_tanh_d0, fastact_hard_tanh_d1, fastact_hard_tanh_d2;
double_loop fastact_hard_sigmoid, fastact_hard_sigmoid_d0, fastact_hard_sigmoid_d1, fastact_hard_sigmoid_d2;
double_loop fastact_hard_swish, fastact_hard_swish_d0;
double_loop fastact_hard_shrink, fastact_hard_shrink_d0, fastact_hard_shrink_d1;
double_loop fastact_soft_shrink, fastact_soft_shrink_d0, fastact_soft_shrink_d1;
double_loop fastact_sparse_sigmoid, fastact_sparse_sigmoid_d0;
double_loop fastact_sparse_plus, fastact_sparse_plus_d0;
double_loop fastact_sigmoid, fastact_sigmoid_d0;
double_loop fastact_log_sigmoid, fastact_log_sigmoid_d0;
double_loop fastact_softplus, fastact_softplus_d0, fastact_softplus_d1;
double_loop fastact_silu, fastact_silu_d0;
double_loop fastact_swish, fastact_swish_d0, fastact_swish_d1;
double_loop fastact_quick_gelu, fastact_quick_gelu_d0;
double_loop fastact_gelu_tanh, fastact_gelu_tanh_d0;
double_loop fastact_mish, fastact_mish_d0;
double_loop fastact_tanh, fastact_tanh_d0;
double_loop fastact_tanh_shrink, fastact_tanh_shrink_d0;
double_loop fastact_lisht, fastact_lisht_d0;
double_loop fastact_exp, fastact_exp_d0;
double_loop fastact_elu, fastact_elu_d0, fastact_elu_d1;
double_loop fastact_celu, fastact_celu_d0, fastact_celu_d1;
double_loop fastact_selu, fastact_selu_d0;
double_loop fastact_gelu, fastact_gelu_d0;
double_loop fastact_softsign, fastact_softsign_d0;
double_loop fastact_squareplus, fastact_squareplus_d0, fastact_squareplus_d1;
double_loop fastact_dish, fastact_dish_d0;
double_loop fastact_snake, fastact_snake_d0, fastact_snake_d1;
double_loop fastact_clamped_swish, fastact_clamped_swish_d0, fastact_clamped_swish_d1, fastact_clamped_swish_d2;
double_loop fastact_clamped_sum, fastact_clamped_sum_d0, fastact_clamped_sum_d1, fastact_clamped_sum_d2;

long_double_loop fastact_relu_l, fastact_relu_d0_l;
long_double_loop fastact_leaky_relu_l, fastact_leaky_relu_d0_l, fastact_leaky_relu_d1_l;
long_double_loop fastact_prelu_l, fastact_prelu_d0_l, fastact_prelu_d1_l;
long_double_loop fastact_identity_l, fastact_identity_d0_l;
long_double_loop fastact_relu6_l, fastact_relu6_d0_l;
long_double_loop fastact_threshold_l, fastact_threshold_d0_l, fastact_threshold_d1_l, fastact_threshold_d2_l;
long_double_loop fastact_thresholded_relu_l, fastact_thresholded_relu_d0_l, fastact_thresholded_relu_d1_l;
long_double_loop fastact_relu_squared_l, fastact_relu_squared_d0_l;
long_double_loop fastact_step_l, fastact_step_d0_l;
long_double_loop fastact_hard_tanh_l, fastact_hard_tanh_d0_l, fastact_hard_tanh_d1_l, fastact_hard_tanh_d2_l;
long_double_loop fastact_hard_sigmoid_l, fastact_hard_sigmoid_d0_l, fastact_hard_sigmoid_d1_l, fastact_hard_sigmoid_d2_l;
long_double_loop fastact_hard_swish_l, fastact_hard_swish_d0_l;
long_double_loop fastact_hard_shrink_l, fastact_hard_shrink_d0_l, fastact_hard_shrink_d1_l;
long_double_loop fastact_soft_shrink_l, fastact_soft_shrink_d0_l, fastact_soft_shrink_d1_l;
long_double_loop fastact_sparse_sigmoid_l, fastact_sparse_sigmoid_d0_l;
long_double_loop fastact_sparse_plus_l, fastact_sparse_plus_d0_l;
long_double_loop fastact_sigmoid_l, fastact_sigmoid_d0_l;
long_double_loop fastact_log_sigmoid_l, fastact_log_sigmoid_d0_l;
long_double_loop fastact_softplus_l, fastact_softplus_d0_l, fastact_softplus_d1_l;
long_double_loop fastact_silu_l, fastact_silu_d0_l;
long_double_loop fastact_swish_l, fastact_swish_d0_l, fastact_swish_d1_l;
long_double_loop fastact_quick_gelu_l, fastact_quick_gelu_d0_l;
long_double_loop fastact_gelu_tanh_l, fastact_gelu_tanh_d0_l;
long_double_loop fastact_mish_l, fastact_mish_d0_l;
long_double_loop fastact_tanh_l, fastact_tanh_d0_l;
long_double_loop fastact_tanh_shrink_l, fastact_tanh_shrink_d0_l;
long_double_loop fastact_lisht_l, fastact_lisht_d0_l;
long_double_loop fastact_exp_l, fastact_exp_d0_l;
long_double_loop fastact_elu_l, fastact_elu_d0_l, fastact_elu_d1_l;
long_double_loop fastact_celu_l, fastact_celu_d0_l, fastact_celu_d1_l;
long_double_loop fastact_selu_l, fastact_selu_d0_l;
long_double_loop fastact_gelu_l, fastact_gelu_d0_l;
long_double_loop fastact_softsign_l, fastact_softsign_d0_l;
long_double_loop fastact_squareplus_l, fastact_squareplus_d0_l, fastact_squareplus_d1_l;
long_double_loop fastact_dish_l, fastact_dish_d0_l;
long_double_loop fastact_snake_l, fastact_snake_d0_l, fastact_snake_d1_l;
long_double_loop fastact_clamped_swish_l, fastact_clamped_swish_d0_l, fastact_clamped_swish_d1_l, fastact_clamped_swish_d2_l;
long_double_loop fastact_clamped_sum_l, fastact_clamped_sum_d0_l, fastact_clamped_sum_d1_l, fastact_clamped_sum_d2_l;

/* Functions of x and noise with shared parameters. For each element `pairs` gets its value and its derivatives by x, by the noise and
 * by each parameter, each followed by the size of the largest term that it is the sum of.
 */
typedef void double_noise(size_t n, const double *x, const double *noise, const double *params, double *pairs);
typedef void long_double_noise(size_t n, const long double *x, const long double *noise, const long double *params, long double *pairs);

double_noise fastact_noise_noisy_hard_tanh, fastact_noise_noisy_hard_tanh_half, fastact_noise_noisy_hard_sigmoid;
double_noise fastact_noise_noisy_hard_sigmoid_half;
double_noise fastact_noise_input_noise_hard_tanh, fastact_noise_input_noise_hard_sigmoid, fastact_noise_saturated_noise_hard_tanh;
double_noise fastact_noise_saturated_noise_hard_sigmoid;
double_noise fastact_noise_noisy_relu, fastact_noise_learned_noise_hard_tanh, fastact_noise_learned_noise_hard_sigmoid;
double_noise fastact_noise_rrelu;
double_noise fastact_noise_dropout, fastact_noise_alpha_dropout;

long_double_noise fastact_noise_noisy_hard_tanh_l, fastact_noise_noisy_hard_tanh_half_l, fastact_noise_noisy_hard_sigmoid_l;
long_double_noise fastact_noise_noisy_hard_sigmoid_half_l;
long_double_noise fastact_noise_input_noise_hard_tanh_l, fastact_noise_input_noise_hard_sigmoid_l;
long_double_noise fastact_noise_saturated_noise_hard_tanh_l, fastact_noise_saturated_noise_hard_sigmoid_l;
long_double_noise fastact_noise_noisy_relu_l, fastact_noise_learned_noise_hard_tanh_l, fastact_noise_learned_noise_hard_sigmoid_l;
long_double_noise fastact_noise_rrelu_l;
long_double_noise fastact_noise_dropout_l, fastact_noise_alpha_dropout_l;

/* Words of 32 bits of Philox 4x32-10 from number `first` on, where the counters 0, 1, ... of a stream follow each other; and draws from the
 * words of 32 or 64 bits: kind 0 is uniform in (0, 1), 1 standard normal, 2 standard Gumbel.
 */
void fastact_noise_words(uint64_t seed, uint64_t stream, uint64_t first, size_t n, uint32_t *words);
void fastact_noise_draws(int kind, int bits, uint64_t seed, uint64_t stream, uint64_t first, size_t n, long double *draws);

/* Functions of rows of n elements, `rows` one after another: y from x, gradients also from dy, which moves by `step` from row to row.
 * Gradients "from_output" have the result of the function for x. cross_entropy has probabilities for dy. logsumexp and cross_entropy
 * write one number a row.
 */
typedef void double_rows(size_t rows, size_t n, const double *x, const double *dy, size_t step, double *y);
typedef void long_double_rows(size_t rows, size_t n, const long double *x, const long double *dy, size_t step, long double *y);

double_rows fastact_rows_softmax, fastact_rows_softmax_backward, fastact_rows_softmax_from_output;
double_rows fastact_rows_log_softmax, fastact_rows_log_softmax_backward, fastact_rows_log_softmax_from_output;
double_rows fastact_rows_logsumexp, fastact_rows_logsumexp_backward, fastact_rows_hardmax;
double_rows fastact_rows_sparsemax, fastact_rows_sparsemax_backward, fastact_rows_sparsemax_from_output;
double_rows fastact_rows_cross_entropy, fastact_rows_cross_entropy_backward;
long_double_rows fastact_rows_softmax_l, fastact_rows_softmax_backward_l, fastact_rows_softmax_from_output_l;
long_double_rows fastact_rows_log_softmax_l, fastact_rows_log_softmax_backward_l, fastact_rows_log_softmax_from_output_l;
long_double_rows fastact_rows_logsumexp_l, fastact_rows_logsumexp_backward_l, fastact_rows_hardmax_l;
long_double_rows fastact_rows_sparsemax_l, fastact_rows_sparsemax_backward_l, fastact_rows_sparsemax_from_output_l;
long_double_rows fastact_rows_cross_entropy_l, fastact_rows_cross_entropy_backward_l;
