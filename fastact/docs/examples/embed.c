/* A C program that runs Python once, to get addresses, and then works with threads of its own.

   cc $(python3-config --cflags) -I$(python3 -c "import fastact; print(fastact.get_include())") \
      embed.c -o embed $(python3-config --embed --ldflags) -lpthread */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <fastact.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1 << 20, THREADS = 4 };

static float x[N], dy[N], y[N], dx[N], slope = 0.1f;
static fastact_forward_1_f32 *leaky_relu;
static fastact_backward_f32 *gelu_backward;

static void *work(void *argument) {
    intptr_t part = N / THREADS, start = (intptr_t) argument * part;
    leaky_relu(part, x + start, &slope, y + start);
    gelu_backward(part, dy + start, x + start, dx + start);
    return NULL;
}

/* Evaluates an expression of Python: an address. */
static void *address(PyObject *names, const char *expression) {
    PyObject *found = PyRun_String(expression, Py_eval_input, names, names);
    void *result = found ? PyLong_AsVoidPtr(found) : NULL;
    if (!result) {
        PyErr_Print();
        exit(1);
    }
    Py_DECREF(found);
    return result;
}

/* Whether Python finds that results of the threads have the bits of the array calls. */
static int same(PyObject *names, const char *name, float *data, const char *expected) {
    char code[400];
    PyObject *view = PyMemoryView_FromMemory((char *) data, sizeof(float) * N, PyBUF_READ);
    PyDict_SetItemString(names, name, view);
    Py_DECREF(view);
    snprintf(code, sizeof code, "int(np.frombuffer(%s, np.float32).tobytes() == (%s).tobytes())", name, expected);
    PyObject *found = PyRun_String(code, Py_eval_input, names, names);
    int result = found && PyLong_AsLong(found) == 1;
    if (!found) PyErr_Print();
    Py_XDECREF(found);
    printf("%s: %s\n", expected, result ? "same bits" : "DIFFERENT");
    return result;
}

int main(void) {
    for (int i = 0; i < N; i++) {
        x[i] = (float) (i % 4001 - 2000) / 300;
        dy[i] = (float) (i % 17 - 8);
    }
    Py_Initialize();
    PyObject *names = PyDict_New();
    PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins());
    if (!PyRun_String("import numpy as np, fastact as fa", Py_file_input, names, names)) {
        PyErr_Print();
        return 1;
    }
    leaky_relu = (fastact_forward_1_f32 *) address(names, "fa.leaky_relu.address('float32', 'forward')");
    gelu_backward = (fastact_backward_f32 *) address(names, "fa.gelu.address('float32', 'backward')");

    PyThreadState *released = PyEval_SaveThread(); /* from here on Python may run elsewhere; the loops do not need it */
    pthread_t threads[THREADS];
    for (intptr_t k = 0; k < THREADS; k++) pthread_create(&threads[k], NULL, work, (void *) k);
    for (int k = 0; k < THREADS; k++) pthread_join(threads[k], NULL);
    PyEval_RestoreThread(released);

    PyObject *given[2] = {PyMemoryView_FromMemory((char *) x, sizeof x, PyBUF_READ),
                          PyMemoryView_FromMemory((char *) dy, sizeof dy, PyBUF_READ)};
    PyDict_SetItemString(names, "given", given[0]);
    PyDict_SetItemString(names, "change", given[1]);
    Py_DECREF(given[0]);
    Py_DECREF(given[1]);
    if (!PyRun_String("x, dy = np.frombuffer(given, np.float32), np.frombuffer(change, np.float32)", Py_file_input, names, names)) {
        PyErr_Print();
        return 1;
    }
    int right = same(names, "y", y, "fa.leaky_relu(x, 0.1)") && same(names, "dx", dx, "fa.gelu.backward(dy, x)");
    return right ? 0 : 1;
}
