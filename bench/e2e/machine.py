"""Processes, where they run, and what the machine is."""

import datetime
import os
import pathlib
import platform
import resource
import shutil
import signal
import subprocess
import sys
import time

# Hard limits above this make nothing better and some programs reserve memory for each file that they may open.
MAX_FILES = 20_000


class Failure(Exception):
    """Something could not be measured; the text says what and why."""


def outcome(work):
    """The exit status that `work` returns, or that its failure means. SIGTERM ends it as Ctrl-C does, so that it can clean up."""
    def stop(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, stop)
    try:
        return work()
    except (Failure, subprocess.SubprocessError) as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def raise_file_limit():
    """Children inherit it: 8,000 idle connections are 16,000 files of a proxy."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    return wanted


def tail(log, lines=15):
    try:
        return "\n".join("    " + line for line in log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def family(pid):
    """A process and all that descend from it."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for member in found:
        found.extend(parents.get(member, []))
    return found


class Place:
    """Where the processes of one sample run, and their end. With root it is a network namespace of its own: no sample
    meets the closed connections of another, every port is free, and rules for packets touch nobody else. The namespace
    goes with the process that holds it, which ends when its standard input closes, so also when this script dies."""

    def __init__(self, logs, setup=()):
        self.logs = logs
        self.children = []
        self.holder = None
        if os.geteuid() != 0:
            if setup:
                raise Failure("needs root")
            return
        steps = ["ip link set lo up", "echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range", *setup]
        script = " && ".join([*steps, "echo ready", "exec cat >/dev/null"])
        with open(logs / "namespace.log", "wb") as log:
            self.holder = subprocess.Popen(["unshare", "--net", "--", "sh", "-c", script], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        if self.holder.stdout.readline() != b"ready\n":
            self.close()
            raise Failure("no network namespace:\n" + tail(logs / "namespace.log"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def shared(self):
        return self.holder is None

    def command(self, argv, cpu):
        inside = [] if self.shared else ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]
        # Each of these replaces itself with the next, so that the process id is the last one's.
        return ["setpriv", "--pdeathsig", "TERM", "--", *inside, "taskset", "-c", str(cpu), *map(str, argv)]

    def start(self, name, argv, cpu, **pipes):
        """Starts a process that close() ends; what it says goes to NAME.log."""
        log = self.logs / f"{name}.log"
        with open(log, "wb") as output:
            pipes.setdefault("stdin", subprocess.DEVNULL)
            pipes.setdefault("stdout", output)
            child = subprocess.Popen(self.command(argv, cpu), stderr=output, start_new_session=True, **pipes)
        child.log = log
        child.title = name
        self.children.append(child)
        return child

    def wait_until(self, ready, child, seconds=10):
        end = time.monotonic() + seconds
        while True:
            answered = ready()
            # Looked at after the answer: a child that could not have its port ends, while another process answers.
            if child.poll() is not None:
                raise Failure(f"{child.title} ended with status {child.returncode}:\n{tail(child.log)}")
            if answered:
                return
            if time.monotonic() > end:
                raise Failure(f"{child.title} does not answer:\n{tail(child.log)}")
            time.sleep(0.02)

    def close(self):
        for child in reversed(self.children):
            end(child)
        self.children = []
        if self.holder is not None:
            self.holder.stdin.close()
            self.holder.stdout.close()
            self.holder.wait()
            self.holder = None


def end(child):
    """Asks a process to end, then ends it and what descends from it."""
    members = family(child.pid)[1:] if child.poll() is None else []
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for pid in members:
        try:
            if child.pid in (os.getsid(pid), os.getpgid(pid)):
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def cpus():
    """The CPU of the ends, and that of the proxy where it has one for itself."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Failure("two CPUs are needed")
    return allowed[0], allowed[1]


def describe():
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_kib = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "kernel": platform.release(), "cpu": model, "cpus": os.cpu_count(), "memory_mib": memory_kib // 1024,
            "load_average_before": os.getloadavg()[0]}


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Failure(f"needs the program {program}")
