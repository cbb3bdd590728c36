"""Lab 05, Topics and headers: five readers of one exchange, desks that look at headers, an exchange behind another."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from pika import spec

from warren.checks.bystanders import Bystanders
from warren.checks.exercise import Learners, exercise
from warren.checks.matching import why_headers, why_not, why_through
from warren.checks.probe import Probe
from warren.checks.result import Result, done, short
from warren.checks.routes import Trial, arrive, bindings, by_bindings, durable_exchange, exchanges
from warren.checks.scenarios import shared_durable_queue

CLAUSES = 3  # bindings that a verdict names: more, nobody reads
Reason = Callable[[Probe, Trial, str, bool], str]  # for a queue that got the trial (True) or did not, wrongly


def _because(reason: Reason) -> Callable[[Probe, Trial, Sequence[str]], str]:
    """For `arrive`: why the first queue in question got it or did not, and then how the queues are bound."""

    def why(probe: Probe, trial: Trial, queues: Sequence[str]) -> str:
        clauses = by_bindings(probe, trial, queues).split("; ")
        said = "; ".join(clauses[:CLAUSES] + ["and so on"] * (len(clauses) > CLAUSES))
        for queue in dict.fromkeys([*trial.wanted, *queues]):
            amiss = queues.count(queue) - trial.wanted.count(queue)
            if amiss and (text := reason(probe, trial, queue, amiss > 0)):
                return f"{text}. {said[0].upper()}{said[1:]}"
        return said

    return why


def _queues(probe: Probe, function: Learners, queues: Sequence[str]) -> None:
    for queue in queues:
        shared_durable_queue(probe, function, queue)


# exercise 1
READERS = ("warehouse", "europe", "oncall", "treasury", "archive")
KEYS: dict[str, tuple[str, ...]] = {  # events, and who besides the archive wants them
    "order.placed.eu": ("warehouse", "europe"),
    "order.placed.us": ("warehouse",),
    "order.cancelled.asia": (),
    "payment.taken.eu": ("europe",),
    "payment.failed.us": ("oncall", "treasury"),
    "photo.failed.asia": ("oncall",),
    "bid.placed.us": (),
    "payment.disputed.us": ("treasury",),  # here and in the next two, words that no list in the text has
    "voucher.failed.asia": ("oncall",),
    "voucher.redeemed.eu": ("europe",),
    "order.placed": (),  # from here on keys of another system
    "payment.us": (),
    "backup.eu": (),
    "order.placed.asia.tokyo": (),
    "payment.failed.us.card": (),
}


@exercise(
    1,
    "Five readers",
    "Write the key of one event that a reader wants, word under word with one that it does not want. Where may the "
    "word be anything, where must it be this one, and how many words are there?",
    "`*` for a word that may be anything, the word itself where it matters. `#` only for who wants keys of any length.",
    'Per reader `channel.queue_declare(queue, durable=True)` and `channel.queue_bind(queue, "events", pattern)`, with '
    "`order.placed.*`, `*.*.eu`, `*.failed.*`, `payment.*.us` and `#`.",
)
def read(probe: Probe, bind_readers: Learners) -> Result:
    """Events are published, some of a new kind; each must be in the queues of those who want it, once, and no other."""
    probe.run(bind_readers)
    durable_exchange(probe, bind_readers, "events", "topic")
    _queues(probe, bind_readers, READERS)
    trials = [Trial("events", key, (*wanted, "archive")) for key, wanted in KEYS.items()]
    arrive(probe, trials, _because(_by_pattern))
    return done(
        f"{len(KEYS)} events were published, 5 of them with keys of two or four words, "
        f"and each arrived with all who want it and with nobody else"
    )


def _by_pattern(probe: Probe, trial: Trial, queue: str, came: bool) -> str:
    if queue not in READERS:
        return f"`{queue}` is none of the {len(READERS)} readers"
    patterns = [one.key for one in bindings(probe) if one.to == queue and one.exchange == trial.exchange]
    return why_through(patterns, trial.key) if came else why_not(patterns, trial.key)


# exercise 2
DESKS = ("express_gifts", "signature", "greetings")
GIFT, EXPRESS, INVOICE = {"gift": True}, {"priority": "express"}, {"payment": "invoice"}
ORDERS: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (  # headers, and the desks that want such an order
    ({"priority": "standard"}, ()),
    (GIFT, ()),
    (EXPRESS, ("signature",)),
    (INVOICE, ("signature",)),
    ({"gift": False, "priority": "express"}, ("signature",)),
    ({"gift": True, "priority": "standard"}, ()),
    (GIFT | EXPRESS, ("express_gifts", "signature")),
    (EXPRESS | INVOICE, ("signature",)),
    (GIFT | EXPRESS | {"payment": "card", "weight": 3}, ("express_gifts", "signature")),
    ({"gift": False, "priority": "standard", "payment": "card"}, ()),
    ({"greeting": "Happy birthday!"}, ("greetings",)),
    (GIFT | {"greeting": ""}, ("greetings",)),
)


@exercise(
    2,
    "Desks that look at headers",
    "What a desk wants stands in the arguments of its binding, and `x-match` says how many of them must fit. "
    "The routing key is not looked at.",
    "`x-match` is `all` where you would say *and*, `any` where you would say *or*. Values have types: `True` is not "
    '`"true"`. And `None` means any value.',
    'The desks\' arguments: `{"x-match": "all", "gift": True, "priority": "express"}` · `{"x-match": "any", '
    '"priority": "express", "payment": "invoice"}` · `{"greeting": None}`.',
)
def choose(probe: Probe, bind_desks: Learners) -> Result:
    """Orders are published with different headers and different keys."""
    probe.run(bind_desks)
    durable_exchange(probe, bind_desks, "handling", "headers")
    _queues(probe, bind_desks, DESKS)
    regions = itertools.cycle(("eu", "us", "asia"))
    trials = [Trial("handling", f"order.placed.{next(regions)}", wanted, headers) for headers, wanted in ORDERS]
    arrive(probe, trials, _because(_by_headers))
    return done(f"{len(ORDERS)} orders with different headers were published, and each desk got its own")


def _by_headers(probe: Probe, trial: Trial, queue: str, came: bool) -> str:
    if any(one.queue == queue and "x-match" in (one.arguments or {}) for one in probe.wire.said(spec.Queue.Declare)):
        return "what a desk wants is an argument of its binding, so of `queue_bind`, and not of its queue"
    wishes = [one.arguments for one in bindings(probe) if one.to == queue and one.exchange == trial.exchange]
    return why_headers(wishes, trial.headers, through=came)


# exercise 3
IN_GIFTS = "in_gifts"  # a queue of the check's own, which gets whatever comes to the exchange `gifts`
ALONE = Trial("gifts", "order.placed.eu", ())  # while nobody but the team is bound to `gifts`, it fits nowhere
PARTY = (
    Trial("events", "order.placed.eu", ("audit", "wrapping", IN_GIFTS), GIFT),
    Trial("events", "order.placed.us", ("audit", IN_GIFTS)),
    Trial("events", "order.placed.us", ("audit", IN_GIFTS), {"gift": False, "priority": "express"}),
    Trial("events", "payment.taken.eu", ("audit",), GIFT),
    Trial("events", "stock.placed.eu", ("audit",), GIFT),
    Trial("events", "parcel.cancelled.eu", ("audit",)),
    Trial("events", "order.cancelled.asia", ("audit", "wrapping")),
    Trial("events", "order.cancelled.eu", ("audit", "wrapping"), GIFT),
    Trial("events", "order.placed", ("audit",), GIFT),  # this and the next are the older system's
    Trial("events", "order.cancelled.eu.paris", ("audit",)),
    Trial("gifts", "order.placed.eu", ("wrapping", IN_GIFTS), GIFT),
    Trial("gifts", "order.placed.eu", (IN_GIFTS,)),
)


@exercise(
    3,
    "One exchange behind another",
    "Two exchanges in a row: the first looks at the key, the second at the headers. What is bound to what, and which "
    "of the two is the destination?",
    "`exchange_bind(destination, source, routing_key)`: what comes to `events` and fits goes on into `gifts`. The "
    "queue `wrapping` has a second binding, straight to `events`.",
    '`exchange_declare("gifts", "headers", durable=True)` · `exchange_bind("gifts", "events", "order.placed.*")` · '
    '`queue_bind("wrapping", "gifts", "", {"gift": True})` · `queue_bind("wrapping", "events", "order.cancelled.*")`.',
)
def chain(probe: Probe, hang_behind: Learners) -> Result:
    """The check has made `events` with two readers, as the shop has it; the function must not disturb them."""
    bystanders = Bystanders(probe, "events", {"audit": "#", "reports": "invoice.issued.*"})  # no trial is a report
    probe.run(hang_behind)
    durable_exchange(probe, hang_behind, "events", "topic")
    durable_exchange(probe, hang_behind, "gifts", "headers")
    _queues(probe, hang_behind, ("wrapping", "audit"))
    bystanders.undisturbed(hang_behind)
    arrive(probe, [ALONE], _because(_by_ways))
    probe.declare(IN_GIFTS)
    with probe.channel() as channel:
        channel.queue_bind(IN_GIFTS, "gifts", "", {"x-match": "all"})
    arrive(probe, PARTY, _because(_by_ways))
    return done(
        "placed orders went from `events` through `gifts` to `wrapping` if they were gifts, cancelled ones straight; "
        "`audit` got every event once, as before"
    )


def _by_ways(probe: Probe, trial: Trial, queue: str, came: bool) -> str:
    if trial == ALONE and (other := exchanges(probe)["gifts"]["arguments"].get("alternate-exchange")):
        return f"what fits nowhere in `gifts` goes on to its alternate exchange `{short(other)}`, and so to others"
    there = bindings(probe)
    links = [one for one in there if one.to_exchange]
    into = [one.key for one in links if (one.exchange, one.to) == ("events", "gifts")]
    if any((one.exchange, one.to) == ("gifts", "events") for one in links):
        away = "messages go from `gifts` into `events` here"
        return f"{away}, too" if into else f"{away}: `exchange_bind` takes the destination first"
    if not into:
        return "nothing leads from `events` into `gifts`: that is what `exchange_bind` is for"
    straight = [one for one in there if one.to == queue and one.exchange == "events"]
    if any(one.arguments for one in straight):
        return "a topic exchange looks at keys only: what that binding says of headers, nobody reads"
    if queue != "wrapping":
        return _by_others(trial, queue, came, into)
    if not straight:
        return "`wrapping` has no binding to `events` of its own"
    return _by_both(probe, trial, queue, came, [one.key for one in straight], into)


def _by_others(trial: Trial, queue: str, came: bool, into: Sequence[str]) -> str:
    if queue == IN_GIFTS:
        return why_through(into, trial.key) if came else why_not(into, trial.key)
    if queue == "audit" and not came:
        return "`audit` was bound to `events` by `#` when the check began, and that must stay"
    return "what the team publishes to `gifts` stays within the team" if trial.exchange == "gifts" else ""


def _by_both(probe: Probe, trial: Trial, queue: str, came: bool, straight: Sequence[str], into: Sequence[str]) -> str:
    """Why it came, or did not: by the key straight from `events`, by the key into `gifts`, or by the headers there."""
    by_headers = _by_headers(probe, Trial("gifts", trial.key, (), trial.headers), queue, came)
    if trial.exchange == "gifts":
        return by_headers
    belongs = IN_GIFTS in trial.wanted
    if came:
        by_key = why_through(straight, trial.key)
        return by_key or (by_headers if belongs else why_through(into, trial.key))
    return (why_not(into, trial.key) or by_headers) if belongs else why_not(straight, trial.key)
