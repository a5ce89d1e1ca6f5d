/* What the reference exports. cffi reads this file as its declarations, so it holds nothing but C declarations.
 *
 * Each loop writes y[i] = f(x[i], params) for i < n. A function of k parameters reads k values at params + i*step:
 * step 0 shares one set of parameters, step k gives every element its own.
 * NAME is the function, NAME_d0 its derivative by x, NAME_d1, NAME_d2 those by its first and second parameter;
 * the suffix _l marks long double.
 */
typedef void double_loop(size_t n, const double *x, const double *params, size_t step, double *y);
typedef void long_double_loop(size_t n, const long double *x, const long double *params, size_t step, long double *y);

double_loop fastact_relu, fastact_relu_d0;
double_loop fastact_leaky_relu, fastact_leaky_relu_d0, fastact_leaky_relu_d1;
double_loop fastact_prelu, fastact_prelu_d0, fastact_prelu_d1;
double_loop fastact_hard_tanh, fastact_hard_tanh_d0, fastact_hard_tanh_d1, fastact_hard_tanh_d2;
double_loop fastact_sigmoid, fastact_sigmoid_d0;
double_loop fastact_softplus, fastact_softplus_d0, fastact_softplus_d1;
double_loop fastact_silu, fastact_silu_d0;
double_loop fastact_tanh, fastact_tanh_d0;
double_loop fastact_elu, fastact_elu_d0, fastact_elu_d1;
double_loop fastact_gelu, fastact_gelu_d0;

long_double_loop fastact_relu_l, fastact_relu_d0_l;
long_double_loop fastact_leaky_relu_l, fastact_leaky_relu_d0_l, fastact_leaky_relu_d1_l;
long_double_loop fastact_prelu_l, fastact_prelu_d0_l, fastact_prelu_d1_l;
long_double_loop fastact_hard_tanh_l, fastact_hard_tanh_d0_l, fastact_hard_tanh_d1_l, fastact_hard_tanh_d2_l;
long_double_loop fastact_sigmoid_l, fastact_sigmoid_d0_l;
long_double_loop fastact_softplus_l, fastact_softplus_d0_l, fastact_softplus_d1_l;
long_double_loop fastact_silu_l, fastact_silu_d0_l;
long_double_loop fastact_tanh_l, fastact_tanh_d0_l;
long_double_loop fastact_elu_l, fastact_elu_d0_l, fastact_elu_d1_l;
long_double_loop fastact_gelu_l, fastact_gelu_d0_l;
