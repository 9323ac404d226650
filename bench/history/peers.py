"""InfluxDB and a plain PostgreSQL table, each a private server in a folder of its own."""
import glob
import http.client
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.parse

TICKS = os.sysconf("SC_CLK_TCK")
START_US = 1700000000000000
POSTGRES_EPOCH_US = 946684800000000


class Absent(Exception):
    """The peer is not there, or did not start; the message says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def folder_bytes(path):
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(folder, name))
            except OSError:
                pass
    return total


def cpu_s(pid):
    """Processor time of a process, its threads, and its children, ended or not."""
    total = 0.0
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total = sum(int(field) for field in fields[11:15]) / TICKS
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, task), encoding="ascii") as children:
                for child in children.read().split():
                    total += cpu_s(int(child))
    except (OSError, IndexError):
        pass
    return total


def wait_for(answers, process, seconds=60):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise Absent("it ended with code %d" % process.returncode)
        if answers():
            return
        time.sleep(0.1)
    raise Absent("it did not answer in %d s" % seconds)


def value_at(row, tag):
    """The same kind of value as history_bench makes: two decimals, slow changes, noise."""
    noise = ((row * 2654435761 + tag * 40503) >> 7) % 200
    return 6000 + (row * 7 + tag * 37) % 900 + noise


class Influx:
    name = "InfluxDB"

    def __init__(self, folder):
        self.program = shutil.which("influxd") or "/usr/bin/influxd"
        if not os.access(self.program, os.X_OK):
            raise Absent("no influxd")
        self.folder = os.path.join(folder, "influx")
        os.makedirs(self.folder)
        self.port, rpc = free_port(), free_port()
        path = os.path.join(self.folder, "influxdb.conf")
        with open(path, "w", encoding="utf-8") as conf:
            conf.write('reporting-disabled = true\nbind-address = "127.0.0.1:%d"\n'
                       '[meta]\n  dir = "%s/meta"\n[data]\n  dir = "%s/data"\n'
                       '  wal-dir = "%s/wal"\n  query-log-enabled = false\n'
                       '[http]\n  bind-address = "127.0.0.1:%d"\n  log-enabled = false\n'
                       '[monitor]\n  store-enabled = false\n'
                       % (rpc, self.folder, self.folder, self.folder, self.port))
        self.process = subprocess.Popen([self.program, "-config", path],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(self.answers, self.process)
            self.ask("POST", "/query", q="CREATE DATABASE b")
        except BaseException:
            self.stop()
            raise

    def version(self):
        text = subprocess.run([self.program, "version"], capture_output=True, text=True,
                              check=False).stdout
        return " ".join(text.split()[:2])

    def answers(self):
        try:
            self.ask("GET", "/ping")
            return True
        except OSError:
            return False

    def ask(self, method, path, body=None, **query):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path + "?" + urllib.parse.urlencode(query), body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise OSError("HTTP %d: %s" % (answer.status, text[:200]))
        return text

    def append(self, tags, rows, step_s):
        """Line protocol, 5000 lines a request over one connection; the texts are made before."""
        bodies, lines = [], []
        for row in range(rows):
            at = START_US + row * step_s * 1000000
            for tag in range(tags):
                lines.append("m,sensor=t%d v=%.2f %d" % (tag, value_at(row, tag) / 100, at))
                if len(lines) == 5000:
                    bodies.append("\n".join(lines).encode())
                    lines = []
        if lines:
            bodies.append("\n".join(lines).encode())
        cpu, wall = cpu_s(self.process.pid), time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        for body in bodies:
            connection.request("POST", "/write?db=b&precision=u", body)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise OSError("HTTP %d: %s" % (answer.status, text[:200]))
        connection.close()
        return {"cpu_s": cpu_s(self.process.pid) - cpu, "wall_s": time.monotonic() - wall}

    def settle(self):
        """Bytes on disk right after; what its write-ahead log holds is not compacted yet."""
        return folder_bytes(os.path.join(self.folder, "data")) + folder_bytes(
            os.path.join(self.folder, "wal"))

    def day(self, tag, from_us):
        query = "SELECT v FROM m WHERE sensor = 't%d' AND time >= %d AND time < %d" % (
            tag, from_us * 1000, (from_us + 86400000000) * 1000)
        before = time.monotonic()
        text = self.ask("GET", "/query", db="b", epoch="u", q=query)
        return time.monotonic() - before, text.count(b"],[") + 1

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres:
    name = "PostgreSQL table, COPY"

    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found:
            raise Absent("no initdb")
        self.bin = os.path.dirname(found[-1])
        self.folder = os.path.join(folder, "postgres")
        os.makedirs(self.folder)
        self.user = {}
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chmod(folder, 0o755)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.user = {"user": owner.pw_uid, "group": owner.pw_gid}
        self.port = free_port()
        data = os.path.join(self.folder, "data")
        made = subprocess.run([self.bin + "/initdb", "-D", data, "-A", "trust", "-U", "bench",
                               "--no-sync"], capture_output=True, text=True, check=False,
                              cwd=self.folder, **self.user)
        if made.returncode != 0:
            raise Absent("initdb: " + made.stderr.strip()[-200:])
        self.process = subprocess.Popen(
            [self.bin + "/postgres", "-D", data, "-p", str(self.port), "-k", "",
             "-c", "listen_addresses=127.0.0.1"], cwd=self.folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **self.user)
        try:
            wait_for(lambda: self.psql("select 1").returncode == 0, self.process)
        except BaseException:
            self.stop()
            raise

    def version(self):
        text = subprocess.run([self.bin + "/postgres", "--version"], capture_output=True,
                              text=True, check=False).stdout
        return " ".join(text.replace("(", "").replace(")", "").split()[1:3])

    def psql(self, text):
        return subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench",
                               "-d", "postgres", "-XqAt", "-c", text], capture_output=True,
                              text=True, check=False)

    def append(self, tags, rows, step_s):
        """Binary COPY of 500,000 rows a time into a table without an index."""
        parts, part, count = [], None, 0
        for row in range(rows):
            at = START_US - POSTGRES_EPOCH_US + row * step_s * 1000000
            for tag in range(tags):
                if part is None:
                    part = bytearray(b"PGCOPY\n\xff\r\n\0" + b"\0" * 8)
                part += struct.pack("!hiiiqid", 3, 4, tag, 8, at, 8, value_at(row, tag) / 100)
                count += 1
                if count % 500000 == 0:
                    parts.append(bytes(part) + b"\xff\xff")
                    part = None
        if part is not None:
            parts.append(bytes(part) + b"\xff\xff")
        self.psql("create table samples (tag int not null, at timestamptz not null,"
                  " value double precision not null)")
        cpu, wall = cpu_s(self.process.pid), time.monotonic()
        for part in parts:
            got = subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench",
                                  "-d", "postgres", "-Xq", "-c",
                                  "copy samples from stdin with (format binary)"],
                                 input=part, capture_output=True, check=False)
            if got.returncode != 0:
                raise OSError(got.stderr.decode(errors="replace")[:200])
        return {"cpu_s": cpu_s(self.process.pid) - cpu, "wall_s": time.monotonic() - wall}

    def settle(self):
        size = int(self.psql("select pg_total_relation_size('samples')").stdout or 0)
        # The question about one day needs an index; what appending costs was measured without.
        self.psql("create index on samples (tag, at)")
        self.psql("analyze samples")
        return size

    def day(self, tag, from_us):
        text = ("\\timing on\nselect at, value from samples where tag = %d and"
                " at >= to_timestamp(%d) and at < to_timestamp(%d);"
                % (tag, from_us // 1000000, from_us // 1000000 + 86400))
        got = subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench",
                              "-d", "postgres", "-XAt"], input=text, capture_output=True,
                             text=True, check=False)
        lines = got.stdout.strip().splitlines()
        times = [line for line in lines if line.startswith("Time: ")]
        if not times:
            raise OSError(got.stderr[:200])
        return float(times[-1].split()[1]) / 1000, sum("|" in line for line in lines)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


PEERS = (Influx, Postgres)
