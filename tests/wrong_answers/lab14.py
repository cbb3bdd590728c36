"""What learners write in lab 14, and what the check must say to it: no two of one exercise get the same words."""

import asyncio
import itertools
import queue
import threading

import aio_pika
import pika

QUORUM = {"x-queue-type": "quorum"}
BOUND = QUORUM | {"x-max-length": 10}
REFUSES = BOUND | {"x-overflow": "reject-publish"}


def opened(url, confirms=True):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    if confirms:
        channel.confirm_delivery()
    return connection, channel


# 1 · A queue that says no


def take(url, orders, arguments=REFUSES, confirms=True, answer=lambda refused: refused):
    """The solution, but for what is given."""
    connection, channel = opened(url, confirms)
    channel.queue_declare("orders", durable=True, arguments=arguments)
    refused = []
    for order in orders:
        try:
            channel.basic_publish("", "orders", order)
        except pika.exceptions.NackError:
            refused.append(order)
    connection.close()
    return answer(refused)


def no_confirms(url, orders):
    return take(url, orders, confirms=False)


def drops_the_head(url, orders):
    return take(url, orders, BOUND)


def no_bound(url, orders):
    return take(url, orders, QUORUM | {"x-overflow": "reject-publish"})


def returns_the_others(url, orders):
    return take(url, orders, answer=lambda refused: [order for order in orders if order not in refused])


def counts_for_itself(url, orders):
    take(url, orders[:10])
    return orders[10:]


def tries_again(url, orders):
    return take(url, take(url, orders))


async def with_aio_pika(url, orders):
    refused = []
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("orders", durable=True, arguments=REFUSES)
        for order in orders:
            try:
                await channel.default_exchange.publish(aio_pika.Message(order.encode()), "orders")
            except aio_pika.exceptions.DeliveryError:
                refused.append(order)
    return refused


# 2 · The overflow is kept

TO_OVERFLOW = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "overflow"}


def shelves(url, orders, overflow=QUORUM, exchange=None, **declared):
    connection, channel = opened(url)
    if exchange:
        channel.exchange_declare(exchange, "fanout", **declared)
    channel.queue_declare("orders", durable=True, arguments=orders)
    channel.queue_declare("overflow", durable=True, arguments=overflow)
    if exchange:
        channel.queue_bind("overflow", exchange)
    connection.close()


def no_dlx(url):
    shelves(url, BOUND)


def refuses(url):
    shelves(url, REFUSES | TO_OVERFLOW)


def refuses_and_keeps(url):
    shelves(url, BOUND | TO_OVERFLOW | {"x-overflow": "reject-publish-dlx", "x-queue-type": "classic"})


def no_routing_key(url):
    shelves(url, BOUND | {"x-dead-letter-exchange": ""})


def both_are_bounded(url):
    shelves(url, BOUND | TO_OVERFLOW, overflow=QUORUM | {"x-max-length": 3})


def by_the_clock(url):
    shelves(url, BOUND | TO_OVERFLOW | {"x-message-ttl": 100})


def an_exchange_that_goes(url):
    shelves(url, BOUND | {"x-dead-letter-exchange": "surplus"}, exchange="surplus")


def an_exchange_of_its_own(url):
    shelves(url, BOUND | {"x-dead-letter-exchange": "surplus"}, exchange="surplus", durable=True)


# 3 · Slow down


def sell_with(url, orders, pauses, confirms=True):
    """Each order is tried again after the next of its pauses; with none left it is given up."""
    connection, channel = opened(url, confirms)
    for order in orders:
        for pause in pauses():
            try:
                channel.basic_publish("", "orders", order)
                break
            except pika.exceptions.NackError:
                connection.sleep(pause)
    connection.close()


def doubling(first=0.02, most=0.3):
    while True:
        yield first
        first = min(2 * first, most)


def forever(pause):
    while True:
        yield pause


def gives_up_after_four(url, orders):
    sell_with(url, orders, lambda: [0.02, 0.04, 0.08, 0.16])


def storms(url, orders):
    sell_with(url, orders, lambda: forever(0))


def always_the_same_pause(url, orders):
    sell_with(url, orders, lambda: forever(0.2))


async def all_at_once(url, orders):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange

        async def send(order):
            for pause in doubling():
                try:
                    await exchange.publish(aio_pika.Message(order.encode()), "orders")
                    break
                except aio_pika.exceptions.DeliveryError:
                    await asyncio.sleep(pause)

        await asyncio.gather(*map(send, orders))


def adds_to_the_pause(url, orders):
    sell_with(url, orders, lambda: (0.02 + 0.01 * tries for tries in itertools.count()))


def knows_no_longest_pause(url, orders):
    sell_with(url, orders, lambda: doubling(most=60))


def takes_milliseconds_for_seconds(url, orders):
    sell_with(url, orders, lambda: doubling(20, 300))


def waits_before_each(url, orders):
    connection, channel = opened(url)
    for order in orders:
        connection.sleep(0.06)
        for pause in doubling():
            try:
                channel.basic_publish("", "orders", order)
                break
            except pika.exceptions.NackError:
                connection.sleep(pause)
    connection.close()


def never_forgets(url, orders):
    connection, channel = opened(url)
    pause = 0.02
    for order in orders:
        while True:
            try:
                channel.basic_publish("", "orders", order)
                break
            except pika.exceptions.NackError:
                connection.sleep(pause)
                pause = min(2 * pause, 0.3)
    connection.close()


def makes_room(url, orders):
    connection, channel = opened(url)
    for order in orders:
        while True:
            try:
                channel.basic_publish("", "orders", order)
                break
            except pika.exceptions.NackError:
                channel.basic_get("orders", auto_ack=True)
                connection.sleep(0.02)
    connection.close()


async def slows_down_with_aio_pika(url, orders):
    async with await aio_pika.connect(url) as connection:
        exchange = (await connection.channel()).default_exchange
        for order in orders:
            for pause in doubling(0.03, 0.25):
                try:
                    await exchange.publish(aio_pika.Message(order.encode()), "orders")
                    break
                except aio_pika.exceptions.DeliveryError:
                    await asyncio.sleep(pause)


def halves_the_pause(url, orders):
    connection, channel = opened(url)
    pause = 0.02
    for order in orders:
        while True:
            try:
                channel.basic_publish("", "orders", order)
                break
            except pika.exceptions.NackError:
                connection.sleep(pause)
                pause = min(2 * pause, 0.3)
        pause = max(pause / 2, 0.02)
    connection.close()


# 4 · Two lines


def work_on(worker, line, handle, prefetch=5, **arguments):
    channel = line.channel()
    channel.basic_qos(prefetch_count=prefetch)
    for method, properties, order in channel.consume("orders", inactivity_timeout=0.1, **arguments):
        if worker.stopping:
            break
        if method is not None:
            handle(channel, method, order)


def line_of(worker):
    return pika.BlockingConnection(pika.URLParameters(worker.url))


def two_connections(worker, pack, tell=True, confirms=False, early=False, **arguments):
    """The solution, but for what is given."""
    with line_of(worker) as line, line_of(worker) as second:
        news = second.channel()
        if confirms:
            news.confirm_delivery()

        def handle(channel, method, order):
            if early:
                news.basic_publish("", "parcels", order)
            pack(order.decode())
            if tell and not early:
                news.basic_publish("", "parcels", order)
            if not arguments.get("auto_ack"):
                channel.basic_ack(method.delivery_tag)

        work_on(worker, line, handle, **arguments)


def one_for_both(worker, pack):
    with line_of(worker) as line:

        def handle(channel, method, order):
            pack(order.decode())
            channel.basic_publish("", "parcels", order)
            channel.basic_ack(method.delivery_tag)

        work_on(worker, line, handle)


def waits_for_confirms(worker, pack):
    two_connections(worker, pack, confirms=True)


def tells_before(worker, pack):
    two_connections(worker, pack, early=True)


def tells_nobody(worker, pack):
    two_connections(worker, pack, tell=False)


def acks_first(worker, pack):
    with line_of(worker) as line, line_of(worker) as second:
        news = second.channel()

        def handle(channel, method, order):
            channel.basic_ack(method.delivery_tag)
            pack(order.decode())
            news.basic_publish("", "parcels", order)

        work_on(worker, line, handle)


def acks_never(worker, pack):
    with line_of(worker) as line, line_of(worker) as second:
        news = second.channel()

        def handle(channel, method, order):
            pack(order.decode())
            news.basic_publish("", "parcels", order)

        work_on(worker, line, handle)


def a_connection_for_each(worker, pack):
    with line_of(worker) as line:

        def handle(channel, method, order):
            pack(order.decode())
            with line_of(worker) as second:
                second.channel().basic_publish("", "parcels", order)
            channel.basic_ack(method.delivery_tag)

        work_on(worker, line, handle)


def tells_in_a_thread(worker, pack):
    packed = queue.Queue()

    def tell():
        with line_of(worker) as second:
            channel = second.channel()
            while not worker.stopping or not packed.empty():
                try:
                    channel.basic_publish("", "parcels", packed.get(timeout=0.05))
                except queue.Empty:
                    second.process_data_events()

    teller = threading.Thread(target=tell)
    teller.start()
    with line_of(worker) as line:

        def handle(channel, method, order):
            pack(order.decode())
            packed.put(order)
            channel.basic_ack(method.delivery_tag)

        work_on(worker, line, handle)
    teller.join()


def tells_when_it_is_over(worker, pack):
    """As pika's callbacks allow: nothing is published while the connection is blocked."""
    blocked, untold = [], []
    with line_of(worker) as line, line_of(worker) as second:
        second.add_on_connection_blocked_callback(lambda *_: blocked.append(True))
        second.add_on_connection_unblocked_callback(lambda *_: blocked.clear())
        orders, news = line.channel(), second.channel()
        while not worker.stopping:
            method, _, order = orders.basic_get("orders")
            if method:
                pack(order.decode())
                untold.append(order)
                orders.basic_ack(method.delivery_tag)
            second.process_data_events(0.01)
            while untold and not blocked:
                news.basic_publish("", "parcels", untold.pop(0))


async def two_connections_of_aio_pika(worker, pack):
    telling = set()
    async with await aio_pika.connect(worker.url) as line, await aio_pika.connect(worker.url) as second:
        exchange = (await second.channel()).default_exchange
        channel = await line.channel()
        await channel.set_qos(5)

        async def handle(message):
            pack(message.body.decode())
            telling.add(asyncio.ensure_future(exchange.publish(aio_pika.Message(message.body), "parcels")))
            await message.ack()

        await (await channel.get_queue("orders")).consume(handle)
        while not worker.stopping:
            await asyncio.sleep(0.02)
        await asyncio.gather(*telling)


ALSO_RIGHT = {
    1: [with_aio_pika],
    2: [an_exchange_of_its_own],
    3: [slows_down_with_aio_pika, halves_the_pause],
    4: [tells_in_a_thread, tells_when_it_is_over, two_connections_of_aio_pika],
}

EXPECTED = {
    1: {
        no_confirms: "publishes on a channel that does not confirm",
        drops_the_head: "without `x-overflow` a full queue drops the oldest",
        no_bound: "the queue took 30 orders, and should have room for 10: it has no `x-max-length`",
        returns_the_others: "returned 11, from `order 1` on",
        counts_for_itself: "`order 11` was never sent",
        tries_again: "`order 12` was sent 2 times",
    },
    2: {
        no_dlx: "`orders` has no `x-dead-letter-exchange`",
        refuses: "the queue refused `order 12`",
        refuses_and_keeps: "says no to the till and keeps the order all the same",
        no_routing_key: "goes to the default exchange with the key `orders`",
        both_are_bounded: "`overflow` itself has `x-max-length` = 3",
        by_the_clock: "`orders` has `x-message-ttl`",
        an_exchange_that_goes: "the exchange `surplus` is not durable",
    },
    3: {
        gives_up_after_four: "was refused 4 times, and then `gives_up_after_four` did not send it again",
        storms: "tries again at once while the queue is full",
        always_the_same_pause: "waits no longer before the last try than before the first",
        all_at_once: "has 40 orders on the way at once",
        adds_to_the_pause: "double the pause, rather than add to it",
        knows_no_longest_pause: "waits more than 1 s before a try",
        takes_milliseconds_for_seconds: "a pause is 0.3 s at most",
        waits_before_each: "waited before each order, as after a refusal",
        never_forgets: "let the pause begin anew",
        makes_room: "only the packers take orders out of `orders`",
    },
    4: {
        one_for_both: "takes orders and publishes on one connection",
        waits_for_confirms: "it waits for the confirm of what it publishes",
        tells_before: "told of a parcel before any was packed",
        tells_nobody: "has told of none",
        acks_first: "acknowledges before the work is done",
        acks_never: "ack each when it is packed",
        a_connection_for_each: "such as that of `close()`",
    },
}
