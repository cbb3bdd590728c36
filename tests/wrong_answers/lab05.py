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


def hash_around_failed(url):
    bound(url, oncall="#.failed.#")


def one_star_for_the_rest(url):
    bound(url, warehouse="order.*")


def all_orders(url):
    bound(url, warehouse="order.*.*")


def all_that_is_placed(url):
    bound(url, warehouse="*.placed.*")


def only_failed_payments(url):
    bound(url, oncall="payment.failed.*")


def star_inside_a_word(url):
    bound(url, oncall="*.fail*.*")


def three_stars_for_everything(url):
    bound(url, archive="*.*.*")


def capital_letters(url):
    bound(url, warehouse="Order.placed.*")


def forgets_to_bind_one(url):
    bound(url, archive=[])


def direct_exchange(url):
    connection, channel = opened(url)
    channel.exchange_declare("events", durable=True)
    for queue, pattern in READERS.items():
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "events", pattern)
    connection.close()


def transient_exchange(url):
    connection, channel = opened(url)
    channel.exchange_declare("events", "topic")
    for queue, pattern in READERS.items():
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "events", pattern)
    connection.close()


def other_name_for_a_queue(url):
    connection, channel = opened(url)
    channel.exchange_declare("events", "topic", durable=True)
    for queue, pattern in READERS.items():
        channel.queue_declare(f"{queue}_events", durable=True)
        channel.queue_bind(f"{queue}_events", "events", pattern)
    connection.close()


def binds_before_the_exchange_is_there(url):
    connection, channel = opened(url)
    for queue, pattern in READERS.items():
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "events", pattern)
    connection.close()


def reader_too_many(url):
    bound(url, test="#")


def empty_key(url):
    bound(url, archive="")


def binds_every_key(url):
    bound(
        url,
        warehouse=["order.placed.eu", "order.placed.us", "order.placed.asia"],
        oncall=[f"{entity}.failed.*" for entity in ("order", "payment", "parcel", "photo")],
    )


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


def all_where_any_is_meant(url):
    desks(url, signature=DESKS["signature"] | {"x-match": "all"})


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


def number_for_a_truth_value(url):
    desks(url, express_gifts={"x-match": "all", "gift": 1, "priority": "express"})


def star_for_any_value(url):
    desks(url, greetings={"greeting": "*"})


def true_for_any_value(url):
    desks(url, greetings={"greeting": True})


def one_text_only(url):
    desks(url, greetings={"greeting": "Merry Christmas!"})


def misspelt_header(url):
    desks(url, express_gifts={"gifts": True, "priority": "express"})


def any_of_nothing(url):
    desks(url, greetings={"x-match": "any"})


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


def topic_instead_of_headers(url):
    desks(url, kind="topic")


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


def chained(url, pattern="order.placed.*", wish=None, destination="gifts", source="events"):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True)
    if pattern is not None:
        channel.exchange_bind(destination, source, pattern)
    channel.queue_declare("wrapping", durable=True)
    channel.queue_bind("wrapping", "gifts", "", {"gift": True} if wish is None else wish)
    channel.queue_bind("wrapping", "events", "order.cancelled.*")
    connection.close()


def source_and_destination_swapped(url):
    chained(url, destination="events", source="gifts")


def everything_goes_on(url):
    chained(url, pattern="#")


def all_orders_go_on(url):
    chained(url, pattern="order.placed")


def nothing_goes_on(url):
    chained(url, pattern=None)


def gift_as_text(url):
    chained(url, wish={"gift": "True"})


def all_kinds_of_orders_go_on(url):
    chained(url, pattern="order.*.*")


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


def any_gift_header(url):
    chained(url, wish={"gift": None})


def straight_from_events(url):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True)
    channel.exchange_bind("gifts", "events", "order.placed.*")
    channel.queue_declare("wrapping", durable=True)
    channel.queue_bind("wrapping", "events", "order.placed.*", {"gift": True})
    channel.queue_bind("wrapping", "events", "order.cancelled.*")
    connection.close()


def forgets_the_cancelled(url):
    connection, channel = opened(url)
    channel.exchange_declare("gifts", "headers", durable=True)
    channel.exchange_bind("gifts", "events", "order.placed.*")
    channel.queue_declare("wrapping", durable=True)
    channel.queue_bind("wrapping", "gifts", "", {"gift": True})
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


def changes_the_shops_exchange(url):
    connection, channel = opened(url)
    channel.exchange_declare("events", "headers", durable=True)
    connection.close()


def makes_events_anew(url):
    connection, channel = opened(url)
    channel.exchange_delete("events")
    channel.exchange_declare("events", "topic", durable=True)
    connection.close()
    chained(url)


def in_a_circle(url):
    chained(url)
    connection, channel = opened(url)
    channel.exchange_bind("events", "gifts", "")
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
    1: [binds_every_key, binds_twice],
    2: [two_bindings_for_or, one_header_with_any],
    3: [declares_events_too, one_binding_per_region, by_way_of_a_third],
}

EXPECTED = {
    1: {
        hash_for_the_region: "with the key `order.placed.#`. `#` stands for any number of words, here for none; `*`",
        hash_around_failed: "`#` stands for any number of words, here for `payment` and for `us.card`",
        one_star_for_the_rest: "`order.*` asks for 2 words, and this key has 3",
        all_orders: "`*` stands for any word, here for `cancelled` and for `asia`",
        all_that_is_placed: "`*` stands for any word, here for `bid` and for `us`",
        only_failed_payments: "`oncall` is bound to `events` with the key `payment.failed.*`",
        star_inside_a_word: "A wildcard stands for whole words, and in `fail*` it is a letter",
        three_stars_for_everything: "`*.*.*` asks for 3 words, and this key has 2",
        capital_letters: "Upper and lower case are different letters",
        forgets_to_bind_one: "`archive` is bound to nothing",
        reader_too_many: "`test` is none of the 5 readers",
        empty_key: '`""` asks for 0 words, and this key has 3',
        direct_exchange: "should be of the type topic, and is direct: `exchange_type` says which",
        transient_exchange: "the exchange `events` is not durable",
        other_name_for_a_queue: "there was no queue `warehouse`: there is `archive_events`",
        binds_before_the_exchange_is_there: "there is no exchange `events` on this broker (404): declare it first",
    },
    2: {
        x_match_swapped: "With `any`, one of these headers is enough",
        all_where_any_is_meant: "With `all`: every one of these headers must fit, and this message has no `payment`",
        forgets_x_match: "Without `x-match` that means `all`: every one of these headers must fit",
        text_for_a_truth_value: "is `True`, a truth value, and the binding asks for `'true'`, a text",
        number_for_a_truth_value: "and the binding asks for `1`, a number",
        star_for_any_value: "A value is compared as it stands, and `'*'`, a text, is no wildcard: None is",
        true_for_any_value: "and the binding asks for `True`, a truth value",
        one_text_only: "of the message is `'Happy birthday!'`, and a value is compared as it stands, letter by letter",
        misspelt_header: "every one of these headers must fit, and this message has no `gifts`",
        any_of_nothing: "`any` of no headers fits none",
        two_bindings_for_and: "Each binding is enough by itself",
        no_arguments: "`all` of no headers fits every message",
        misspelt_x_match: "`x-match` says `or`, which a headers exchange does not know (406)",
        x_match_without_its_x: "`match` is taken for one more header to fit: the argument is `x-match`",
        topic_instead_of_headers: "should be of the type headers, and is topic",
        headers_of_the_queue: "What a desk wants is an argument of its binding, so of `queue_bind`",
    },
    3: {
        source_and_destination_swapped: "from `gifts` into `events` here: `exchange_bind` takes the destination first",
        in_a_circle: "Messages go from `gifts` into `events` here, too",
        everything_goes_on: "`#` stands for any number of words, here for `payment.taken.eu`",
        all_orders_go_on: "`order.placed` asks for 2 words, and this key has 3",
        nothing_goes_on: "Nothing leads from `events` into `gifts`: that is what `exchange_bind` is for",
        gift_as_text: "and the binding asks for `'True'`, a text",
        all_kinds_of_orders_go_on: "`*` stands for any word, here for `cancelled` and for `asia`",
        wish_in_the_exchange_binding: "the exchange `gifts` is bound to `events` with `gift` = True",
        audit_hears_of_gifts: "What the team publishes to `gifts` stays within the team",
        any_gift_header: "A header asked for with None may have any value",
        straight_from_events: "A topic exchange looks at keys only: what that binding says of headers, nobody reads",
        forgets_the_cancelled: "with the key `order.placed.*`. `wrapping` has no binding to `events` of its own",
        cancelled_by_way_of_gifts: "the exchange `gifts` is bound to `events` with the key `order.cancelled.*`",
        binds_the_exchange_like_a_queue: "there is no queue `gifts` on this broker (404)",
        changes_the_shops_exchange: "exists already with `type` = topic, and this declares it with headers (406)",
        makes_events_anew: "`audit` was bound to `events` by `#` when the check began, and that must stay",
    },
}
