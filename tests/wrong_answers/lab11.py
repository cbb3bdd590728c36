"""What learners write in lab 11, and what the check must say to it: no two of one exercise get the same words."""

import aio_pika
import pika

REASONS = {"rejected": "refused", "expired": "late", "maxlen": "surplus", "delivery_limit": "poison"}


def opened(url, confirms=True):
    channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
    if confirms:
        channel.confirm_delivery()
    return channel


# 1 · Sorted by reason


def built(
    url, *, match="all-with-x", header="x-first-death-reason", exchange="dead", kind="headers", durable=True, **limits
):
    """The office and its queues; `limits` are arguments of `orders` in place of ours, by names without their `x-`."""
    channel = opened(url)
    channel.exchange_declare("dead", kind, durable=durable)
    for reason, queue in REASONS.items():
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "dead", reason, arguments={"x-match": match, header: reason} if match else None)
    given = {"queue-type": "quorum", "max-length": 5, "delivery-limit": 2, "dead-letter-exchange": exchange}
    changed = {name.replace("_", "-"): value for name, value in limits.items()}
    arguments = {f"x-{name}": value for name, value in {**given, **changed}.items() if value is not None}
    channel.queue_declare("orders", durable=True, arguments=arguments)
    channel.connection.close()


def into_the_same_queue(url):
    built(url, exchange="", dead_letter_routing_key="orders")


def misspells_the_argument(url):
    built(url, exchange=None, dead_leter_exchange="dead")


def misspells_the_exchange(url):
    built(url, exchange="daed")


def blind_for_x(url):
    built(url, match="all")


def by_routing_key(url):
    built(url, kind="direct", match=None)


def classic_orders(url):
    built(url, queue_type="classic", delivery_limit=None)


def refuses_the_newest(url):
    built(url, overflow="reject-publish")


def forgets_at_a_restart(url):
    built(url, durable=False)


def no_delivery_limit(url):
    built(url, delivery_limit=None)


def one_return_too_many(url):
    built(url, delivery_limit=3)


def room_for_four(url):
    built(url, max_length=4)


def binds_no_queue(url):
    channel = opened(url)
    channel.exchange_declare("dead", "headers", durable=True)
    for queue in REASONS.values():
        channel.queue_declare(queue, durable=True)
    channel.connection.close()
    built_again = {"x-queue-type": "quorum", "x-max-length": 5, "x-dead-letter-exchange": "dead"}
    opened(url).queue_declare("orders", durable=True, arguments=built_again)


def late_and_refused_are_swapped(url):
    built(url)
    channel = opened(url)
    for reason, queue in (("expired", "late"), ("rejected", "refused")):
        other = {"expired": "refused", "rejected": "late"}[reason]
        match = {"x-match": "all-with-x", "x-first-death-reason": reason}
        channel.queue_unbind(queue, "dead", reason, arguments=match)
        channel.queue_bind(other, "dead", reason, arguments=match)


def by_the_last_death(url):
    built(url, match="any-with-x", header="x-last-death-reason")


def as_in_the_lesson(url):
    """The office is a queue besides, and all dead letters go there, too."""
    built(url)
    channel = opened(url)
    channel.queue_declare("dead", durable=True)
    channel.queue_bind("dead", "dead", arguments={"x-match": "all-with-x", "x-first-death-queue": "orders"})


def forgets_the_second_exchange(url):
    channel = opened(url)
    channel.exchange_declare("office", "topic", durable=True)
    channel.exchange_declare("dead", "headers")
    channel.exchange_bind("dead", "office", "#")
    built(url, exchange="office", durable=False)


def keeps_the_late_for_an_hour(url):
    opened(url).queue_declare("late", durable=True, arguments={"x-message-ttl": 3_600_000})
    channel = opened(url)
    channel.exchange_declare("dead", "headers", durable=True)
    for reason, queue in REASONS.items():
        if queue != "late":
            channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "dead", arguments={"x-match": "all-with-x", "x-first-death-reason": reason})
    given = {"x-queue-type": "quorum", "x-max-length": 5, "x-delivery-limit": 2, "x-dead-letter-exchange": "dead"}
    channel.queue_declare("orders", durable=True, arguments=given)


# 2 · Back to work


def first_death(headers):
    first = headers["x-first-death-queue"], headers["x-first-death-reason"]
    death = next(one for one in headers["x-death"] if (one["queue"], one["reason"]) == first)
    return death["exchange"], death["routing-keys"][0]


def office(channel, **arguments):
    for _ in range(channel.queue_declare("dead", passive=True).method.message_count):
        yield channel.basic_get("dead", **arguments)


def replay_with(url, way, *, properties=lambda one: one, mandatory=True, confirms=True, ack=True):
    """The careful replay, but for what a wrong answer does otherwise; `way` is exchange and key of a letter."""
    channel = opened(url, confirms)
    for method, envelope, letter in office(channel):
        exchange, key = way(method, envelope.headers)
        try:
            channel.basic_publish(exchange, key, letter, properties(envelope), mandatory=mandatory)
        except pika.exceptions.UnroutableError:
            continue
        if ack:
            channel.basic_ack(method.delivery_tag)
    channel.connection.close()


def home(method, headers):
    return first_death(headers)


def keeps_the_new_key(url):
    replay_with(url, lambda method, headers: ("events", method.routing_key))


def straight_into_the_queue(url):
    replay_with(url, lambda method, headers: ("", headers["x-first-death-queue"]))


def trusts_the_last_entry(url):
    replay_with(
        url, lambda method, headers: (headers["x-death"][-1]["exchange"], headers["x-death"][-1]["routing-keys"][0])
    )


def by_reason_only(url):
    def way(method, headers):
        death = next(one for one in headers["x-death"] if one["reason"] == headers["x-first-death-reason"])
        return death["exchange"], death["routing-keys"][0]

    replay_with(url, way)


def by_queue_only(url):
    def way(method, headers):
        death = next(one for one in headers["x-death"] if one["queue"] == headers["x-first-death-queue"])
        return death["exchange"], death["routing-keys"][0]

    replay_with(url, way)


def key_of_the_last_death(url):
    replay_with(
        url, lambda method, headers: (headers["x-first-death-exchange"], headers["x-death"][0]["routing-keys"][0])
    )


def two_copies(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        try:
            for _ in range(2):
                channel.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)
        except pika.exceptions.UnroutableError:
            continue
        channel.basic_ack(method.delivery_tag)
    channel.connection.close()


def always_events(url):
    replay_with(url, lambda method, headers: ("events", first_death(headers)[1]))


def puts_it_back(url):
    channel = opened(url)
    for method, _, _ in office(channel):
        channel.basic_nack(method.delivery_tag, requeue=True)
    channel.connection.close()


def takes_with_auto_ack(url):
    channel = opened(url)
    for _, properties, letter in office(channel, auto_ack=True):
        channel.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)


def acks_first(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        channel.basic_ack(method.delivery_tag)
        channel.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)


def asks_for_no_confirm(url):
    replay_with(url, home, confirms=False)


def acks_without_waiting(url):
    """Confirms on the channel that takes, and none on the one that publishes."""
    taking = opened(url)
    publishing = taking.connection.channel()
    for method, properties, letter in office(taking):
        publishing.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)
        taking.basic_ack(method.delivery_tag)


def not_mandatory(url):
    replay_with(url, home, mandatory=False)


def never_acks(url):
    replay_with(url, home, ack=False)


def drops_the_properties(url):
    replay_with(url, home, properties=lambda one: pika.BasicProperties(delivery_mode=2, headers=one.headers))


def drops_the_headers(url):
    replay_with(url, home, properties=lambda one: pika.BasicProperties(delivery_mode=2, message_id=one.message_id))


def rejects_what_comes_back(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        try:
            channel.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)
            channel.basic_ack(method.delivery_tag)
        except pika.exceptions.UnroutableError:
            channel.basic_reject(method.delivery_tag, requeue=False)
    channel.connection.close()


def comes_back_over_and_over(url):
    channel = opened(url)
    while (got := channel.basic_get("dead"))[0]:
        method, properties, letter = got
        try:
            channel.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)
            channel.basic_ack(method.delivery_tag)
        except pika.exceptions.UnroutableError:
            channel.basic_nack(method.delivery_tag)


def puts_back_what_comes_back(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        try:
            channel.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)
            channel.basic_ack(method.delivery_tag)
        except pika.exceptions.UnroutableError:
            channel.basic_nack(method.delivery_tag, requeue=True)


def trips_over_the_unroutable(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        channel.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def writes_bytes_as_text(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        channel.basic_publish(*first_death(properties.headers), str(letter), properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def as_a_consumer(url):
    channel = opened(url)
    channel.basic_qos(prefetch_count=50)
    for method, properties, letter in channel.consume("dead", inactivity_timeout=0.3):
        if method is None:
            break
        try:
            channel.basic_publish(*first_death(properties.headers), letter, properties, mandatory=True)
            channel.basic_ack(method.delivery_tag)
        except pika.exceptions.UnroutableError:
            pass
    channel.connection.close()


async def with_aio_pika(url):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(on_return_raises=True)
        queue = await channel.get_queue("dead")
        for _ in range(queue.declaration_result.message_count):
            letter = await queue.get()
            name, key = first_death(letter.headers)
            exchange = await channel.get_exchange(name) if name else channel.default_exchange
            try:
                await exchange.publish(letter, key)
                await letter.ack()
            except aio_pika.exceptions.DeliveryError:
                pass


# 3 · Three times, then parked


def counted(url, replays_of, *, most=3, write=True, key=None, parks=("", "parked"), mandatory=True, confirms=True):
    """Replay or park, but for what a wrong answer does otherwise; `replays_of` reads the count from the headers."""
    channel = opened(url, confirms)
    for method, properties, letter in office(channel):
        replays = replays_of(properties.headers)
        to = ("events", key or method.routing_key) if replays < most else parks
        if write:
            properties.headers["replays"] = replays + 1
        if to:
            channel.basic_publish(*to, letter, properties, mandatory=mandatory)
        channel.basic_ack(method.delivery_tag)
    channel.connection.close()


def own_header(headers):
    return headers.get("replays", 0)


def counts_with_x_death(url):
    counted(url, lambda headers: headers["x-death"][0]["count"] - 1, write=False)


def forgets_to_write_the_count(url):
    counted(url, own_header, write=False, most=2)


def parks_after_two(url):
    counted(url, own_header, most=2)


def parks_after_four(url):
    counted(url, own_header, most=4)


def begins_to_count_at_one(url):
    counted(url, lambda headers: headers.get("replays", 1))


def throws_away_after_three(url):
    counted(url, own_header, parks=None)


def parks_by_the_exchange(url):
    counted(url, own_header, parks=("events", "parked"), mandatory=False)


def parks_none(url):
    counted(url, own_header, most=99)


def with_a_fixed_key(url):
    counted(url, own_header, key="order.placed.us")


def acks_before_it_publishes(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        channel.basic_ack(method.delivery_tag)
        replays = properties.headers.get("replays", 0)
        properties.headers["replays"] = replays + 1
        channel.basic_publish(*(("events", method.routing_key) if replays < 3 else ("", "parked")), letter, properties)


def counts_in_memory(url):
    seen = {}
    channel = opened(url)
    for method, properties, letter in office(channel):
        seen[letter] = seen.get(letter, 0) + 1
        to = ("events", method.routing_key) if seen[letter] <= 3 else ("", "parked")
        channel.basic_publish(*to, letter, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def parks_two_copies(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        replays = properties.headers.get("replays", 0)
        properties.headers["replays"] = min(replays + 1, 3)
        for _ in range(1 if replays < 3 else 2):
            to = ("events", method.routing_key) if replays < 3 else ("", "parked")
            channel.basic_publish(*to, letter, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def until_it_is_empty(url):
    channel = opened(url)
    while (got := channel.basic_get("dead"))[0]:
        method, properties, letter = got
        replays = properties.headers.get("replays", 0)
        properties.headers["replays"] = min(replays + 1, 3)
        to = ("events", method.routing_key) if replays < 3 else ("", "parked")
        channel.basic_publish(*to, letter, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)
    channel.connection.close()


def replays_whether_it_arrives_or_not(url, mandatory=False):
    channel = opened(url)
    for method, properties, letter in office(channel):
        replays = properties.headers.get("replays", 0)
        properties.headers["replays"] = min(replays + 1, 3)
        to = ("events", method.routing_key) if replays < 3 else ("", "parked")
        try:
            channel.basic_publish(*to, letter, properties, mandatory=mandatory)
        except pika.exceptions.UnroutableError:
            print("this one stays")
        else:
            channel.basic_ack(method.delivery_tag)
    channel.connection.close()


def leaves_what_no_queue_takes(url):
    replays_whether_it_arrives_or_not(url, mandatory=True)


def leaves_those_to_park(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        replays = properties.headers.get("replays", 0)
        if replays < 3:
            properties.headers["replays"] = replays + 1
            channel.basic_publish("events", method.routing_key, letter, properties, mandatory=True)
            channel.basic_ack(method.delivery_tag)
    channel.connection.close()


def leaves_the_brokers_headers_behind(url):
    channel = opened(url)
    for method, properties, letter in office(channel):
        replays = properties.headers.get("replays", 0)
        own = {name: value for name, value in properties.headers.items() if not name.startswith("x-")}
        properties.headers = own | {"replays": min(replays + 1, 3)}
        to = ("events", method.routing_key) if replays < 3 else ("", "parked")
        channel.basic_publish(*to, letter, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)


ALSO_RIGHT = {
    1: [by_the_last_death],
    2: [as_a_consumer, with_aio_pika],
    3: [leaves_the_brokers_headers_behind, leaves_what_no_queue_takes],
}

EXPECTED = {
    1: {
        into_the_same_queue: "the queue `orders`, and dies there again: a loop",
        misspells_the_argument: "`dead-leter-exchange` means nothing to it",
        misspells_the_exchange: "there is no exchange `daed`",
        blind_for_x: "`x-match` = all, which leaves out headers that begin with `x-`",
        by_routing_key: "`dead` is direct, and does not look at headers",
        classic_orders: "should be a quorum queue, and is classic",
        refuses_the_newest: "sends the newest back to the publisher",
        no_delivery_limit: "not set, which means 20",
        one_return_too_many: "given back 4 times: it may come back 2 times",
        room_for_four: "of 6 orders 4 were left",
        forgets_at_a_restart: "the exchange `dead` is not durable",
        forgets_the_second_exchange: "when the broker has restarted it is not there",
        as_in_the_lesson: "it has a second copy in your queue `dead`: this asks for no other queue",
        keeps_the_late_for_an_hour: "the queue `late` has `x-message-ttl`",
        binds_no_queue: "`refused` is not bound to `dead`",
        late_and_refused_are_swapped: "`x-first-death-reason` = rejected",
    },
    2: {
        keeps_the_new_key: "`dead` is the key it came into the office with",
        straight_into_the_queue: "straight into the queue it gets there without its key",
        by_reason_only: "`order 5` was sent to the exchange `later`",
        by_queue_only: "`order 7` was sent to the exchange `again`",
        key_of_the_last_death: "`order 7` was sent to the exchange `events` with the key `wait`",
        two_copies: "published `order 1` 2 times in one call",
        trusts_the_last_entry: "`order 4` was sent to the exchange `later`",
        always_events: "`invoice 3` was sent to the exchange `events`",
        puts_it_back: "`requeue=True` puts a letter back where it was taken from",
        takes_with_auto_ack: "`auto_ack=True`",
        acks_first: "before the broker has confirmed",
        asks_for_no_confirm: "publishes on a channel that does not confirm",
        not_mandatory: "no queue is bound for `parcel 6`",
        never_acks: "the letter never acked",
        drops_the_properties: "lost its `message_id`",
        drops_the_headers: "lost its header `gift`",
        rejects_what_comes_back: "throws them away",
        comes_back_over_and_over: "is given `parcel 6` over and over",
        puts_back_what_comes_back: "is the next one again",
        trips_over_the_unroutable: "let that one stay in `dead` (no ack) and go on",
        writes_bytes_as_text: "and was `b'",
    },
    3: {
        counts_with_x_death: "The count in `x-death` is 1 each time",
        parks_after_two: "`order 3` was parked after 2 replays",
        parks_after_four: "at `replays` = 3 it goes to `parked`",
        begins_to_count_at_one: "`order 1` had been replayed 0 times, and its header `replays` says 2 now",
        throws_away_after_three: "it was acked, and no copy was sent",
        parks_by_the_exchange: "its copy was sent to `events` with the key `parked`",
        with_a_fixed_key: "should go back by the exchange `events`",
        acks_before_it_publishes: "acks a letter before the broker",
        parks_two_copies: "published `order 4` 2 times in one call",
        until_it_is_empty: "when it had died again, it was to wait for the next call",
        replays_whether_it_arrives_or_not: "no queue is bound for `order 1` at present",
        leaves_those_to_park: "it was not published",
    },
}
