"""What learners write in lab 12, and what the check must say to it: no two of one exercise get the same words."""

import time

import pika

QUORUM = {"x-queue-type": "quorum"}
RUNGS = {"wait 0.2 s": 200, "wait 0.5 s": 500, "wait 1 s": 1000}


def opened(url):
    channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
    channel.confirm_delivery()
    return channel


def payments_of(worker, channel, **arguments):
    for method, properties, body in channel.consume("payments", inactivity_timeout=0.1, **arguments):
        if worker.stopping:
            return
        if method is not None:
            yield method, properties, body


# exercise 1


def back_to(key="payments", exchange=""):
    return {"x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": key}


def declare_rungs(channel, kind=None, unit=1, **back):
    for rung, ttl in RUNGS.items():
        how = (kind or QUORUM) | (back or back_to()) | {"x-message-ttl": ttl // unit}
        channel.queue_declare(rung, durable=True, arguments=how)
    channel.queue_declare("parked", durable=True, arguments=QUORUM)


def failures_of(properties):
    return (properties.headers or {}).get("failures", 0) + 1


def climb(worker, charge, *, channel=None, places=(*RUNGS, "parked"), rungs=True, mandatory=True, **arguments):
    """The solution, but for what is given."""
    channel = channel or opened(worker.url)
    if rungs:
        declare_rungs(channel, **arguments)
    for method, properties, payment in payments_of(worker, channel):
        try:
            charge(payment.decode())
        except OSError:
            failures = failures_of(properties)
            properties.headers = {"failures": failures}
            place = places[min(failures, len(places)) - 1]
            channel.basic_publish("", place, payment, properties, mandatory=mandatory)
        channel.basic_ack(method.delivery_tag)


def fails_with(worker, charge, failed, **arguments):
    """Every failure goes to `failed(channel, method, properties, payment)`."""
    channel = opened(worker.url)
    declare_rungs(channel)
    for method, properties, payment in payments_of(worker, channel, **arguments):
        try:
            charge(payment.decode())
        except OSError:
            failed(channel, method, properties, payment)
        else:
            channel.basic_ack(method.delivery_tag)


def puts_it_back(worker, charge):
    fails_with(worker, charge, lambda channel, method, *rest: channel.basic_nack(method.delivery_tag))


def sleeps_and_puts_it_back(worker, charge):
    def failed(channel, method, properties, payment):
        time.sleep(0.2)
        channel.basic_reject(method.delivery_tag, requeue=True)

    fails_with(worker, charge, failed)


def sleeps_and_publishes_it(worker, charge):
    def failed(channel, method, properties, payment):
        time.sleep(0.2)
        channel.basic_publish("", "payments", payment, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)

    fails_with(worker, charge, failed)


def tries_four_times_in_a_row(worker, charge):
    channel = opened(worker.url)
    declare_rungs(channel)
    for method, _, payment in payments_of(worker, channel):
        for delay in (0.2, 0.5, 1, 0):
            try:
                charge(payment.decode())
                break
            except OSError:
                time.sleep(delay)
        else:
            channel.basic_publish("", "parked", payment, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def one_room_for_all(worker, charge):
    def failed(channel, method, properties, payment):
        failures = failures_of(properties)
        properties.headers = {"failures": failures}
        properties.expiration = str([*RUNGS.values(), 0][failures - 1])
        channel.basic_publish("", "parked" if failures == 4 else "later", payment, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)

    opened(worker.url).queue_declare("later", durable=True, arguments=QUORUM | back_to())
    fails_with(worker, charge, failed)


def counts_by_x_death(worker, charge):
    def failed(channel, method, properties, payment):
        deaths = sum(death["count"] for death in (properties.headers or {}).get("x-death", []))
        channel.basic_publish("", [*RUNGS, "parked"][deaths], payment, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)

    fails_with(worker, charge, failed)


def acks_first(worker, charge):
    def failed(channel, method, properties, payment):
        channel.basic_ack(method.delivery_tag)
        properties.headers = {"failures": failures_of(properties)}
        channel.basic_publish("", "wait 0.2 s", payment, properties, mandatory=True)

    fails_with(worker, charge, failed)


def acks_and_forgets(worker, charge):
    fails_with(worker, charge, lambda channel, method, *rest: channel.basic_ack(method.delivery_tag))


def throws_it_away(worker, charge):
    fails_with(worker, charge, lambda channel, method, *rest: channel.basic_reject(method.delivery_tag, requeue=False))


def takes_automatically(worker, charge):
    def failed(channel, method, properties, payment):
        channel.basic_publish("", "wait 0.2 s", payment, properties, mandatory=True)

    channel = opened(worker.url)
    declare_rungs(channel)
    for method, properties, payment in payments_of(worker, channel, auto_ack=True):
        try:
            charge(payment.decode())
        except OSError:
            failed(channel, method, properties, payment)


def without_confirms(worker, charge):
    channel = pika.BlockingConnection(pika.URLParameters(worker.url)).channel()
    climb(worker, charge, channel=channel)


def not_mandatory(worker, charge):
    climb(worker, charge, mandatory=False)


def never_parks(worker, charge):
    climb(worker, charge, places=[*RUNGS])


def parks_too_early(worker, charge):
    climb(worker, charge, places=[*[*RUNGS][:2], "parked"])


def in_seconds(worker, charge):
    climb(worker, charge, unit=100)


def rungs_without_dlx(worker, charge):
    channel = opened(worker.url)
    for rung, ttl in RUNGS.items():
        channel.queue_declare(rung, durable=True, arguments=QUORUM | {"x-message-ttl": ttl})
    climb(worker, charge, channel=channel, rungs=False)


def rungs_lead_to_themselves(worker, charge):
    channel = opened(worker.url)
    for rung, ttl in RUNGS.items():
        how = {"x-message-ttl": ttl, "x-dead-letter-exchange": ""}
        channel.queue_declare(rung, durable=True, arguments=QUORUM | how)
    climb(worker, charge, channel=channel, rungs=False)


def rungs_without_ttl(worker, charge):
    channel = opened(worker.url)
    for rung in RUNGS:
        channel.queue_declare(rung, durable=True, arguments=QUORUM | back_to())
    climb(worker, charge, channel=channel, rungs=False)


def classic_rungs(worker, charge):
    climb(worker, charge, kind={"x-queue-type": "classic"})


def publishes_and_rejects(worker, charge):
    def failed(channel, method, properties, payment):
        channel.basic_publish("", "wait 0.2 s", payment, properties, mandatory=True)
        channel.basic_reject(method.delivery_tag, requeue=False)

    fails_with(worker, charge, failed)


def new_properties(worker, charge):
    def failed(channel, method, properties, payment):
        failures = failures_of(properties)
        own = pika.BasicProperties(headers={"failures": failures}, message_id=properties.message_id, delivery_mode=2)
        channel.basic_publish("", [*RUNGS, "parked"][failures - 1], payment, own, mandatory=True)
        channel.basic_ack(method.delivery_tag)

    fails_with(worker, charge, failed)


def a_time_of_its_own_in_each_room(worker, charge):
    channel = opened(worker.url)
    channel.queue_declare("parked", durable=True, arguments=QUORUM)
    for rung in RUNGS:
        channel.queue_declare(rung, durable=True, arguments=QUORUM | back_to())
    for method, properties, payment in payments_of(worker, channel):
        try:
            charge(payment.decode())
        except OSError:
            failures = failures_of(properties)
            properties.headers = {"failures": failures}
            place, ttl = [*RUNGS.items(), ("parked", None)][failures - 1]
            properties.expiration = ttl and str(ttl)
            channel.basic_publish("", place, payment, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def by_an_exchange_of_its_own(worker, charge):
    channel = opened(worker.url)
    channel.exchange_declare("later", "direct", durable=True)
    channel.exchange_declare("now", "fanout", durable=True)
    channel.queue_bind("payments", "now", "")
    for failures, rung in enumerate([*RUNGS, "parked"], 1):
        ttl = {"x-message-ttl": RUNGS[rung], "x-dead-letter-exchange": "now"} if rung in RUNGS else {}
        channel.queue_declare(rung, durable=True, arguments=QUORUM | ttl)
        channel.queue_bind(rung, "later", str(failures))
    for method, properties, payment in payments_of(worker, channel):
        try:
            charge(payment.decode())
        except OSError:
            failures = failures_of(properties)
            properties.headers = {"failures": failures}
            channel.basic_publish("later", str(failures), payment, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def acks_all_when_it_leaves(worker, charge):
    channel = opened(worker.url)
    declare_rungs(channel)
    for method, properties, payment in payments_of(worker, channel):
        try:
            charge(payment.decode())
        except OSError:
            failures = failures_of(properties)
            properties.headers = {"failures": failures}
            channel.basic_publish("", [*RUNGS, "parked"][failures - 1], payment, properties, mandatory=True)
    channel.basic_ack(method.delivery_tag, multiple=True)


def catches_nothing(worker, charge):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        for method, _, payment in payments_of(worker, channel):
            charge(payment.decode())
            channel.basic_ack(method.delivery_tag)


def waits_in_the_program(worker, charge):
    def failed(channel, method, properties, payment):
        def again():
            channel.basic_publish("", "payments", payment, properties, mandatory=True)
            channel.basic_ack(method.delivery_tag)

        channel.connection.call_later(0.2, again)

    fails_with(worker, charge, failed)


# exercise 2


def open_both(url, parked=QUORUM, kind=QUORUM, back=None, **payments):
    channel = opened(url)
    channel.queue_declare("parked", durable=True, arguments=parked)
    how = {"x-delivery-limit": 3} | (back_to("parked") if back is None else back)
    how |= {f"x-{name.replace('_', '-')}": value for name, value in payments.items()}
    arguments = kind | {name: value for name, value in how.items() if value is not None}
    channel.queue_declare("payments", durable=True, arguments=arguments)
    channel.connection.close()


def a_limit_in_letters(url):
    open_both(url, delivery_limit="3")


def only_payments(url):
    opened(url).queue_declare("payments", durable=True, arguments=QUORUM | {"x-delivery-limit": 3})


def classic_payments(url):
    open_both(url, kind={"x-queue-type": "classic"})


def no_limit(url):
    open_both(url, delivery_limit=None)


def four_returns(url):
    open_both(url, delivery_limit=4)


def two_returns(url):
    open_both(url, delivery_limit=2)


def no_way_out(url):
    open_both(url, back={})


def an_exchange_that_is_not_there(url):
    open_both(url, back={"x-dead-letter-exchange": "parked"})


def parked_forgets(url):
    open_both(url, parked=QUORUM | {"x-message-ttl": 60_000})


def parks_by_time(url):
    open_both(url, delivery_limit=None, message_ttl=10)


def by_an_exchange(url):
    channel = opened(url)
    channel.exchange_declare("dead", "fanout", durable=True)
    open_both(url, back={"x-dead-letter-exchange": "dead"})
    channel.queue_bind("parked", "dead", "")


def at_least_once(url):
    open_both(url, dead_letter_strategy="at-least-once", overflow="reject-publish")


def for_a_single_active_consumer(url):
    open_both(url, single_active_consumer=True)


# exercise 3


def answers(worker, charge, on_oserror, on_value_error, kinds=(OSError, ValueError)):
    channel = opened(worker.url)
    for method, _, payment in payments_of(worker, channel):
        try:
            charge(payment.decode())
        except kinds as error:
            answer = on_oserror if isinstance(error, OSError) else on_value_error
            answer(channel, method.delivery_tag)
        else:
            channel.basic_ack(method.delivery_tag)


def park(channel, tag):
    channel.basic_reject(tag, requeue=False)


def put_back(channel, tag):
    channel.basic_reject(tag, requeue=True)


def gives_back_with_nack(worker, charge):
    answers(worker, charge, lambda channel, tag: channel.basic_nack(tag), park)


def tries_the_unreadable_again(worker, charge):
    answers(worker, charge, put_back, put_back)


def parks_both(worker, charge):
    answers(worker, charge, park, park)


def acks_what_failed(worker, charge):
    answers(worker, charge, put_back, lambda channel, tag: channel.basic_ack(tag))


def acks_before(worker, charge):
    channel = opened(worker.url)
    for method, _, payment in payments_of(worker, channel):
        channel.basic_ack(method.delivery_tag)
        charge(payment.decode())


def knows_one_error(worker, charge):
    answers(worker, charge, put_back, park, kinds=(OSError,))


def charges_bytes(worker, charge):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        for method, _, payment in payments_of(worker, channel):
            charge(payment)
            channel.basic_ack(method.delivery_tag)


def never_acks(worker, charge):
    channel = opened(worker.url)
    for method, _, payment in payments_of(worker, channel):
        try:
            charge(payment.decode())
        except ValueError:
            park(channel, method.delivery_tag)
        except OSError:
            put_back(channel, method.delivery_tag)


def publishes_to_parked(worker, charge):
    def to_parked(channel, tag):
        channel.basic_publish("", "parked", "payment #?!", mandatory=True)
        channel.basic_ack(tag)

    answers(worker, charge, put_back, to_parked)


def tries_in_a_loop(worker, charge):
    channel = opened(worker.url)
    for method, _, payment in payments_of(worker, channel):
        for _ in range(4):
            try:
                charge(payment.decode())
                channel.basic_ack(method.delivery_tag)
                break
            except OSError:
                time.sleep(0.05)
            except ValueError:
                break
        else:
            park(channel, method.delivery_tag)


def keeps_the_unreadable(worker, charge):
    answers(worker, charge, put_back, lambda channel, tag: None)


def takes_them_automatically(worker, charge):
    for _, _, payment in payments_of(worker, opened(worker.url), auto_ack=True):
        charge(payment.decode())


def counts_the_returns_itself(worker, charge):
    channel = opened(worker.url)
    for method, properties, payment in payments_of(worker, channel):
        try:
            charge(payment.decode())
        except ValueError:
            park(channel, method.delivery_tag)
        except OSError:
            returned = (properties.headers or {}).get("x-delivery-count", 0)
            channel.basic_reject(method.delivery_tag, requeue=returned < 3)
        else:
            channel.basic_ack(method.delivery_tag)


def gives_back_by_closing_the_channel(worker, charge):
    connection = opened(worker.url).connection
    while not worker.stopping:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1)
        for method, _, payment in payments_of(worker, channel):
            try:
                charge(payment.decode())
            except ValueError:
                park(channel, method.delivery_tag)
            except OSError:
                break
            else:
                channel.basic_ack(method.delivery_tag)
        channel.close()


def parks_with_nack(worker, charge):
    answers(worker, charge, put_back, lambda channel, tag: channel.basic_nack(tag, requeue=False))


ALSO_RIGHT = {
    1: [a_time_of_its_own_in_each_room, by_an_exchange_of_its_own],
    2: [by_an_exchange, at_least_once, for_a_single_active_consumer],
    3: [parks_with_nack, gives_back_by_closing_the_channel, counts_the_returns_itself],
}

EXPECTED = {
    1: {
        puts_it_back: "`puts_it_back` gives the payment back with `basic_nack`, and it comes again at once",
        sleeps_and_puts_it_back: "sleeps, while all others wait, and then gives the payment back",
        sleeps_and_publishes_it: "sleeps, while all others wait, and then publishes `payment 1` straight to `payments`",
        tries_four_times_in_a_row: "began `payment 1` 2 times, and was handed it 1 of them",
        one_room_for_all: "both were in `later`, and a queue looks at its head only",
        counts_by_x_death: "It went there the time before, too: count the failures in a header of your own",
        acks_first: "`acks_first` acks `payment 1` and then publishes it",
        acks_and_forgets: "acked it without publishing it anywhere",
        throws_it_away: "rejects with `requeue=False`, and `payments` has no dead-letter exchange",
        takes_automatically: "takes payments with `auto_ack=True`",
        publishes_and_rejects: "publishes `payment 1` and then rejects it",
        without_confirms: "on a channel without confirms",
        not_mandatory: "without `mandatory=True`",
        never_parks: "was tried for the fifth time",
        parks_too_early: "a payment is in `parked`, and `payment 1` has failed 3 times",
        in_seconds: "went to `wait 0.2 s`, which keeps it for 2 ms, and should wait 0.2 s",
        rungs_without_dlx: "`wait 0.2 s` has no `x-dead-letter-exchange`",
        rungs_lead_to_themselves: "what expires in `wait 0.2 s` goes to `wait 0.2 s`",
        rungs_without_ttl: "it is still in `wait 0.2 s`, which has no `x-message-ttl`",
        classic_rungs: "`wait 0.2 s` is a classic queue",
        new_properties: "has lost its `content_type`",
        acks_all_when_it_leaves: "has not acked it: should it die now",
        catches_nothing: "`catches_nothing` raised OSError",
        waits_in_the_program: "`waits_in_the_program` publishes `payment 1` straight to `payments`",
    },
    2: {
        only_payments: "there was no queue `parked`",
        classic_payments: "asks for an `x-delivery-limit` on a classic queue",
        no_limit: "declared without `x-delivery-limit`, and a quorum queue's own is 20",
        a_limit_in_letters: "`x-delivery-limit` is the text '3'",
        four_returns: "came a fifth time: `x-delivery-limit` is 4",
        two_returns: "is in `parked` after 3 crashes",
        no_way_out: "after 4 crashes the payment is in neither queue: `payments` has no `x-dead-letter-exchange`",
        an_exchange_that_is_not_there: "go to the exchange `parked` with the key `payments`",
        parked_forgets: "`parked` keeps nothing safe: the queue was declared with `x-message-ttl` = 60000",
        parks_by_time: "`payments` keeps nothing safe: the queue was declared with `x-message-ttl` = 10",
    },
    3: {
        gives_back_with_nack: "gives back with `basic_nack`, which RabbitMQ 4.3 never counts",
        tries_the_unreadable_again: "`payment #?!` raised a ValueError, and `tries_the_unreadable_again` gives it back",
        parks_both: "`payment 1` raised an OSError, since the bank did not answer, and `parks_both` parks it",
        acks_what_failed: "acks `payment #?!`, and it is not charged",
        acks_before: "acks `payment 1`, and it is not charged",
        knows_one_error: "`knows_one_error` raised ValueError",
        charges_bytes: "`charges_bytes` raised TypeError",
        never_acks: "has not acked it: should it die now",
        publishes_to_parked: "leave it to the broker",
        tries_in_a_loop: "began `payment 1` 2 times, and was handed it 1 of them",
        keeps_the_unreadable: "1 deliveries are unanswered",
        takes_them_automatically: "takes payments with `auto_ack=True`",
    },
}
