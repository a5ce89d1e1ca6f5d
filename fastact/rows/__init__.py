"""The softmax family: one algorithm over rows of any layout, with passes written once for vectors along a row and across rows."""
