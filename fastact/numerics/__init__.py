"""What the definitions are written in: primitives, constants of both widths, exponentials, the normal tail."""
