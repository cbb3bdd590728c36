"""What a learner's function published, and what the broker answered to each message: yes, no, or nothing at all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from pika import spec

from warren.checks.wire import Conversation, Noted, Wire

NEVER = float("inf")


@dataclass
class Sent:
    """One message published once. `asked` says whether its channel confirms; times are `time.monotonic()`.

    `answer` is "ack" or "nack", or empty if the publisher heard none; `left` if it closed the channel or connection
    without waiting for one. `gone` is when that was, or when its connection broke.
    """

    at: float
    text: str
    asked: bool
    answer: str = ""
    answered: float = NEVER
    left: bool = False
    gone: float = NEVER


class _Channel:
    """A channel of a conversation: its own count of messages, and those without an answer by their number."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.confirms = False
        self.open: dict[int, Sent] = {}

    def publish(self, noted: Noted) -> Sent:
        sent = Sent(noted.at, noted.text, self.confirms)
        if self.confirms:
            self.open[next(self.numbers)] = sent
        return sent

    def settle(self, noted: Noted) -> None:
        tag = noted.method.delivery_tag
        for settled in [one for one in self.open if one <= tag] if noted.method.multiple else [tag]:
            if sent := self.open.pop(settled, None):
                sent.answer, sent.answered = ("ack" if isinstance(noted.method, spec.Basic.Ack) else "nack"), noted.at

    def leave(self, at: float) -> None:
        for sent in self.open.values():
            sent.left, sent.gone = True, at


def sent(wire: Wire) -> list[Sent]:
    """Everything that was published, in order."""
    found = [one for each in wire.conversations for one in _of(each)[0]]
    return sorted(found, key=lambda one: one.at)


def confirm_half(wire: Wire) -> None:
    """In the place of a broker that is held silent, confirm the first half of what each channel has on the way.

    So a batch has a part of its answers when its connection breaks next.
    """
    for each in wire.conversations:
        for number, channel in _of(each)[1].items() if each.gone == NEVER else ():
            tags = sorted(channel.open)
            for tag in tags[: len(tags) // 2]:
                wire.say(each, number, spec.Basic.Ack(tag))


def most_open(found: list[Sent]) -> int:
    """How many messages were on the way and without an answer at the same time, at most."""
    asked = [one for one in found if one.asked]
    turns = sorted([(one.at, 1) for one in asked] + [(min(one.answered, one.gone), -1) for one in asked])
    most = now = 0
    for _, step in turns:
        now += step
        most = max(most, now)
    return most


def _of(conversation: Conversation) -> tuple[list[Sent], dict[int, _Channel]]:
    """What was published in it, as far as it is there in whole, and the channels that are open at its end."""
    said, heard = list(conversation.said), list(conversation.heard)
    channels: dict[int, _Channel] = {}
    found: list[Sent] = []
    told = {id(one) for one in heard}
    for noted in sorted([*said, *heard], key=lambda one: one.at):
        channel = channels.setdefault(noted.channel, _Channel())
        method = noted.method
        if isinstance(method, (spec.Basic.Ack, spec.Basic.Nack)) and id(noted) in told:
            channel.settle(noted)
        elif isinstance(method, spec.Basic.Publish):
            one = channel.publish(noted)
            found += [one] if noted.whole else []
        elif isinstance(method, spec.Confirm.Select):
            channel.confirms = True
        elif isinstance(method, (spec.Channel.Close, spec.Connection.Close)):
            gone = [channel] if noted.channel else list(channels.values())
            for each in gone if id(noted) not in told else []:
                each.leave(noted.at)
            channels = {number: one for number, one in channels.items() if one not in gone}
    for one in found:
        one.gone = min(one.gone, conversation.ended, conversation.gone)
    return found, channels
