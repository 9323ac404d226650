#!/usr/bin/env python3
"""Asks a running service by the Open Inference Protocol with a client that is not ours: tritonclient.

    check.py HOST:PORT TOKEN ROWS.json

ROWS.json holds {"model", "version", "columns", "rows", "prediction", "low", "high"}: rows with null
where a value is missing, and what the model must say of them, to the bit; and, where there are some,
"challenger": {"version", "prediction"} and "classes": {"model", "names", "prediction",
"probabilities"}. Prints what is wrong and `N passed, N failed`.
"""
import json
import sys

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

address, token, path = sys.argv[1:]
wanted = json.load(open(path))
model, version, columns = wanted["model"], str(wanted["version"]), wanted["columns"]
rows = np.array(wanted["rows"], dtype=np.float32)  # null becomes NaN
headers = {"Authorization": "Bearer " + token}
counts = [0, 0]


def check(fine, what):
    counts[0 if fine else 1] += 1
    if not fine:
        print("FAIL", what)


def same(got, name):
    expected = np.array(wanted[name], dtype=np.float64)
    return got is not None and got.dtype == np.float64 and np.array_equal(got, expected)


def matrix(values, datatype):
    tensor = http.InferInput("features", list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=False)
    return tensor


def refused(what, status, part, ask):
    try:
        ask()
        check(False, what + ": was not refused")
    except InferenceServerException as error:
        check(str(status) in str(error.status()) and part in error.message(),
              "%s: %s %s" % (what, error.status(), error.message()))


client = http.InferenceServerClient(url=address)
check(client.is_server_live(headers=headers), "the server lives")
check(client.is_server_ready(headers=headers), "the server is ready")
check(client.is_model_ready(model, headers=headers), "the model is ready")
check(client.is_model_ready(model, version, headers=headers), "its version is ready")
check(not client.is_model_ready("none", headers=headers), "another is not")
check(client.get_server_metadata(headers=headers)["name"] == "lineshaft", "its name")
about = client.get_model_metadata(model, headers=headers)
check(about["name"] == model and version in about["versions"], "the model's name and version")
check(about["inputs"][0]["parameters"]["columns"] == columns, "its columns")
check([t["name"] for t in about["outputs"]][:3] == ["prediction", "low", "high"], "its outputs")

got = client.infer(model, [matrix(rows, "FP32")], headers=headers, request_id="42")
for name in ("prediction", "low", "high"):
    check(same(got.as_numpy(name), name), "all rows at once: " + name)
check(got.get_response()["id"] == "42" and got.get_response()["model_version"] == version, "id and version")
got = client.infer(model, [matrix(rows.astype(np.float64), "FP64")], model_version=version, headers=headers,
                   outputs=[http.InferRequestedOutput("high", binary_data=False)])
check(same(got.as_numpy("high"), "high") and got.as_numpy("prediction") is None, "FP64, one output of a version")

tensors = []
for i in reversed(range(len(columns))):  # in another order, by name
    tensor = http.InferInput(columns[i], [len(rows)], "FP32")
    tensor.set_data_from_numpy(rows[:, i], binary_data=False)
    tensors.append(tensor)
check(same(client.infer(model, tensors, headers=headers).as_numpy("prediction"), "prediction"), "a tensor a feature")
one = [client.infer(model, [matrix(row.reshape(1, -1), "FP32")], headers=headers).as_numpy("prediction")[0]
       for row in rows]
check(one == wanted["prediction"], "row by row over one connection")

if "challenger" in wanted:
    other = wanted["challenger"]
    check(about["versions"] == sorted([version, str(other["version"])]), "champion and challenger may be asked")
    got = client.infer(model, [matrix(rows, "FP32")], model_version=str(other["version"]), headers=headers)
    check(got.as_numpy("prediction").tolist() == other["prediction"], "the challenger by its number")
if "classes" in wanted:
    classes = wanted["classes"]
    about = client.get_model_metadata(classes["model"], headers=headers)
    told = [t for t in about["outputs"] if t["name"] == "probabilities"]
    check(told and told[0]["shape"] == [-1, len(classes["names"])] and told[0]["parameters"]["classes"] == classes["names"],
          "names of classes")
    got = client.infer(classes["model"], [matrix(rows, "FP32")], headers=headers)
    check(np.array_equal(got.as_numpy("probabilities"), np.array(classes["probabilities"])), "probabilities")
    check(got.as_numpy("prediction").tolist() == classes["prediction"], "the likeliest class")

refused("no token", 401, "token", lambda: client.get_model_metadata(model))
refused("no such model", 404, "there is no model 'none'", lambda: client.infer("none", [matrix(rows, "FP32")], headers=headers))
refused("no such version", 404, "does not serve", lambda: client.infer(model, [matrix(rows, "FP32")], model_version="999", headers=headers))
refused("a column too few", 400, "inputs[0].shape", lambda: client.infer(model, [matrix(np.ascontiguousarray(rows[:, 1:]), "FP32")], headers=headers))
refused("another output", 400, "outputs[0].name", lambda: client.infer(
    model, [matrix(rows, "FP32")], headers=headers, outputs=[http.InferRequestedOutput("score", binary_data=False)]))
binary = http.InferInput("features", list(rows.shape), "FP32")
binary.set_data_from_numpy(rows)
refused("a tensor behind the JSON", 400, "", lambda: client.infer(model, [binary], headers=headers))
check(client.is_server_live(headers=headers), "the server still lives")
print("%d passed, %d failed" % tuple(counts))
sys.exit(1 if counts[1] else 0)
