"""Sweeps on clusters: the scripts for Slurm under an sbatch of our own, a real Slurm and MPI where there are any."""
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

import harness
from harness import N_TINY_RUNS, SCENARIO, TINY_RUNS, ProgramTest

SOME_FAILED, UNAVAILABLE = 1, 69

STUDY = SCENARIO.replace("duration = 20s", "steps = 200") \
    .replace("rate = 8Mbit/s", "rate = ${rate=1, 2, 4..8 step 2}Mbit/s") \
    .replace("rate = 4/s", "rate = ${arrivals=1, 4}/s") + "[sweep]\nrepeat = 3\n"
N_RUNS = 5 * 2 * 3

# What sbatch does, at once and one after the other: a job's number on stdout, its script for each task of the array.
SBATCH = """\
#!/bin/sh
set -eu
parsable=no
for word; do
    case $word in
        --parsable) parsable=yes ;;
        --dependency=afterany:17) ;;
        --*) echo "$word" >>options ;;
        *) script=$word ;;
    esac
done
echo "$script" >>submitted
array=$(sed -n 's/^#SBATCH --array=0-//p' "$script")
if [ -n "$array" ]; then
    for task in $(seq "$array" -1 0); do
        SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=$((array + 1)) SLURM_CPUS_PER_TASK=2 \\
            "$script" >>log 2>&1
    done
else
    "$script" >>log 2>&1
fi
if [ $parsable = yes ]; then echo "17;cluster"; else echo "Submitted batch job 18"; fi
"""


class ClusterTest(ProgramTest):
    study = STUDY

    def setUp(self):
        super().setUp()
        self.write("study.ini", self.study)
        self.expect(self.call("sweep", "run", "study.ini", "-o", "whole", "-q"), 0)
        self.whole = self.merge("whole")

    def merge(self, folder):
        self.expect(self.call("sweep", "merge", folder, "-o", "cube.h5", "-f"), 0)
        return self.read("cube.h5")


class Slurm(ClusterTest):
    def submit(self, script, *arguments):
        sbatch = self.write("bin/sbatch", SBATCH)
        sbatch.chmod(0o755)
        return subprocess.run([script, *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
                              env={"PATH": f"{sbatch.parent}:/usr/bin:/bin", "HOME": str(self.folder)}, timeout=120)

    def test_array_and_merge(self):
        folder = "a \"folder\" of $x 100%"
        result = self.call("sweep", "slurm", "study.ini", "-o", folder, "--tasks", "4", "--sbatch", "--partition=long",
                           "--sbatch", "--time=10")
        self.expect(result, 0, [])
        submit = result.stdout.rstrip("\n")
        self.assertEqual(submit, f"{self.folder.resolve()}/{folder}/slurm/submit.sh")
        array = self.read(f"{folder}/slurm/array.sh").decode()
        self.assertIn("\n#SBATCH --array=0-3\n", array)
        self.assertIn("\n#SBATCH --partition=long\n#SBATCH --time=10\n", array)
        self.assertIn("100%%/slurm/%A_%a.out", array)
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", *pathlib.Path(submit).parent.glob("*.sh")], check=True)
        done = self.submit(submit, "--nice")
        self.assertEqual((done.returncode, done.stderr), (0, ""), self.read("log"))
        self.assertEqual(self.read("options"), b"--nice\n--nice\n")
        self.assertEqual(len(self.read("submitted").splitlines()), 2)
        self.assertEqual(self.read(f"{folder}/cube.h5"), self.whole)
        self.assertEqual(len(re.findall(rb"^task \d of 4$", self.read("log"), re.MULTILINE)), 4)

    def test_tables_of_steps(self):
        result = self.call("sweep", "slurm", "study.ini", "-o", "out", "--tasks", "2", "--steps")
        self.expect(result, 0, [])
        done = self.submit(result.stdout.strip())
        self.assertEqual((done.returncode, done.stderr), (0, ""), self.read("log"))
        self.expect(self.call("sweep", "run", "study.ini", "-o", "whole", "-q", "--steps"), 0)
        self.expect(self.call("sweep", "merge", "whole", "-o", "steps.h5", "--steps"), 0)
        self.assertEqual(self.read("out/cube.h5") == self.read("steps.h5"), True, "other bytes")

    def test_what_was_asked_for_is_passed_on(self):
        result = self.call("sweep", "slurm", "study.ini", "-o", "out", "--filter", "$rate == 8 && $repetition < 2",
                           "-s", "scenario.title=it's \"$rate\"", "--max-array", "4")
        self.expect(result, 0, [])
        self.assertIn("--array=0-2\n", self.read("out/slurm/array.sh").decode())
        self.submit(result.stdout.strip())
        self.assertIn("30 runs: 4 done", self.call("sweep", "status", "out").stdout)
        self.assertIn(b"26 of 30 runs are missing", self.read("log"))


# A cluster of this machine alone, all of whose files lie in one folder.
SLURM_CONF = """\
ClusterName=edgesplit
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={port_of_node}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,sched_interval=1
PropagateResourceLimits=NONE
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=10 State=UP
"""
DAEMONS = "munged", "slurmctld", "slurmd"


class RealSlurm(ClusterTest):
    study = TINY_RUNS

    def start_cluster(self):
        """Starts munge and Slurm on the loopback interface; returns the environment of their clients."""
        found = {name: shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") for name in DAEMONS}
        missing = [name for name, path in found.items() if path is None]
        if missing or os.geteuid() != 0:
            self.skipTest(f"a Slurm of our own needs {', '.join(missing) or 'root'}")
        ports = [socket.socket() for _ in range(2)]
        for port in ports:
            port.bind(("127.0.0.1", 0))
        for name in "munge", "state", "spool":
            (self.folder / name).mkdir(mode=0o755)
        self.folder.chmod(0o755)
        self.write("munge/key", os.urandom(128)).chmod(0o400)
        self.write("slurm.conf", SLURM_CONF.format(
            host=socket.gethostname().split(".")[0], folder=self.folder, port=ports[0].getsockname()[1],
            port_of_node=ports[1].getsockname()[1]))
        for port in ports:
            port.close()
        environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        munge = self.folder / "munge"
        commands = [
            [found["munged"], "--foreground", "--force", f"--socket={munge}/socket", f"--key-file={munge}/key",
             f"--log-file={munge}/log", f"--pid-file={munge}/pid", f"--seed-file={munge}/seed"],
            [found["slurmctld"], "-D", "-i"],
            [found["slurmd"], "-D"],
        ]
        for command in commands:
            daemon = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(daemon.wait)
            self.addCleanup(daemon.terminate)
            time.sleep(0.5)
        deadline = time.monotonic() + 30
        while b"idle" not in subprocess.run(["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True,
                                            check=False, timeout=20).stdout:
            if time.monotonic() > deadline:
                self.skipTest("this machine's Slurm does not start")
            time.sleep(0.5)
        return environment

    def test_array(self):
        environment = self.start_cluster()
        result = self.call("sweep", "slurm", "study.ini", "-o", "out", "--tasks", "3", "--max-array", "3")
        self.expect(result, 0, [])
        subprocess.run([result.stdout.strip()], check=True, capture_output=True, timeout=60, env=environment)
        deadline = time.monotonic() + 120
        queue = "not asked"
        while queue:
            self.assertLess(time.monotonic(), deadline, queue)
            time.sleep(0.5)
            queue = subprocess.run(["squeue", "-h", "-t", "all", "-o", "%i %T"], env=environment, check=True,
                                   capture_output=True, text=True, timeout=20).stdout
            queue = [line for line in queue.splitlines() if not line.endswith("COMPLETED")]
        self.assertEqual(self.read("out/cube.h5") == self.whole, True, "other bytes")
        logs = list((self.folder / "out" / "slurm").glob("[0-9]*_[0-9].out"))
        self.assertEqual(len(logs), 2)
        for log in logs:
            self.assertRegex(log.read_text(encoding="utf-8"), r"(?m)^task \d of 2$")


class MpiTest(ClusterTest):
    def mpirun(self, n, *arguments, study="study.ini"):
        words = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(n), harness.bin_folder / "edgesplit", "sweep",
                 "mpi", study, *arguments]
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # MPI's own
        return subprocess.Popen([str(word) for word in words], cwd=self.folder, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=environment)

    def setUp(self):
        super().setUp()
        if not (harness.bin_folder / "edgesplit-mpi").exists():
            self.expect(self.call("sweep", "mpi", "study.ini", "-o", "out"), UNAVAILABLE,
                        ["edgesplit sweep mpi: built without MPI; `edgesplit sweep run --task I/N` needs none"])
            self.skipTest("built without MPI")
        if not shutil.which("mpirun"):
            self.skipTest("there is no mpirun")


class Mpi(MpiTest):
    def test_ranks(self):
        for n in 1, 2, 3:
            process = self.mpirun(n, "-o", f"out{n}")
            _, stderr = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, stderr)
            self.assertEqual(self.merge(f"out{n}"), self.whole)
            shards = list((self.folder / f"out{n}" / "shards").iterdir())
            self.assertEqual(sum(path.read_bytes().count(b"ESrun001") for path in shards), N_RUNS)


class KilledMpi(MpiTest):
    study = TINY_RUNS

    def n_records(self, folder):
        return sum(path.read_bytes().count(b"ESrun001") for path in (self.folder / folder).glob("shards/*.shard"))

    def ranks(self):
        return [int(path.parent.name) for path in pathlib.Path("/proc").glob("[0-9]*/comm")
                if path.read_text(encoding="utf-8").strip() == "edgesplit-mpi" and
                os.readlink(path.parent / "cwd") == str(self.folder.resolve())]

    def test_a_rank_that_is_killed(self):
        moments = random.Random(11)
        for n in 2, 3:
            with self.subTest(ranks=n):
                folder = f"out{n}"
                process = self.mpirun(n, "-o", folder)
                enough, deadline = moments.randrange(N_TINY_RUNS // 2), time.monotonic() + 60
                while self.n_records(folder) <= enough:
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.002)
                os.kill(moments.choice(self.ranks()), signal.SIGKILL)
                process.communicate(timeout=60)
                n_records = self.n_records(folder)
                self.assertTrue(enough < n_records < N_TINY_RUNS, n_records)
                process = self.mpirun(5 - n, "-o", folder)
                _, stderr = process.communicate(timeout=120)
                self.assertEqual(process.returncode, 0, stderr)
                # What the lost ranks had in hand left no record, and nothing else was done again.
                self.assertEqual(self.n_records(folder), N_TINY_RUNS)
                self.assertEqual(self.merge(folder) == self.whole, True, "other bytes")


if __name__ == "__main__":
    harness.main()
