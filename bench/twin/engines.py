"""The sides of the comparison: how each engine is started and how its output is read.

A side is a dict: name, command, env, cwd, and read(measurement) -> facts. Facts that all sides of a
section share carry the same key, so that a reader sees at once that the model is the same.
"""
import json
import os
import re
import sys

from measure import find_program, run_process

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PEERS = os.path.join(os.path.dirname(HERE), "peers")

MM1_OBJECTS = 1000000


class Unreadable(Exception):
    """A process ended well, but did not print what was agreed."""


# ---- Lineshaft -----------------------------------------------------------------------------------


class Lineshaft:
    """The binary under test: always the ordinary one, through its ordinary command line."""

    def __init__(self, program):
        self.program = program

    def is_here(self):
        return os.access(self.program, os.X_OK)

    def version(self):
        found = run_process([self.program, "--version"], limit_s=20)
        return " ".join(found.stdout.split()) or "unknown"

    def twin_run(self, plant, duration, reps=1, seed=1, workers=1, warmup="0 s"):
        return [self.program, "twin", "run", plant, "--for", duration, "--warmup", warmup,
                "--reps", str(reps), "--seed", str(seed), "--workers", str(workers), "--json"]

    def import_smt2020(self, data, plant, compat):
        command = [self.program, "import", "smt2020", data, "-o", plant]
        return command + (["--compat", "pyscfabsim"] if compat else [])

    def side(self, name, plant, duration, **options):
        return {"name": name, "command": self.twin_run(plant, duration, **options),
                "read": read_lineshaft}


# Where a fact stands in the JSON of `twin run`: the first path that exists is taken.
LINESHAFT_FACTS = {
    "events": ("events", "run.events", "totals.events"),
    "lots_done": ("lots_done", "run.lots_done", "totals.lots_done", "done"),
    "run_wall_s": ("wall_s", "run.wall_s", "run_wall_s", "wall_seconds"),
    "hash": ("hash", "run.hash"),
    "state_bytes": ("state_bytes", "run.state_bytes"),
}


def look_up(document, dotted):
    for part in dotted.split("."):
        if isinstance(document, dict) and part in document:
            document = document[part]
        else:
            return None
    return document


def read_lineshaft(measurement):
    try:
        document = json.loads(measurement.stdout)
    except ValueError as error:
        raise Unreadable("no JSON on stdout: %s" % error)
    facts = {}
    for key, paths in LINESHAFT_FACTS.items():
        for path in paths:
            value = look_up(document, path)
            if value is not None:
                facts[key] = value
                break
    for key in ("events", "lots_done", "run_wall_s"):
        if key not in facts:
            raise Unreadable("the JSON has none of %s" % ", ".join(LINESHAFT_FACTS[key]))
    facts["document"] = document
    return facts


# ---- peers with the M/M/1 queue ------------------------------------------------------------------


def read_cimba(measurement):
    found = re.search(r"Average system time ([0-9.]+)", measurement.stdout)
    if not found:
        raise Unreadable("no average system time in the output")
    return {"lots_done": MM1_OBJECTS, "mean_time_in_system": float(found.group(1))}


def note_beside(path):
    """The version and flags a person wrote down when building that peer."""
    try:
        with open(path + ".txt", encoding="utf-8") as note:
            return " ".join(note.read().split())
    except OSError:
        return "version and flags not noted"


def cimba_sides():
    for name, variable, file_name in (("Cimba, profile-guided", "CIMBA_MM1_PGO", "cimba-mm1-pgo"),
                                      ("Cimba, release", "CIMBA_MM1", "cimba-mm1")):
        path = os.environ.get(variable, os.path.join(PEERS, file_name))
        if os.access(path, os.X_OK):
            yield {"name": name, "command": [os.path.abspath(path)], "read": read_cimba,
                   "version": note_beside(path)}
        else:
            yield {"name": name, "absent": "set %s" % variable}


def read_simpy(measurement):
    try:
        facts = json.loads(measurement.stdout)
    except ValueError as error:
        raise Unreadable("no JSON on stdout: %s" % error)
    return {"lots_done": facts["objects"], "mean_time_in_system": facts["mean_time_in_system"],
            "run_wall_s": facts["run_wall_s"],
            "version": facts["engine"] + ", " + facts["interpreter"]}


def simpy_sides():
    model = os.path.join(HERE, "mm1_simpy.py")
    python = os.path.join(PEERS, "simpy-venv", "bin", "python")
    if not os.access(python, os.X_OK):
        yield {"name": "SimPy, CPython", "absent": "run bench/twin/peers"}
        yield {"name": "SimPy, PyPy", "absent": "run bench/twin/peers"}
        return
    yield {"name": "SimPy, CPython", "command": [python, model], "read": read_simpy}
    pypy = find_program("pypy3")
    where = run_process([python, "-c", "import simpy, os; print(os.path.dirname(os.path.dirname("
                                       "simpy.__file__)))"], limit_s=60).stdout.strip()
    if pypy and where:
        # SimPy is pure Python: PyPy reads the very files that CPython reads.
        yield {"name": "SimPy, PyPy", "command": [pypy, model], "env": {"PYTHONPATH": where},
               "read": read_simpy}
    else:
        yield {"name": "SimPy, PyPy", "absent": "needs pypy3"}


# ---- the peer with SMT2020 -----------------------------------------------------------------------


def read_pyscfabsim(measurement):
    """Rows `class raw planned actual finished on-time ...` up to a rule of dashes; in days."""
    classes = {}
    for line in measurement.stdout.splitlines():
        words = line.split()
        if line.startswith("---"):
            break
        if len(words) >= 6 and re.match(r"(SuperHot|Hot)?Lot_\d+$", words[0]):
            classes[words[0]] = {"lots_done": int(words[4]), "mean_cycle_time_d": float(words[3]),
                                 "planned_d": float(words[2]), "on_time_percent": float(words[5])}
    if not classes:
        raise Unreadable("no table of lots in the output")
    return smt2020_facts(classes)


def smt2020_facts(classes):
    regular = {name: row for name, row in classes.items() if name.startswith("Lot_")}
    regular_done = sum(row["lots_done"] for row in regular.values())
    facts = {"lots_done": sum(row["lots_done"] for row in classes.values()), "classes": classes}
    if regular_done:
        facts["mean_cycle_time_regular_d"] = round(sum(
            row["lots_done"] * row["mean_cycle_time_d"] for row in regular.values())
            / regular_done, 2)
        all_done = facts["lots_done"]
        facts["on_time_percent"] = round(sum(
            row["lots_done"] * row["on_time_percent"] for row in classes.values()) / all_done, 1)
    return facts


def pyscfabsim_side(dataset, rule, days, seed):
    name = "PySCFabSim, PyPy"
    folder = os.environ.get("PYSCFABSIM_DIR", os.path.join(PEERS, "pyscfabsim"))
    pypy = find_program("pypy3")
    if not os.path.isfile(os.path.join(folder, "main.py")):
        return {"name": name, "absent": "set PYSCFABSIM_DIR"}
    if not pypy:
        return {"name": name, "absent": "needs pypy3"}
    os.makedirs(os.path.join(folder, "greedy"), exist_ok=True)  # it writes its own report there
    commit = run_process(["git", "-C", folder, "rev-parse", "--short=8", "HEAD"], limit_s=20)
    return {
        "name": name,
        "command": [pypy, "main.py", "--days", str(days), "--dataset", "SMT2020_" + dataset,
                    "--dispatcher", rule, "--seed", str(seed), "--alg", "l4m"],
        "cwd": folder,
        "read": read_pyscfabsim,
        "version": "commit %s, %s" % (commit.stdout.strip() or "unknown", pypy_version(pypy)),
    }


def pypy_version(pypy):
    return run_process([pypy, "-c", "import sys; print('PyPy %d.%d.%d, Python %d.%d' % "
                        "(sys.pypy_version_info[:3] + sys.version_info[:2]))"],
                       limit_s=30).stdout.strip()


def own_version():
    return "Python %d.%d.%d" % sys.version_info[:3]


# ---- what our JSON says about lots ---------------------------------------------------------------


def mean_of(figures, name):
    """The mean of one figure; None where no lot gave it a value."""
    return (figures.get(name) or {}).get("mean")


def mean_cycle_time_s(document):
    """Mean time in system over all lots that are done, in seconds."""
    return mean_of(document.get("total") or {}, "cycle_time_mean_s")


def smt2020_classes(document):
    """The classes as the peer counts them: a hot lot is a class beside the ordinary one."""
    classes = {}
    for row in document.get("classes") or []:
        done = mean_of(row, "done")
        if done:
            classes[row["name"]] = {
                "lots_done": round(done),
                "mean_cycle_time_d": round(mean_of(row, "cycle_time_mean_s") / 86400, 2),
                "on_time_percent": round(100 * (mean_of(row, "on_time") or 0), 1)}
    return classes


def read_smt2020_lineshaft(measurement):
    facts = read_lineshaft(measurement)
    classes = smt2020_classes(facts["document"])
    if classes:
        lots_done = facts["lots_done"]
        facts.update(smt2020_facts(classes))
        facts["lots_done"] = lots_done
    return facts
