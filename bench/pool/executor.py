"""Jobs that really run, on this machine: Lineshaft beside Slurm, GNU parallel and task-spooler.

The job is the shortest there is (stamp.c: it writes down when it started). Two questions: from the
start of the submitting command to the start of the job, one after another on an idle pool; and how
many jobs a second get through when many are there at once.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import slurm_here

SLOTS = 4
# Slurm takes its time to give a slot back: with as few as the others have it does 5 jobs a second.
SLURM_SLOTS = 64


def percentile(values, share):
    """The least value that so many of the values do not exceed."""
    values = sorted(values)
    return values[min(len(values) - 1, max(0, -(-int(share * 1000) * len(values) // 1000) - 1))]


class Stamps:
    """The file that jobs write into."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "stamps")
        self.clear()

    def clear(self):
        open(self.path, "w").close()

    def read(self):
        with open(self.path, encoding="ascii") as source:
            return [int(line) for line in source.read().split("\n")[:-1]]

    def wait(self, count, limit_s):
        end = time.monotonic() + limit_s
        size = 20 * count
        while os.path.getsize(self.path) < size:
            if time.monotonic() > end:
                raise RuntimeError("%d of %d jobs ran in %d s" % (len(self.read()), count, limit_s))
            time.sleep(0.0005)
        return self.read()


class Side:
    """One way of running jobs. submit(job): one, returns when it is taken; many(job, n): n of them."""
    name = ""

    def __init__(self, env=None):
        self.env = {**os.environ, **(env or {})}

    def call(self, command, **more):
        done = subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL if "input" not in more else None,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        if done.returncode != 0:
            raise RuntimeError("%s: exit code %d: %s" % (self.name, done.returncode, done.stderr[-300:]))
        return done.stdout

    def version(self):
        return ""


class Slurm(Side):
    name = "Slurm, sbatch"

    def __init__(self, slurm):
        super().__init__(slurm.env)
        self.slurm = slurm

    def version(self):
        return self.slurm.version()

    def submit(self, job):
        self.call(["sbatch", "-Q", "-o", "/dev/null", "--wrap", " ".join(job)])

    def many(self, job, count):
        self.call(["sbatch", "-Q", "-o", "/dev/null", "--array=1-%d" % count, "--wrap", " ".join(job)])


class Parallel(Side):
    name = "GNU parallel"

    def version(self):
        return self.call(["parallel", "--version"]).split("\n")[0]

    def submit(self, job):
        self.call(["parallel", "-j", "1", "--will-cite", ":::", " ".join(job)])

    def many(self, job, count):
        self.call(["parallel", "-j", str(SLOTS), "--will-cite"], input="\n".join([" ".join(job)] * count))


class Spooler(Side):
    name = "task-spooler"

    def __init__(self, folder):
        super().__init__({"TS_SOCKET": folder + "/tsp.socket", "TS_SLOTS": str(SLOTS), "TMPDIR": folder,
                          "TS_MAXFINISHED": "100"})

    def version(self):
        return self.call(["tsp", "-V"]).split("\n")[0]

    def submit(self, job):
        self.call(["tsp", "-n"] + job)

    def many(self, job, count):
        for _ in range(count):
            self.submit(job)

    def close(self):
        self.call(["tsp", "-K"])


def latencies(side, job, stamps, count):
    """Milliseconds from the start of the submitting command to the start of the job, one at a time."""
    times = []
    stamps.clear()
    for done in range(count):
        began = time.time_ns()
        side.submit(job)
        times.append((stamps.wait(done + 1, 60)[-1] - began) / 1e6)
    return times


def rate(side, job, stamps, count):
    """Jobs a second from the first submission to the start of the last one."""
    stamps.clear()
    began = time.time_ns()
    side.many(job, count)
    return count * 1e9 / (stamps.wait(count, 600)[-1] - began)


class Own(Side):
    """`lineshaft pool run` with its local socket; each submission a process of its own, as theirs."""
    name = "Lineshaft, pool submit"

    def __init__(self, program, folder):
        super().__init__()
        self.program = program
        self.socket = folder + "/pool.socket"
        pool = folder + "/here.yaml"
        with open(pool, "w", encoding="utf-8") as out:
            out.write("pool: here\nnodes: {name: here, slots: %d}\naccounts: {all: {}}\n" % SLOTS)
        self.log = open(folder + "/pool.log", "w")
        self.daemon = subprocess.Popen([program, "pool", "run", pool, "--data", folder + "/own", "--socket",
                                        self.socket, "--no-page"], stdin=subprocess.DEVNULL,
                                       stdout=self.log, stderr=self.log)
        end = time.monotonic() + 20
        while not os.path.exists(self.socket):
            if self.daemon.poll() is not None or time.monotonic() > end:
                raise RuntimeError("pool run: " + open(self.log.name).read()[-300:])
            time.sleep(0.01)

    def version(self):
        return self.call([self.program, "--version"]).split("\n")[0]

    def ask(self, job, *more):
        self.call([self.program, "pool", "submit", "--socket", self.socket, "-A", "all", "--slots", "1"]
                  + list(more) + ["--"] + job)

    def submit(self, job):
        self.ask(job)

    def many(self, job, count):
        self.ask(job, "--array", str(count))

    def close(self):
        self.daemon.terminate()
        self.daemon.wait()
        self.log.close()


def measure(side, job, stamps, count, many):
    times = latencies(side, job, stamps, count)
    rates = [rate(side, job, stamps, many) for _ in range(3)]
    return {"side": side.name, "version": side.version(), "latency_ms": times, "jobs_per_s": rates}


def run(options, tell):
    """Every side that is here, one after another; (rows, why others are absent)."""
    got, absent = [], []
    with tempfile.TemporaryDirectory(prefix="lineshaft-pool-") as folder:
        stamps = Stamps(folder)
        job = [os.path.join(options.build, "bench", "stamp"), stamps.path]
        tell("  Lineshaft")
        own = Own(os.path.join(options.build, "lineshaft"), folder)
        try:
            got.append(measure(own, job, stamps, 1000, 3000))
        finally:
            own.close()
        for program, make in (("tsp", lambda: Spooler(folder)), ("parallel", Parallel)):
            if shutil.which(program) is None:
                absent.append("%s: not available here" % program)
                continue
            tell("  " + program)
            side = make()
            got.append(measure(side, job, stamps, 100, 1000))
            getattr(side, "close", lambda: None)()
        missing = slurm_here.missing()
        if missing is not None:
            absent.append("Slurm: not available here (%s)" % missing)
        else:
            tell("  Slurm")
            with slurm_here.Slurm(folder + "/slurm", SLURM_SLOTS) as slurm:
                got.append(measure(Slurm(slurm), job, stamps, 50, 300))
    return got, absent
