"""The definitions of the softmax family."""

from __future__ import annotations

from fastact.rows.entropy import SoftmaxCrossEntropy
from fastact.rows.family import RowFunction
from fastact.rows.record import RowRecord
from fastact.rows.sigmoid_entropy import SigmoidCrossEntropy

BRIDLE = "Bridle 1990, Probabilistic interpretation of feedforward classification network outputs"
BLANCHARD = "Blanchard, Higham & Higham 2021, Accurately computing the log-sum-exp and softmax functions, IMA J. Numer. Anal. 41"

softmax = RowFunction(
    RowRecord(
        "softmax",
        "Softmax, e^x over the sum of e^x of its row. Elements at +inf share the row; a row of nothing but -inf gives 0.",
        r"e^{x_i} / \sum_j e^{x_j}",
        "softmax",
        BRIDLE,
        budget=(3.0, 3.3),
        gradient=(2.7, 4.8),
    )
)
softmin = RowFunction(
    RowRecord(
        "softmin",
        "Softmin, the softmax of -x. Elements at -inf share the row; masked elements give 0.",
        r"e^{-x_i} / \sum_j e^{-x_j}",
        "softmax",
        BRIDLE,
        budget=(3.0, 3.3),
        gradient=(2.7, 4.8),
        sign=-1.0,
    )
)
log_softmax = RowFunction(
    RowRecord(
        "log_softmax",
        "Logarithm of the softmax, with full relative accuracy also at the maximum. A row of nothing but -inf gives -inf.",
        r"x_i - \log \sum_j e^{x_j}",
        "log_softmax",
        BLANCHARD,
        budget=(1.8, 3.6),
        gradient=(3.7, 3.9),
    )
)
logsumexp = RowFunction(
    RowRecord(
        "logsumexp",
        "Logarithm of the sum of e^x of a row, one number a row. A row of nothing but -inf gives -inf.",
        r"\log \sum_j e^{x_j}",
        "logsumexp",
        BLANCHARD,
        budget=(1.8, 4.5),
        gradient=(2.9, 3.9),
        reduces=True,
    )
)
hardmax = RowFunction(
    RowRecord(
        "hardmax",
        "Hardmax, 1 at the first maximum of a row and 0 elsewhere; the gradient is 0. A row of nothing but -inf gives 0.",
        r"[i = \min \arg\max_j x_j]",
        "hardmax",
        "limit of softmax(βx) for β to infinity, where the maximum is unique",
        budget=(0.0, 0.0),
        gradient=(0.0, 0.0),
        flat=True,
    )
)
sparsemax = RowFunction(
    RowRecord(
        "sparsemax",
        "Sparsemax, the Euclidean projection of a row on the simplex, with the gradient of its support. An empty row gives 0.",
        r"\max(x_i - \tau, 0),\ \sum_j \max(x_j - \tau, 0) = 1",
        "sparsemax",
        "Martins & Astudillo 2016, arXiv:1602.02068",
        budget=(0.5, 0.8),
        gradient=(1.5, 1.8),
    )
)
softmax_cross_entropy = SoftmaxCrossEntropy()
sigmoid_cross_entropy = SigmoidCrossEntropy()
ROWS = (softmax, log_softmax, softmin, hardmax, sparsemax, logsumexp)
