"""What the books must say: each payment booked once, each account with its sum, and why it may be otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from warren.checks.books import Books
from warren.checks.payments import PAID
from warren.checks.result import Wrong, short
from warren.checks.scenarios import undecoded


def must_have_booked(books: Books, numbers: Sequence[int], twice: str, lost: str = "") -> None:
    """Each of these payments stands in the books once, and nothing else does; the other two say why it may not."""
    rows, wanted = books.rows(), {f"payment {number}": PAID[number] for number in numbers}
    for payment, euros in rows:
        if payment not in wanted:
            raise Wrong(f"there is a booking of `{short(payment)}`, and the id of a payment is `properties.message_id`")
        if euros != wanted[payment]:
            amount = f"`{payment}` is booked with `{short(euros)}`, and should be with {wanted[payment]}"
            raise Wrong(amount + undecoded(euros))
    if others := books.other_files():
        raise Wrong(
            f"you have written `{short(others[0])}` beside the books: two files are two places, and a process can die "
            "between them. A table of your own in the same file goes into the same transaction"
        )
    times = Counter(payment for payment, _ in rows)
    for payment in wanted:
        if times[payment] > 1:
            raise Wrong(_said(f"`{payment}` is in the books {times[payment]} times.", twice, _by_which_key(books)))
        if not times[payment]:
            raise Wrong(_said(f"`{payment}` was acknowledged, and is not in the books.", lost, _by_which_key(books)))


def must_be_credited(books: Books, wanted: Mapping[str, int], too_much: str, too_little: str) -> None:
    """The accounts say so; the other two say why one may say something else."""
    found = dict(books.rows())
    for customer, euros in wanted.items():
        if found.get(customer) != euros:
            says = found.get(customer)
            why = too_much if isinstance(says, int) and says > euros else too_little
            raise Wrong(f"{customer} should have {euros} euros and has {short(says)}: {_by_which_key(books) or why}")


def _said(*sentences: str) -> str:
    return " ".join(one for one in sentences if one)


def _by_which_key(books: Books) -> str:
    """What the marks look like, where they are not the ids of payments."""
    marks = {str(mark) for mark in books.marks()}
    if not marks or any("payment" in mark for mark in marks):
        return ""
    some = ", ".join(f"`{short(mark)}`" for mark in sorted(marks)[:3])
    return (
        f"Your table holds {some}: a delivery tag begins at 1 again on each channel, an amount or a customer "
        "comes more than once. The publisher gave an id, `properties.message_id`"
    )
