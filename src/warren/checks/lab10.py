"""Lab 10, Prefetch: the right number for three distances, acks in batches, a broker that loses patience."""

from __future__ import annotations

import math

from warren.checks.batches import acked_in_batches, acks_promised_nothing, settled_when_idle
from warren.checks.exercise import Learners, exercise
from warren.checks.pause import more_after_a_pause, still_works
from warren.checks.prefetch import handed_out, limit_of_consumer
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, cannot_tell, done
from warren.checks.scenarios import acked_when_done, called_rightly, each_once, same_texts, taken_by_hand
from warren.checks.unsubscribed import cancelled, goes_on, keeps_too_long
from warren.workers import Child

QUORUM = {"x-queue-type": "quorum"}
STACK = 60  # labels; more than twice what any of the distances needs
PLACES = {"overseas": (0.020, 0.002), "across the country": (0.012, 0.008), "next door": (0.0005, 0.050)}
PATIENCE = 400  # milliseconds that the broker of exercise 2 has
BATCH = 10
TAKES = 0.01  # seconds to print a label: an ack that comes before it is seen to come before it


def labels(count: int) -> list[str]:
    return [f"label {number}" for number in range(1, count + 1)]


@exercise(
    1,
    "Three printers",
    "While the printer works on one label, how many others must be on their way to it, so that it never waits?",
    "In one round trip the printer could print `round_trip / working` labels: these are on the way, and one more is in "
    "the printer. Round up: half a label on the way is a printer that waits.",
    "`channel.basic_qos(prefetch_count=1 + math.ceil(round_trip / working))`, before consuming; then the loop you know "
    "from lab 02, with an ack for each label when it is printed.",
)
def three_printers(probe: Probe, print_labels: Learners) -> Result:
    """The printer is held in its first label while the check counts what it was handed; then it prints all."""
    tasks = labels(STACK)
    late = "a late label"
    for place, (round_trip, working) in PLACES.items():
        child = _one_printer(probe, print_labels, place, round_trip, working)
        if place == list(PLACES)[-1]:
            more_after_a_pause(probe, print_labels, child, "labels", [late], 1)
        _goes_home(probe, print_labels, child)
    printed = len(probe.ledger.tasks("done"))
    each_once(probe, [*(f"{place} {task}" for place in PLACES for task in tasks), late])
    needs = ", ".join(f"{_needed(*numbers)} {place}" for place, numbers in PLACES.items())
    return done(
        f"the printer was handed what it needs and no more than twice that ({needs}), and printed all {printed}"
    )


def _needed(round_trip: float, working: float) -> int:
    return 1 + math.ceil(round_trip / working)


def _one_printer(probe: Probe, function: Learners, place: str, round_trip: float, working: float) -> Child:
    needed, tasks = _needed(round_trip, working), [f"{place} {task}" for task in labels(STACK)]
    probe.ledger.hold()
    probe.declare("labels", arguments=QUORUM)
    probe.publish("labels", tasks)
    work = probe.ledger.work("print_label", holds=None)
    child = probe.start(function, workers=1, print_label=work, round_trip=round_trip, working=working)
    handed = handed_out(probe, child, "labels", STACK, at_least=needed, at_most=2 * needed)
    taken_by_hand(probe, function)
    same_texts(probe.ledger.tasks("begun")[-1:], tasks, "print_label")
    still_works(probe, function, child)
    limit_of_consumer(probe, function)
    numbers = f"{place} (round trip {round_trip:g} s, working {working:g} s)"
    if handed < needed:
        raise Wrong(
            f"{numbers}, the printer was handed {handed} at once: {needed - 1} must be on the way while it "
            f"prints one. With fewer than {needed} it waits"
        )
    if handed > 2 * needed:
        raise Wrong(
            f"{numbers}, the printer was handed {handed} of {STACK} at once, and {needed} are enough: "
            "the rest could be printed by somebody else, and is at risk if this one dies"
        )
    _print_all(probe, function, child, tasks)
    return child


def _print_all(probe: Probe, function: Learners, child: Child, tasks: list[str]) -> None:
    probe.ledger.release()
    ready = probe.wait(
        lambda: (len(probe.ledger.tasks("done")), probe.ready("labels")),
        lambda _: set(tasks) <= set(probe.ledger.tasks("done")) or not child.alive,
    )
    still_works(probe, function, child)
    acked_when_done(probe, function)
    if not set(tasks) <= set(probe.ledger.tasks("done")):
        called_rightly(probe, function, "print_label")
        finished = len(set(tasks) & set(probe.ledger.tasks("done")))
        unacked = probe.unacked("labels")
        raise Wrong(
            f"{finished} of {STACK} labels were printed, and in {ready.within:g} s no other: {unacked} are "
            "unacknowledged, and for each ack the broker would send another"
        )


def _goes_home(probe: Probe, function: Learners, child: Child) -> None:
    probe.stopped(function, child)
    if left := probe.wait_ready("labels", 0).seen:
        raise Wrong(f"all labels were printed, and {left} were in the queue again when the printer had stopped")


@exercise(
    2,
    "Ten at a time",
    "`basic_ack(tag, multiple=True)` acknowledges everything up to that tag. When is the last batch acknowledged, the "
    "one that never becomes full?",
    "Count what is printed and not acked. At ten, ack with `multiple=True`. `consume` with an `inactivity_timeout` "
    "gives you `None` when nothing comes: the moment for what is left.",
    "Keep the tag of the last printed label in `last` (None when all is acked). `if method is None:` ack `last` with "
    "`multiple=True` if there is one. The prefetch must be larger than ten.",
)
def ten_at_a_time(probe: Probe, print_in_batches: Learners) -> Result:
    """Thirty-five labels; the printer is killed in the middle of label 26, another prints what came back."""
    tasks, held = labels(35), "label 26"
    probe.declare("labels", arguments=QUORUM)
    probe.publish("labels", tasks)
    work = probe.ledger.work("print_label", holds=(held,), takes=dict.fromkeys(tasks, TAKES))
    killed = probe.start(print_in_batches, workers=1, print_label=work)
    begun = probe.wait(
        lambda: probe.ledger.tasks("begun"), lambda seen: held in seen or not killed.alive or probe.auto_acks()
    )
    same_texts(begun.seen, tasks, "print_label")
    taken_by_hand(probe, print_in_batches)
    acks_promised_nothing(probe, print_in_batches)
    still_works(probe, print_in_batches, killed)
    acked_in_batches(probe, print_in_batches, BATCH, reached=held in begun.seen)
    killed.kill()
    back = probe.wait_ready("labels", 15).seen or 0
    if back > 15:
        raise Wrong(
            f"when the printer was killed in the middle of `{held}`, {back} of 35 were in the queue again: 15 is what "
            f"is left when it acks after each {BATCH}"
        )
    probe.ledger.release()
    child = probe.start(print_in_batches, workers=1, print_label=probe.ledger.work("print_label"))
    settled_when_idle(probe, print_in_batches, child, "labels", tasks)
    more_after_a_pause(probe, print_in_batches, child, "labels", ["label 36"], 1)
    probe.stopped(print_in_batches, child)
    again = len(probe.ledger.tasks("done")) - 36
    return done(f"acks in batches of at most {BATCH}; killed in the middle of `{held}`: lost 0, printed again {again}")


@exercise(
    3,
    "The broker loses patience",
    "The broker takes the label away from a printer that is too slow, and unsubscribes it. What does your loop then?",
    "`channel.consume` ends when the broker cancels the consumer, and the channel stays open. Who wants to go on "
    "subscribes again.",
    "`while not worker.stopping:` around all of it: a new channel, its `basic_qos`, the `for … in channel.consume(…)` "
    "loop, and `channel.close()` when that has ended: what the old channel holds must come back.",
)
def patience(probe: Probe, keep_printing: Learners) -> Result:
    """Label 1 is held until the broker has lost patience; then the printer must go on."""
    if not probe.broker.at_least("4.3"):
        return cannot_tell(f"RabbitMQ {probe.broker.version} has no consumer timeout for one queue; 4.3 has it")
    tasks = labels(4)
    work = probe.ledger.work("print_label", holds=("label 1", "label 3"))
    for _ in range(2):  # under load a broker has been seen to forget its patience
        with probe.channel() as channel:
            channel.queue_delete("urgent")
        probe.declare("urgent", arguments=QUORUM | {"x-consumer-timeout": PATIENCE})
        probe.publish("urgent", tasks)
        child = probe.start(keep_printing, workers=1, print_label=work)
        keeps_too_long(probe, keep_printing, child, tasks)
        if cancelled(probe):
            break
        child.kill()
    else:
        return cannot_tell("the broker did not lose patience in time; run the check again")
    probe.ledger.release()
    printed = probe.wait(lambda: probe.ledger.tasks("done"), lambda done: "label 1" in done or not child.alive)
    if printed.met:  # a second time, for who subscribes again once only
        probe.ledger.hold()
        probe.wait(lambda: cancelled(probe), lambda seen: seen > 1 or set(tasks) <= set(probe.ledger.tasks("done")))
        probe.ledger.release()
    goes_on(probe, keep_printing, child, tasks, PATIENCE / 1000)
    more_after_a_pause(probe, keep_printing, child, "urgent", ["label 5"], 1)
    probe.stopped(keep_printing, child)
    return done("the broker unsubscribed a printer that had kept a label too long; it subscribed again: lost 0 of 5")
