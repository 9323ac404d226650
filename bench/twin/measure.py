"""Running one process and measuring it; what machine this is; medians."""
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time


class Measurement:
    """What one finished process did. Times are those of the whole process, start to exit."""

    def __init__(self, returncode, stdout, stderr, wall_s, user_s, system_s):
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr
        self.wall_s = wall_s
        self.user_s = user_s
        self.system_s = system_s


def run_process(command, cpus=None, env=None, cwd=None, limit_s=3600):
    """Runs command on the given cpus (None: all) and returns its Measurement.

    The runner moves itself onto those cpus for the start, so the child inherits them; no wrapper
    program adds its own time.
    """
    all_cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    environment = dict(os.environ, LC_ALL="C.UTF-8", **(env or {}))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if cpus and all_cpus:
            os.sched_setaffinity(0, cpus)
        started = time.perf_counter()
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       env=environment, cwd=cwd)
        finally:
            if cpus and all_cpus:
                os.sched_setaffinity(0, all_cpus)
        timer = threading.Timer(limit_s, process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            timer.cancel()
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Measurement(process.returncode, out.read().decode(errors="replace"),
                           err.read().decode(errors="replace"), wall_s, usage.ru_utime,
                           usage.ru_stime)


def spread(values):
    """Median, least and greatest of the values; None where there are none."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return {"median": statistics.median(known), "min": min(known), "max": max(known),
            "count": len(known)}


def cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine() or "unknown"


def machine():
    """The machine in words that say nothing of whose it is: no host name, no paths."""
    try:
        load_1min = round(os.getloadavg()[0], 2)
    except OSError:
        load_1min = None
    return {
        "cpu": cpu_model(),
        "cpus": len(usable_cpus()),
        "system": platform.system() + " " + platform.release().split("-")[0],
        "load_1min_at_start": load_1min,
    }


def usable_cpus():
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def machine_slug(description):
    words = re.sub(r"\b(processor|cpu|with|radeon|graphics|\d+-core|@.*)\b|\((r|tm)\)", " ",
                   description["cpu"].lower())
    slug = re.sub(r"[^a-z0-9]+", "-", words).strip("-") or "unknown"
    return "%s-%dcpu" % (slug[:48].strip("-"), description["cpus"])


def find_program(name):
    return shutil.which(name)


# Student's t, 97.5 %, for 1 to 30 degrees of freedom.
T975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042]


def interval(values):
    """Mean and half width of the 95 % interval."""
    if len(values) < 2:
        return statistics.mean(values), math.inf
    t = T975[len(values) - 2] if len(values) <= 31 else 1.96
    return statistics.mean(values), t * statistics.stdev(values) / math.sqrt(len(values))
