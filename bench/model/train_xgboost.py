"""The peer of serving_bench train: XGBoost's Python package, same rows, same parameters.

usage: PYTHON bench/model/train_xgboost.py FOLDER     (rows.f32, labels.f32, model.json are there)

Prints one JSON object: seconds of the processor and of the wall for taking the rows, learning and
saving, and whether the trees are those of model.json.
"""
import json
import os
import sys
import time

import numpy
import xgboost


def main(folder):
    rows = numpy.fromfile(os.path.join(folder, "rows.f32"), dtype=numpy.float32)
    labels = numpy.fromfile(os.path.join(folder, "labels.f32"), dtype=numpy.float32)
    rows = rows.reshape(len(labels), -1)
    parameters = {"objective": "reg:squarederror", "tree_method": "hist", "nthread": 1, "seed": 0,
                  "max_depth": 6, "eta": 0.1, "min_child_weight": 1, "lambda": 1, "max_bin": 256,
                  "base_score": 0.5, "verbosity": 0}
    cpu, wall = time.process_time(), time.perf_counter()
    matrix = xgboost.DMatrix(rows, label=labels, nthread=1)
    booster = xgboost.train(parameters, matrix, 300)
    saved = booster.save_raw("json")
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    trees = [json.loads(text)["learner"]["gradient_booster"]["model"]["trees"]
             for text in (bytes(saved), open(os.path.join(folder, "model.json"), "rb").read())]
    print(json.dumps({"version": xgboost.__version__, "cpu_s": cpu, "wall_s": wall,
                      "same_trees": trees[0] == trees[1]}))


main(sys.argv[1])
