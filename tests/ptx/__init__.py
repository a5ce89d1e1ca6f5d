"""An interpreter of PTX: the text of a kernel runs on NumPy arrays, with every access and every rounding checked.

What it shows: the results of the instructions as PTX defines them, bounds, alignment, divergence at barriers and shuffles, races
between warps in shared memory. What it cannot show: faults of the assembler, the memory order between blocks, and time.
"""

from .kinds import Fault
from .memory import Memory
from .run import Counts, run

__all__ = ["Counts", "Fault", "Memory", "run"]
