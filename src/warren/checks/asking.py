"""A learner's client at work: the questions it asks a service that the check plays, what it makes of the answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pika import spec

from warren.checks.calls import DIRECT, Question, Service, declared_shared
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.scenarios import closed, undecoded
from warren.checks.wire import Noted
from warren.workers import Child

EARLY, LATE = 0.5, 1.2  # of the deadline: an `expiration` between them is that deadline, counted from when it was sent
GRACE = 0.3  # seconds for a client that has no letterbox any more to end


class Asking:
    """One client while it runs, called with the url, the articles and its deadline `within` (seconds)."""

    def __init__(
        self, probe: Probe, function: Learners, service: Service, articles: Sequence[str], within: float
    ) -> None:
        self.probe, self.function, self.service, self.within = probe, function, service, within
        self.articles = list(articles)
        self.asked: list[Question] = []
        self.child: Child = probe.start(function, articles=self.articles, within=within)

    def next(self, waits: str = "") -> Question:
        """The next question, which is as it should be; ends the check where it is not, or does not come.

        `waits` is what to say of a client that goes on without asking.
        """
        seen = self.probe.wait(self._look, lambda seen: seen[1] is not None or not seen[0]).seen[1]
        article = self.articles[len(self.asked)]
        if seen is None:
            raise self._nothing(article, waits)
        self._as_it_should_be(seen, article)
        self.asked.append(seen)
        return seen

    def published(self) -> list[Noted]:
        """The questions it has sent so far, in order: nobody else asks for its articles. `next` looks into them."""
        sent = self.probe.wire.noted(spec.Basic.Publish)
        return [one for one in sent if one.text in self.articles and one.method.routing_key == self.service.queue]

    def sent(self, question: Question) -> float:
        """When the client sent that question, `time.monotonic()`."""
        return self.published()[self.asked.index(question)].at

    def went_on(self) -> float | None:
        """When it asked its next question or began to go, `time.monotonic()`; None while it waits."""
        published = self.published()
        return published[len(self.asked)].at if len(published) > len(self.asked) else self._gone()

    def _gone(self) -> float | None:
        """When it closed the connection of its last question, or else had ended."""
        last = self.published()[-1:]
        for each in self.probe.wire.conversations:
            if last and last[0] in list(each.said):
                ends = [one.at for one in list(each.said) if isinstance(one.method, spec.Connection.Close)]
                if ends:
                    return ends[0]
        return None if self.child.alive else time.monotonic()

    def returned(self) -> list[Any]:
        """What the function returned: a list with one entry for each article."""
        value = self.probe.returned(self.function, self.child, self.within + self.probe.at_once)
        called = f"`{name(self.function)}` should return a list of {len(self.articles)}"
        if not isinstance(value, (list, tuple)):
            raise Wrong(f"{called}, and returned {type(value).__name__}")
        if len(value) != len(self.articles):
            raise Wrong(f"{called}, one for each article, and returned {len(value)}")
        return list(value)

    def gone_without_trace(self) -> None:
        """The letterbox went with the function, which had asked once for each article."""
        closed(self.probe, self.function)
        if (sent := len(self.published())) > len(self.articles):
            raise Wrong(f"it sent {sent} questions about {len(self.articles)} articles: one for each is enough")
        left = self.probe.wait(self._others, lambda seen: not any(seen.values())).seen
        if left:
            raise Wrong(
                f"`{name(self.function)}` left the queue `{short(min(left))}` behind: a letterbox that is `exclusive` "
                "goes with its connection"
            )

    def _others(self) -> dict[str, bool]:
        """The other queues there are, and whether they go by themselves with a connection that has closed."""
        rows = self.probe.management.queue_totals(self.probe.vhost)
        return {row["name"]: bool(row.get("exclusive")) for row in rows if row["name"] != self.service.queue}

    def _look(self) -> tuple[bool, Question | None]:
        alive = self.child.alive  # in this order, or its last question is missed
        return alive, self.service.next()

    def _nothing(self, article: str, waits: str) -> Wrong:
        """Why no question came."""
        self._expires_in_milliseconds()
        declared_shared(self.probe, self.service.queue)
        if not self.child.alive:
            self.probe.returned(self.function, self.child)
        for one in self.probe.wire.noted(spec.Basic.Publish):
            if one.method.exchange or one.method.routing_key != self.service.queue:
                where = f"to the exchange `{one.method.exchange}` with" if one.method.exchange else "with"
                return Wrong(f"it published {where} the routing key `{one.method.routing_key}`, and nothing came to "
                             f"the queue `{self.service.queue}`")  # fmt: skip
        if len(self.published()) > len(self.asked):
            return Wrong(
                f"it published a question about `{article}`, and nothing of it was left for the warehouse: what does "
                "its `expiration` say, in milliseconds?"
            )
        if not self.child.alive:
            return Wrong(f"`{name(self.function)}` returned without asking for `{article}`")
        if waits and self.asked:
            return Wrong(waits)
        waited = f"the check waited {self.probe.patience:g} s for a question about `{article}`"
        return Wrong(f"{waited}, and `{name(self.function)}` sent none")

    def _expires_in_milliseconds(self) -> None:
        if any("invalid expiration" in reason for reason in self.probe.wire.refusals()):
            raise Wrong(
                "the broker refused an `expiration` (406): it is a whole number of milliseconds, written as text, "
                "such as `str(int(within * 1000))`"
            )

    def _as_it_should_be(self, question: Question, article: str) -> None:
        """Ends the check for a question that could not be answered, or whose answer could not be told from others."""
        self._leaves_others_alone()
        about = f"the question about `{article}`"
        if not question.reply_to:
            raise Wrong(f"{about} has no `reply_to`, so the warehouse does not know where to send the answer")
        if not question.number:
            raise Wrong(f"{about} has no `correlation_id`, so its answer looks like any other")
        if same := next((one for one in self.asked if one.number == question.number), None):
            both = f"both questions about `{article}`" if same.text == article else f"`{same.text}` and `{article}`"
            raise Wrong(
                f"{both} have the same `correlation_id`, so an answer could be for either: give each question its own"
            )
        self._one_letterbox(question, about)
        if question.text != article:
            if question.text in self.articles:
                raise Wrong(
                    f"it asked for `{question.text}` where `{article}` comes next: questions go out in order, over "
                    "one connection"
                )
            raise Wrong(f"{about} should be that text, and is `{short(question.text)}`{undecoded(question.text)}")
        self._expires(question, about)

    def _leaves_others_alone(self) -> None:
        """It only adds to the queue of questions, where those of other clients are, too."""
        takes = self.probe.wire.said(spec.Queue.Purge, spec.Queue.Delete, spec.Basic.Consume, spec.Basic.Get)
        for method in takes:
            if method.queue == self.service.queue:
                what = type(method).__name__.lower()
                raise Wrong(
                    f"it does a {what} on `{method.queue}`, where the questions of all checkouts wait: those are the "
                    "warehouse's to take. Yours is the letterbox"
                )

    def _one_letterbox(self, question: Question, about: str) -> None:
        if self.asked and question.reply_to != self.asked[0].reply_to:
            raise Wrong(
                f"{about} has a letterbox of its own: one is enough for all questions, and costs the broker less"
            )
        if not question.reply_to.startswith(DIRECT) and question.reply_to not in self.probe.queues():
            if self._gone() or self.child.wait(GRACE):
                self.returned()
                raise Wrong(
                    f"`{name(self.function)}` went home, and its letterbox with it, before {about} was answered or "
                    f"its deadline of {self.within:g} s had passed"
                )
            raise Wrong(f"{about} asks for its answer in the queue `{short(question.reply_to)}`, and there is none")

    def _expires(self, question: Question, about: str) -> None:
        wanted = self.within * 1000
        if not question.expiration:
            raise Wrong(f"{about} has no `expiration`: it would be answered, and work done, long after its deadline")
        if not EARLY * wanted <= float(question.expiration) <= LATE * wanted:
            raise Wrong(
                f"{about} expires after {question.expiration} ms, and its deadline is {self.within:g} s, which is "
                f"{wanted:.0f} ms"
            )


def entries(
    function: Learners, value: Sequence[Any], wanted: Sequence[tuple[str, str | None]], sent: Mapping[str, str]
) -> None:
    """The list holds what is wanted for each article. `sent` explains texts that were sent and are no answers."""
    for (article, right), got in zip(wanted, value, strict=True):
        if got == right:
            continue
        if isinstance(got, bytes):
            raise Wrong(
                f"`{name(function)}` should return text, and returned bytes: `body.decode()` makes text of them"
            )
        if isinstance(got, int):
            raise Wrong(f"`{name(function)}` should return the answers as they came, as text, and returned a number")
        should = f"`{right}`" if right is not None else "None"
        why = f": that was {sent[got]}" if got in sent else IN_TIME if got is None else ""
        raise Wrong(f"the entry for `{article}` should be {should}, and is {_shown(got)}{why}")


IN_TIME = ": its answer came in time. Is it compared with the number as text, as `correlation_id` comes back?"


def _shown(got: object) -> str:
    return f"`{short(got)}`" if got is not None else "None"
