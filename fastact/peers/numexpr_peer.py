"""numexpr: each function as one expression."""

from __future__ import annotations

import math
from functools import partial

import fastact as fa
from fastact.peers.arrays import Arrays, Run

# In numexpr a floating-point literal is a float64 and widens the whole expression: such constants are operands of the dtype of x.
CONSTANTS = {
    "half": 0.5,
    "sixth": 1 / 6,
    "quarter": 0.25,
    "quick": 1.702,
    "c": math.sqrt(2 / math.pi),
    "k": 0.044715,
    "selu_a": 1.6732632423543772,
    "selu_l": 1.0507009873554805,
}
NAMES: dict[str, tuple[str, ...]] = {"snake": ("alpha",), "softplus": ("beta",), "swish": ("beta",), "squareplus": ("b",)}
NAMES |= dict.fromkeys(("elu", "celu", "thresholded_relu"), ("alpha",))
NAMES |= dict.fromkeys(("leaky_relu", "prelu"), ("slope",)) | dict.fromkeys(("hard_shrink", "soft_shrink"), ("lambd",))
NAMES |= {"hard_tanh": ("low", "high"), "threshold": ("limit", "value"), "hard_sigmoid": ("slope", "offset")}

FORWARD = {
    "relu": "where(x>0,x,0)",
    "relu6": "where(x<=0,0,where(x>=6,6,x))",
    "leaky_relu": "where(x>0,x,slope*x)",
    "prelu": "where(x>0,x,slope*x)",
    "threshold": "where(x>limit,x,value)",
    "thresholded_relu": "where(x>alpha,x,0)",
    "hard_tanh": "where(x<=low,low,where(x>=high,high,x))",
    "hard_sigmoid": "where(slope*x+offset<=0,0,where(slope*x+offset>=1,1,slope*x+offset))",
    "hard_swish": "where(x<=-3,0,where(x>=3,x,x*(x+3)*sixth))",
    "hard_shrink": "where(abs(x)>lambd,x,0)",
    "soft_shrink": "where(x>lambd,x-lambd,where(x<-lambd,x+lambd,0))",
    "relu_squared": "where(x>0,x*x,0)",
    "sparse_sigmoid": "where(x<=-1,0,where(x>=1,1,(x+1)*half))",
    "sparse_plus": "where(x<=-1,0,where(x>=1,x,(x+1)*(x+1)*quarter))",
    "step": "where(x>0,1,0)",
    "sigmoid": "1/(1+exp(-x))",
    "log_sigmoid": "-log1p(exp(-x))",
    "softplus": "log1p(exp(beta*x))/beta",
    "silu": "x/(1+exp(-x))",
    "swish": "x/(1+exp(-beta*x))",
    "quick_gelu": "x/(1+exp(-quick*x))",
    "gelu_tanh": "half*x*(1+tanh(c*(x+k*x*x*x)))",
    "mish": "x*tanh(log1p(exp(x)))",
    "exp": "exp(x)",
    "elu": "where(x>0,x,alpha*expm1(x))",
    "celu": "where(x>0,x,alpha*expm1(x/alpha))",
    "selu": "selu_l*where(x>0,x,selu_a*expm1(x))",
    "tanh": "tanh(x)",
    "tanh_shrink": "x-tanh(x)",
    "lisht": "x*tanh(x)",
    "softsign": "x/(1+abs(x))",
    "squareplus": "half*(x+sqrt(x*x+b))",
    "dish": "half*x*(1+x/sqrt(1+x*x))",
    "snake": "x+sin(alpha*x)**2/alpha",
}
BACKWARD = {
    "relu": "where(x>0,dy,0)",
    "relu6": "where((x>0)&(x<6),dy,0)",
    "leaky_relu": "where(x>0,dy,slope*dy)",
    "prelu": "where(x>0,dy,slope*dy)",
    "threshold": "where(x>limit,dy,0)",
    "thresholded_relu": "where(x>alpha,dy,0)",
    "hard_tanh": "where((x>low)&(x<high),dy,0)",
    "hard_sigmoid": "where((slope*x+offset>0)&(slope*x+offset<1),slope*dy,0)",
    "hard_swish": "where(x<=-3,0,where(x>=3,dy,dy*(2*x+3)*sixth))",
    "hard_shrink": "where(abs(x)>lambd,dy,0)",
    "soft_shrink": "where(abs(x)>lambd,dy,0)",
    "relu_squared": "where(x>0,2*x*dy,0)",
    "sparse_sigmoid": "where(abs(x)<1,half*dy,0)",
    "sparse_plus": "where(x<=-1,0,where(x>=1,dy,dy*(x+1)*half))",
    "sigmoid": "dy*exp(-x)/(1+exp(-x))**2",
    "log_sigmoid": "dy/(1+exp(x))",
    "softplus": "dy/(1+exp(-beta*x))",
    "silu": "dy*(1+exp(-x)+x*exp(-x))/(1+exp(-x))**2",
    "swish": "dy*(1+exp(-beta*x)+beta*x*exp(-beta*x))/(1+exp(-beta*x))**2",
    "quick_gelu": "dy*(1+exp(-quick*x)+quick*x*exp(-quick*x))/(1+exp(-quick*x))**2",
    "exp": "dy*exp(x)",
    "elu": "where(x>0,dy,dy*alpha*exp(x))",
    "celu": "where(x>0,dy,dy*exp(x/alpha))",
    "selu": "dy*selu_l*where(x>0,1,selu_a*exp(x))",
    "tanh": "dy*(1-tanh(x)**2)",
    "tanh_shrink": "dy*tanh(x)**2",
    "lisht": "dy*(tanh(x)+x*(1-tanh(x)**2))",
    "softsign": "dy/(1+abs(x))**2",
    "squareplus": "dy*half*(1+x/sqrt(x*x+b))",
    "snake": "dy*(1+sin(2*alpha*x))",
}


def make(name: str, direction: str, a: Arrays, params: tuple[float, ...]) -> Run | None:
    """One evaluation into `out=`."""
    import numexpr

    text = (FORWARD if direction == "forward" else BACKWARD).get(name)
    if text is None:
        return None
    numexpr.set_num_threads(fa.get_num_threads())
    kind = a.x.dtype.type
    local = {"x": a.x, "dy": a.dy} | {k: kind(v) for k, v in CONSTANTS.items()}
    local |= {k: kind(v) for k, v in zip(NAMES.get(name, ()), params, strict=True)}
    return partial(numexpr.evaluate, text, local_dict=local, global_dict={}, out=a.y, casting="same_kind")
