"""A private Mosquitto for one benchmark, and what is asked of Linux about a process."""
import os
import re
import shutil
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Absent(Exception):
    """A program that is needed is not here."""


def find(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Absent("no %s" % name)
    return path


def version(name):
    """What a program of Mosquitto's says of itself."""
    got = subprocess.run([find(name), "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    found = re.search(r"version ([0-9][0-9.]*)", got.stdout)
    return "%s %s" % (name, found.group(1) if found else "?")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """Anonymous, on loopback, drops nothing."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = "mqtt://127.0.0.1:%d" % self.port
        config = os.path.join(folder, "mosquitto.conf")
        user = "root" if os.geteuid() == 0 else "mosquitto"
        with open(config, "w", encoding="utf-8") as out:
            out.write("user %s\nlistener %d 127.0.0.1\nallow_anonymous true\n"
                      "set_tcp_nodelay true\nmax_queued_messages 0\nmax_inflight_messages 200\n"
                      "log_type none\n" % (user, self.port))
        self.process = subprocess.Popen([find("mosquitto"), "-c", config],
                                        stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.01)

    def stop(self):
        self.process.terminate()
        self.process.wait()


# ---- of a running process, from /proc


def cpu_s(pid):
    """Of all its threads, user and system."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_exact_s(pid):
    """Like cpu_s, to the nanosecond where Linux says it (sum over threads that live)."""
    total = 0
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, thread), encoding="utf-8") as text:
                total += int(text.read().split()[0])
    except (OSError, ValueError, IndexError):
        return cpu_s(pid)
    return total * 1e-9


def memory_mib(pid):
    """Resident now, and at most so far."""
    facts = {}
    with open("/proc/%d/status" % pid, encoding="utf-8") as status:
        for line in status:
            key, value = line.split(":", 1)
            facts[key] = value.split()
    return int(facts["VmRSS"][0]) / 1024, int(facts["VmHWM"][0]) / 1024


def child_named(pid, name):
    """A child process of that name, or None."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, encoding="utf-8") as stat:
                    text = stat.read()
            except OSError:
                continue
            parent = int(text.rsplit(")", 1)[1].split()[1])
            if parent == pid and "(%s)" % name in text:
                return int(entry)
    return None
