"""Lab 06, RPC: a client with a deadline, a service that answers errors, and many questions at once."""

from __future__ import annotations

import time

from warren.checks.answering import Answering
from warren.checks.asking import Asking, entries
from warren.checks.calls import STRAYS, Client, Question, Service, strays
from warren.checks.exercise import Learners, exercise
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Result, Wrong, done, wrong
from warren.checks.stock import STOCK, Count, unknown

WITHIN = 0.5  # seconds, the deadline of a question
THINKING = 0.2  # seconds the check takes for an answer that is in time
STRAY = 0.05  # seconds between two stray answers
EARLIEST = 0.8  # of a deadline: who asks for the next article before that has not waited for it
NEARLY = 0.9  # of a deadline: who had the answer before, and asks for the next article after that, has waited for it
PAUSE = 0.3  # seconds without a question; who looks at an empty queue every 0.1 s meets it several times
LONG = 8.0  # seconds, a deadline that nobody should need


@exercise(
    1,
    "One after the other",
    "An answer is yours if it carries the number of your question. Everything else in the letterbox is to be left "
    "aside, and must not make you wait longer: when does waiting for this answer end, on the clock?",
    "Declare one exclusive queue for all answers. Each question: `pika.BasicProperties(reply_to=…, correlation_id=…, "
    "expiration=str(int(within * 1000)))`. Before waiting, note the moment: `deadline = time.monotonic() + within`.",
    "`for method, reply, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):` stop with the "
    "answer if `method` and `reply.correlation_id == number` (None if `reply.type` is error); stop with None if "
    "`time.monotonic() > deadline`.",
)
def in_turn(probe: Probe, ask_in_turn: Learners) -> Result:
    """Tea is answered in time, honey too late and between strays, soap after that, salt with an error, rice never."""
    probe.declare("stock")
    wanted = {"tea": "12", "honey": None, "soap": "7", "salt": None, "rice": None}
    with probe.channel() as channel:
        service = Service(channel, "stock")
        asking = Asking(probe, ask_in_turn, service, list(wanted), WITHIN)
        tea = asking.next()
        _waits(asking, "honey")
        service.answer(tea, "12")
        honey = asking.next()
        soap = _pestered(asking, tea, honey)
        service.answer(honey, "3")
        service.answer(soap, "7")
        salt = asking.next()
        service.answer(salt, unknown("salt"), type="error")
        found = asking.returned()
        entries(ask_in_turn, found, wanted, _strays(honey="3"))
        _no_longer_than_needed(asking, (tea, honey), (soap, salt))
        asking.gone_without_trace(["stock"])
    return done(
        "of 5 questions, 2 were answered in time, 1 too late, 1 with an error and 1 not at all: the answers are where "
        "they belong, and no stray was taken for one"
    )


def _strays(**late: str) -> dict[str, str]:
    """What the check sends besides the right answers, and what each was."""
    known = {answer: f"the answer about `{article}`" for article, answer in STOCK.items()}
    known |= STRAYS | {text: f"the answer about `{article}`, which came too late" for article, text in late.items()}
    return known | {unknown("salt"): "the text of an error, see `type`"}


def _waits(asking: Asking, following: str) -> None:
    """The client asks nothing else while it has no answer and its deadline has not passed."""
    asking.child.wait(THINKING)
    if not asking.child.alive:
        asking.returned()
    if asking.came() or not asking.child.alive:
        raise Wrong(
            f"it asked for `{following}` before `{asking.asked[-1].text}` was answered and before its deadline: "
            f"each question has {asking.within:g} s"
        )


def _no_longer_than_needed(asking: Asking, *pairs: tuple[Question, Question]) -> None:
    """An answer in time ends the waiting: one late question may be the machine's fault, two are not."""
    if all(asking.sent(following) >= asking.sent(answered) + NEARLY * asking.within for answered, following in pairs):
        raise Wrong(
            f"it had the answer about `{pairs[0][0].text}` in time, and asked for `{pairs[0][1].text}` only when the "
            "deadline had passed: with its answer, a question is over"
        )


def _pestered(asking: Asking, answered: Question, late: Question) -> Question:
    """Nothing but strays comes until the deadline; then the next question must."""
    sent = asking.sent(late)
    stray = strays(asking.service, answered, STOCK[answered.text])
    ends = time.monotonic() + asking.within + asking.probe.at_once
    while not asking.came() and asking.child.alive and time.monotonic() < ends:
        next(stray)
        asking.child.wait(STRAY)
    if not asking.came() and asking.child.alive:
        raise _endless(asking, late)
    following = asking.next()
    if asking.sent(following) < sent + EARLIEST * asking.within:
        raise Wrong(
            f"while it waited for the answer about `{late.text}`, strays came, and it asked for `{following.text}` "
            "before the deadline: it takes what comes for its answer, whatever the `correlation_id`"
        )
    return following


def _endless(asking: Asking, question: Question) -> Wrong:
    """Without an answer and without strays now, it goes on after a while, or never."""
    asking.child.wait(asking.within + THINKING)
    if asking.came() or not asking.child.alive:
        return Wrong(
            f"strays came while it waited for the answer about `{question.text}`, and the deadline passed unnoticed: "
            "each of them made it wait anew. Note the moment at which the deadline ends, and look at the clock"
        )
    waited = f"no answer about `{question.text}` came, and `{name(asking.function)}` waited for it long after"
    return Wrong(f"{waited} the deadline of {asking.within:g} s: without one it waits for ever")


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
    "remember, so that the second knows which article an answer is about?",
    "Keep a dict from number to article while you send. Collect into another dict, from article to answer, until it "
    "has them all or the deadline has passed. Then return `[answers.get(article) for article in articles]`.",
    "In the second loop: `if method and reply.correlation_id in numbers: answers[numbers[reply.correlation_id]] = …` "
    '(None for a reply of the type "error"), then `if len(answers) == len(articles) or time.monotonic() > deadline: '
    "break`.",
)
def at_once(probe: Probe, ask_at_once: Learners) -> Result:
    """Two clients ask at the same time: one is answered in full and out of order, the other only once."""
    probe.declare("stock")
    full = {"tea": "12", "honey": "3", "salt": None, "soap": "7", "rice": "40"}
    poor = dict.fromkeys(["flour", "oil", "figs", "peas", "plums", "beans"]) | {"jam": "26"}
    with probe.channel() as channel:
        service = Service(channel, "stock")
        first = Asking(probe, ask_at_once, service, list(full), LONG)
        _all_asked(first)
        second = Asking(probe, ask_at_once, service, list(poor), WITHIN)
        _all_asked(second)
        _letterboxes_apart(first, second)
        _answered_once(second)
        entries(ask_at_once, second.returned(), poor, _strays())
        _answered_in_full(first, full)
        entries(ask_at_once, first.returned(), full, _strays())
        first.gone_without_trace(["stock"])
    return done(
        "two clients asked at the same time, 5 and 7 questions: one had its 5 answers in another order and with strays "
        "between them, the other had 1 answer when its deadline passed; each answer is where it belongs"
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


def _answered_once(asking: Asking) -> None:
    """Only its last question is answered, after a while; it returns when its one deadline has passed."""
    service, last = asking.service, asking.asked[-1]
    asking.child.wait(THINKING)
    if not asking.child.alive:
        asking.returned()
        raise Wrong(f"`{name(asking.function)}` returned before its deadline, with {len(asking.asked)} answers missing")
    service.stray(last, "?")
    service.answer(last, STOCK[last.text])
    if not asking.child.wait(asking.within + asking.probe.at_once):
        raise Wrong(
            f"only 1 of {len(asking.asked)} questions was answered, and `{name(asking.function)}` was there still "
            f"{asking.probe.at_once:g} s after its deadline: there must be one, and one for all questions together"
        )


def _answered_in_full(asking: Asking, right: dict[str, str | None]) -> None:
    """The last question is answered first, and strays come in between; it returns when it has all."""
    stray = strays(asking.service, asking.asked[-1], STOCK[asking.asked[-1].text])
    for question in reversed(asking.asked):
        next(stray)
        text = right[question.text]
        if text is None:
            asking.service.answer(question, unknown(question.text), type="error")
        else:
            asking.service.answer(question, text)
    if not asking.child.wait(asking.probe.at_once):
        raise Wrong(
            f"all {len(asking.asked)} questions were answered, one of them with an error, and "
            f"`{name(asking.function)}` was there still {asking.probe.at_once:g} s later"
        )
