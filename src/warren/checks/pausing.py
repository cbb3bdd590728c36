"""A consumer before a bank that falls silent: whom it calls, when it is subscribed, what it does with its payments."""

from __future__ import annotations

import math
from collections import Counter

from pika import spec

from warren.checks.breakers import LIMIT, REST, Call, Seen, in_a_row, seen, too_early
from warren.checks.deliveries import deliveries
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.ledger import Entry, Ledger
from warren.checks.pause import still_works
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.retrying import Bank, answered
from warren.checks.scenarios import taken_by_hand
from warren.checks.wire import Conversation, Wire

LONG = 3  # rests: who waits so long each time rests too long
OFTEN = 10  # deliveries of one payment: it goes to and fro
ENDS = (spec.Channel.Close, spec.Connection.Close)


def calls(probe: Probe) -> list[Call]:
    """The calls of the bank, from the ledger."""
    made: list[Call] = []
    begun: dict[tuple[str, str], Entry] = {}
    for entry in probe.ledger.entries:
        if entry.what == "begun":
            begun[entry.by, entry.task] = entry
        elif first := begun.pop((entry.by, entry.task), None):
            made.append(Call(entry.task, first.at, entry.at, entry.what == "raised"))
    return made


def behaves(probe: Probe, function: Learners) -> list[Call]:
    """So far payments, bank and subscription were treated as they should be; the calls that were made."""
    made = calls(probe)  # once, since it goes on meanwhile
    _gives_nothing_away(probe, function, made)
    _leaves_the_bank_alone(probe, function, made)
    _opens_in_time(probe, function, made)
    return made


def left_in_the_queue(probe: Probe, function: Learners, queue: str, count: int) -> None:
    """While the breaker is open so many payments are in the queue, for whoever can do something with them."""
    waited = probe.wait(lambda: probe.ready(queue) or 0, lambda ready: ready >= count)
    if not waited.met:
        raise Wrong(
            f"while the breaker is open, {waited.seen} of {count + 1} payments are in `{queue}`, and the others in the "
            f"hands of `{name(function)}`, where nobody else can take them: `basic_qos(prefetch_count=1)`"
        )


def probes_in_time(probe: Probe) -> None:
    """The probes came when the rest was over, at least one of them; and cost no payment its returns."""
    rests = [one.call.began - one.since for one in seen(calls(probe)) if one.probe]
    if rests and min(rests) > LONG * REST:
        raise Wrong(
            f"the bank was called again {min(rests):.1f} s after a failure and not sooner: a probe about each {REST:g} "
            "s, or the shop waits longer than the bank is away"
        )
    given_back = Counter(one.text for each in probe.wire.conversations for one, _ in answered(each, spec.Basic.Reject))
    for payment, times in given_back.items():
        if times > 1 and payment == calls(probe)[-1].what:
            raise Wrong(
                f"`{payment}` was given back {times} times with `basic_reject` while the bank was away: each counts, "
                f"and after {LIMIT} the next one parks it. Keep it in your hands until the bank has answered"
            )


def stops_in_the_pause(probe: Probe, function: Learners, queue: str, payment: str) -> None:
    """Told to stop while the breaker is open, it goes, and leaves what it could not charge in the queue."""
    probe.publish(queue, [payment])
    ledger = Ledger()  # the other one's bank answers
    child = probe.start(function, workers=1, charge=Bank(ledger, {payment: math.inf}))
    try:
        probe.wait(lambda: len(ledger.tasks("raised")), lambda failures: failures >= LIMIT or not child.alive)
        still_works(probe, function, child)
        child.stop()
        if not child.wait(probe.patience):
            raise Wrong(
                f"`worker.stopping` became True while the breaker was open, and `{name(function)}` went on for "
                f"{probe.patience:g} s: look at it in the pause, too"
            )
        probe.returned(function, child)
    finally:
        ledger.close()
    if probe.early_acks() or not probe.wait_ready(queue, 1).met:
        raise Wrong(
            f"`{name(function)}` was told to stop while the breaker was open, and `{payment}`, which nobody had "
            "charged, is gone: leave it unacked, and it goes back to the queue when you close the connection"
        )


def _leaves_the_bank_alone(probe: Probe, function: Learners, made: list[Call]) -> None:
    """No call was made that a breaker would have refused."""
    early = too_early(made)
    if early is None:
        return
    what = early.call.what
    if early.in_a_row > LIMIT:
        raise Wrong(
            f"a probe failed, and `{name(function)}` called the bank again before {REST:g} s were over: one failure is "
            "enough in half-open"
        )
    attempts = sum(one.what == what and one.began <= early.call.began for one in made)
    given = sum(one.body == what and one.at <= early.call.began for one in deliveries(probe.wire))
    how = "went on with the next" if attempts <= given else "tried it again with the payment in its hands"
    if _paused(probe.wire, early):
        how = "paused, and was back with a probe"
    raise Wrong(
        f"{LIMIT} calls in a row had failed, and `{name(function)}` {how} (`{what}`) before {REST:g} s were over"
    )


def _opens_in_time(probe: Probe, function: Learners, made: list[Call]) -> None:
    """It unsubscribes when so many calls in a row have failed, not before, and stays so until it may try again."""
    for each in probe.wire.conversations:
        for end in [one for one in list(each.said) if isinstance(one.method, (spec.Basic.Cancel, *ENDS))]:
            failures = in_a_row(one for one in made if one.ended <= end.at)
            if 0 < failures < LIMIT:  # with none it has gone home, or pauses for reasons of its own
                raise Wrong(
                    f"`{name(function)}` unsubscribed after {failures} of {LIMIT} failures in a row: {LIMIT} open the "
                    "breaker, fewer are bad luck"
                )
    for one in seen(made):
        if one.probe and not _paused(probe.wire, one):
            raise Wrong(
                f"`{name(function)}` stays subscribed while the breaker is open: who can do nothing with payments asks "
                "for none. `channel.basic_cancel(consumer_tag)` leaves them in the queue"
            )


def _gives_nothing_away(probe: Probe, function: Learners, made: list[Call]) -> None:
    """No payment is acked without being charged, thrown away, or given back until its returns are used up."""
    taken_by_hand(probe, function)
    if probe.early_acks():
        when = "while the breaker is open" if in_a_row(made) >= LIMIT else "before it is charged"
        raise Wrong(f"`{name(function)}` acks a payment {when}: what is acked is gone, and nobody has charged it")
    for payment, times in Counter(one.body for one in deliveries(probe.wire)).items():
        if times > OFTEN or (times > LIMIT and probe.ready("parked")):
            asked = sum(one.what == payment for one in made)
            if asked >= times:
                raise Wrong(
                    f"`{payment}` was given back after each of {asked} calls that failed, which used up its returns: "
                    "it is parked. Keep it in your hands until the bank has answered"
                )
            raise Wrong(
                f"`{payment}` was handed out {times} times, and {asked} calls were made for it: given back while the "
                "breaker is open, it comes again at once"
                + ", and in the end it is parked"
                * bool(probe.ready("parked"))
            )


def _paused(wire: Wire, probed: Seen) -> bool:
    """True if nobody was subscribed at some time between the breaker's opening and this probe."""
    events: list[tuple[float, int]] = []
    for each in wire.conversations:
        events += _turns(each)
    now = sum(step for at, step in events if at <= probed.since)
    if now <= 0:
        return True
    for at, step in sorted(events):
        now += step if probed.since < at < probed.call.began else 0
        if now <= 0:
            return True
    return False


def _turns(conversation: Conversation) -> list[tuple[float, int]]:
    """When this connection had a subscription more (+1) or fewer (-1)."""
    turns: list[tuple[float, int]] = []
    open_by_channel: Counter[int] = Counter()
    for one in list(conversation.said):
        if isinstance(one.method, spec.Basic.Consume):
            open_by_channel[one.channel] += 1
            turns.append((one.at, 1))
        elif isinstance(one.method, spec.Basic.Cancel):
            open_by_channel[one.channel] -= 1
            turns.append((one.at, -1))
        elif isinstance(one.method, ENDS):
            gone = [one.channel] if one.channel else list(open_by_channel)
            turns += [(one.at, -open_by_channel.pop(channel, 0)) for channel in gone]
    turns.append((min(conversation.gone, conversation.ended), -open_by_channel.total()))
    return turns
