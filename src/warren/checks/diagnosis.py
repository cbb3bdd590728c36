"""Errors a learner is bound to meet, each in a sentence. One table: the error's own words left, ours right."""

from __future__ import annotations

import re

from warren.workers import Failure

# Matched against "ExceptionName: its text". `{name}` and the like are the groups of the pattern. Measured on 4.3.6
# with pika 1.4.4; the broker's texts are those of rabbit_amqqueue.erl, rabbit_channel.erl and rabbit_misc.erl.
SENTENCES: tuple[tuple[str, str], ...] = (
    (
        r"transient_nonexcl_queues",
        "non-durable shared queues are refused since RabbitMQ 4.3, with error 541 that closes the connection: "
        "add `durable=True`, or `exclusive=True` for a queue of this connection alone",
    ),
    (
        r"inequivalent arg '(?P<argument>[^']*)' for (?P<kind>\w+) '(?P<name>[^']*)' in vhost .*: "
        r"received (?P<new>.*?) but current is (?P<old>.*?)['\")]*$",
        "the {kind} `{name}` exists already with `{argument}` = {old}, and this declares it with {new} (406): what a "
        "{kind} was declared with cannot be changed, so declare it the same way everywhere",
    ),
    (
        r"NOT_FOUND - no (?P<kind>queue|exchange) '(?P<name>[^']*)'",
        "there is no {kind} `{name}` on this broker (404): declare it first, and look at its spelling",
    ),
    (
        r"unknown delivery tag (?P<tag>\d+)",
        "this delivery was settled already, or came on another channel (406 unknown delivery tag): acknowledge each "
        "delivery once, on the channel that brought it; the broker closed the channel and put back all it held",
    ),
    (
        r"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '(?P<name>[^']*)'",
        "the queue `{name}` is exclusive to another connection (405): only the connection that declared it may use it",
    ),
    (
        r"contains reserved prefix 'amq\.",
        "names that begin with `amq.` belong to the broker (403): choose another name",
    ),
    (r"ACCESS_REFUSED", "the broker refused access (403): is it the `url` the function was given?"),
    (
        r"message size (?P<size>\d+) is larger than configured max size (?P<most>\d+)",
        "a message of {size} bytes is over the broker's limit of {most} (406): send where it lies, not what it is",
    ),
    (
        r"delivery acknowledgement on channel \d+ timed out",
        "a delivery stayed unacknowledged for longer than the broker waits (consumer timeout): acknowledge sooner",
    ),
    (
        r"generator already executing|UNEXPECTED_FRAME|FRAME_ERROR|pop from an empty deque|InvalidFrameError",
        "several threads used one connection: pika's connections and channels belong to one thread each",
    ),
    (
        r"^(StreamLostError|ConnectionClosed\b|AMQPHeartbeatTimeout)",
        "the connection was lost: was it used by two threads, or silent for longer than its heartbeat?",
    ),
    (
        r"^(ChannelWrongStateError|ConnectionWrongStateError)",
        "it was used after it had been closed: keep the connection open until the work is done",
    ),
    (r"^UnroutableError", "no queue is bound for that routing key, and the message came back"),
    (r"^(AMQPConnectionError|gaierror|AddressPairError)", "no connection: connect to the `url` the function is given"),
    (
        r"^NameError: name '(?P<name>\w+)' is not defined",
        "it uses `{name}`, which is not defined: import or define it in a cell above, and run that cell",
    ),
    (
        r"^TypeError: .*'NoneType' object is not subscriptable",
        "something is None: with nothing to take, `basic_get` returns (None, None, None)",
    ),
    (
        r"^AttributeError: 'NoneType' object has no attribute '(?P<name>delivery_tag|decode)'",
        "there was no message: with nothing to take, `basic_get` returns (None, None, None), "
        "and `consume` with an `inactivity_timeout` yields the same",
    ),
)


def explain(failure: Failure) -> str | None:
    """The sentence for that error, without a full stop; None for one that is not in the table."""
    for pattern, sentence in SENTENCES:
        if found := re.search(pattern, str(failure), re.DOTALL):
            return sentence.format_map({name: _plain(text) for name, text in found.groupdict().items()})
    return None


def _plain(text: str) -> str:
    """The broker's Erlang terms in fewer words: `the value '60000' of type 'signedint'` is 60000."""
    return re.sub(r"the value '(.*?)' of type '\w+'", r"\1", text).strip("'") if text != "none" else "nothing"


def tell(name: str, failure: Failure) -> str:
    """What a function called `name` raised, and where; to follow "wrong, because"."""
    where = failure.where(name)
    what = explain(failure) or failure.message
    return f"`{name}` raised {failure.type}" + (f" at {_quoted(where)}" if where else "") + f": {what}"


def _quoted(where: str) -> str:
    """`line 3: 1 / 0` with the code in backticks."""
    line, _, source = where.partition(": ")
    return f"{line}, `{source}`" if "`" not in source else f"{line}, {source}"
