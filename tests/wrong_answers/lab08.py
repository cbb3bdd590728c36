"""What learners write in lab 08, and what the check must say to it."""

import asyncio
import contextlib

import aio_pika
import pika

QUEUE = "payments"


def opened(url, confirms=True):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    if confirms:
        channel.confirm_delivery()
    return connection, channel


def message(payment):
    return aio_pika.Message(payment.encode())


# 1 · Five thousand, all confirmed


def fires_and_forgets(url, payments):
    connection, channel = opened(url, confirms=False)
    for payment in payments:
        channel.basic_publish("", QUEUE, payment)
    connection.close()


def one_by_one(url, payments):
    connection, channel = opened(url)
    for payment in payments:
        channel.basic_publish("", QUEUE, payment)
    connection.close()


async def a_window_of_five(url, payments):
    seats = asyncio.Semaphore(5)
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange

        async def send(payment):
            async with seats:
                await exchange.publish(message(payment), QUEUE)

        await asyncio.gather(*map(send, payments))


async def all_at_once(url, payments):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await asyncio.gather(*(channel.default_exchange.publish(message(one), QUEUE) for one in payments))


async def waits_for_nothing(url, payments):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        for payment in payments[:100]:
            asyncio.ensure_future(exchange.publish(message(payment), QUEUE))  # noqa: RUF006
        await asyncio.sleep(0.1)


async def forgets_the_last_batch(url, payments):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        running = set()
        for payment in payments:
            running.add(asyncio.ensure_future(exchange.publish(message(payment), QUEUE)))
            await asyncio.sleep(0)
            if len(running) == 100:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(running, timeout=0.05)


async def forgets_the_rest(url, payments):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        for start in range(0, len(payments) - 300, 300):
            await asyncio.gather(*(exchange.publish(message(one), QUEUE) for one in payments[start : start + 300]))


async def batches_that_overlap(url, payments):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        for start in range(0, len(payments), 299):
            await asyncio.gather(*(exchange.publish(message(one), QUEUE) for one in payments[start : start + 300]))


async def sends_what_is_no_text(url, payments):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        for start in range(0, len(payments), 300):
            batch = [str(one.encode()) for one in payments[start : start + 300]]
            await asyncio.gather(*(exchange.publish(message(one), QUEUE) for one in batch))


async def through_an_exchange_of_its_own(url, payments):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("tills")
        await (await channel.get_queue(QUEUE)).bind(exchange, QUEUE)
        for start in range(0, len(payments), 300):
            await asyncio.gather(*(exchange.publish(message(one), QUEUE) for one in payments[start : start + 300]))


async def gathers_no_coroutines(url, payments):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        for payment in payments:
            exchange.publish(message(payment), QUEUE)


def with_several_connections(url, payments):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(25) as tills:
        list(tills.map(lambda number: one_by_one(url, payments[number::25]), range(25)))


def overlooks_multiple(url, payments):
    with_a_select_connection(url, payments, multiple=False)


def with_a_select_connection(url, payments, multiple=True):
    waiting, unconfirmed = enumerate(payments, start=1), {}

    def fill(channel):
        while len(unconfirmed) < 200 and (payment := next(waiting, None)):
            unconfirmed[payment[0]] = payment[1]
            channel.basic_publish("", QUEUE, payment[1])
        if not unconfirmed:
            channel.connection.close()

    def on_answer(channel, answer):
        tag = answer.delivery_tag
        for one in [each for each in unconfirmed if each == tag or (multiple and answer.multiple and each < tag)]:
            del unconfirmed[one]
        if multiple or not unconfirmed:
            fill(channel)

    def on_channel(channel):
        channel.confirm_delivery(lambda frame: on_answer(channel, frame.method))
        fill(channel)

    connection = pika.SelectConnection(
        pika.URLParameters(url),
        on_open_callback=lambda connection: connection.channel(on_open_callback=on_channel),
        on_close_callback=lambda connection, reason: connection.ioloop.stop(),
    )
    connection.ioloop.start()


# 2 · Refused: again


def patiently(url, payments, send):
    connection, channel = opened(url)
    for payment in payments:
        send(connection, channel, payment)
    connection.close()


def refused_is_skipped(url, payments):
    def send(connection, channel, payment):
        try:
            channel.basic_publish("", QUEUE, payment)
        except pika.exceptions.NackError:
            print("refused", payment)

    patiently(url, payments, send)


async def nobody_looks_at_the_nacks(url, payments):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        await asyncio.gather(*(exchange.publish(message(one), QUEUE) for one in payments), return_exceptions=True)


def looks_first(url, payments):
    def send(connection, channel, payment):
        while channel.queue_declare(QUEUE, passive=True).method.message_count >= 20:
            connection.sleep(0.1)
        channel.basic_publish("", QUEUE, payment)

    patiently(url, payments, send)


def tries_three_times(url, payments):
    def send(connection, channel, payment):
        for _ in range(3):
            try:
                channel.basic_publish("", QUEUE, payment)
                break
            except pika.exceptions.NackError:
                connection.sleep(0.1)

    patiently(url, payments, send)


def tries_again_once_after_a_while(url, payments):
    def send(connection, channel, payment):
        try:
            channel.basic_publish("", QUEUE, payment)
        except pika.exceptions.NackError:
            connection.sleep(1)
            channel.basic_publish("", QUEUE, payment)

    patiently(url, payments, send)


def storms(url, payments):
    def send(connection, channel, payment):
        while True:
            try:
                return channel.basic_publish("", QUEUE, payment)
            except pika.exceptions.NackError:
                pass

    patiently(url, payments, send)


def refused_begins_again(url, payments):
    connection, channel = opened(url)
    while True:
        try:
            for payment in payments:
                channel.basic_publish("", QUEUE, payment)
            break
        except pika.exceptions.NackError:
            connection.sleep(0.1)
    connection.close()


def empties_the_queue(url, payments):
    def send(connection, channel, payment):
        while True:
            try:
                return channel.basic_publish("", QUEUE, payment)
            except pika.exceptions.NackError:
                channel.queue_purge(QUEUE)

    patiently(url, payments, send)


def leaves_out_the_first(url, payments):
    refused_go_to_the_end(url, payments[1:])


def declares_it_otherwise(url, payments):
    connection, channel = opened(url)
    channel.queue_declare(QUEUE, durable=True)
    connection.close()
    refused_go_to_the_end(url, payments)


async def gathers_until_none_is_refused(url, payments):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        while payments:
            sending = (exchange.publish(message(one), QUEUE) for one in payments)
            ends = await asyncio.gather(*sending, return_exceptions=True)
            payments = [one for one, end in zip(payments, ends, strict=True) if isinstance(end, Exception)]
            await asyncio.sleep(0.1)


def refused_go_to_the_end(url, payments):
    connection, channel = opened(url)
    waiting = list(payments)
    while waiting:
        payment = waiting.pop(0)
        try:
            channel.basic_publish("", QUEUE, payment)
        except pika.exceptions.NackError:
            waiting.append(payment)
            connection.sleep(0.05)
    connection.close()


# 3 · Unknown: again


def surely(url, payments, after_a_break):
    """Sends one by one; what `after_a_break` makes of the list and the payment that failed is sent next."""
    waiting = list(payments)
    while waiting:
        try:
            connection, channel = opened(url)
            while waiting:
                channel.basic_publish("", QUEUE, waiting[0])
                waiting.pop(0)
            connection.close()
        except pika.exceptions.AMQPError:
            waiting = after_a_break(waiting)


def begins_again_with_all(url, payments):
    surely(url, payments, lambda waiting: list(payments))


def misspells_the_queue(url, payments):
    connection, channel = opened(url)
    for payment in payments:
        channel.basic_publish("", "paymets", payment, mandatory=True)
    connection.close()


def connects_three_times(url, payments):
    tries = iter(range(2))
    surely(url, payments, lambda waiting: waiting if next(tries, None) is not None else [])


async def repeats_the_batch(url, payments):
    waiting = list(payments)
    while waiting:
        with contextlib.suppress(aio_pika.exceptions.AMQPError, ConnectionError, asyncio.TimeoutError):
            async with await aio_pika.connect(url) as connection:
                exchange = (await connection.channel()).default_exchange
                while waiting:
                    sending = (exchange.publish(message(one), QUEUE) for one in waiting[:20])
                    await asyncio.wait_for(asyncio.gather(*sending), 0.3)
                    waiting = waiting[20:]


def leaves_out_the_unknown(url, payments):
    surely(url, payments, lambda waiting: waiting[1:])


def gives_up(url, payments):
    surely(url, payments, lambda waiting: [])


def lets_it_break(url, payments):
    one_by_one(url, payments)


def connects_again_once(url, payments):
    connection, channel = opened(url)
    for payment in payments:
        try:
            channel.basic_publish("", QUEUE, payment)
        except pika.exceptions.AMQPError:
            connection, channel = opened(url)
            channel.basic_publish("", QUEUE, payment)
            break
    for later in payments[payments.index(payment) + 1 :]:
        channel.basic_publish("", QUEUE, later)
    connection.close()


def no_confirms_on_the_new_channel(url, payments):
    connection, channel = opened(url)
    for payment in payments:
        try:
            channel.basic_publish("", QUEUE, payment)
        except pika.exceptions.AMQPError:
            connection, channel = opened(url, confirms=False)
            channel.basic_publish("", QUEUE, payment)
    connection.close()


async def sends_all_at_once(url, payments):
    await all_at_once(url, payments)


def tries_the_dead_connection(url, payments):
    connection, channel = opened(url)
    for payment in payments:
        while True:
            try:
                channel.basic_publish("", QUEUE, payment)
                break
            except pika.exceptions.AMQPError:
                pass


def stops_half_way(url, payments):
    surely(url, payments[:60], lambda waiting: waiting)


async def with_a_short_deadline(url, payments):
    waiting = list(payments)
    while waiting:
        with contextlib.suppress(aio_pika.exceptions.AMQPError, ConnectionError, asyncio.TimeoutError):
            async with await aio_pika.connect(url) as connection:
                exchange = (await connection.channel()).default_exchange
                while waiting:
                    await exchange.publish(message(waiting[0]), QUEUE, timeout=0.1)
                    waiting.pop(0)


async def ten_at_a_time(url, payments):
    waiting = list(payments)
    while waiting:
        try:
            async with await aio_pika.connect(url) as connection:
                exchange = (await connection.channel()).default_exchange
                while waiting:
                    sending = (exchange.publish(message(one), QUEUE) for one in waiting[:10])
                    ends = await asyncio.gather(*sending, return_exceptions=True)
                    failed = [one for one, end in zip(waiting[:10], ends, strict=False) if isinstance(end, Exception)]
                    waiting = failed + waiting[10:]
                    if failed:
                        break
        except (aio_pika.exceptions.AMQPError, ConnectionError):
            pass


ALSO_RIGHT = {
    1: [with_several_connections, with_a_select_connection],
    2: [gathers_until_none_is_refused, refused_go_to_the_end],
    3: [ten_at_a_time, with_a_short_deadline],
}

EXPECTED = {
    1: {
        fires_and_forgets: "publishes on a channel that does not confirm",
        one_by_one: "`one_by_one` publishes one by one",
        a_window_of_five: "publishes 5 at a time",
        all_at_once: "and should have 500 at most: so many are unknown",
        waits_for_nothing: "100 of 100 payments had no answer yet",
        forgets_the_last_batch: "of 5000 payments had no answer yet: wait for the confirm of each",
        forgets_the_rest: "published 4800 of 5000 payments",
        batches_that_overlap: "payments were published more than once",
        sends_what_is_no_text: "and was `b'payment 1'`",
        through_an_exchange_of_its_own: "an exchange of its own: publish to the default exchange",
        overlooks_multiple: "answers had `multiple`, they settle all before",
        gathers_no_coroutines: "did you `await` each publish?",
    },
    2: {
        nobody_looks_at_the_nacks: "`payment 1` was refused (a nack), and `nobody_looks_at_the_nacks`",
        looks_first: "`looks_first` raised NackError",
        refused_is_skipped: "`payment 1` was refused (a nack), and `refused_is_skipped` did not send it again",
        tries_three_times: "was refused 3 times, and then `tries_three_times` did not send it again",
        tries_again_once_after_a_while: "`tries_again_once_after_a_while` raised NackError",
        storms: "more than 40 times in 0.4 s",
        refused_begins_again: "`payment 1` was sent again although the broker had confirmed it",
        empties_the_queue: "it emptied the queue with `queue_purge`",
        leaves_out_the_first: "`payment 1` was never sent",
        declares_it_otherwise: "declare it the same way everywhere",
    },
    3: {
        misspells_the_queue: "with the routing key `paymets`",
        connects_three_times: "not confirmed: connect again, and go on, as often",
        repeats_the_batch: "`payment 21` was sent again although",
        begins_again_with_all: "`payment 1` was sent again although the broker had confirmed it",
        leaves_out_the_unknown: "had no answer when its connection ended, and was not sent again",
        gives_up: "61 of 100 payments not confirmed: connect again",
        lets_it_break: "raised StreamLostError when its connection broke: catch it",
        connects_again_once: "when its connection broke for the second time",
        no_confirms_on_the_new_channel: "each channel that is opened has to be asked anew",
        sends_all_at_once: "and should have 20 at most",
        tries_the_dead_connection: "A connection that broke stays broken",
        stops_half_way: "`payment 61` was never sent",
    },
}
