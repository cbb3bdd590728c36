"""Is a function around a call a breaker? What came of its stories, and what is wrong with it."""

from __future__ import annotations

from warren.checks.breakers import LIMIT
from warren.checks.exercise import Learners
from warren.checks.guarded_calls import REST, SCENES, Came, Played, Step, play
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong

REFUSES = ("ConnectionRefusedError", "returned")  # how a call may end that does not reach the bank
RAISES = {"no": "TimeoutError", "unreadable": "ValueError"}  # what the bank raises, and the caller must get


def as_a_breaker(probe: Probe, guard: Learners) -> None:
    """Every step of every scene came as it should, and while the probe was at the bank another call was refused."""
    played = probe.perform(play, guard)
    for scene, story in zip(SCENES, played.scenes, strict=True):
        past: list[Step] = []
        for step, came in zip(scene, story, strict=True):
            _as_asked(guard, past, step, came)
            _as_ended(guard, step, came)
            past.append(step)
    _one_probe(played)


def _one_probe(played: Played) -> None:
    came = "a second caller came while the probe was at the bank, and"
    if played.asked > 1:
        raise Wrong(f"{came} went through, too: half-open is for one call")
    if played.second == "waits":
        raise Wrong(f"{came} had to wait for it: refuse others at once (a lock must not be held during the call)")
    if played.second != "ConnectionRefusedError":
        raise Wrong(f"{came} got {played.second} and not a refusal")


def _as_asked(guard: Learners, past: list[Step], step: Step, came: Came) -> None:
    """The bank was asked where it should be, once, with the payment."""
    made = [one for one in past if one.asked]
    in_a_row = next((count for count, one in enumerate(reversed(made)) if one.bank != "no"), len(made))
    if step.asked and not came.asked and came.ended not in REFUSES:
        raise Wrong(
            f"`{name(guard)}` should return a function that calls `call`, and using it raised {came.ended}: "
            f"{came.value}"
        )
    if step.asked and not came.asked:
        raise Wrong(_not_asked(guard, made, in_a_row, step, came))
    if not step.asked and came.asked:
        later = "at once" if step.at == made[-1].at else f"{step.at - made[-1].at:g} s later"
        what = f"{in_a_row} calls in a row failed" if in_a_row == LIMIT else "a probe failed"
        raise Wrong(f"{what}, and {later} another call went through: refuse all calls for {REST:g} s after it")
    if len(came.asked) > 1:
        raise Wrong(f"`{name(guard)}` made {len(came.asked)} calls out of one: one call, and its failure is passed on")
    if came.asked and came.asked[0] != "payment 7":
        raise Wrong(f"`call` should get `payment 7`, as the caller gave it, and got `{came.asked[0]}`")


def _not_asked(guard: Learners, made: list[Step], in_a_row: int, step: Step, came: Came) -> str:
    if in_a_row >= LIMIT:
        clock = "" if came.clock else f": `{name(guard)}` never looks at the `clock` that it is given"
        over = step.at - made[-1].at
        return f"the last failure was {over:g} s ago, the rest of {REST:g} s is over, and no call goes through{clock}"
    if made and all(one.bank == "unreadable" for one in made):
        return (
            f"{len(made)} unreadable payments opened the breaker: a ValueError is the payment's fault, not the bank's"
        )
    row = "1 failure" if in_a_row == 1 else f"{in_a_row} failures"
    if in_a_row < (failures := sum(one.bank == "no" for one in made)):
        row += f" in a row, and {failures - in_a_row} before the last good call,"
    return f"after {row} a call was refused: {LIMIT} in a row open the breaker, and a good call ends the row"


def _as_ended(guard: Learners, step: Step, came: Came) -> None:
    """The caller got what belongs to it."""
    wanted = RAISES.get(step.bank, "returned") if step.asked else "ConnectionRefusedError"
    if came.ended != wanted:
        what = "a call that is refused" if not step.asked else f"a call with the answer *{step.bank}*"
        got = f"returned `{came.value}`" if came.ended == "returned" else f"raised {came.ended} ({came.value})"
        raise Wrong(f"{what} should have {_in_words(wanted)}, and {got}")
    if wanted == "returned" and came.value != "receipt of payment 7":
        raise Wrong(
            f"`{name(guard)}` should return what `call` returned, `receipt of payment 7`, and `{came.value}` came"
        )


def _in_words(wanted: str) -> str:
    return wanted if wanted == "returned" else f"raised {wanted}"
