"""The area under a sigmoid: SciPy calls a C function of fastact, and Python is not asked again."""

import ctypes

from scipy import LowLevelCallable, integrate

import fastact as fa

sigmoid = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(fa.sigmoid.address("float64", scalar=True))
area, error = integrate.quad(LowLevelCallable(sigmoid), -1, 3)
print(f"{area:.15f} ± {error:.1e}, expected {fa.softplus(3.0) - fa.softplus(-1.0):.15f}")
