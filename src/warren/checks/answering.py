"""A learner's service at work: the questions a check asks it as a client, one by one, and what becomes of each."""

from __future__ import annotations

from pika import spec

from warren.checks.calls import Answer, Client, declared_shared
from warren.checks.deliveries import comes_again, refused
from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.ledger import Work
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short
from warren.checks.scenarios import called_rightly, undecoded
from warren.checks.wire import Noted
from warren.workers import Child

GRACE = 0.3  # seconds for an answer that is sent after the question was acknowledged: wrong, but not missing


class Answering:
    """One service while it runs, called with a worker and `work`, which knows the answers."""

    def __init__(self, probe: Probe, function: Learners, queue: str, work: Work) -> None:
        self.probe, self.function, self.queue, self.work = probe, function, queue, work
        self.begins = len(self._settles()), len(self._replies())
        self.child: Child = probe.start(function, workers=1, **{work.name: work})

    def killed_at_work(self, client: Client, question: str) -> None:
        """Kill it in the middle of that question, which must go to whoever comes next."""
        client.ask(self.queue, question, "killed")
        self.probe.wait(
            lambda: self.probe.ledger.tasks("begun"),
            lambda begun: bool(begun or self._settles()) or not self.child.alive,
        )
        if not self.child.alive:
            raise self._ended(question)
        called_rightly(self.probe, self.function, self.work.name)
        self._kept(question)
        if not self.probe.ledger.tasks("begun"):
            raise self._idle(question)
        self.child.kill()

    def answers(self, client: Client, question: str, number: str, *, text: str, error: bool = False) -> None:
        """It answers that question, sent now or before, with the text and the number, into the client's letterbox."""
        known = len(client.answers)
        waited = self.probe.wait(
            client.look, lambda seen: len(seen) > known or self._over() or self._astray(client) is not None
        )
        self._kept(question)
        if len(waited.seen) == known:
            self.child.wait(GRACE)
            if len(client.look()) == known:
                raise self._no_answer(client, question)
        self._acks_afterwards()
        if len(client.answers) > known + 1:
            raise Wrong(f"`{name(self.function)}` answered `{question}` {len(client.answers) - known} times")
        self._is_right(client.answers[-1], question, number, text, error)
        if not self.probe.wait(self._settles, lambda seen: len(seen) > self.begins[0] or not self.child.alive).met:
            raise Wrong(
                f"`{name(self.function)}` answers `{question}` and never acknowledges it: when the service stops, the "
                "question goes back, and the next one answers it again"
            )

    def settles(self, what: str) -> None:
        """It gets rid of a question whose answer nobody can get, and lives. `what` says why nobody can."""
        before = self.begins[0]
        self.probe.wait(lambda: len(self._settles()), lambda count: count > before or self._over())
        if self.child.wait(GRACE if len(self._settles()) == before else 0) or not self.child.alive:
            failure = self.child.failure
            died = f" of it ({failure.type})" if failure else ""
            raise Wrong(f"{what}, and `{name(self.function)}` died{died}: so will the next one that gets this question")
        self._gives_it_back()
        if len(self._settles()) == before:
            raise Wrong(f"{what}, and `{name(self.function)}` keeps it: neither acknowledged nor rejected")

    def next(self) -> None:
        """What it did up to now is seen; what follows is about another question."""
        self.begins = len(self._settles()), len(self._replies())

    def _settles(self) -> list[Noted]:
        """Acknowledgements, and rejections for good."""
        settled = self.probe.wire.noted(spec.Basic.Ack, spec.Basic.Nack, spec.Basic.Reject)
        return [one for one in settled if not getattr(one.method, "requeue", False)]

    def _replies(self) -> list[Noted]:
        return self.probe.wire.noted(spec.Basic.Publish)

    def _over(self) -> bool:
        """Nothing more can come: it has gone, gives the question back for ever, or is rid of it without an answer."""
        settled = len(self._settles()) > self.begins[0]  # in this order: an answer is noted before its acknowledgement
        silent = len(self._replies()) == self.begins[1]
        return (settled and silent) or not self.child.alive or comes_again(self.probe.wire) is not None

    def _astray(self, client: Client) -> str | None:
        """Where else than to the client an answer went."""
        ways = [(one.method.exchange, one.method.routing_key) for one in self._replies()[self.begins[1] :]]
        return next((exchange or key for exchange, key in ways if exchange or key != client.letterbox), None)

    def _kept(self, question: str) -> None:
        """The broker keeps the question while the service works on it."""
        if self.probe.auto_acks():
            raise Wrong(
                f"`{name(self.function)}` takes questions with `auto_ack=True`: the one it works on when it dies is "
                "answered by nobody"
            )
        if self.child.alive and self.work.holds and (settled := self._settles()):
            does = _does(settled[0])
            raise Wrong(f"`{name(self.function)}` {does} `{question}` before it has worked out the answer")

    def _acks_afterwards(self) -> None:
        """No question was acknowledged before its answer was sent; over two connections nobody can tell."""
        acked, replied = self._settles()[self.begins[0] :], self._replies()[self.begins[1] :]
        for each in self.probe.wire.conversations:
            order = [one for one in list(each.said) if one in (*acked[:1], *replied[:1])]
            if len(order) > 1 and order[0] in acked:
                raise Wrong(
                    f"`{name(self.function)}` {_does(order[0])} a question and then sends the answer: if it dies "
                    "between the two, nobody answers"
                )

    def _no_answer(self, client: Client, question: str) -> Wrong:
        """Why no answer is in the client's letterbox."""
        if not self.child.alive:
            return self._ended(question)
        self._gives_it_back()
        called_rightly(self.probe, self.function, self.work.name)
        if reason := refused(self.probe.wire):
            return Wrong(reason)
        if (to := self._astray(client)) is not None:
            return Wrong(
                f"the answer about `{question}` went to `{short(to)}`: `reply_to` says where it belongs, and another "
                "client has another letterbox"
            )
        if len(self._settles()) > self.begins[0]:
            return Wrong(f"`{name(self.function)}` was rid of the question about `{question}` and sent no answer: "
                         "who asked waits until the deadline, and never hears why")  # fmt: skip
        return self._idle(question)

    def _idle(self, question: str) -> Wrong:
        called_rightly(self.probe, self.function, self.work.name)
        waited = f"the check waited {self.probe.patience:g} s for an answer about `{question}`, and none came"
        took = "took no question" if not self.probe.unacked(self.queue) else "has the question, unacknowledged"
        return Wrong(f"{waited}: `{name(self.function)}` {took}")

    def _gives_it_back(self) -> None:
        if again := comes_again(self.probe.wire):
            raise Wrong(f"`{name(self.function)}` gives `{short(again)}` back and is given it again, over and over: "
                        "what fails now fails the next time, too")  # fmt: skip

    def _ended(self, question: str) -> Wrong:
        declared_shared(self.probe, self.queue)
        failure = self.child.failure
        if failure and failure.type in ("LookupError", "KeyError"):
            return Wrong(
                f"`{self.work.name}` raised {failure.type} for `{question}`, and `{name(self.function)}` died of it: "
                "the question goes back, and the next service dies of it, too"
            )
        self.probe.returned(self.function, self.child)
        return Wrong(
            f"`{name(self.function)}` went home while `worker.stopping` was False, before it answered `{question}`"
        )

    def _is_right(self, answer: Answer, question: str, number: str, text: str, error: bool) -> None:
        about = f"the answer about `{question}`"
        if answer.number != number:
            has = f"has the `correlation_id` `{short(answer.number)}`" if answer.number else "has no `correlation_id`"
            raise Wrong(f"{about} {has}, and the question had another: give it back as it came")
        if error and answer.kind != "error":
            has = f"is `{short(answer.kind)}`" if answer.kind else "is missing"
            raise Wrong(f'{about} is an error, and should have `type="error"`; its `type` {has}')
        if not error and answer.kind == "error" and answer.text == text:
            raise Wrong(f'{about}, `{text}`, is right, and has `type="error"`: keep that type for errors')
        if not error and answer.kind == "error":
            raise Wrong(f"`{question}` was answered with an error, and should not be: `{short(answer.text)}`")
        if answer.text != text:
            raise Wrong(f"{about} should be `{text}`, and is `{short(answer.text)}`{undecoded(answer.text)}")


def _does(one: Noted) -> str:
    return "acknowledges" if isinstance(one.method, spec.Basic.Ack) else "rejects"
