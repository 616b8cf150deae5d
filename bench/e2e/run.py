#!/usr/bin/env python3
"""The end-to-end benchmark: Ringway beside other proxies, on this machine. bench/README.md tells the method."""

import argparse
import os
import pathlib
import sys
import time

import bars
import machine
import peers
import plot
import report
import work

ROOT = pathlib.Path(__file__).resolve().parents[2]


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench e2e", description=__doc__)
    parser.add_argument("--quick", action="store_true",
                        help="one round of one second, and only the rows that have a bar")
    parser.add_argument("--rows", default="", metavar="PATTERN", help="rows by key: parts of it, or globs, with commas")
    parser.add_argument("--peers", default="", metavar="LIST", help="contenders, with commas")
    parser.add_argument("--rounds", type=int, help="each measures every cell once (3)")
    parser.add_argument("--seconds", type=float, help="measured in each sample (3)")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench-e2e", metavar="DIR",
                        help="results.json, table.txt, plot.svg, logs")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/ringway",
                        help="the Ringway that is measured")
    parser.add_argument("--contender", action="append", default=[], metavar="NAME=BINARY",
                        help="another build of Ringway beside it; repeatable")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release",
                        help="where ringway-load and ringway-sink are")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT / "build/peers/trixie",
                        help="a Debian root with haproxy and nginx")
    parser.add_argument("--list", action="store_true", help="only tells the rows")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.seconds = options.seconds or (1 if options.quick else 3)
    return options


def chosen_rows(options):
    rows = work.select_rows(options.rows or "*")
    if options.quick and not options.rows:
        rows = [row for row in rows if row.key in {bar.row for bar in bars.BARS}]
    if not rows:
        raise machine.Failure(f"no row is like '{options.rows}'; --list tells them")
    return rows


def say(text):
    """One line of progress on standard error, which replaces itself on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def leave_out_broken(bench, contenders, notes, row):
    """One that does not start at all (an engine that the kernel or the build has not) is left out, with its reason."""
    working = []
    for contender in contenders:
        try:
            bench.start_only(row, contender)
            working.append(contender)
        except machine.Failure as failure:
            notes[contender.name] = str(failure)
    return working


def measure(bench, rows, contenders, rounds, results):
    """Every round measures everything once, contenders beside each other, so that a slow minute hits all of them."""
    total, done, began = rounds * len(rows) * len(contenders), 0, time.monotonic()
    for turn in range(rounds):
        for row in rows:
            # Each begins once in a while, so that none always follows the same one.
            shift = turn % len(contenders)
            for contender in contenders[shift:] + contenders[:shift]:
                left = (time.monotonic() - began) / max(done, 1) * (total - done)
                say(f"[{done + 1}/{total}, {left / 60:.0f} min left] round {turn + 1}: {row.key}: {contender.name}")
                try:
                    sample = bench.sample(row, contender)
                except machine.Failure as failure:
                    sample = {"valid": False, "errors": 1, "failure": str(failure)}
                results.add(row, contender, sample)
                done += 1
    say("")


def run(options):
    rows = chosen_rows(options)
    if options.list:
        print("\n".join(f"{row.key:24} {row.title}" for row in rows))
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    # Where Debian has the servers, and not every user looks.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    machine.need("setpriv", "taskset")
    files = machine.raise_file_limit()
    about = machine.describe()
    contenders, notes = peers.contenders(options, options.out)
    bench = work.Bench(options.programs, options.out, options.seconds, min(0.5, options.seconds / 2))
    contenders = leave_out_broken(bench, contenders, notes, rows[0])
    if not contenders:
        reasons = [f"{name}: {note}" for name, note in notes.items()]
        raise machine.Failure("\n".join(["nothing can be measured:", *reasons]))
    about.update({"command": sys.argv[1:], "files": files, "rounds": options.rounds, "seconds": options.seconds,
                  "own_network_namespace": os.geteuid() == 0,
                  "versions": {contender.name: contender.version for contender in contenders}})
    names = [contender.name for contender in contenders]
    results = report.Results()
    status = 0
    try:
        measure(bench, rows, contenders, options.rounds, results)
    except KeyboardInterrupt:
        status = 130
        say("")
        print("Interrupted: the table holds what was measured until then.", file=sys.stderr)
    if results.samples:
        about["load_average_after"] = os.getloadavg()[0]
        text = report.table(rows, names, results, notes)
        print(text)
        (options.out / "table.txt").write_text(text + "\n")
        report.save(options.out / "results.json", about, rows, results, notes)
        drawn = plot.save(options.out / "plot.svg", names, results, about)
        print(f"\n{options.out / 'results.json'}" + (f", {options.out / 'plot.svg'}" if drawn else " (no plot)"))
    return status


if __name__ == "__main__":
    sys.exit(machine.outcome(lambda: run(parse())))
