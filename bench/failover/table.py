"""Medians and the table."""

import statistics

import report

COLUMNS = (("made", "connections", 0), ("failed", "failed", 0), ("slow", "slower than 0.5 s", 0),
           ("connect_p99_ms", "p99 of connect ms", 1), ("p99_ms", "p99 of answer ms", 1), ("max_ms", "longest ms", 0),
           ("attempts", "connects to it", 0),
           ("last_attempt_ms", "last after ms", 0))


def median(samples, metric):
    return statistics.median(sample[metric] for sample in samples)


def medians(results):
    return {death: {name: {metric: median(samples, metric) for metric, _, _ in COLUMNS}
                    for name, samples in by_name.items()} for death, by_name in results.items()}


def text(deaths, results, notes, seconds):
    parts = []
    for death in deaths:
        lines = [["contender", *(title for _, title, _ in COLUMNS), "failed min..max"]]
        for name, samples in results.get(death.key, {}).items():
            failed = [sample["failed"] for sample in samples]
            lines.append([name, *(report.number(median(samples, metric), digits) for metric, _, digits in COLUMNS),
                          f"{min(failed)}..{max(failed)}"])
        parts.append(f"{death.title}  [{death.key}]\n{report.align(lines)}")
    parts.append(f"Connections that began within {seconds:g} s after the death; 'to it': to the dead endpoint, checks "
                 "not counted.")
    parts += [f"{name} was left out: {note}" for name, note in notes.items()]
    return "\n\n".join(parts)


def status(results):
    """1 where a client of Ringway failed though another endpoint would have served: a dead one that refuses or is
    silent has taken nothing, so all of them can be retried. One that hangs has accepted."""
    failed = [sample["failed"] for death in ("killed", "silent") for name, samples in results.get(death, {}).items()
              for sample in samples if name.startswith("ringway")]
    return 1 if any(failed) else 0
