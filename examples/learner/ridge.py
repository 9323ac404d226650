#!/usr/bin/env python3
"""A learner of one's own for `lineshaft model train`: ridge regression, standard library alone.

usage: ridge.py DATASET SEED

Reads the dataset file (docs/MODELS.md describes it) and prints a model in the linear format. In the
plant file: `learner: ./ridge.py`, a path from the folder of the plant file.
"""
import array
import hashlib
import json
import math
import struct
import sys

RIDGE = 1.0  # on features of unit deviation, against as many rows as there are


def read_dataset(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:8] != b"LSDATA1\n" or hashlib.sha256(data[:-32]).digest() != data[-32:]:
        sys.exit("ridge.py: %s is no whole dataset" % path)
    size = struct.unpack_from("<Q", data, 8)[0]
    header = json.loads(data[16:16 + size])
    rows, columns = header["rows"], len(header["columns"])
    at = 16 + size
    values = array.array("f", data[at:at + 4 * rows * columns])
    at += 4 * rows * columns + 4 * rows * columns % 8
    at += 16 * rows  # moments, and when labels became known
    labels = array.array("d", data[at:at + 8 * rows])
    return header["columns"], [values[r * columns:(r + 1) * columns] for r in range(rows)], labels


def solve(a, b):
    """Gauss-Jordan with pivots; a is symmetric and positive because of the ridge."""
    n = len(b)
    rows = [a[i] + [b[i]] for i in range(n)]
    for i in range(n):
        best = max(range(i, n), key=lambda k: abs(rows[k][i]))
        rows[i], rows[best] = rows[best], rows[i]
        for k in range(n):
            if k != i and rows[k][i] != 0.0:
                factor = rows[k][i] / rows[i][i]
                rows[k] = [x - factor * y for x, y in zip(rows[k], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    names, rows, labels = read_dataset(sys.argv[1])
    columns, count = len(names), len(rows)
    typical, scale = [], []
    for c in range(columns):
        known = [row[c] for row in rows if not math.isnan(row[c])]
        mean = sum(known) / len(known) if known else 0.0
        deviation = math.sqrt(sum((x - mean) ** 2 for x in known) / len(known)) if known else 0.0
        typical.append(mean)
        scale.append(deviation if deviation > 0.0 else 1.0)
    x = [[0.0 if math.isnan(v) else (v - m) / s for v, m, s in zip(row, typical, scale)] for row in rows]
    mean = sum(labels) / count
    a = [[sum(row[i] * row[k] for row in x) + (RIDGE if i == k else 0.0) for k in range(columns)]
         for i in range(columns)]
    b = [sum(row[i] * (y - mean) for row, y in zip(x, labels)) for i in range(columns)]
    w = [v / s for v, s in zip(solve(a, b), scale)]
    print(json.dumps({
        "format": "lineshaft linear", "version": 1,
        "intercept": mean - sum(v * m for v, m in zip(w, typical)),
        "features": [{"name": n, "coefficient": v, "typical": m} for n, v, m in zip(names, w, typical)],
    }))


main()
