"""Medians, ratios and the table."""

import json
import statistics

import bars

COLUMNS = {
    "ping-pong": (("requests_per_s", "req/s", 0), ("p50_us", "p50 us", 1), ("p99_us", "p99 us", 1),
                  ("p999_us", "p99.9 us", 1), ("cpu_us_per_request", "CPU us/req", 2)),
    "bulk": (("gbit_per_s", "Gbit/s", 2), ("cpu_ms_per_gb", "CPU ms/GB", 1)),
    "connect": (("connections_per_s", "conn/s", 0), ("p50_us", "p50 us", 1), ("p99_us", "p99 us", 1),
                ("p999_us", "p99.9 us", 1), ("cpu_us_per_connection", "CPU us/conn", 2)),
    "mixed": (("p99_us", "p99 us", 1), ("p50_us", "p50 us", 1), ("requests_per_s", "req/s", 0),
              ("gbit_per_s", "Gbit/s", 2), ("cpu_ms_per_gb", "CPU ms/GB", 1)),
    "idle": (("process_kib", "process KiB/conn", 2), ("kernel_kib", "kernel KiB/conn", 2)),
}


# CPUs that something else may keep busy during a sample; ticks of the kernel's clock alone make a few hundredths.
QUIET_CPUS = 0.15


class Results:
    """All samples: by row and contender, in the order in which they were taken."""

    def __init__(self):
        self.samples = {}

    def add(self, row, contender, sample):
        self.samples.setdefault(row.key, {}).setdefault(contender.name, []).append(sample)

    def values(self, key, name, metric):
        return [sample[metric] for sample in self.samples.get(key, {}).get(name, [])
                if sample["valid"] and metric in sample]

    def invalid(self, key, name):
        """A row with one invalid sample is invalid: the others may have been luck. Tells what was wrong, or nothing."""
        for sample in self.samples.get(key, {}).get(name, []):
            if not sample["valid"]:
                return sample.get("first_error") or sample.get("failure") or "nothing was moved"
        return None

    def median(self, key, name, metric):
        values = self.values(key, name, metric)
        return statistics.median(values) if values and self.invalid(key, name) is None else None


def number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def ratio(value, reference):
    return "-" if not reference or value is None else f"{value / reference:.2f}"


def align(lines):
    """Cells as text: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  " + "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in
                                                                   zip(line[1:], widths[1:]))]).rstrip()
                     for line in lines)


def row_table(row, names, results):
    columns = COLUMNS[row.kind]
    lines = [["contender", columns[0][1], "min..max", *(title for _, title, _ in columns[1:]), "proxy busy",
              "ends busy", "x peer", "x HAProxy", "x direct"]]
    broken = []
    for name in names:
        if name not in results.samples.get(row.key, {}):
            continue
        wrong = results.invalid(row.key, name)
        if wrong:
            broken.append(f"  {name}: INVALID: {wrong}")
            continue
        medians = [results.median(row.key, name, metric) for metric, _, _ in columns]
        values = results.values(row.key, name, row.metric)
        digits = columns[0][2]
        busy = [results.median(row.key, name, metric) for metric in ("proxy_busy", "ends_busy")]
        lines.append([name, number(medians[0], digits), f"{number(min(values), digits)}..{number(max(values), digits)}",
                      *(number(value, column[2]) for value, column in zip(medians[1:], columns[1:])),
                      *("-" if value is None else f"{value:.0%}" for value in busy),
                      *(ratio(medians[0], bars.reference(results, row, of, row.metric, row.more))
                        for of in ("peer", "haproxy", "direct"))])
        starved = max(results.values(row.key, name, "starved"), default=0)
        if starved:
            broken.append(f"  {name}: up to {starved} connections got no answer within a sample")
    less = "" if row.more else "; less is better"
    return "\n".join([f"{row.title}  [{row.key}{less}]", align(lines), *broken])


def noisy_rows(rows, names, results):
    # One disturbed sample is enough: the median of three would hide it, the figures beside it would not be fair.
    return [row.key for row in rows
            if any(max(results.values(row.key, name, "other_cpus"), default=0) > QUIET_CPUS for name in names)]


def table(rows, names, results, notes):
    parts = [row_table(row, names, results) for row in rows if row.key in results.samples]
    parts += [f"{name} was left out: {note}" for name, note in notes.items()]
    noisy = noisy_rows(rows, names, results)
    if noisy:
        parts.append("The machine was busy with something else: what these rows say is worth nothing: "
                     + ", ".join(noisy))
    judged = bars.judge(rows, names, results, noisy)
    if judged:
        parts.append("Bars (median / median)\n" + align([["bar", "is", "floor", "goal", ""], *judged]))
    return "\n\n".join(parts)


def save(path, about, rows, results, notes):
    medians = {key: {name: {metric: results.median(key, name, metric) for metric in samples[0]
                            if isinstance(samples[0][metric], float)} for name, samples in by_name.items()}
               for key, by_name in results.samples.items()}
    path.write_text(json.dumps({"about": about, "left_out": notes,
                                "rows": {row.key: row.title for row in rows if row.key in results.samples},
                                "medians": medians, "samples": results.samples}, indent=1) + "\n")
