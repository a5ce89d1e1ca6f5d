/* Types of the C functions whose addresses `address` gives, for C and C++.

   Python:  address = fastact.gelu.address("float32", "backward")
   C:       fastact_backward_f32 *backward = (fastact_backward_f32 *) address;
            backward(n, dy, x, dx);

   Names are fastact_KIND_TYPE, or fastact_KIND_COUNT_TYPE for a function of COUNT parameters, each of which is told by a pointer to one
   value, in the order of the activation's `params`. TYPE is
     f16, bf16   float16 and bfloat16 as uint16_t; their parameters are float
     f32, f64    float and double, as their parameters are
   KIND is
     forward             y = f(x), and the derivative
     backward            dx = dy * f'(x)
     value_and_grad      y = f(x) and d = f'(x)
     gate_forward        y = f(a) * b
     gate_backward       da, db from dy
     gate_derivative     dy/da, dy/db
     gate_value_and_grad y, dy/da, dy/db
     rows_forward        rows of n elements, one after another; y of logsumexp has one element for each row
     rows_backward       dx from dy, which for logsumexp has one element for each row
     scalar              one number from numbers: address(..., scalar=True), f32 and f64

   Arrays are dense, aligned for their type, and apart from each other, or the output is one of the inputs itself. n may be 0. A function
   uses the thread that calls it and no other, needs no lock of Python's, never fails, and may be called from any number of threads. Its
   results have the bits of the array call. It may raise floating-point flags. Addresses are valid as long as the process lives, and in
   children that it forks. */

#ifndef FASTACT_H
#define FASTACT_H

#include <stdint.h>

#define FASTACT_ARRAYS(TYPE, T, P) \
    typedef void fastact_forward_##TYPE(intptr_t n, const T *x, T *y); \
    typedef void fastact_forward_1_##TYPE(intptr_t n, const T *x, const P *p, T *y); \
    typedef void fastact_forward_2_##TYPE(intptr_t n, const T *x, const P *p, const P *q, T *y); \
    typedef void fastact_forward_3_##TYPE(intptr_t n, const T *x, const P *p, const P *q, const P *r, T *y); \
    typedef void fastact_backward_##TYPE(intptr_t n, const T *dy, const T *x, T *dx); \
    typedef void fastact_backward_1_##TYPE(intptr_t n, const T *dy, const T *x, const P *p, T *dx); \
    typedef void fastact_backward_2_##TYPE(intptr_t n, const T *dy, const T *x, const P *p, const P *q, T *dx); \
    typedef void fastact_backward_3_##TYPE(intptr_t n, const T *dy, const T *x, const P *p, const P *q, const P *r, T *dx); \
    typedef void fastact_value_and_grad_##TYPE(intptr_t n, const T *x, T *y, T *d); \
    typedef void fastact_value_and_grad_1_##TYPE(intptr_t n, const T *x, const P *p, T *y, T *d); \
    typedef void fastact_value_and_grad_2_##TYPE(intptr_t n, const T *x, const P *p, const P *q, T *y, T *d); \
    typedef void fastact_value_and_grad_3_##TYPE(intptr_t n, const T *x, const P *p, const P *q, const P *r, T *y, T *d); \
    typedef void fastact_gate_forward_##TYPE(intptr_t n, const T *a, const T *b, T *y); \
    typedef void fastact_gate_forward_1_##TYPE(intptr_t n, const T *a, const T *b, const P *p, T *y); \
    typedef void fastact_gate_forward_2_##TYPE(intptr_t n, const T *a, const T *b, const P *p, const P *q, T *y); \
    typedef void fastact_gate_forward_3_##TYPE(intptr_t n, const T *a, const T *b, const P *p, const P *q, const P *r, T *y); \
    typedef void fastact_gate_backward_##TYPE(intptr_t n, const T *dy, const T *a, const T *b, T *da, T *db); \
    typedef void fastact_gate_backward_1_##TYPE(intptr_t n, const T *dy, const T *a, const T *b, const P *p, T *da, T *db); \
    typedef void fastact_gate_backward_2_##TYPE(intptr_t n, const T *dy, const T *a, const T *b, const P *p, const P *q, T *da, T *db); \
    typedef void fastact_gate_backward_3_##TYPE(intptr_t n, const T *dy, const T *a, const T *b, const P *p, const P *q, const P *r, \
                                                T *da, T *db); \
    typedef void fastact_gate_derivative_##TYPE(intptr_t n, const T *a, const T *b, T *da, T *db); \
    typedef void fastact_gate_derivative_1_##TYPE(intptr_t n, const T *a, const T *b, const P *p, T *da, T *db); \
    typedef void fastact_gate_derivative_2_##TYPE(intptr_t n, const T *a, const T *b, const P *p, const P *q, T *da, T *db); \
    typedef void fastact_gate_derivative_3_##TYPE(intptr_t n, const T *a, const T *b, const P *p, const P *q, const P *r, T *da, T *db); \
    typedef void fastact_gate_value_and_grad_##TYPE(intptr_t n, const T *a, const T *b, T *y, T *da, T *db); \
    typedef void fastact_gate_value_and_grad_1_##TYPE(intptr_t n, const T *a, const T *b, const P *p, T *y, T *da, T *db); \
    typedef void fastact_gate_value_and_grad_2_##TYPE(intptr_t n, const T *a, const T *b, const P *p, const P *q, T *y, T *da, T *db); \
    typedef void fastact_gate_value_and_grad_3_##TYPE(intptr_t n, const T *a, const T *b, const P *p, const P *q, const P *r, T *y, T *da, T *db); \
    typedef void fastact_rows_forward_##TYPE(intptr_t rows, intptr_t n, const T *x, T *y); \
    typedef void fastact_rows_backward_##TYPE(intptr_t rows, intptr_t n, const T *dy, const T *x, T *dx);

#define FASTACT_SCALARS(TYPE, T) \
    typedef T fastact_scalar_##TYPE(T x); \
    typedef T fastact_scalar_1_##TYPE(T x, T p); \
    typedef T fastact_scalar_2_##TYPE(T x, T p, T q); \
    typedef T fastact_scalar_3_##TYPE(T x, T p, T q, T r);

FASTACT_ARRAYS(f16, uint16_t, float)
FASTACT_ARRAYS(bf16, uint16_t, float)
FASTACT_ARRAYS(f32, float, float)
FASTACT_ARRAYS(f64, double, double)
FASTACT_SCALARS(f32, float)
FASTACT_SCALARS(f64, double)

#undef FASTACT_ARRAYS
#undef FASTACT_SCALARS

#endif
