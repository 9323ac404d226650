"""A whole Slurm on this machine for a while: munge, one controller, one node with so many processors.

Everything lies in one folder; nothing of /etc is read, nothing listens outside loopback. As the
user who calls; without accounting, cgroups or systemd.
"""
import os
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "sinfo")
CONF = """ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
SlurmctldPort={port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,default_queue_depth=5000,bf_interval=5,bf_continue,max_rpc_cnt=150
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MaxJobCount=50000
MaxArraySize=20001
MinJobAge=10
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={node_port} CPUs={slots} State=UNKNOWN
PartitionName=pool Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """The first of its programs that is not here, or None."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    return next((name for name in PROGRAMS if shutil.which(name) is None), None)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Slurm:
    """`with Slurm(folder, slots) as slurm:`; slurm.env is what its commands need."""

    def __init__(self, folder, slots):
        self.folder, self.slots = folder, slots
        self.env = {"SLURM_CONF": folder + "/slurm.conf", "MUNGE_SOCKET": folder + "/munge.socket"}

    def version(self):
        return self.call("sbatch", "--version").stdout.strip()

    def call(self, *command, **more):
        return subprocess.run(command, env={**os.environ, **self.env}, capture_output=True, text=True, **more)

    def wait(self, what, limit_s=30):
        end = time.monotonic() + limit_s
        while not what():
            if time.monotonic() > end:
                raise RuntimeError("Slurm did not come up in %d s" % limit_s)
            time.sleep(0.1)

    def __enter__(self):
        for name in ("", "/state", "/spool"):
            os.makedirs(self.folder + name, exist_ok=True)
        os.chmod(self.folder, 0o711)
        key = self.folder + "/munge.key"
        with open(key, "wb") as out:
            out.write(os.urandom(1024))
        os.chmod(key, 0o600)
        try:
            subprocess.run(["munged", "--force", "--key-file=" + key, "--socket=" + self.env["MUNGE_SOCKET"],
                            "--pid-file=%s/munged.pid" % self.folder, "--log-file=%s/munged.log" % self.folder,
                            "--seed-file=%s/munge.seed" % self.folder], check=True, capture_output=True)
            user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
            with open(self.env["SLURM_CONF"], "w", encoding="utf-8") as out:
                out.write(CONF.format(host=socket.gethostname().split(".")[0], user=user, folder=self.folder,
                                      port=free_port(), node_port=free_port(), slots=self.slots))
            self.call("slurmctld", "-c", check=True)
            self.wait(lambda: "UP" in self.call("scontrol", "ping").stdout)
            self.call("slurmd", "-N", "n1", check=True)
            self.wait(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T").stdout)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in ("slurmd", "slurmctld", "munged"):
            try:
                with open("%s/%s.pid" % (self.folder, name), encoding="utf-8") as source:
                    pid = int(source.read())
                os.kill(pid, signal.SIGTERM)
                for _ in range(100):
                    os.kill(pid, 0)
                    time.sleep(0.05)
                os.kill(pid, signal.SIGKILL)
            except (OSError, ValueError):
                pass
