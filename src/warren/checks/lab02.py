"""Lab 02, Work queues: a fair share for three workers, nothing lost to a kill or an error, a broker that restarts."""

from __future__ import annotations

from pika import spec

from warren.checks.arrivals import forgets
from warren.checks.exercise import Learners, exercise
from warren.checks.full_disk import FULL, all_settled
from warren.checks.learner import name
from warren.checks.pause import more_after_a_pause, still_works
from warren.checks.prefetch import why_so_many
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, cannot_tell, done, wrong
from warren.checks.scenarios import (
    acked_when_done,
    begun_once,
    called_rightly,
    each_once,
    killed_mid_work,
    queue_holds,
    same_texts,
    shared_durable_queue,
    taken_by_hand,
    unacknowledged,
)
from warren.workers import Child

WORKERS, PHOTOS = 3, 30  # the last photos, one for each worker, come after a pause
LARGE, SMALL = 0.06, 0.005  # seconds; with one large photo in three, dealing them out in turn gives one worker them all


def photos(count: int) -> list[str]:
    return [f"photo {number}.jpg" for number in range(1, count + 1)]


@exercise(
    1,
    "Three workers, fair shares",
    "Each worker needs a connection and a channel of its own: pika's belong to one thread. And what decides how many "
    "photos the broker hands to a worker that is still busy?",
    "`channel.basic_qos(prefetch_count=1)` before consuming: the broker then gives a worker the next photo when it has "
    "acknowledged the last one.",
    'Loop over `channel.consume("photos", inactivity_timeout=0.1)`, which yields method, properties and body: leave if '
    "`worker.stopping`; go on if `method` is None; else `resize(body.decode())`, then "
    "`channel.basic_ack(method.delivery_tag)`.",
)
def share(probe: Probe, resize_photos: Learners) -> Result:
    """All three are held in their first photo while the check looks at what else they were given; then they go on."""
    tasks = photos(PHOTOS)
    waiting, late = tasks[:-WORKERS], tasks[-WORKERS:]
    probe.declare("photos")
    probe.publish("photos", waiting)
    takes = {task: LARGE if number % WORKERS == 0 else SMALL for number, task in enumerate(tasks)}
    child = probe.start(resize_photos, workers=WORKERS, resize=probe.ledger.work("resize", takes=takes, holds=None))
    _all_busy(probe, resize_photos, child, waiting)
    _nothing_in_reserve(probe, resize_photos, len(waiting))
    probe.ledger.release()
    _all_done(probe, resize_photos, child, waiting)
    more_after_a_pause(probe, resize_photos, child, "photos", late, WORKERS)
    probe.stopped(resize_photos, child)
    acked_when_done(probe, resize_photos)
    each_once(probe, tasks)
    if left := probe.wait_ready("photos", 0).seen:
        return wrong(
            f"all {PHOTOS} photos were resized, and {left} were in the queue again when the workers had stopped"
        )
    return done(
        f"{WORKERS} workers resized {PHOTOS} photos, each once; while every worker was busy with its first, "
        f"the others waited in the queue for whoever would be free"
    )


def _all_busy(probe: Probe, function: Learners, child: Child, tasks: list[str]) -> None:
    """Three workers have each begun a photo, each over a connection of its own."""
    busy = probe.wait(
        lambda: len(probe.ledger.workers),
        lambda seen: seen == WORKERS or not child.alive or probe.auto_acks() or probe.unacked("photos") > WORKERS,
    )
    same_texts(sorted(probe.ledger.tasks("begun")), tasks, "resize")
    taken_by_hand(probe, function)
    _own_connections(probe, child)
    still_works(probe, function, child)
    if not busy.met:
        called_rightly(probe, function, "resize")
        looked = f"the check waited {busy.within:g} s for {WORKERS} workers to begin a photo each"
        raise Wrong(f"{looked}, and {busy.seen} had")


def _own_connections(probe: Probe, child: Child) -> None:
    """Every worker has opened a connection; once all have begun, or one has raised, those missing will not come."""
    lines = probe.wait(
        lambda: len(probe.wire.conversations),
        lambda seen: seen >= WORKERS or len(probe.ledger.workers) == WORKERS or not child.alive,
    ).seen
    channels = len(probe.wire.said(spec.Channel.Open))
    if 0 < lines < WORKERS:
        raise Wrong(
            f"{WORKERS} workers share {_count(lines, 'connection')} and {_count(channels, 'channel')}: "
            "pika's belong to one thread, so each worker opens its own"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _nothing_in_reserve(probe: Probe, function: Learners, count: int) -> None:
    """With three photos begun, the broker has handed out these three and no more."""
    handed = probe.wait(lambda: probe.unacked("photos"), lambda seen: seen >= WORKERS or probe.early_acks()).seen
    acked_when_done(probe, function)
    if handed > WORKERS:
        said = f"before any photo was finished, the broker had handed out {handed} of {count}: "
        raise Wrong(said + why_so_many(probe.wire))


def _all_done(probe: Probe, function: Learners, child: Child, tasks: list[str]) -> None:
    def over(begun: list[str]) -> bool:
        return set(tasks) <= set(probe.ledger.tasks("done")) or len(set(begun)) < len(begun) or not child.alive

    waited = probe.wait(lambda: probe.ledger.tasks("begun"), over)
    begun_once(probe, function)
    if not set(tasks) <= set(probe.ledger.tasks("done")):
        still_works(probe, function, child)
        finished = len(probe.ledger.tasks("done"))
        said = f"{finished} of {len(tasks)} photos were resized, and in {waited.within:g} s no other was begun"
        raise Wrong(said + unacknowledged(probe, "photos"))


@exercise(
    2,
    "Nothing falls off the desk",
    "A photo is lost if the broker believes that it is finished. What has your worker told the broker when it dies, "
    "and what when `resize` raises?",
    "Acknowledge only what `resize` has finished. When it raises, give the photo back (`basic_nack` or `basic_reject`, "
    "with `requeue=True`) and go on with the next.",
    "`try: resize(body.decode())` · `except OSError: channel.basic_nack(method.delivery_tag, requeue=True)` · "
    "`else: channel.basic_ack(method.delivery_tag)`.",
)
def keep(probe: Probe, resize_carefully: Learners) -> Result:
    """One worker is killed in the middle of photo 4; the next meets a full disk at photo 7, then an empty queue."""
    tasks = photos(12)
    waiting, late = tasks[:10], tasks[10:]
    probe.declare("photos")
    probe.publish("photos", waiting)
    held, full = tasks[3], tasks[6]
    killed_mid_work(probe, resize_carefully, "photos", waiting, probe.ledger.work("resize", holds=(held,)), workers=1)
    probe.ledger.release()
    child = probe.start(resize_carefully, workers=1, resize=probe.ledger.work("resize", raises={full: FULL}))
    all_settled(probe, resize_carefully, child, "photos", waiting, full)
    more_after_a_pause(probe, resize_carefully, child, "photos", late, 1)
    probe.stopped(resize_carefully, child)
    acked_when_done(probe, resize_carefully)
    each_once(probe, tasks)
    if left := probe.wait_ready("photos", 0).seen:
        return wrong(f"all 12 photos were resized, and {left} were in the queue again when the worker had stopped")
    return done(
        "a worker was killed in the middle of photo 4, the next met a full disk at photo 7 and went on: "
        "12 of 12 photos resized, none lost, none twice"
    )


@exercise(
    3,
    "The broker restarts",
    "Two things must outlive the broker: the queue, and each message in it. They are asked for in two different calls.",
    "The queue: `durable=True`. The message: a property of its own, given to `basic_publish` as `properties`.",
    "`pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)` is the fourth argument of `basic_publish`.",
)
def outlive(probe: Probe, send_photos: Learners) -> Result:
    """Published, looked at, and the broker really restarted."""
    tasks = photos(10)
    try:
        probe.run(send_photos, photos=tasks)
    except Wrong:
        _asks_for_durable(probe, send_photos)
        raise
    shared_durable_queue(probe, send_photos, "photos")
    queue_holds(probe, "photos", tasks)
    transient = [one.body for one in probe.messages("photos") if not one.persistent]
    if transient and probe.management.queue(probe.vhost, "photos").get("type") == "classic":
        return wrong(
            f"{len(transient)} of {len(tasks)} messages are transient: the durable queue comes back after a restart, "
            "and comes back without them. Publish each with "
            "`pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)`"
        )
    probe.restart_broker()
    back = probe.wait_ready("photos", len(tasks))
    if not back.met:
        came = f"the broker restarted, and {back.seen or 0} of {len(tasks)} photos came back"
        if reason := forgets(probe, "photos"):
            return wrong(f"{came}: {reason}")
        return cannot_tell(f"{came}, though all were persistent")
    return done(f"the broker was restarted, and {len(tasks)} of {len(tasks)} photos were in the queue afterwards")


def _asks_for_durable(probe: Probe, function: Learners) -> None:
    """The queue was declared durable: since 4.3 the broker refuses others, before that it forgets them."""
    for asked in probe.wire.said(spec.Queue.Declare):
        if not (asked.passive or asked.durable or asked.exclusive):
            raise Wrong(
                f"`{name(function)}` declares `{asked.queue}` without `durable=True`: a queue that must survive the "
                "broker is durable, and RabbitMQ refuses a shared one that is not (541, since 4.3)"
            )
