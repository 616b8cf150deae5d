#!/usr/bin/env python3
"""Failover: one of five endpoints dies under a steady rate of connections. bench/README.md tells the method."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The machine, the peers and the tables are those of the end-to-end benchmark.
sys.path.insert(1, str(ROOT / "bench/e2e"))

import contenders  # noqa: E402
import machine  # noqa: E402
import sample  # noqa: E402
import table  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench failover", description=__doc__)
    parser.add_argument("--deaths", default="", metavar="LIST", help=", ".join(death.key for death in sample.DEATHS))
    parser.add_argument("--peers", default="", metavar="LIST", help="contenders, with commas")
    parser.add_argument("--rounds", type=int, default=3, help="the median is told (3)")
    parser.add_argument("--seconds", type=float, default=12, help="of connections after the death (12)")
    parser.add_argument("--rate", type=int, default=500, help="connections each second, for each contender (500)")
    parser.add_argument("--limit", type=float, default=5, help="seconds that a client waits for its answer (5)")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench-failover", metavar="DIR",
                        help="table.txt, results.json, logs")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/ringway",
                        help="the Ringway that is measured")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release",
                        help="where ringway-failover is")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT / "build/peers/trixie",
                        help="a Debian root with haproxy and nginx")
    options = parser.parse_args()
    known = {death.key: death for death in sample.DEATHS}
    wanted = options.deaths.split(",") if options.deaths else list(known)
    for key in wanted:
        if key not in known:
            raise machine.Failure(f"there is no death {key}: {', '.join(known)}")
    options.deaths = [known[key] for key in wanted]
    return options


def measure(options, found, results):
    """All contenders at once, each in a network namespace of its own: what is measured lasts seconds, not the
    microseconds that they take from each other."""
    with concurrent.futures.ThreadPoolExecutor(len(found)) as pool:
        for turn in range(options.rounds):
            for death in options.deaths:
                print(f"round {turn + 1} of {options.rounds}: {death.title}", file=sys.stderr, flush=True)
                runs = {contender.name: pool.submit(sample.run, options, death, contender) for contender in found}
                for name, run in runs.items():
                    try:
                        results.setdefault(death.key, {}).setdefault(name, []).append(run.result())
                    except machine.Failure as failure:
                        raise machine.Failure(f"{death.key}, {name}: {failure}") from failure


def run(options):
    if os.geteuid() != 0:
        raise machine.Failure("needs root: for network namespaces, packets that are dropped, and a look at connects")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    machine.need("setpriv", "taskset", "unshare", "nft")
    files = machine.raise_file_limit()
    options.out.mkdir(parents=True, exist_ok=True)
    about = machine.describe()
    found, notes = contenders.all_of(options)
    about.update({"command": sys.argv[1:], "files": files, "rounds": options.rounds, "seconds": options.seconds,
                  "rate": options.rate, "limit": options.limit,
                  "versions": {contender.name: contender.version for contender in found}})
    results = {}
    measure(options, found, results)
    about["load_average_after"] = os.getloadavg()[0]
    text = table.text(options.deaths, results, notes, options.seconds)
    print(text)
    (options.out / "table.txt").write_text(text + "\n")
    (options.out / "results.json").write_text(
        json.dumps({"about": about, "left_out": notes, "medians": table.medians(results), "samples": results}, indent=1)
        + "\n")
    print(f"\n{options.out / 'results.json'}")
    return table.status(results)


if __name__ == "__main__":
    sys.exit(machine.outcome(lambda: run(parse())))
