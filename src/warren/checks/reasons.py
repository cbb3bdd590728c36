"""Dead letters sorted by their reason: where one lies, and what on its way there explains it."""

from __future__ import annotations

from collections.abc import Sequence

from warren.checks.dead_letters import DLX, OFTEN, dead_letters_of, lies_in
from warren.checks.probe import Probe
from warren.checks.result import Wrong
from warren.checks.routes import bindings, exchanges, listed

GOES = ("max-length", "max-length-bytes", "message-ttl", "expires")  # limits by which a queue loses letters
ROOM, RETURNS = 5, 2  # what the queue has room for, and how often an order may come back
REASONS = {"rejected": "refused", "expired": "late", "maxlen": "surplus", "delivery_limit": "poison"}


def lies(probe: Probe, reason: str, order: str, came: int = 0) -> None:
    """The order that died of this lies in the queue of its reason, and nowhere else."""
    wanted = REASONS[reason]
    looked = probe.wait(
        lambda: (lies_in(probe, order, but="orders"), probe.ready("orders")), lambda seen: bool(seen[0])
    )
    back = reason in ("rejected", "expired") and looked.seen[1]  # of the others some orders are to be there
    found = looked.seen[0] or ["orders"] * bool(back)
    if wanted in found and (other := [queue for queue in found if queue not in REASONS.values()]):
        raise Wrong(
            f"`{order}` lies in `{wanted}`, and it has a second copy in your queue `{other[0]}`: this asks for no "
            "other queue"
        )
    if found != [wanted]:
        died = {
            "rejected": f"`{order}`, rejected,",
            "expired": f"`{order}`, which had expired,",
            "maxlen": f"`{order}`, the oldest of {ROOM + 1} where there is room for {ROOM},",
            "delivery_limit": f"`{order}`, given back {came} times,",
        }[reason]
        raise Wrong(
            f"{died} was found in {listed(found) or 'no queue'}, and should be in `{wanted}`: "
            f"{_why(probe, reason, found, came)}"
        )


def _why(probe: Probe, reason: str, found: Sequence[str], came: int) -> str:
    """What of the way from `orders` to the shelves explains it."""
    says = dead_letters_of(probe, "orders")
    if reason == "maxlen" and says.get("overflow", "drop-head") != "drop-head":
        return f"`x-overflow` = {says['overflow']} sends the newest back to the publisher; nothing dies of it"
    if reason == "maxlen" and says.get("max-length") != ROOM:
        return f"`x-max-length` of `orders` is {says.get('max-length', 'not set')}"
    if reason == "delivery_limit" and came >= OFTEN:
        return f"`x-delivery-limit` of `orders` is {says.get('delivery-limit', 'not set, which means 20')}"
    if DLX not in says:
        similar = [each for each in says if "dead" in each]
        return f"`orders` has no `x-{DLX}`" + (f", and {listed(similar)} means nothing to it" if similar else "")
    return _by_exchange(probe, reason, says, found)


def _by_exchange(probe: Probe, reason: str, says: dict[str, str], found: Sequence[str]) -> str:
    exchange, key = says[DLX], says.get("dead-letter-routing-key", "orders")
    if not exchange:
        loop = ", and dies there again: a loop" if key == "orders" else ", whatever it died of"
        return f"by the default exchange each dead letter goes to the queue `{key}`{loop}"
    row = exchanges(probe).get(exchange)
    if row is None and not exchange.startswith("amq."):
        return f"there is no exchange `{exchange}`, to which the dead letters go, so they are dropped"
    if row and row["type"] != "headers":
        return f"`{exchange}` is {row['type']}, and does not look at headers; the reason is one, and the key is `{key}`"
    led = [one for one in bindings(probe) if one.exchange == exchange and not one.to_exchange]
    blind = [one for one in led if not str(one.arguments.get("x-match", "all")).endswith("-with-x")]
    if blind:
        how = blind[0].arguments.get("x-match", "all")
        return f"`{blind[0].to}` is bound with `x-match` = {how}, which leaves out headers that begin with `x-`"
    shown = "; ".join(str(one) for one in led if one.to in (*found, REASONS[reason]))
    return shown or f"`{REASONS[reason]}` is not bound to `{exchange}`"


def survives(probe: Probe) -> None:
    """Every exchange on the way of the dead letters is there when the broker has restarted."""
    for exchange, row in exchanges(probe).items():
        if not row["durable"] or row["auto_delete"]:
            raise Wrong(
                f"the exchange `{exchange}` is not durable: when the broker has restarted it is not there, and dead "
                "letters are dropped without a word. Add `durable=True`, and leave out `auto_delete`"
            )


def stays(probe: Probe) -> None:
    """No queue has a limit by which it loses what lies there, or is for one consumer: that one can't be read here."""
    for queue in ("orders", *REASONS.values()):
        limits = GOES if queue != "orders" else ("expires",)
        says = dead_letters_of(probe, queue)
        if extra := [each for each in ("single-active-consumer", *limits) if each in says]:
            raise Wrong(f"the queue `{queue}` has `x-{extra[0]}`, which nothing here asks for: leave it out")
