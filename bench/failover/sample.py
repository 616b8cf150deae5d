"""One failover of one contender: five endpoints, a death among them, and what clients saw."""

import dataclasses
import signal
import statistics
import subprocess
import time

import contenders
import machine
import peers

# Before the death: every endpoint has been checked, and connections flow.
SETTLE_S = 2.5
BEFORE_S = 1.0
# An answer that takes longer is slow: half of the connect timeout, so that no timer's jitter decides.
SLOW_US = 500_000


@dataclasses.dataclass(frozen=True)
class Death:
    """`speaks`: the active check says something and expects an answer, and does not only connect."""
    key: str
    title: str
    speaks: bool


DEATHS = (
    Death("killed", "SIGKILL: connects are refused", False),
    Death("silent", "its address is silent: no packet to it arrives", False),
    Death("hung", "SIGSTOP: the kernel accepts, nobody answers; checks connect", False),
    Death("hung-speech", "SIGSTOP: the kernel accepts, nobody answers; checks speak and expect", True),
)
# At the input, for a packet that is dropped at the output tells its sender so.
SETUP = ("nft add table ip failover",
         "nft 'add set ip failover silent { type ipv4_addr; }'",
         "nft 'add chain ip failover input { type filter hook input priority 0; }'",
         "nft add rule ip failover input ip daddr @silent drop")


def kill(place, death, endpoint):
    """Brings the death about; the moments in ns before and after."""
    before = time.monotonic_ns()
    if death.key == "silent":
        words = ["nft", "add", "element", "ip", "failover", "silent", "{", contenders.DEAD, "}"]
        subprocess.run(place.command(words, 0), check=True, capture_output=True, timeout=10)
    elif death.key == "killed":
        endpoint.kill()
        endpoint.wait()
    else:
        endpoint.send_signal(signal.SIGSTOP)
    return before, time.monotonic_ns()


def read_clients(text):
    """A dictionary for each line of `ringway-failover clients`."""
    found = []
    for line in text.splitlines():
        began, connected, answered, outcome = line.split(" ", 3)
        found.append({"began_ns": int(began), "connected_us": int(connected), "answered_us": int(answered),
                      "outcome": outcome})
    return found


def quantile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else None


def summary(clients, connects, died_ns):
    """Clients that had begun when the endpoint died may have been in its hands, so they are counted apart."""
    before = [client for client in clients if client["began_ns"] < died_ns[0]]
    after = [client for client in clients if client["began_ns"] >= died_ns[1]]
    answered = [client["answered_us"] for client in after if client["outcome"] == "ok"]
    late = [at for at in connects if at >= died_ns[1]]
    outcomes = {}
    for client in after:
        outcomes[client["outcome"]] = outcomes.get(client["outcome"], 0) + 1
    return {"made": len(after), "failed": len(after) - len(answered), "outcomes": outcomes,
            "failed_before": sum(client["outcome"] != "ok" for client in before),
            "during": len(clients) - len(before) - len(after),
            "slow": sum(us > SLOW_US for us in answered),
            "median_before_ms": statistics.median([client["answered_us"] / 1e3 for client in before]),
            "p99_ms": (quantile(answered, 0.99) or 0) / 1e3, "max_ms": max(answered, default=0) / 1e3,
            "connect_p99_ms": quantile([client["connected_us"] / 1e3 for client in after
                                        if client["connected_us"] >= 0], 0.99),
            "attempts": len(late), "last_attempt_ms": (max(late) - died_ns[1]) / 1e6 if late else 0.0,
            "attempts_before": len(connects) - len(late), "attempts_ms": [round((at - died_ns[1]) / 1e6) for at in late]}


def probe(place, program):
    """Whether a client gets its answer through the proxy."""
    argv = [program, "clients", "--to", f"{peers.VIP}:{peers.VIP_PORT}", "--per-second", 100, "--seconds", 0.05,
            "--limit", 1]
    said = subprocess.run(place.command(argv, 0), capture_output=True, text=True, check=False, timeout=10).stdout
    return bool(said) and all(client["outcome"] == "ok" for client in read_clients(said))


def run(options, death, contender):
    logs = options.out / "logs" / death.key / contender.name
    logs.mkdir(parents=True, exist_ok=True)
    program = (options.programs / "ringway-failover").resolve()
    ends_cpu, proxy_cpu = machine.cpus()
    with machine.Place(logs, SETUP) as place:
        endpoints = {address: place.start(f"endpoint-{address}", [program, "endpoint", "--listen",
                                                                  f"{address}:{contenders.PORT}"], ends_cpu)
                     for address in contenders.ENDPOINTS}
        proxy = place.start("proxy", contender.command_for(logs, death.speaks), proxy_cpu)
        place.wait_until(lambda: probe(place, program), proxy)
        time.sleep(SETTLE_S)
        watch = place.start("watch", [program, "watch", "--to", f"{contenders.DEAD}:{contenders.PORT}"], ends_cpu,
                            stdout=subprocess.PIPE, text=True)
        if watch.stdout.readline() != "ready\n":
            raise machine.Failure(f"connects cannot be watched:\n{machine.tail(watch.log)}")
        load = place.start("clients", [program, "clients", "--to", f"{peers.VIP}:{peers.VIP_PORT}", "--per-second",
                                       options.rate, "--seconds", BEFORE_S + options.seconds, "--limit", options.limit],
                           ends_cpu, stdout=subprocess.PIPE, text=True)
        time.sleep(BEFORE_S)
        died_ns = kill(place, death, endpoints[contenders.DEAD])
        said, _ = load.communicate(timeout=30 + options.seconds + options.limit)
        if load.returncode != 0:
            raise machine.Failure(f"the clients failed:\n{machine.tail(load.log)}")
        if proxy.poll() is not None:
            raise machine.Failure(f"the proxy ended with status {proxy.returncode}:\n{machine.tail(proxy.log)}")
        watch.send_signal(signal.SIGTERM)
        connects, _ = watch.communicate(timeout=10)
        # A process that is stopped cannot be asked to end.
        endpoints[contenders.DEAD].kill()
        result = summary(read_clients(said), [int(line) for line in connects.split()], died_ns)
        if result["attempts_before"] == 0 or result["failed_before"] > 1:
            raise machine.Failure(f"before the death all endpoints should have served: {result}")
        return result
