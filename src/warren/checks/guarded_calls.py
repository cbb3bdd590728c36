"""In the child process: a breaker is led through its stories, with a clock, a bank and callers of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from warren.checks.breakers import LIMIT
from warren.checks.result import short

REST = 10.0  # seconds of the clock that is handed in
WAITS = 0.3  # seconds after which a second caller waits for the first; who is refused needs microseconds
HANGS = 5.0  # seconds that the bank keeps a caller at most, where something went wrong

Guarded = Callable[[str], Any]
Guard = Callable[[Callable[[Any], str], float, Callable[[], float]], Guarded]


FAILURES = {"no": TimeoutError, "broken line": ConnectionResetError, "port closed": ConnectionRefusedError}


@dataclass(frozen=True)
class Step:
    """One call at that moment: does the bank answer "yes" or "unreadable", or one of FAILURES? Should it be asked?

    `lasts` is in seconds: when the bank has answered, it is so much later.
    """

    at: float
    bank: str
    asked: bool = True
    lasts: float = 0

    @property
    def fails(self) -> bool:
        return self.bank in FAILURES

    @property
    def ended(self) -> float:
        return self.at + self.lasts


def refused(at: float) -> Step:
    return Step(at, "yes", asked=False)


IN_A_ROW = [Step(at, bank) for at, bank in enumerate(("yes", "no", "no", "yes", "no", "no", "yes"))]
RESTS = [*(Step(at, "no") for at in (0, 4, 8)), refused(8), refused(11), refused(17.9), Step(18.1, "yes")]
CLOSED = [*RESTS, *(Step(19 + at, bank) for at, bank in enumerate(("no", "no", "yes")))]
AGAIN = [
    *(Step(0, "no") for _ in range(3)),
    Step(11, "no"),
    refused(11),
    refused(20.9),
    Step(21.1, "yes"),
    Step(22, "yes"),
]
UNREADABLE = [Step(at, "unreadable") for at in range(5)]
UNREADABLE_PROBE = [
    *(Step(0, "no") for _ in range(3)),
    Step(11, "unreadable"),
    *(Step(12 + at, bank) for at, bank in enumerate(("no", "no", "yes"))),
]
EVERY_FAILURE = [Step(0, bank) for bank in FAILURES] + [refused(1)]
SLOW = [Step(0, "no"), Step(1, "no"), Step(2, "no", lasts=4), refused(13), Step(17, "yes")]
SCENES = (IN_A_ROW, RESTS, CLOSED, AGAIN, UNREADABLE, UNREADABLE_PROBE, EVERY_FAILURE, SLOW)


@dataclass(frozen=True)
class Came:
    """What a step led to: what the bank was asked, what the caller got, how often the clock was read so far."""

    asked: Sequence[Any]
    ended: str  # "returned", or the exception's name
    value: Any
    clock: int


@dataclass
class Bank:
    """`call(payment)` and `clock()` for a breaker, as a scene wants them."""

    now: float = 0.0
    mood: str = "yes"
    lasts: float = 0
    asked: list[Any] = field(default_factory=list)
    read: int = 0
    slow: threading.Event | None = None  # a call lasts until it is set

    def clock(self) -> float:
        self.read += 1
        return self.now

    def call(self, payment: Any) -> str:
        self.asked.append(payment)
        if self.slow:
            self.slow.wait(HANGS)
        self.now += self.lasts
        if failure := FAILURES.get(self.mood):
            raise failure("the bank does not answer")
        if self.mood == "unreadable":
            raise ValueError("no card number in it")
        return f"receipt of {payment}"


@dataclass(frozen=True)
class Together:
    """A second caller came while the first one was at the bank.

    `second` is how that ended, or "waits" if it neither was refused nor came through within WAITS; `asked` is how often
    the bank was asked by both.
    """

    second: str
    asked: int


@dataclass(frozen=True)
class Played:
    """What came of each step of each scene; then of two callers at once, of a closed breaker and of a half-open one."""

    scenes: list[list[Came]]
    closed: Together
    half_open: Together


def play(guard: Guard) -> Played:
    """Each scene has a breaker of its own, all made before the first is used."""
    banks = [Bank() for _ in SCENES]
    guards = [guard(bank.call, REST, bank.clock) for bank in banks]
    came = [
        [_came(guarded, bank, step) for step in scene]
        for guarded, bank, scene in zip(guards, banks, SCENES, strict=True)
    ]
    return Played(came, _two_at_once(guard, 0), _two_at_once(guard, LIMIT))


def _came(guarded: Guarded, bank: Bank, step: Step) -> Came:
    before, bank.now, bank.mood, bank.lasts = len(bank.asked), step.at, step.bank, step.lasts
    ended, value = _called(guarded, "payment 7")
    return Came([short(asked) for asked in bank.asked[before:]], ended, value, bank.read)


def _called(guarded: Guarded, payment: str) -> tuple[str, Any]:
    try:
        return "returned", short(guarded(payment))
    except Exception as error:  # noqa: BLE001  whatever it is, the check wants to see it
        return type(error).__name__, short(error)


def _two_at_once(guard: Guard, failures: int) -> Together:
    """What comes of two callers after so many failures and a rest."""
    bank = Bank(mood="no")
    guarded = guard(bank.call, REST, bank.clock)
    for _ in range(failures):
        _called(guarded, "payment 1")
    failed = len(bank.asked)
    bank.now, bank.mood, bank.slow = REST + 1, "yes", threading.Event()
    first, second = _Caller(guarded), _Caller(guarded)
    first.start()
    until = time.monotonic() + WAITS
    while first.is_alive() and len(bank.asked) == failed and time.monotonic() < until:
        time.sleep(0.001)
    second.start()
    until = time.monotonic() + WAITS
    while second.is_alive() and len(bank.asked) < failed + 2 and time.monotonic() < until:
        time.sleep(0.001)
    asked = len(bank.asked) - failed
    bank.slow.set()
    return Together(second.ended or "waits", asked)


class _Caller(threading.Thread):
    """Makes one guarded call; `ended` says how it ended, as soon as it has."""

    ended = ""

    def __init__(self, guarded: Guarded) -> None:
        super().__init__(daemon=True)
        self._guarded = guarded

    def run(self) -> None:
        self.ended = _called(self._guarded, "payment 7")[0]
