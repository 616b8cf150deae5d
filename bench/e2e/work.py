"""The rows of the table, and one sample of one row with one contender."""

import contextlib
import dataclasses
import fnmatch
import json
import pathlib
import subprocess

import machine
import peers

IDLE_STEPS = (1_000, 8_000)


@dataclasses.dataclass(frozen=True)
class Row:
    """`metric` is what contenders are compared by; `more` says whether more of it is better."""
    key: str
    title: str
    cores: int
    kind: str
    arguments: tuple
    metric: str
    more: bool = True


def size_name(count):
    return f"{count}B" if count < 1024 else f"{count // 1024}K"


def all_rows():
    rows = []
    for cores in (1, 2):
        where = "one core" if cores == 1 else "two cores"

        def add(key, title, kind, arguments, metric, more=True):
            rows.append(Row(f"{key}-{cores}core", f"{title}, {where}", cores, kind, tuple(arguments), metric, more))

        for size in (64, 1024, 8192, 65536):
            for count in (1, 64, 1000):
                add(f"ping-pong-{size_name(size)}-{count}", f"ping-pong {size_name(size)}, {count} connections",
                    "ping-pong", ["--connections", count, "--bytes", size], "requests_per_s")
        for direction, name in (("down", "one way"), ("both", "both ways")):
            for count in (1, 16, 256):
                add(f"bulk-{direction}-{count}", f"bulk {name}, {count} connections", "bulk",
                    ["--connections", count, "--direction", direction], "gbit_per_s")
        add("mixed", "256 ping-pong 64B beside 16 bulk", "mixed", [], "p99_us", more=False)
        for count in (1, 32, 256):
            add(f"connect-{count}", f"connect, 64B request, close, {count} at once", "connect",
                ["--connections", count], "connections_per_s")
    rows.append(Row("idle", f"idle connections, by slope {IDLE_STEPS[0]:,} to {IDLE_STEPS[1]:,}", 2, "idle", (),
                    "process_kib", more=False))
    return rows


def select_rows(pattern):
    wanted = [text if any(sign in text for sign in "*?[") else f"*{text}*" for text in pattern.split(",")]
    return [row for row in all_rows() if any(fnmatch.fnmatchcase(row.key, text) for text in wanted)]


class Bench:
    """What a sample needs to know."""

    def __init__(self, programs, folder, seconds, warm_up):
        self.load = (programs / "ringway-load").resolve()
        self.sink = (programs / "ringway-sink").resolve()
        self.folder = folder
        self.seconds = seconds
        self.warm_up = warm_up
        self.ends_cpu, self.proxy_cpu = machine.cpus()

    @contextlib.contextmanager
    def stage(self, row, contender):
        """A fresh sink and a fresh proxy, both answering: the place, the sink, and the processes of the proxy."""
        logs = self.folder / "logs" / row.key / contender.name
        logs.mkdir(parents=True, exist_ok=True)
        with machine.Place(logs, contender.setup()) as place:
            for address in (f"{peers.SINK}:{peers.SINK_PORT}", f"{peers.VIP}:{peers.VIP_PORT}"):
                if place.shared and self.answers(place, address):
                    raise machine.Failure(f"something else answers at {address}: no sample may reach it")
            sink = place.start("sink", [self.sink, "--listen", f"{peers.SINK}:{peers.SINK_PORT}"], self.ends_cpu)
            place.wait_until(lambda: self.answers(place, f"{peers.SINK}:{peers.SINK_PORT}"), sink)
            proxies = []
            if contender.proxy:
                cpu = self.ends_cpu if row.cores == 1 else self.proxy_cpu
                proxy = place.start("proxy", contender.command(logs), cpu)
                place.wait_until(lambda: self.answers(place, contender.through), proxy)
                proxies = machine.family(proxy.pid)
            yield place, sink, proxies

    def start_only(self, row, contender):
        """Fails where `sample` would fail before it measures."""
        with self.stage(row, contender):
            pass

    def sample(self, row, contender):
        with self.stage(row, contender) as (place, sink, proxies):
            if row.kind == "idle":
                return self.idle(place, contender, proxies)
            return self.run_load(place, row, contender, sink, proxies)

    def answers(self, place, address):
        """Whether a message comes back from there: then the whole road is open."""
        probe = place.command([self.load, "--work", "idle", "--to", address], self.ends_cpu)
        return subprocess.run(probe, input=b"1\n", capture_output=True, check=False, timeout=10).returncode == 0

    def run_load(self, place, row, contender, sink, proxies):
        argv = [self.load, "--work", row.kind, "--to", contender.through, "--seconds", self.seconds, "--warm-up",
                self.warm_up, "--control", f"{peers.SINK}:{peers.SINK_PORT + len(peers.ROLES)}", "--watch",
                f"sink={sink.pid}", *row.arguments]
        for pid in proxies:
            argv += ["--watch", f"proxy={pid}"]
        load = place.start("load", argv, self.ends_cpu, stdout=subprocess.PIPE)
        try:
            said, _ = load.communicate(timeout=60 + 2 * self.seconds)
        except subprocess.TimeoutExpired as hung:
            raise machine.Failure("the load does not end") from hung
        if load.returncode != 0:
            raise machine.Failure(f"the load failed:\n{machine.tail(load.log)}")
        return derive(json.loads(said), proxies)

    def idle(self, place, contender, proxies):
        load = place.start("load", [self.load, "--work", "idle", "--to", contender.through], self.ends_cpu,
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        readings = []
        for step in IDLE_STEPS:
            load.stdin.write(f"{step}\n".encode())
            if not load.stdout.readline():
                raise machine.Failure(f"{step} idle connections could not be opened:\n{machine.tail(load.log)}")
            readings.append(memory_kib(proxies))
        more = IDLE_STEPS[1] - IDLE_STEPS[0]
        first, second = readings
        result = {f"{name}_kib": (second[name] - first[name]) / more for name in first}
        return {**result, "readings": readings, "errors": 0, "valid": True}


def memory_kib(pids):
    """Of the processes (proportional, so that nothing shared counts twice), and of the kernel as a whole: there the
    sockets of the two ends are counted as well."""
    process = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                process += int(line.split()[1])
    kernel = 0
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("Slab:"):
            kernel = int(line.split()[1])
    with contextlib.suppress(OSError):
        words = pathlib.Path("/proc/net/sockstat").read_text().split("TCP:", 1)[1].split()
        kernel += int(words[words.index("mem") + 1]) * 4
    return {"process": process, "kernel": kernel}


def derive(result, proxies):
    """Adds what follows from a load's own figures."""
    seconds = result["seconds"]
    moved = result.get("down_bytes", 0) + result["up_bytes"]
    result["gbit_per_s"] = 8e-9 * (result.get("down_bytes_per_s", 0) + result["up_bytes_per_s"])
    cpu = result["cpu_s"]
    result["ends_busy"] = (cpu["load"] + cpu["sink"]) / seconds
    if proxies:
        result["proxy_busy"] = cpu["proxy"] / seconds
        for unit, count, scale in (("request", result.get("requests"), 1e6),
                                   ("connection", result.get("connections"), 1e6), ("gb", moved / 1e9, 1e3)):
            if count:
                result[f"cpu_{'ms' if unit == 'gb' else 'us'}_per_{unit}"] = scale * cpu["proxy"] / count
    done = result.get("requests", 1) and result.get("connections", 1) and (moved or "requests" in result
                                                                           or "connections" in result)
    result["valid"] = result["errors"] == 0 and bool(done)
    return result
