"""The ledger of the lessons: what it counts, and what survives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from warren.errors import WarrenError
from warren.ledger import Ledger
from warren.session import Session


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def test_balance_of_a_day(ledger: Ledger) -> None:
    """Lost is what is nowhere, twice what was done more than once; a step that nobody took is not in the text."""
    ledger.note("published", "a", "b", "c", "d", "e")
    ledger.note("delivered", "a", "a", "b", "c")
    ledger.note("done", "a", "a", "b")
    ledger.note("dead-lettered", "c")
    balance = ledger.balance(queued=1)
    assert (balance.lost, balance.twice, balance.steps["delivered"]) == (1, 1, 4)
    assert ledger.missing() == {"d", "e"}
    assert ledger.twice() == {"a"}
    assert repr(balance) == (
        "published 5 · delivered 4 · done 3 · dead-lettered 1 · still queued 1\nlost 1 · done twice 1"
    )


def test_nothing_noted(ledger: Ledger) -> None:
    """An empty ledger says so."""
    assert repr(ledger.balance()) == "nothing noted\nlost 0 · done twice 0"


def test_history_is_in_order(ledger: Ledger) -> None:
    """The life of one message, among others."""
    for step, message in (("published", "a"), ("published", "b"), ("delivered", "a"), ("acked", "b"), ("done", "a")):
        ledger.note(step, message)
    assert ledger.history("a") == ["published", "delivered", "done"]


def test_a_misspelt_step_is_refused(ledger: Ledger) -> None:
    """A word the balance would pass over is an error that names those there are, and nothing is written."""
    with pytest.raises(WarrenError, match=r"no step 'publishd'. It knows: published, confirmed"):
        ledger.note("publishd", "a")
    assert ledger.balance().steps == {}


def test_threads_share_a_ledger(ledger: Ledger) -> None:
    """Notes of several threads at once are all there."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ledger.note("done", f"order {number}"), range(200)))
    assert len(ledger.messages("done")) == 200


def test_what_a_killed_process_noted_stays(session: Session, until: Any) -> None:
    """A worker process writes into the notebook's ledger, and SIGKILL takes none of it."""
    ledger = session.ledger()

    def clerk(worker: Any) -> None:
        for number in range(1, 101):
            ledger.note("done", f"order {number}")
        while not worker.stopping:
            pass

    with session.workers(clerk, 1, process=True) as crew:
        until(lambda: len(ledger.messages("done")) == 100)
        crew[0].kill()
    assert ledger.balance().steps == {"done": 100}


def test_a_sessions_ledgers_are_empty_and_go_with_it(session: Session) -> None:
    """Each call opens an empty one; closing the session leaves no file behind."""
    first, second = session.ledger(), session.ledger()
    first.note("done", "order 1")
    assert second.balance().steps == {}
    session.close()
    assert not first.path.parent.exists()
    assert not second.path.parent.exists()
