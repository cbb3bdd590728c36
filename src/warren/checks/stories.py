"""What a story asks of its queue, tried out: shared or private, kept or gone, urgent first, one at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import pika
from pika import exceptions

from warren.checks.arrivals import forgets
from warren.checks.probe import Probe
from warren.checks.readers import given, readers
from warren.checks.result import Wrong
from warren.checks.routes import listed

Row = Mapping[str, Any]
REFUSALS = (  # measured on 4.0.5 and 4.3.6
    (
        r"invalid property 'exclusive-owner' for queue '(?P<queue>[^']*)'",
        "`{queue}` is to be exclusive, and of a type that can't be: only a classic queue can belong to one connection "
        "(406)",
    ),
    (
        r"invalid property 'auto-delete' for queue '(?P<queue>[^']*)'",
        "`{queue}` is to be `auto_delete`, and of a type that can't be: only a classic queue can (406)",
    ),
    (
        r"invalid arg 'x-max-priority' for queue '(?P<queue>[^']*)'.* rabbit_quorum_queue",
        "a quorum queue such as `{queue}` refuses `x-max-priority` (406): from 4.3 on it looks at priorities without "
        "it, and before, only a classic queue has as many levels",
    ),
    (
        r"invalid arg '(?P<argument>[^']*)' for queue '(?P<queue>[^']*)'.* of queue type rabbit_(?P<kind>\w+)_queue",
        "`{queue}` is of the type {kind}, which does not know `{argument}` (406)",
    ),
)
DAYS = {"Y": 365, "M": 30, "D": 1, "h": 1 / 24, "m": 1 / 1440, "s": 1 / 86400}  # the units of `x-max-age`
WEEK = 7
MISSING, LOCKED = 404, 405  # AMQP's codes for what is not there, and for what is exclusive to another connection


def must_be_possible(probe: Probe) -> None:
    """The broker has refused no queue because its type can't be what it was to be."""
    for said in probe.wire.refusals():
        for pattern, sentence in REFUSALS:
            if found := re.search(pattern, said):
                raise Wrong(sentence.format_map(found.groupdict()))


def shared(probe: Probe, queue: str) -> Row:
    """The queue as the HTTP API describes it; ends the check unless it is there, durable and for everyone."""
    rows = {row["name"]: row for row in probe.management.queues(probe.vhost)}
    if queue not in rows:
        raise Wrong(f"there is no queue `{queue}`")
    row = rows[queue]
    if row["exclusive"]:
        raise Wrong(f"`{queue}` is exclusive: nobody but your program can reach it, and others are to read it")
    if row["auto_delete"]:
        raise Wrong(f"`{queue}` is `auto_delete`: it goes with its last reader, and with it what comes next")
    if forgetting := forgets(probe, queue):
        raise Wrong(f"what comes to `{queue}` may be gone before somebody reads it: {forgetting}")
    return row


def task_for_one(probe: Probe, queue: str, messages: list[str]) -> Row:
    """Two consumers share the messages: each goes to one of them, and is gone then."""
    row = shared(probe, queue)
    probe.publish(queue, messages)
    wanted = len(messages) * (2 if row["type"] == "stream" else 1)
    with readers(probe, queue, row["type"], 2) as clerks:
        got = given(probe, clerks, lambda got: sum(map(len, got)) >= wanted)
    first, second = got
    if both := sorted(set(first) & set(second)):
        raise Wrong(
            f"both clerks got `{both[0]}`, and would both book it: `{queue}` is a stream, in which each reader gets "
            "everything. Work is shared by a queue"
        )
    if len(first) + len(second) < len(messages):
        raise Wrong(f"{len(messages)} messages went to `{queue}`, and two clerks got {len(first) + len(second)}")
    if not (first and second):
        raise Wrong(f"one clerk got all of `{queue}`, the other none: the work is to be shared")
    return row


def copies_elsewhere(queue: str, row: Row) -> None:
    """A quorum queue, which a cluster keeps on several machines."""
    if row["arguments"].get("x-quorum-initial-group-size") == 1:
        raise Wrong(f"`{queue}` is to have one replica (`x-quorum-initial-group-size`), which burns with its machine")
    if row["type"] != "quorum":
        raise Wrong(
            f"`{queue}` is a {row['type']} queue, which lives on one machine: when that burns, confirmed messages burn "
            "with it. A quorum queue keeps copies on others"
        )


def for_every_reader(probe: Probe, queue: str, messages: list[str]) -> None:
    """One reader reads all of it, and after it another one finds all of it."""
    row = shared(probe, queue)
    age = str(row["arguments"].get("x-max-age", "1Y"))
    if int(age[:-1]) * DAYS[age[-1]] < WEEK:
        raise Wrong(f"`{queue}` keeps what comes for `x-max-age` = {age}, and last week's are to be read, too")
    probe.publish(queue, messages)
    for reader in ("the report", "accounts"):
        with readers(probe, queue, row["type"], 1) as one:
            got = given(probe, one, lambda got: len(got[0]) >= len(messages))[0]
        if got != messages:
            raise Wrong(f"`{queue}` had {len(messages)} sales, and {reader} found {len(got)}")
        if row["type"] != "stream" and not probe.ready(queue):
            raise Wrong(
                f"{reader} read the {len(got)} `{queue}`, and now none is left: reading empties a {row['type']} queue"
            )


def urgent_first(probe: Probe, queue: str) -> None:
    """Four standard messages wait when three express ones come: these leave first, and each kind in its order."""
    row = shared(probe, queue)
    if row["type"] == "stream":
        raise Wrong(f"`{queue}` is a stream: everything stays where it was written, and nothing can overtake")
    standard, express = [[f"{kind} {number}" for number in (1, 2, 3, 4)] for kind in ("standard", "express")]
    with probe.channel() as channel:
        channel.confirm_delivery()
        for priority, parcels in ((1, standard), (9, express)):
            for parcel in parcels:
                channel.basic_publish("", queue, parcel, pika.BasicProperties(priority=priority), mandatory=True)
    left = probe.take(queue)
    if left != express + standard:
        raise Wrong(f"the parcels left `{queue}` in this order: {', '.join(left)}. {_why_no_priorities(probe, row)}")


def _why_no_priorities(probe: Probe, row: Row) -> str:
    if row["type"] == "quorum":
        return f"A quorum queue of RabbitMQ {probe.broker.version} has two levels and takes turns; classic has more"
    most = row["arguments"].get("x-max-priority")
    if most is None:
        return "A classic queue looks at priorities only with `x-max-priority`"
    return f"`x-max-priority` = {most} makes 9 no more urgent than {most}"


def one_at_a_time(probe: Probe, queue: str, messages: list[str]) -> Row:
    """Of two consumers the first gets everything; when it goes, the second takes over."""
    row = shared(probe, queue)
    if row["type"] == "stream":
        raise Wrong(f"`{queue}` is a stream: both bookkeepers get every booking, and neither takes over anything")
    half = len(messages) // 2
    with readers(probe, queue, row["type"], 2) as desks:
        probe.publish(queue, messages[:half])
        first, second = given(probe, desks, lambda got: sum(map(len, got)) >= half)
        if second:
            raise Wrong(
                f"both bookkeepers got bookings of `{queue}` at the same time, and nobody knows who is ready first: "
                "`x-single-active-consumer` lets one work, and the others stand by"
            )
        desks[0].go()
        probe.publish(queue, messages[half:])
        first, second = given(probe, desks, lambda got: sum(map(len, got)) >= len(messages))
    if first + second != messages:
        raise Wrong(f"the bookings of `{queue}` were {', '.join(messages)}, and were done as {first + second}")
    return row


def private(probe: Probe, queue: str) -> None:
    """The queue is there, for the connection that declared it and for nobody else."""
    try:
        with probe.channel() as channel:
            channel.queue_declare(queue, passive=True)
    except exceptions.ChannelClosedByBroker as error:
        if error.reply_code == MISSING:
            raise Wrong(f"there is no queue `{queue}` any more") from None
        if error.reply_code != LOCKED:
            raise
        return
    raise Wrong(f"another connection can read `{queue}`, as the check just could: is it `exclusive`?")


def kept(probe: Probe, queues: Collection[str]) -> None:
    """The program went, and left these queues where they are."""
    if missing := set(queues) - set(probe.queues()):
        raise Wrong(f"when your program went, {listed(missing)} went with it, and what was in there: don't delete it")


def gone(probe: Probe, queue: str) -> None:
    """The queue went with the program."""
    if queue in probe.wait(probe.queues, lambda names: queue not in names).seen:
        raise Wrong(
            f"the program has gone, and `{queue}` is still there: an `exclusive` queue goes with its connection"
        )
