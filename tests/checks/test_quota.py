"""Quotas on paper: what is too many in any stretch of time, what is too late, and what is neither."""

from __future__ import annotations

import pytest

from warren.checks.quota import LATE, Quota

QUOTA = Quota(rate=10, burst=5)
PACED = [0.0] * 5 + [0.1 * number for number in range(1, 16)]  # the burst, then one for each new token
FORGIVEN = int(QUOTA.rate * LATE)  # calls that a delay on the way may bring together


def test_a_full_bucket_keeps_its_quota() -> None:
    """Burst and rate together are the quota, and not too many."""
    assert QUOTA.broken(PACED) is None


@pytest.mark.parametrize("quiet", [0.0, 100.0])
def test_more_than_the_burst_at_once_is_too_many(quiet: float) -> None:
    """However long it was quiet before: one call more than the burst and what a delay explains breaks the quota."""
    earlier = [-quiet] if quiet else []
    most = QUOTA.burst + FORGIVEN
    assert QUOTA.broken([*earlier, *[0.0] * most]) is None
    assert QUOTA.broken([*earlier, *[0.0] * (most + 1)]) == (most + 1, 0.0)


def test_twice_the_rate_is_found_in_the_middle() -> None:
    """A stretch that holds too many is found, though there is none at the beginning or the end."""
    calls = [float(number) for number in range(5)] + [5 + 0.05 * number for number in range(40)] + [20.0, 21.0]
    assert QUOTA.broken(calls)


def test_who_catches_up_is_not_behind_and_who_wastes_tokens_is() -> None:
    """Held up for a moment, the next calls make up for it; without the burst, every call to the last is late."""
    arrived = [0.0] * len(PACED)
    held_up = sorted(max(at, 0.4) for at in PACED)
    one_by_one = [0.1 * number for number in range(len(PACED))]
    assert QUOTA.behind(PACED, arrived) == pytest.approx(0)
    assert QUOTA.behind(held_up, arrived) == pytest.approx(0)
    assert QUOTA.behind(one_by_one, arrived) == pytest.approx(0.4)
    assert QUOTA.without_burst(one_by_one)
    assert not QUOTA.without_burst(PACED)


def test_only_waiting_that_a_token_could_have_ended_is_wasted() -> None:
    """Nobody wastes who waits for a token, or for a payment; who sleeps before each call wastes every sleep."""
    assert QUOTA.wasted(PACED, [0.0] * len(PACED)) == pytest.approx([0.0] * len(PACED))
    could = [0.2 * number for number in range(10)]
    assert QUOTA.wasted([at + 0.1 for at in could], could) == pytest.approx([0.1] * 10)


def test_more_than_a_full_bucket_held_is_too_early_however_late_the_first_call_is() -> None:
    """Counted from when the first payment was sent, a delay explains nothing: three tokens too many are found."""
    assert QUOTA.early(PACED, since=0.0) is None
    assert QUOTA.early([at + 0.3 for at in PACED], since=0.0) is None
    assert QUOTA.early([0.0, 0.0, 0.0, *PACED], since=0.0) == (QUOTA.burst + 3, 0.0)
