"""Where the C header lies."""

from __future__ import annotations

from pathlib import Path


def get_include() -> str:
    """The folder of `fastact.h`, which has the types of the functions whose addresses `Activation.address` gives.

    Returns
    -------
    str
        For the option -I of a C compiler, or `include_dirs` of setuptools.
    """
    return str(Path(__file__).parent / "include")
