"""How many packers a rule asks for: readings in which the rules one thinks of first differ from the one asked for."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

from warren.checks.exercise import Learners
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong, short

TARGET, LEAST, MOST = 10, 1, 8
PATIENCE = 2.0  # seconds that the head of the queue may have waited


@dataclass(frozen=True)
class Seen:
    """What an autoscaler sees: messages, the age of the queue's head and the time in seconds, packers not sent home."""

    ready: int
    unacked: int
    age: float
    packers: int
    time: float = 0.0

    def __str__(self) -> str:
        packers = "packer" if self.packers == 1 else "packers"
        return f"{self.ready} ready, {self.unacked} unacked, age {self.age:g} s, {self.packers} {packers}"


@dataclass(frozen=True)
class Case:
    """A reading, how many packers it takes, and why."""

    seen: Seen
    packers: int
    why: str


CASES = (
    Case(Seen(25, 0, 0.3, 1), 3, f"{TARGET} for each leaves 5, and they need a packer too"),
    Case(Seen(0, 45, 0.3, 2), 5, "orders on the packers' desks are not packed yet"),
    Case(Seen(21, 9, 0.3, 2), 3, "30 orders, ready and unacked, are exactly three times the target"),
    Case(Seen(0, 0, 0.0, 3), 1, f"somebody has to be there: at least {LEAST}"),
    Case(Seen(480, 40, 0.3, 8), 8, f"there is room for {MOST}"),
    Case(Seen(4, 5, 3.5, 3), 4, f"the head has waited more than {PATIENCE:g} s, so one more than the 3 who are there"),
    Case(Seen(65, 2, 3.5, 2), 7, "the backlog asks for more than the age does: the greater of the two"),
    Case(Seen(4, 5, 60.0, 8), 8, f"there is room for {MOST}, however old the head"),
    Case(
        Seen(4, 5, PATIENCE, 3),
        1,
        f"the head has waited for {PATIENCE:g} s and not for more, so its age asks for nothing",
    ),
)


def answers(rule: Learners) -> list[Any]:
    """In the child: what the rule says to each reading, in words where it is no number."""
    return [_in_words(rule(case.seen)) for case in CASES]


def _in_words(said: Any) -> Any:
    if isinstance(said, str | bool | None):
        return f"`{short(repr(said))}`"
    if isinstance(said, Integral):
        return int(said)  # NumPy's whole numbers are whole numbers
    return said if isinstance(said, float) else f"something else ({type(said).__name__})"


def rule_of_three(probe: Probe, rule: Learners) -> None:
    """The rule says to every reading what it should."""
    for case, said in zip(CASES, probe.perform(answers, rule), strict=True):
        if said != case.packers:
            why = "`return` the number, a whole one" if isinstance(said, str) else case.why
            raise Wrong(f"for {case.seen} `{name(rule)}` should say {case.packers}, and said {said}: {why}")
        if not isinstance(said, int):
            raise Wrong(f"`{name(rule)}` said {said}: there are no parts of packers, so a whole number, {case.packers}")
