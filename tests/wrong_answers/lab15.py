"""What learners write in lab 15, and what the check must say to it: no two of one exercise get the same words."""

import asyncio
import threading
import time
from functools import partial

import aio_pika
import pika
from aiolimiter import AsyncLimiter


class Bucket:
    def __init__(self, rate, burst, tokens=None):
        self.rate, self.burst = rate, burst
        self.tokens, self.since = burst if tokens is None else tokens, time.monotonic()
        self.lock = threading.Lock()

    def take(self):
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + self.rate * (now - self.since)) - 1
            self.since = now
            return max(0, -self.tokens / self.rate)


def opened(worker, prefetch=1):
    channel = pika.BlockingConnection(pika.URLParameters(worker.url)).channel()
    channel.basic_qos(prefetch_count=prefetch)
    return channel


def payments_of(worker, channel, queue="payments", **arguments):
    for method, _, payment in channel.consume(queue, inactivity_timeout=0.1, **arguments):
        if worker.stopping:
            return
        if method is not None:
            yield method.delivery_tag, payment.decode()


# exercise 1


def charge_each(worker, charge, before_call, prefetch=10):
    channel = opened(worker, prefetch)
    for tag, payment in payments_of(worker, channel):
        before_call()
        charge(payment)
        channel.basic_ack(tag)


def sleeps_for_token_of(bucket):
    return lambda: time.sleep(bucket.take())


def no_limit(worker, charge, rate, burst):
    charge_each(worker, charge, lambda: None)


def sleeps_per_message(worker, charge, rate, burst):
    charge_each(worker, charge, lambda: time.sleep(1 / rate))


def holds_a_few_too_many(worker, charge, rate, burst):
    charge_each(worker, charge, sleeps_for_token_of(Bucket(rate, burst + 6)))


def with_a_margin(worker, charge, rate, burst):
    charge_each(worker, charge, sleeps_for_token_of(Bucket(rate, burst / 2)))


def calls_twice(worker, charge, rate, burst):
    charge_each(worker, lambda payment: (charge(payment), charge(payment)), sleeps_for_token_of(Bucket(rate, burst)))


def bucket_without_a_brim(worker, charge, rate, burst):
    bucket = Bucket(rate, burst=10**6)
    bucket.tokens = burst
    charge_each(worker, charge, sleeps_for_token_of(bucket))


def bucket_for_each_thread(worker, charge, rate, burst):
    def cashier():
        charge_each(worker, charge, sleeps_for_token_of(Bucket(rate, burst)))

    cashiers = [threading.Thread(target=cashier) for _ in range(2)]
    for each in cashiers:
        each.start()
    for each in cashiers:
        each.join()


def sleeps_longer_after_the_burst(worker, charge, rate, burst):
    charge_each(worker, charge, sleeps_for_token_of(Bucket(rate / 2, burst)))


def takes_the_whole_queue(worker, charge, rate, burst):
    charge_each(worker, charge, sleeps_for_token_of(Bucket(rate, burst)), prefetch=0)


def acks_while_it_waits(worker, charge, rate, burst):
    bucket, channel = Bucket(rate, burst), opened(worker)
    for tag, payment in payments_of(worker, channel):
        channel.basic_ack(tag)
        time.sleep(bucket.take())
        charge(payment)


def asks_until_there_is_one(worker, charge, rate, burst):
    tokens, since = burst, time.monotonic()

    def before_call():
        nonlocal tokens, since
        while True:
            now = time.monotonic()
            tokens, since = min(burst, tokens + rate * (now - since)), now
            if tokens >= 1:
                break
            time.sleep(0.002)
        tokens -= 1

    charge_each(worker, charge, before_call, prefetch=5)


async def with_the_library(worker, charge, rate, burst):
    limiter = AsyncLimiter(burst, burst / rate)
    async with await aio_pika.connect(worker.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=5)
        queue = await channel.get_queue("payments")

        async def on_payment(payment):
            await limiter.acquire()
            await asyncio.to_thread(charge, payment.body.decode())
            await payment.ack()

        await queue.consume(on_payment)
        while not worker.stopping:
            await asyncio.sleep(0.05)


# exercise 2

SHOPS = ("books", "toys", "wine")


def serve(worker, charge, buckets, shops=SHOPS, prefetch=1, **arguments):
    """The solution, but for what is given."""
    channel = opened(worker, prefetch)
    connection = channel.connection

    def on_payment(channel, method, properties, payment):
        def pay():
            charge(payment.decode())
            if not arguments:
                channel.basic_ack(method.delivery_tag)

        connection.call_later(buckets[method.routing_key].take(), pay)

    for shop in shops:
        channel.basic_consume(shop, on_payment, **arguments)
    while not worker.stopping:
        connection.process_data_events(time_limit=0.1)


def each_shop(rate, burst):
    return {shop: Bucket(rate, burst) for shop in SHOPS}


def one_bucket_for_all(worker, charge, rate, burst):
    serve(worker, charge, dict.fromkeys(SHOPS, Bucket(rate, burst)))


def a_third_for_each(worker, charge, rate, burst):
    serve(worker, charge, each_shop(rate / 3, burst // 3))


def sleeps_in_the_callback(worker, charge, rate, burst):
    buckets, channel = each_shop(rate, burst), opened(worker)

    def on_payment(channel, method, properties, payment):
        time.sleep(buckets[method.routing_key].take())
        charge(payment.decode())
        channel.basic_ack(method.delivery_tag)

    for shop in SHOPS:
        channel.basic_consume(shop, on_payment)
    while not worker.stopping:
        channel.connection.process_data_events(time_limit=0.1)


def one_shop_after_the_other(worker, charge, rate, burst):
    buckets, channel = each_shop(rate, burst), opened(worker)
    while not worker.stopping:
        for shop in SHOPS:
            while (got := channel.basic_get(shop))[0]:
                time.sleep(buckets[shop].take())
                charge(got[2].decode())
                channel.basic_ack(got[0].delivery_tag)
        channel.connection.sleep(0.01)


def forgets_the_wine(worker, charge, rate, burst):
    serve(worker, charge, each_shop(rate, burst), shops=SHOPS[:2])


def two_threads_for_each_shop(worker, charge, rate, burst):
    by_threads(worker, charge, [Bucket(rate, burst) for _ in range(6)])


def by_threads(worker, charge, buckets):
    def cashier(shop, bucket):
        channel = opened(worker)
        for tag, payment in payments_of(worker, channel, shop):
            time.sleep(bucket.take() if bucket else 0)
            charge(payment)
            channel.basic_ack(tag)

    cashiers = [
        threading.Thread(target=cashier, args=(SHOPS[number % 3], bucket)) for number, bucket in enumerate(buckets)
    ]
    for each in cashiers:
        each.start()
    for each in cashiers:
        each.join()


def takes_them_all_at_once(worker, charge, rate, burst):
    serve(worker, charge, each_shop(rate, burst), prefetch=0)


def gives_the_payment_back_for_now(worker, charge, rate, burst):
    buckets, channel = each_shop(rate, burst), opened(worker)

    def on_payment(channel, method, properties, payment):
        bucket = buckets[method.routing_key]
        if bucket.take():
            bucket.tokens += 1
            channel.basic_nack(method.delivery_tag)
        else:
            charge(payment.decode())
            channel.basic_ack(method.delivery_tag)

    for shop in SHOPS:
        channel.basic_consume(shop, on_payment)
    while not worker.stopping:
        channel.connection.process_data_events(time_limit=0.1)


def a_thread_for_each_shop(worker, charge, rate, burst):
    by_threads(worker, charge, [Bucket(rate, burst) for _ in range(3)])


# exercise 3


def tokens_by_get(worker, channel, pause=0.01, **arguments):
    """True when there is one, False when the day is over."""
    while channel.basic_get("tokens", **arguments)[0] is None:
        channel.connection.sleep(pause)
        if worker.stopping:
            return False
    return True


def charge_with(worker, charge, token):
    """`token(tokens)` waits for one on a channel of its own; False at the end of the day."""
    channel = opened(worker)
    tokens = channel.connection.channel()
    for tag, payment in payments_of(worker, channel):
        if not token(tokens):
            return
        charge(payment)
        channel.basic_ack(tag)


def without_a_token(worker, charge):
    charge_with(worker, charge, lambda tokens: True)


def takes_a_token_and_keeps_it(worker, charge):
    charge_with(worker, charge, partial(tokens_by_get, worker))


def gives_the_token_back(worker, charge):
    channel = opened(worker)
    tokens = channel.connection.channel()
    for tag, payment in payments_of(worker, channel):
        while (got := tokens.basic_get("tokens"))[0] is None:
            tokens.connection.sleep(0.01)
        charge(payment)
        tokens.basic_nack(got[0].delivery_tag)
        channel.basic_ack(tag)


def first_the_token(worker, charge):
    channel = opened(worker)
    tokens = channel.connection.channel()
    while tokens_by_get(worker, tokens, auto_ack=True):
        for tag, payment in payments_of(worker, channel):
            charge(payment)
            channel.basic_ack(tag)
            break


def hoards_tokens(worker, charge):
    channel = opened(worker)
    tokens = channel.connection.channel().consume("tokens", auto_ack=True, inactivity_timeout=0.05)
    for tag, payment in payments_of(worker, channel):
        while next(tokens)[0] is None:
            if worker.stopping:
                return
        charge(payment)
        channel.basic_ack(tag)


def one_token_for_two(worker, charge):
    channel = opened(worker)
    tokens = channel.connection.channel()
    for number, (tag, payment) in enumerate(payments_of(worker, channel)):
        if number % 2 == 0 and not tokens_by_get(worker, tokens, auto_ack=True):
            return
        charge(payment)
        channel.basic_ack(tag)


def asks_all_the_time(worker, charge):
    charge_with(worker, charge, partial(tokens_by_get, worker, pause=0, auto_ack=True))


def gives_the_payment_back(worker, charge):
    channel = opened(worker)
    tokens = channel.connection.channel()
    for tag, payment in payments_of(worker, channel):
        if tokens.basic_get("tokens", auto_ack=True)[0] is None:
            channel.basic_nack(tag)
            continue
        charge(payment)
        channel.basic_ack(tag)


def acks_and_then_waits(worker, charge):
    channel = opened(worker)
    tokens = channel.connection.channel()
    for tag, payment in payments_of(worker, channel):
        channel.basic_ack(tag)
        if not tokens_by_get(worker, tokens, auto_ack=True):
            return
        charge(payment)


def charges_after_the_bell(worker, charge):
    def token(tokens):
        tokens_by_get(worker, tokens, auto_ack=True)
        return True

    charge_with(worker, charge, token)


def does_not_hear_the_bell(worker, charge):
    def token(tokens):
        while tokens.basic_get("tokens", auto_ack=True)[0] is None:
            tokens.connection.sleep(0.01)
        return True

    charge_with(worker, charge, token)


def acks_the_token(worker, charge):
    channel = opened(worker)
    tokens = channel.connection.channel()
    for tag, payment in payments_of(worker, channel):
        while (got := tokens.basic_get("tokens"))[0] is None:
            tokens.connection.sleep(0.02)
            if worker.stopping:
                return
        tokens.basic_ack(got[0].delivery_tag)
        charge(payment)
        channel.basic_ack(tag)


def subscribes_while_it_needs_one(worker, charge):
    channel = opened(worker)
    tokens = opened(worker)
    for tag, payment in payments_of(worker, channel):
        for method, _, _ in tokens.consume("tokens", inactivity_timeout=0.05):
            if method is not None or worker.stopping:
                break
        if method is None:
            return
        tokens.basic_ack(method.delivery_tag)
        tokens.cancel()
        charge(payment)
        channel.basic_ack(tag)


ALSO_RIGHT = {
    1: [asks_until_there_is_one, with_a_margin, with_the_library],
    2: [a_thread_for_each_shop],
    3: [acks_the_token, subscribes_while_it_needs_one],
}

EXPECTED = {
    1: {
        no_limit: "`no_limit` called the bank",
        sleeps_per_message: "and `sleeps_per_message` waited before each",
        holds_a_few_too_many: "its bucket holds more than `burst`, or fills faster than `rate`",
        calls_twice: "called the bank 2 times for `payment",
        bucket_without_a_brim: "`bucket_without_a_brim` called the bank",
        bucket_for_each_thread: "`bucket_for_each_thread` called the bank",
        sleeps_longer_after_the_burst: "after the burst there is a token every 0.025 s, and a call every",
        takes_the_whole_queue: "and at most 10 with the worker",
        acks_while_it_waits: "acknowledges before the work is done",
    },
    2: {
        one_bucket_for_all: "`one_bucket_for_all` made",
        a_third_for_each: "`a_third_for_each` made",
        sleeps_in_the_callback: "while `sleeps_in_the_callback` waits for a token of one shop",
        one_shop_after_the_other: "while `one_shop_after_the_other` waits for a token of one shop",
        forgets_the_wine: "never began to take from `wine`",
        two_threads_for_each_shop: "`two_threads_for_each_shop` called the bank",
        takes_them_all_at_once: "payments of `books` in its hands",
        gives_the_payment_back_for_now: "Keep it, and wait for a token",
    },
    3: {
        without_a_token: "never took a token out of `tokens`",
        takes_a_token_and_keeps_it: "tokens that it had spent were in `tokens` again",
        gives_the_token_back: "a token that comes back is used twice",
        first_the_token: "takes a token before it has a payment",
        hoards_tokens: "who takes more than one keeps them from the others",
        one_token_for_two: "each call costs one, also when several payments are at hand",
        asks_all_the_time: "times a second while there is none",
        gives_the_payment_back: "gave `payment",
        acks_and_then_waits: "and has not charged it: first the call, then the ack",
        charges_after_the_bell: "and then called the bank without one",
        does_not_hear_the_bell: "Look at `worker.stopping` in that loop, too",
    },
}
