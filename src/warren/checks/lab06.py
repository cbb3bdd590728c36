"""Lab 06, RPC: a client with a deadline, a service that answers errors, and many questions at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from warren.checks.answering import Answering
from warren.checks.asking import Asking, entries
from warren.checks.calls import STRAYS, Client, Question, Service, strays
from warren.checks.deadlines import HALF, QUIET, Wait, in_time, kept, not_needed
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, wrong
from warren.checks.stock import STOCK, Count, unknown

WITHIN = 0.5  # seconds, the deadline of a question
PAUSE = 0.3  # seconds without a question; who looks at an empty queue every 0.1 s meets it several times
LONG = 8.0  # seconds, a deadline that nobody should need
TEA_AGAIN = ("tea", "11")  # a basket may hold an article twice; one was sold meanwhile


@exercise(
    1,
    "One after the other",
    "An answer is yours if it carries the number of your question. Everything else in the letterbox is to be left "
    "aside, and must not make you wait longer: when does waiting for this answer end, on the clock?",
    "Declare one exclusive queue for all answers. Each question: `pika.BasicProperties(reply_to=…, correlation_id=…, "
    "expiration=str(int(within * 1000)))`. Before waiting, note the moment: `deadline = time.monotonic() + within`.",
    "`for method, reply, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):` stop with the "
    "answer if `method` and `reply.correlation_id == number`, a text (None if `reply.type` is error); stop with None "
    "if `time.monotonic() > deadline`. With direct reply-to, consume first: call that once for `amq.rabbitmq.reply-to` "
    "(`answers = channel.consume(…)`, `next(answers)`) before the first question, then loop over `answers`.",
)
def in_turn(probe: Probe, ask_in_turn: Learners) -> Result:
    """Tea is answered in time, honey late and between strays, two with errors, tea again, rice never."""
    probe.declare("stock")
    wanted = [("tea", "12"), ("honey", None), ("soap", "7"), ("salt", None), ("sand", None), TEA_AGAIN, ("rice", None)]
    known = _strays(honey="3")
    with probe.channel() as channel:
        service = Service(channel, "stock")
        asking = Asking(probe, ask_in_turn, service, [article for article, _ in wanted], WITHIN)
        tea = asking.next()
        _waits(asking, "honey")
        service.answer(tea, "12")
        honey = asking.next()
        kept(Wait(asking, strays(service, tea, "12")))
        soap = asking.next()
        service.answer(honey, "3")
        answered = _answered(asking, soap)
        alone = Wait(asking, strays(service, tea, "12"), QUIET, wanted=wanted, known=known)
        kept(alone)
        found = asking.returned()
        entries(ask_in_turn, found, wanted, known)
        not_needed(asking, "the answer", answered[0], answered[3])
        not_needed(asking, "an error, which is an answer, too,", *answered[1:3])
        asking.gone_without_trace()
        in_time(alone)
    return done(
        "of 7 questions, 3 were answered in time, 1 too late, 2 with an error and 1 not at all: the answers are where "
        "they belong, and no stray was taken for one"
    )


def _answered(asking: Asking, soap: Question) -> list[tuple[Question, Question]]:
    """Answer it and those that follow at once, up to the last, which is asked; each with the question after it."""
    asking.service.answer(soap, "7")
    asked = [soap]
    for article in ("salt", "sand"):
        asked.append(asking.next())
        asking.service.answer(asked[-1], unknown(article), type="error")
    asked.append(asking.next())
    asking.service.answer(asked[-1], TEA_AGAIN[1])
    asked.append(asking.next())
    return list(pairwise(asked))


def _strays(**late: str) -> dict[str, str]:
    """What the check sends besides the right answers, and what each was."""
    known = {answer: f"the answer about `{article}`" for article, answer in STOCK.items()}
    known |= {STOCK["tea"]: "the answer to the first `tea`", TEA_AGAIN[1]: "the answer to the second `tea`"}
    known |= STRAYS | {text: f"the answer about `{article}`, which came too late" for article, text in late.items()}
    return known | {unknown(article): "the text of an error, see `type`" for article in ("salt", "sand")}


def _waits(asking: Asking, following: str) -> None:
    """The client asks nothing else while it has no answer and its deadline has not passed."""
    asking.child.wait(max(0, asking.sent(asking.asked[-1]) + HALF * asking.within - time.monotonic()))
    if not asking.child.alive:
        asking.returned()
    if asking.went_on():
        raise Wrong(
            f"it asked for `{following}` before `{asking.asked[-1].text}` was answered and before its deadline: "
            f"each question has {asking.within:g} s"
        )


@exercise(
    2,
    "Answers, and errors too",
    "There are four ways to fail a client: to die, to say nothing, to answer into another's letterbox, to answer under "
    "another number. Which of them does an exception lead to?",
    "`request.reply_to` is the routing key of the answer, `request.correlation_id` its number. Put `try` around "
    '`count`: on LookupError the text is `str(error)` and the type is "error". Send first, acknowledge afterwards.',
    "If `request.reply_to` is None: `channel.basic_reject(method.delivery_tag, requeue=False)`. Else "
    '`channel.basic_publish("", request.reply_to, text, pika.BasicProperties(correlation_id=request.correlation_id, '
    "type=kind))`, then `channel.basic_ack(method.delivery_tag)`.",
)
def serve(probe: Probe, answer_stock: Learners) -> Result:
    """Killed at its first question; the next one meets two clients, two bad questions, and a client that has gone."""
    probe.declare("stock")
    with probe.channel() as channel:
        one, other = Client(channel, "checkout 1"), Client(channel, "checkout 2")
        held = probe.ledger.work("count", holds=("tea",))
        Answering(probe, answer_stock, "stock", Count.of(held, STOCK)).killed_at_work(one, "tea")
        service = Answering(probe, answer_stock, "stock", Count.of(probe.ledger.work("count"), STOCK))
        service.answers(one, "tea", "killed", text=STOCK["tea"])
        _questions(service, one, other)
        probe.stopped(answer_stock, service.child)
    if left := probe.wait_ready("stock", 0).seen:
        return wrong(f"every question was answered, and {left} were in `stock` again when the service had stopped")
    return done(
        "killed at its first question, it answered that when started again; two clients got their own answers, a bad "
        "question got an error, and one without `reply_to` harmed nobody"
    )


def _questions(service: Answering, one: Client, other: Client) -> None:
    """Two clients that use the same number, an article nobody sells, two that cannot be answered, and a late one."""
    for client, article in ((other, "honey"), (one, "soap")):
        service.next()
        client.ask("stock", article, "1")
        service.answers(client, article, "1", text=STOCK[article])
    service.next()
    other.ask("stock", "sand", "2")
    service.answers(other, "sand", "2", text=unknown("sand"), error=True)
    service.next()
    one.send("stock", "rice")
    service.settles("a question came without `reply_to`")
    service.next()
    one.send("stock", "oil", reply_to="long gone", correlation_id="3")
    service.settles("a client had gone before its question was answered")
    service.child.wait(PAUSE)
    service.next()
    other.ask("stock", "jam", "4")
    service.answers(other, "jam", "4", text=STOCK["jam"])


@exercise(
    3,
    "All at once",
    "Two loops, one after the other: the first sends every question, the second takes answers. What must the first one "
    "remember, so that the second knows which entry an answer belongs to?",
    "Keep the numbers in a list, in the order of the articles (one of which may come twice). Collect into a dict from "
    "number to answer, until it has them all or the deadline has passed. Then return "
    "`[answers.get(number) for number in numbers]`.",
    "In the second loop: `if method and reply.correlation_id in numbers: answers[reply.correlation_id] = …` "
    '(None for a reply of the type "error"), then `if len(answers) == len(articles) or time.monotonic() > deadline: '
    "break`.",
)
def at_once(probe: Probe, ask_at_once: Learners) -> Result:
    """Three clients ask at the same time: one is answered in full and out of order, one only once, one not at all."""
    probe.declare("stock")
    full = [("tea", "12"), ("honey", "3"), ("salt", None), ("soap", "7"), ("rice", "40"), TEA_AGAIN]
    poor = [(article, None) for article in ("flour", "oil", "figs", "peas", "beans")] + [("jam", STOCK["jam"])]
    with probe.channel() as channel:
        service = Service(channel, "stock")
        first = Asking(probe, ask_at_once, service, [article for article, _ in full], LONG)
        _all_asked(first)
        second = Asking(probe, ask_at_once, service, [article for article, _ in poor], WITHIN)
        _all_asked(second)
        _letterboxes_apart(first, second)
        jam = second.asked[-1]
        half = partial(service.answer, jam, STOCK["jam"])
        pestered = Wait(second, strays(service, jam), half=half, wanted=poor, known=_strays())
        kept(pestered)
        entries(ask_at_once, second.returned(), poor, _strays())
        third = Asking(probe, ask_at_once, service, ["mint"], WITHIN)
        alone = Wait(third, strays(service, third.next()), QUIET)
        _answered_in_full(first, full)
        entries(ask_at_once, first.returned(), full, _strays())
        kept(alone)
        first.gone_without_trace()
        in_time(pestered, alone, articles=("plums", "nuts"))
    return done(
        "three clients asked at the same time: one had 6 answers in another order and with strays between them, one "
        "had 1 of 6 when its deadline passed, one had only strays; each answer is where it belongs"
    )


def _all_asked(asking: Asking) -> None:
    while (sent := len(asking.asked)) < (count := len(asking.articles)):
        asking.next(f"it has sent {sent} of {count} questions and waits: send all, then collect the answers")


def _letterboxes_apart(first: Asking, second: Asking) -> None:
    if first.asked[0].reply_to == second.asked[0].reply_to:
        raise Wrong(
            f"two clients at the same time have the same letterbox, `{first.asked[0].reply_to}`, and will take each "
            "other's answers: let the broker name it, and make it `exclusive`"
        )


def _answered_in_full(asking: Asking, right: Sequence[tuple[str, str | None]]) -> None:
    """The last question is answered first, and strays come in between; it returns when it has all."""
    stray = strays(asking.service, asking.asked[-1], TEA_AGAIN[1])
    for question, (article, text) in reversed(list(zip(asking.asked, right, strict=True))):
        next(stray)
        if text is None:
            asking.service.answer(question, unknown(article), type="error")
        else:
            asking.service.answer(question, text)
    if not asking.child.wait(asking.probe.at_once):
        raise Wrong(
            f"all {len(asking.asked)} questions were answered, one of them with an error, and "
            f"`{name(asking.function)}` was there still {asking.probe.at_once:g} s later"
        )
