"""`python -m fastact` is the command `fastact`."""

import sys

from fastact.cli import main

sys.exit(main())
