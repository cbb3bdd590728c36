"""Is a function around a call a breaker? What came of its stories, and what is wrong with it."""

from __future__ import annotations

from warren.checks.breakers import LIMIT
from warren.checks.exercise import Learners
from warren.checks.guarded_calls import FAILURES, REST, SCENES, Came, Played, Step, play
from warren.checks.learner import name
from warren.checks.probe import Probe
from warren.checks.result import Wrong

REFUSES = "ConnectionRefusedError"
RAISES = {bank: error.__name__ for bank, error in FAILURES.items()} | {"unreadable": "ValueError"}


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
    if played.closed.asked < 2:
        how = "had to wait for it" if played.closed.second == "waits" else "was refused"
        raise Wrong(
            f"the breaker was closed, a second caller came while the first was at the bank, and {how}: closed, calls "
            "go through (a lock must not be held during the call)"
        )


def _one_probe(played: Played) -> None:
    came = "a second caller came while the probe was at the bank, and"
    if played.half_open.asked > 1:
        raise Wrong(f"{came} went through, too: half-open is for one call")
    if played.half_open.second == "waits":
        raise Wrong(f"{came} had to wait for it: refuse others at once (a lock must not be held during the call)")
    if played.half_open.second != REFUSES:
        raise Wrong(f"{came} got {played.half_open.second} and not a refusal")


def _as_asked(guard: Learners, past: list[Step], step: Step, came: Came) -> None:
    """The bank was asked where it should be, once, with the payment."""
    made = [one for one in past if one.asked]
    in_a_row = next((count for count, one in enumerate(reversed(made)) if not one.fails), len(made))
    if step.asked and not came.asked and came.ended == "returned":
        raise Wrong(
            f"`{name(guard)}` returned `{came.value}` and did not call `call`: each guarded call is a call of its own, "
            "unless it is refused"
        )
    if step.asked and not came.asked and came.ended != REFUSES:
        raise Wrong(
            f"`{name(guard)}` should return a function that calls `call`, and using it raised {came.ended}: "
            f"{came.value}"
        )
    if step.asked and not came.asked:
        raise Wrong(_not_asked(guard, past, in_a_row, step, came))
    if not step.asked and came.asked:
        raise Wrong(_asked_in_the_rest(made, in_a_row, step))
    if len(came.asked) > 1:
        raise Wrong(f"`{name(guard)}` made {len(came.asked)} calls out of one: one call, and its failure is passed on")
    if came.asked and came.asked[0] != "payment 7":
        raise Wrong(f"`call` should get `payment 7`, as the caller gave it, and got `{came.asked[0]}`")


def _asked_in_the_rest(made: list[Step], in_a_row: int, step: Step) -> str:
    """A call that should have been refused was not: after which failures?"""
    kinds = [RAISES[one.bank] for one in made[-LIMIT:]]
    if in_a_row == LIMIT and len(set(kinds)) > 1:
        return (
            f"{LIMIT} calls in a row failed ({', '.join(kinds)}), and another call went through: each of them is an "
            "OSError that came from the bank, and counts"
        )
    later = "at once" if step.at == made[-1].ended else f"{step.at - made[-1].ended:g} s later"
    what = f"{in_a_row} calls in a row failed" if in_a_row == LIMIT else "a probe failed"
    lasted = f" (the last after {made[-1].lasts:g} s)" if made[-1].lasts else ""
    return f"{what}{lasted}, and {later} another call went through: refuse all calls for {REST:g} s after it"


def _not_asked(guard: Learners, past: list[Step], in_a_row: int, step: Step, came: Came) -> str:
    """A call that should have gone through was refused: why?"""
    made = [one for one in past if one.asked]
    if in_a_row >= LIMIT:
        over = step.at - made[-1].ended
        said = f"the last failure was {over:g} s ago, the rest of {REST:g} s is over, and no call goes through"
        if not came.clock:
            return f"{said}: `{name(guard)}` never looks at the `clock` that it is given"
        return said + ": a call that is refused is no failure, and begins no new rest" * (not past[-1].asked)
    if made and all(one.bank == "unreadable" for one in made):
        return (
            f"{len(made)} unreadable payments opened the breaker: a ValueError is the payment's fault, not the bank's"
        )
    if any(one.bank == "unreadable" for one in made):
        return (
            "the probe raised ValueError, so the bank has answered and all is as in the beginning; and then, after "
            f"{in_a_row or 'no'} failure{'s' * (in_a_row != 1)}, a call was refused"
        )
    row = "1 failure" if in_a_row == 1 else f"{in_a_row} failures"
    if in_a_row < (failures := sum(one.fails for one in made)):
        row += f" in a row, and {failures - in_a_row} before the last good call,"
    if not made:
        return f"the first call of a new breaker was refused: each that `{name(guard)}` returns counts for itself"
    return f"after {row} a call was refused: {LIMIT} in a row open the breaker, and a good call ends the row"


def _as_ended(guard: Learners, step: Step, came: Came) -> None:
    """The caller got what belongs to it."""
    wanted = RAISES.get(step.bank, "returned") if step.asked else REFUSES
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
