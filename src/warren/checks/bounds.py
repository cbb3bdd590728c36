"""A queue with a bound: what it kept, refused or dropped, and by which of its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pika import exceptions

from warren.checks.arrivals import forgets, took_out
from warren.checks.confirms import sent
from warren.checks.dead_letters import DLX, dead_letters_of
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short

OVER = 2  # messages by which a quorum queue may go over its bound when they come one by one


def all_quorum(probe: Probe) -> None:
    """Every queue is a quorum queue."""
    for row in probe.management.queue_totals(probe.vhost):
        if row.get("type") != "quorum":
            raise Wrong(f"`{short(row['name'])}` is a {row.get('type')} queue, and should be a quorum queue")


def keeps_what_it_confirmed(probe: Probe, bound: int) -> None:
    """The queue has a bound, and drops nothing that it has confirmed."""
    says = dead_letters_of(probe, "orders")
    confirmed = [one.text for one in sent(probe.wire) if one.answer == "ack"]
    kept = [one.body for one in probe.messages("orders")]
    if lost := [text for text in confirmed if text not in kept]:
        reason = took_out(probe) or _drops(says)
        raise Wrong(f"`{lost[0]}` was confirmed, and is not in the queue any more: {reason}")
    if len(confirmed) > bound + OVER and says.get("max-length") == bound:
        raise Wrong(
            f"{len(confirmed)} orders are in a queue with room for {bound}, because they came in a burst: publish them "
            "one by one"
        )
    if says.get("max-length") != bound:
        raise Wrong(f"the queue took {len(confirmed)} orders, and should have room for {bound}: {_bound(says)}")


def _drops(says: dict[str, object]) -> str:
    policy = says.get("overflow")
    if limit := next((each for each in ("message-ttl", "max-length-bytes", "expires") if each in says), None):
        return f"`x-{limit}` = {says[limit]} takes it away"
    if policy == "reject-publish-dlx":
        return "a quorum queue takes `reject-publish-dlx` without an error, and does `drop-head`"
    if policy is None:
        return "without `x-overflow` a full queue drops the oldest (`drop-head`)"
    return f"`x-overflow` = `{short(policy)}` makes room by dropping the oldest"


def _bound(says: dict[str, object]) -> str:
    if "max-length" in says:
        return f"its `x-max-length` is {says['max-length']!r}"
    similar = [f"`x-{each}`" for each in says if "len" in each or "max" in each]
    return "it has no `x-max-length`" + (f", and the broker knows no {similar[0]}" if similar else "")


def all_quorum_or_strange(probe: Probe) -> None:
    """As `all_quorum`; of the classic queue's own policy it is told what that does."""
    if dead_letters_of(probe, "orders").get("overflow") == "reject-publish-dlx":
        raise Wrong(
            "`reject-publish-dlx` is not for this: a classic queue says no to the till and keeps the order all the "
            "same, so who sends it again makes two of it; a quorum queue does not know it"
        )
    all_quorum(probe)


def refuses(probe: Probe, asked: Sequence[str]) -> str | None:
    """Publish these; the first that the queue refuses, or None."""
    with probe.channel() as channel:
        channel.confirm_delivery()
        for order in asked:
            try:
                channel.basic_publish("", "orders", order.encode(), mandatory=True)
            except exceptions.NackError:
                return order
    return None


def published_nothing_of_its_own(probe: Probe, function: Learners) -> None:
    """A function that is to declare things has put no message of its own there."""
    for one in sent(probe.wire):
        raise Wrong(f"`{name(function)}` published `{short(one.text)}`: it declares the queues, and the shop sells")


def all_there(probe: Probe, count: int) -> Callable[[tuple[int | None, int | None]], bool]:
    """Tells of what is ready in `orders` and `overflow` whether more can come: all are there, or the rest is gone."""
    gone = DLX not in dead_letters_of(probe, "orders")
    return lambda seen: gone or sum(ready or 0 for ready in seen) >= count


def overflow(probe: Probe) -> str:
    return f"its `x-overflow` is `{short(dead_letters_of(probe, 'orders').get('overflow', 'not set'))}`"


def where(probe: Probe, bound: int) -> str:
    """Why the surplus is not where it should be."""
    says, into = dead_letters_of(probe, "orders"), dead_letters_of(probe, "overflow")
    if says.get("max-length") != bound:
        return f"look at `orders`: {_bound(says)}"
    if limit := next((each for each in ("message-ttl", "expires") if each in says), None):
        return f"`orders` has `x-{limit}`, which empties it by the clock"
    if "max-length-bytes" in says:
        return f"`orders` has `x-max-length-bytes` = {says['max-length-bytes']}, a second bound: leave it out"
    if DLX not in says:
        similar = [f"`x-{each}`" for each in says if "dead" in each]
        return f"`orders` has no `x-{DLX}`, so what it drops is gone" + (
            f", whatever {similar[0]} says" if similar else ""
        )
    if "max-length" in into:
        return f"`overflow` itself has `x-max-length` = {into['max-length']}, and drops what is more"
    exchange, key = str(says[DLX]), says.get("dead-letter-routing-key", "orders")
    if exchange and exchange not in [row["name"] for row in probe.management.exchanges(probe.vhost)]:
        return f"there is no exchange `{short(exchange)}`, to which `orders` sends what it drops"
    way = f"the exchange `{short(exchange)}`" if exchange else "the default exchange"
    return f"what `orders` drops goes to {way} with the key `{short(key)}`, and that does not lead to `overflow`"


def stays(probe: Probe) -> None:
    """What lies in either queue lies there until somebody takes it."""
    for queue in ("orders", "overflow"):
        says = dead_letters_of(probe, queue)
        if limit := next((each for each in ("message-ttl", "expires", "max-length-bytes") if each in says), None):
            raise Wrong(
                f"`{queue}` has `x-{limit}` = {says[limit]}, by which orders go though there is room: leave it out"
            )
    if reason := forgets(probe, "overflow"):
        raise Wrong(f"`overflow` is to keep whatever comes: {reason}")
