"""What Ringway must reach beside the others (the floor) and what it wants to reach (the goal)."""

import dataclasses

PEERS = ("haproxy-splice", "haproxy", "nginx")
HAPROXY = ("haproxy-splice", "haproxy")


@dataclasses.dataclass(frozen=True)
class Bar:
    title: str
    row: str
    metric: str
    more: bool
    of: str  # peer: the best proxy of others; haproxy: the better of its two; or the name of a contender
    floor: float | None
    goal: float | None


BARS = (
    Bar("ping-pong 64B, 64 conn / best peer", "ping-pong-64B-64-1core", "requests_per_s", True, "peer", 1.35, 1.5),
    Bar("ping-pong 64B, 64 conn / direct", "ping-pong-64B-64-1core", "requests_per_s", True, "direct", 0.56, 0.60),
    Bar("ping-pong 8K, 64 conn / best peer", "ping-pong-8K-64-1core", "requests_per_s", True, "peer", 1.30, 1.4),
    Bar("ping-pong 8K, 64 conn / direct", "ping-pong-8K-64-1core", "requests_per_s", True, "direct", None, 0.58),
    Bar("bulk, 16 conn / HAProxy splice", "bulk-down-16-1core", "gbit_per_s", True, "haproxy-splice", 1.35, 1.6),
    Bar("bulk, 16 conn / direct", "bulk-down-16-1core", "gbit_per_s", True, "direct", 0.58, 0.65),
    Bar("bulk, 1 conn, two cores / HAProxy splice", "bulk-down-1-2core", "gbit_per_s", True, "haproxy-splice", 1.6,
        2.0),
    Bar("proxy CPU per GB, 16 bulk, two cores / HAProxy splice", "bulk-down-16-2core", "cpu_ms_per_gb", False,
        "haproxy-splice", 0.25, 0.15),
    Bar("connect, 32 at once / best peer", "connect-32-1core", "connections_per_s", True, "peer", 1.20, 1.35),
    Bar("connect, 32 at once / direct", "connect-32-1core", "connections_per_s", True, "direct", None, 0.65),
    Bar("p50 of 1 conn's ping-pong 64B / HAProxy", "ping-pong-64B-1-1core", "p50_us", False, "haproxy", 1.0, 0.8),
    Bar("p99 of 256 ping-pong beside 16 bulk / HAProxy", "mixed-1core", "p99_us", False, "haproxy", 0.7, 0.4),
    Bar("process memory of an idle connection / HAProxy", "idle", "process_kib", False, "haproxy", 0.25, 0.1),
)
EPOLL_FLOOR, EPOLL_GOAL = 1.0, 1.2


def reference(results, row, of, metric, more):
    """The figure to compare with, or None where it was not measured."""
    names = {"peer": PEERS, "haproxy": HAPROXY}.get(of, (of,))
    medians = [value for name in names if (value := results.median(row.key, name, metric)) is not None]
    return (max if more else min)(medians, default=None)


def verdict(value, floor, goal, more):
    reached = lambda limit: limit is not None and (value >= limit if more else value <= limit)
    if reached(goal):
        return "goal"
    if floor is None:
        return "below the goal"
    return "pass" if reached(floor) else "FAIL"


def line(title, value, floor, goal, more, noisy):
    sign = ">=" if more else "<="
    limit = lambda bar: "-" if bar is None else f"{sign} {bar:.2f}"
    return [title, f"{value:.2f}", limit(floor), limit(goal),
            verdict(value, floor, goal, more) + (" (noisy)" if noisy else "")]


def judge(rows, names, results, noisy):
    """Lines for every bar whose row was measured with what it compares, for each build of Ringway but the epoll one."""
    by_key = {row.key: row for row in rows}
    ours = [name for name in names if name not in (*PEERS, "direct", "dnat", "ringway-epoll")]
    lines = []
    for name in ours:
        for bar in BARS:
            row = by_key.get(bar.row)
            value = row and results.median(bar.row, name, bar.metric)
            of = row and reference(results, row, bar.of, bar.metric, bar.more)
            if value is not None and of:
                title = bar.title if len(ours) == 1 else f"{name}: {bar.title}"
                lines.append(line(title, value / of, bar.floor, bar.goal, bar.more, bar.row in noisy))
    return lines + judge_epoll(rows, results, noisy)


def judge_epoll(rows, results, noisy):
    """The fall-back must not be behind HAProxy on any row: its worst one is told."""
    worst = None
    for row in rows:
        value = results.median(row.key, "ringway-epoll", row.metric)
        of = reference(results, row, "haproxy", row.metric, row.more)
        if value and of:
            share = value / of if row.more else of / value
            worst = min(worst or (share, row.key), (share, row.key))
    return [] if worst is None else [line(f"epoll, worst row ({worst[1]}) / HAProxy", worst[0], EPOLL_FLOOR, EPOLL_GOAL,
                                          True, bool(noisy))]
