"""Lab 17, Scaling on queue depth: how many packers, how one goes home, and a day with all of them."""

from __future__ import annotations

from warren.checks.draining import idle, interrupted
from warren.checks.exercise import Learners, exercise
from warren.checks.floor import well_run
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done
from warren.checks.scenarios import each_once
from warren.checks.staffing import CASES, rule_of_three

QUORUM = {"x-queue-type": "quorum"}
ORDERS = [f"order {number}" for number in range(1, 9)]
HELD, DESK = "order 3", 5


@exercise(
    1,
    "How many?",
    "The work is what nobody has finished yet. Ready orders are a part of it; which is the other?",
    "`math.ceil((seen.ready + seen.unacked) / 10)` is what the backlog asks for. An old head asks for `seen.packers + "
    "1`. Take the greater of the two, and only then the limits.",
    "`number = math.ceil((seen.ready + seen.unacked) / 10)` · `if seen.age > 2: number = max(number, seen.packers + "
    "1)` · `return min(max(number, 1), 8)`",
)
def how_many(probe: Probe, needed: Learners) -> Result:
    """A number of readings, each for one rule that would be wrong."""
    rule_of_three(probe, needed)
    return done(f"{len(CASES)} readings, {len(CASES)} right numbers: by ready and unacked, by age, and within limits")


@exercise(
    2,
    "Home, and nothing left behind",
    "After each order there is a moment in which the packer has nothing in its hands. That is the moment to look at "
    "`worker.stopping`.",
    "Pack, ack, and then look: `if worker.stopping: break`. In an empty queue, too, so `consume` needs an "
    "`inactivity_timeout`. What was handed out and not begun goes back when the channel is cancelled or closed.",
    '`for method, properties, body in channel.consume("orders", inactivity_timeout=0.1):` · `if method is not None:` '
    "pack and ack · `if worker.stopping: break`. And `basic_qos(prefetch_count=5)` before the loop.",
)
def drains(probe: Probe, pack_orders: Learners) -> Result:
    """SIGTERM in the middle of order 3 of 8; another packer does the rest, and gets it when it has nothing to do."""
    probe.declare("orders", arguments=QUORUM)
    probe.publish("orders", ORDERS)
    work = probe.ledger.work("pack", holds=(HELD,))
    interrupted(probe, pack_orders, work, "orders", ORDERS, DESK)
    idle(probe, pack_orders, probe.ledger.work("pack"), ORDERS)
    each_once(probe, ORDERS)
    if left := probe.wait_ready("orders", 0).seen:
        raise Wrong(f"all orders were packed, and {left} are in the queue again: ack what is packed")
    return done(
        f"SIGTERM in the middle of `{HELD}`: it was packed and acked, the other 5 went back; 8 of 8 packed, each once"
    )


@exercise(
    3,
    "A day on the floor",
    "Between two waves there is nothing to do for a moment. Who sends everybody home then has nobody for the next. "
    "What would you have to remember to know better?",
    "Keep the wishes of the last 30 seconds, with their times. What you want is the greatest of them: a new high "
    "counts at once, a low only when the high is 30 s old.",
    "`wishes.append((seen.time, needed(seen)))`; drop from the left what is older than `seen.time - 30`; `wish = "
    "max(number for _, number in wishes)`; then `floor.hire()` or `floor.send_home()` as often as `wish` and "
    "`seen.packers` differ.",
)
def autoscaler(probe: Probe, autoscale: Learners) -> Result:
    """Five minutes with four waves, by a clock that waits for nobody."""
    day = well_run(probe, autoscale)
    return done(
        f"four waves, at most {day.most} packers, {day.hired} hired; no order waited longer than {day.longest} s, none "
        "was lost, none packed twice"
    )
