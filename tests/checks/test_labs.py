"""Every exercise on a live broker: as shipped, solved, solved in another way, and wrong in every way we know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from learners import EXERCISES, LABS, Answer, Leash, answers, handed_in

from warren import course
from warren.checks.exercise import Exercise
from warren.checks.lab_session import Lab

each_exercise = pytest.mark.parametrize(
    ("entry", "exercise"), EXERCISES, ids=[f"{entry.number}-{exercise.number}" for entry, exercise in EXERCISES]
)
WRONG = [
    pytest.param(entry.number, number, answer, said, id=f"{entry.number}-{number}-{answer.__name__}")
    for entry in LABS
    for number, expected in answers(entry.number)["EXPECTED"].items()
    for answer, said in expected.items()
]
RIGHT = [
    pytest.param(entry.number, number, answer, id=f"{entry.number}-{number}-{answer.__name__}")
    for entry in LABS
    for number, others in answers(entry.number)["ALSO_RIGHT"].items()
    for answer in others
]


@each_exercise
def test_a_lab_as_shipped_is_not_yet_done(
    open_lab: Callable[[str], Lab], entry: course.Lesson, exercise: Exercise
) -> None:
    """The placeholder of each exercise is recognised as such, and is neither right nor wrong."""
    result = open_lab(entry.number).check(exercise.number, *handed_in(entry.lab_notebook, exercise))
    assert result.state == "not yet"
    assert f"`{exercise.takes[0]}` is still to be written" in result.because


@each_exercise
def test_the_solution_is_done_twice_in_a_row(
    open_lab: Callable[[str], Lab], entry: course.Lesson, exercise: Exercise
) -> None:
    """The solved lab passes, and passes in the same words when its check runs again on what the first run left."""
    lab, solved = open_lab(entry.number), handed_in(entry.solution_notebook, exercise)
    first, second = (lab.check(exercise.number, *solved) for _ in range(2))
    assert first.done, first
    assert second == first


@pytest.mark.parametrize(("lab", "exercise", "answer"), RIGHT)
def test_another_way_is_done_too(open_lab: Callable[[str], Lab], lab: str, exercise: int, answer: Answer) -> None:
    """A check asks for what the exercise asks for, not for our way to do it."""
    result = open_lab(lab).check(exercise, answer)
    assert result.done, result


@pytest.mark.parametrize(("lab", "exercise", "answer", "said"), WRONG)
@pytest.mark.usefixtures("impatient")
def test_a_wrong_answer_is_told_why(
    open_lab: Callable[[str], Lab], lab: str, exercise: int, answer: Answer, said: str
) -> None:
    """Each expected mistake is called wrong, with the reason that belongs to it."""
    result = open_lab(lab).check(exercise, answer)
    assert result.state == "wrong", result
    assert said in result.because


@each_exercise
def test_no_two_mistakes_get_the_same_reason(entry: course.Lesson, exercise: Exercise) -> None:
    """Within an exercise the reasons tell the mistakes apart."""
    said = Counter(answers(entry.number)["EXPECTED"][exercise.number].values())
    assert len(said) >= 5
    assert not [reason for reason, times in said.items() if times > 1 or not reason]


def test_a_shared_broker_is_not_restarted_and_the_exercise_not_called_done(leash: Leash) -> None:
    """What only a restart can show stays open where Warren may not restart: a mistake is told, the rest cannot be."""
    entry, restart = course.lab("02"), next(one for entry, one in EXERCISES if (entry.number, one.number) == ("02", 3))
    with Lab(leash.broker, entry) as lab:
        right = lab.check(3, *handed_in(entry.solution_notebook, restart))
        mistaken = lab.check(3, answers("02")["transient_messages"])
    assert right.state == "cannot tell"
    assert "this broker is shared" in right.because
    assert mistaken.state == "wrong"
    assert "10 of 10 messages are transient" in mistaken.because
