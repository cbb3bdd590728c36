"""What learners write in lab 05, and what the check must say to it: no two of one exercise get the same words."""

import pika

# exercise 1

READERS = {
    "warehouse": "order.placed.*",
    "europe": "*.*.eu",
    "oncall": "*.failed.*",
    "treasury": "payment.*.us",
    "archive": "#",
}


def opened(url):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    return connection, connection.channel()


def bound(url, **others):
    """The readers, some of them bound in another way, in one or several."""
    connection, channel = opened(url)
    channel.exchange_declare("events", "topic", durable=True)
    for queue, pattern in (READERS | others).items():
        channel.queue_declare(queue, durable=True)
        for each in [pattern] if isinstance(pattern, str) else pattern:
            channel.queue_bind(queue, "events", each)
    connection.close()


def hash_for_the_region(url):
    bound(url, warehouse="order.placed.#")


def all_orders(url):
    bound(url, warehouse="order.*.*")


def only_failed_payments(url):
    bound(url, oncall="payment.failed.*")


def star_inside_a_word(url):
    bound(url, oncall="*.fail*.*")


def capital_letters(url):
    bound(url, warehouse="Order.placed.*")


def forgets_to_bind_one(url):
    bound(url, archive=[])


def reader_too_many(url):
    bound(url, test="#")


def empty_key(url):
    bound(url, archive="")


def lists_what_can_fail(url):
    bound(url, oncall=[f"{entity}.failed.*" for entity in ("order", "payment", "parcel", "photo")])


def queue_and_exchange_swapped(url):
    connection, channel = opened(url)
    channel.exchange_declare("events", "topic", durable=True)
    for queue, pattern in READERS.items():
        channel.queue_declare(queue, durable=True)
        channel.queue_bind("events", queue, pattern)
    connection.close()


def one_binding_for_each_region(url):
    bound(url, warehouse=["order.placed.eu", "order.placed.us", "order.placed.asia"])


def binds_twice(url):
    bound(url, treasury=["payment.*.us", "payment.failed.us"])
    bound(url)


# exercise 2

DESKS = {
    "express_gifts": {"x-match": "all", "gift": True, "priority": "express"},
    "signature": {"x-match": "any", "priority": "express", "payment": "invoice"},
    "greetings": {"x-match": "all", "greeting": None},
}


def desks(url, kind="headers", **others):
    connection, channel = opened(url)
    channel.exchange_declare("handling", kind, durable=True)
    for queue, wishes in (DESKS | others).items():
        channel.queue_declare(queue, durable=True)
        for wish in [wishes] if isinstance(wishes, dict) else wishes:
            channel.queue_bind(queue, "handling", "", wish)
    connection.close()


def x_match_swapped(url):
    desks(
        url,
        express_gifts=DESKS["express_gifts"] | {"x-match": "any"},
        signature=DESKS["signature"] | {"x-match": "all"},
    )


def forgets_x_match(url):
    desks(url, signature={"priority": "express", "payment": "invoice"})


def text_for_a_truth_value(url):
    desks(url, express_gifts={"x-match": "all", "gift": "true", "priority": "express"})


def star_for_any_value(url):
    desks(url, greetings={"greeting": "*"})


def one_text_only(url):
    desks(url, greetings={"greeting": "Merry Christmas!"})


def misspelt_header(url):
    desks(url, express_gifts={"gifts": True, "priority": "express"})


def any_gift(url):
    desks(url, express_gifts={"gift": None, "priority": "express"})


def any_priority(url):
    desks(url, express_gifts={"gift": True, "priority": None})


def two_bindings_for_and(url):
    desks(url, express_gifts=[{"gift": True}, {"priority": "express"}])


def no_arguments(url):
    connection, channel = opened(url)
    channel.exchange_declare("handling", "headers", durable=True)
    for queue in DESKS:
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "handling", f"{queue}.*.*")
    connection.close()


def misspelt_x_match(url):
    desks(url, signature=DESKS["signature"] | {"x-match": "or"})


def x_match_without_its_x(url):
    desks(url, signature={"match": "any", "priority": "express", "payment": "invoice"})


def headers_of_the_queue(url):
    connection, channel = opened(url)
    channel.exchange_declare("handling", "headers", durable=True)
    for queue, wish in DESKS.items():
        channel.queue_declare(queue, durable=True, arguments=wish)
        channel.queue_bind(queue, "handling", "")
    connection.close()


def two_bindings_for_or(url):
    desks(url, signature=[{"priority": "express"}, {"payment": "invoice"}])


def one_header_with_any(url):
    desks(url, greetings={"x-match": "any", "greeting": None})


# exercise 3


def chained(
    url,
    pattern="order.placed.*",
    wish=None,
    destination="gifts",
    source="events",
    cancelled="order.cancelled.*",
    **options,
):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True, **options)
    if pattern is not None:
        channel.exchange_bind(destination, source, pattern)
    channel.queue_declare("wrapping", durable=True)
    channel.queue_bind("wrapping", "gifts", "", {"gift": True} if wish is None else wish)
    channel.queue_bind("wrapping", "events", cancelled)
    connection.close()


def source_and_destination_swapped(url):
    chained(url, destination="events", source="gifts")


def all_orders_go_on(url):
    chained(url, pattern="order.placed")


def nothing_goes_on(url):
    chained(url, pattern=None)


def whatever_is_placed(url):
    chained(url, pattern="*.placed.*")


def whatever_is_cancelled(url):
    chained(url, cancelled="*.cancelled.*")


def orders_of_the_older_system_too(url):
    chained(url, pattern="order.placed.#")


def cancelled_without_a_region(url):
    chained(url, cancelled="order.cancelled")


def gift_or_express(url):
    chained(url, wish={"x-match": "any", "gift": True, "priority": "express"})


def what_fits_nowhere_goes_back(url):
    chained(url, arguments={"alternate-exchange": "events"})


def empties_the_audit(url):
    chained(url)
    connection, channel = opened(url)
    channel.queue_purge("audit")
    connection.close()


def makes_events_anew(url):
    connection, channel = opened(url)
    channel.exchange_delete("events")
    channel.exchange_declare("events", "topic", durable=True)
    channel.queue_bind("audit", "events", "#")
    connection.close()
    chained(url)


def wish_in_the_exchange_binding(url):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True)
    channel.exchange_bind("gifts", "events", "order.placed.*", {"gift": True})
    channel.queue_declare("wrapping", durable=True)
    channel.queue_bind("wrapping", "gifts", "")
    channel.queue_bind("wrapping", "events", "order.cancelled.*")
    connection.close()


def audit_hears_of_gifts(url):
    chained(url)
    connection, channel = opened(url)
    channel.queue_bind("audit", "gifts", "")
    connection.close()


def straight_from_events(url):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True)
    channel.exchange_bind("gifts", "events", "order.placed.*")
    channel.queue_declare("wrapping", durable=True)
    channel.queue_bind("wrapping", "events", "order.placed.*", {"gift": True})
    channel.queue_bind("wrapping", "events", "order.cancelled.*")
    connection.close()


def cancelled_by_way_of_gifts(url):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True)
    channel.exchange_bind("gifts", "events", "order.placed.*")
    channel.exchange_bind("gifts", "events", "order.cancelled.*")
    channel.queue_declare("wrapping", durable=True)
    channel.queue_bind("wrapping", "gifts", "", {"gift": True})
    connection.close()


def binds_the_exchange_like_a_queue(url):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True)
    channel.queue_bind("gifts", "events", "order.placed.*")
    connection.close()


def declares_events_too(url):
    connection, channel = opened(url)
    channel.exchange_declare("events", "topic", durable=True)
    connection.close()
    chained(url)


def one_binding_per_region(url):
    connection, channel = opened(url)
    chained(url, pattern="order.placed.eu")
    for region in ("us", "asia"):
        channel.exchange_bind("gifts", "events", f"order.placed.{region}")
    connection.close()


def by_way_of_a_third(url):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True)
    channel.exchange_declare("orders", "topic", durable=True)
    channel.exchange_bind("orders", "events", "order.*.*")
    channel.exchange_bind("gifts", "orders", "*.placed.*")
    channel.queue_declare("wrapping", durable=True)
    channel.queue_bind("wrapping", "gifts", "", {"x-match": "any", "gift": True})
    channel.queue_bind("wrapping", "orders", "*.cancelled.*")
    channel.queue_bind("wrapping", "events", "order.cancelled.*")
    connection.close()


ALSO_RIGHT = {
    1: [one_binding_for_each_region, binds_twice],
    2: [two_bindings_for_or, one_header_with_any],
    3: [declares_events_too, one_binding_per_region, by_way_of_a_third],
}

EXPECTED = {
    1: {
        hash_for_the_region: "`#` stands for any number of words, here for none; `*` stands for exactly one. `wareh",
        all_orders: ": `*` stands for any word, here for `cancelled` and for `asia`. `warehouse` is bound",
        only_failed_payments: "`payment` in a pattern stands for itself, and this key has `photo` there",
        lists_what_can_fail: "none of these 4 patterns fits this key: a list of words misses the next word that comes",
        star_inside_a_word: "a wildcard stands for whole words, and in `fail*` it is a letter",
        capital_letters: "upper and lower case are different letters",
        forgets_to_bind_one: "`archive` is bound to nothing",
        reader_too_many: "`test` is none of the 5 readers",
        empty_key: '`""` asks for 0 words, and this key has 3',
        queue_and_exchange_swapped: "in `queue_bind` the queue comes first: `queue_bind('warehouse', 'events'",
    },
    2: {
        x_match_swapped: "with `any`, one of these headers is enough",
        forgets_x_match: "without `x-match` that means `all`: every one of these headers must fit",
        text_for_a_truth_value: "is `True`, a truth value, and the binding asks for `'true'`, a text",
        star_for_any_value: "a value is compared as it stands, and `'*'`, a text, is no wildcard: None is",
        one_text_only: "of the message is `'Happy birthday!'`, and a value is compared as it stands, letter by letter",
        misspelt_header: "this message has no `gifts` but a `gift`: is the binding's header misspelt?",
        any_gift: "`gift` = False, `priority` = express, sent to the exchange `handling`, arrived in `express_gi",
        any_priority: "`gift` = True, `priority` = standard, sent to the exchange `handling`, arrived in `express_gi",
        two_bindings_for_and: "each binding is enough by itself",
        no_arguments: "`all` of no headers fits every message",
        misspelt_x_match: "`x-match` says `or`, which a headers exchange does not know (406)",
        x_match_without_its_x: "`match` is taken for one more header to fit: the argument is `x-match`",
        headers_of_the_queue: "what a desk wants is an argument of its binding, so of `queue_bind`",
    },
    3: {
        source_and_destination_swapped: "from `gifts` into `events` here: `exchange_bind` takes the destination first",
        all_orders_go_on: "`order.placed` asks for 2 words, and this key has 3",
        nothing_goes_on: "nothing leads from `events` into `gifts`: that is what `exchange_bind` is for",
        whatever_is_placed: "`*` stands for any word, here for `stock` and for `eu`",
        whatever_is_cancelled: "`*` stands for any word, here for `parcel` and for `eu`",
        orders_of_the_older_system_too: "`#` stands for any number of words, here for none",
        cancelled_without_a_region: "`order.cancelled` asks for 2 words, and this key has 3",
        gift_or_express: "with `any`, one of these headers is enough",
        what_fits_nowhere_goes_back: "what fits nowhere in `gifts` goes on to its alternate exchange `events`",
        empties_the_audit: "it emptied the queue with `queue_purge`. What others have stays theirs",
        makes_events_anew: "with `exchange_delete` go all bindings of an exchange",
        wish_in_the_exchange_binding: "the exchange `gifts` is bound to `events` with `gift` = True",
        audit_hears_of_gifts: "what the team publishes to `gifts` stays within the team",
        straight_from_events: "a topic exchange looks at keys only: what that binding says of headers, nobody reads",
        cancelled_by_way_of_gifts: "`wrapping` has no binding to `events` of its own",
        binds_the_exchange_like_a_queue: "there is no queue `gifts` on this broker (404)",
    },
}
