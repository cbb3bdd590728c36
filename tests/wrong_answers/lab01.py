"""What learners write in lab 01, and what the check must say to it: no two of them get the same words."""

import contextlib

import pika


def opened(url):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    return connection, connection.channel()


# exercise 1


def transient_queue(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders")
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def exclusive_queue(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True, exclusive=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def auto_delete_queue(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True, auto_delete=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def misspelt_queue(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("order", durable=True)
    for order in orders:
        channel.basic_publish("", "order", order.encode())
    connection.close()


def misspelt_key(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "order", order.encode())
    connection.close()


def missing_exchange(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("orders", "orders", order.encode())
    channel.queue_declare("orders", passive=True)
    connection.close()


def all_in_one(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    channel.basic_publish("", "orders", "\n".join(orders).encode())
    connection.close()


def backwards(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in reversed(orders):
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def every_order_twice(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders * 2:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def begins_by_purging(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    channel.queue_purge("orders")
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def closes_first(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    connection.close()
    for order in orders:
        channel.basic_publish("", "orders", order.encode())


def only_returns(url, orders):
    return orders


def takes_one_argument(url):
    opened(url)


def ascii_only(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode("ascii"))
    connection.close()


def leaves_it_open(url, orders):
    _, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())


def closes_only_the_channel(url, orders):
    _, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    channel.close()


def forgets_the_parentheses(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close  # noqa: B018


def declares_afterwards(url, orders):
    connection, channel = opened(url)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    channel.queue_declare("orders", durable=True)
    connection.close()


def forgets_to_declare(url, orders):
    connection, channel = opened(url)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def never_heard_of_the_missing_exchange(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("orders", "orders", order.encode())
    connection.close()


def a_fanout_exchange(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("amq.fanout", "orders", order.encode())
    connection.close()


def swaps_key_and_body(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", order, "orders")
    connection.close()


def swallows_the_refusal(url, orders):
    try:
        _, channel = opened(url)
        channel.queue_declare("orders")
        for order in orders:
            channel.basic_publish("", "orders", order.encode())
    except Exception as error:  # noqa: BLE001
        print(error)


def swallows_its_own_mistake(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        with contextlib.suppress(Exception):
            channel.basic_publish("", "orders", order.encoded())
    connection.close()


def deletes_what_it_sent(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    channel.queue_delete("orders")
    connection.close()


def looks_at_what_it_sent(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    channel.basic_get("orders", auto_ack=True)
    connection.close()


def a_queue_for_five(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True, arguments={"x-max-length": 5})
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def an_empty_key(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "", order.encode())
    connection.close()


def messages_that_expire(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "orders", order.encode(), pika.BasicProperties(expiration="0"))
    connection.close()


def a_stream(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True, arguments={"x-queue-type": "stream"})
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def sends_bytes_as_text(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        channel.basic_publish("", "orders", str(order.encode()))
    connection.close()


def only_into_an_empty_queue(url, orders):
    connection, channel = opened(url)
    if channel.queue_declare("orders", durable=True).method.message_count == 0:
        for order in orders:
            channel.basic_publish("", "orders", order.encode())
    connection.close()


def url_as_it_is(url, orders):
    connection = pika.BlockingConnection(url)
    connection.channel().queue_declare("orders", durable=True)


def url_of_the_lesson(url, orders):
    opened(lesson.url)  # noqa: F821


def the_notebooks_channel(url, orders):
    channel.queue_declare("orders", durable=True)  # noqa: F821


def yields(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    for order in orders:
        yield channel.basic_publish("", "orders", order.encode())
    connection.close()


def quits(url, orders):
    opened(url)
    quit()  # noqa: PLR1722


def ends_its_process(url, orders):
    import os

    opened(url)
    os._exit(3)


# exercise 2


def get_with_auto_ack(url, count):
    connection, channel = opened(url)
    bodies = [channel.basic_get("orders", auto_ack=True)[2] for _ in range(count)]
    connection.close()
    return [body.decode() for body in bodies if body]


def get_without_ack(url, count):
    connection, channel = opened(url)
    bodies = [channel.basic_get("orders")[2] for _ in range(count)]
    connection.close()
    return [body.decode() for body in bodies if body]


def takes_them_all(url, count):
    connection, channel = opened(url)
    taken = []
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        taken.append(body.decode())
    connection.close()
    return taken[:count]


def one_too_few(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count - 1):
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        taken.append(body.decode())
    connection.close()
    return taken


def throws_them_away(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_reject(method.delivery_tag, requeue=False)
        taken.append(body.decode())
    connection.close()
    return taken


def one_order_again_and_again(url, count):
    connection, channel = opened(url)
    taken = []
    while len(taken) < count:
        method, _, body = channel.basic_get("orders")
        channel.basic_reject(method.delivery_tag, requeue=True)
        taken.append(body.decode())
    connection.close()
    return taken


def returns_bytes(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        channel.basic_ack(method.delivery_tag)
        taken.append(body)
    connection.close()
    return taken


def returns_nothing(url, count):
    connection, channel = opened(url)
    for _ in range(count):
        method, _, _ = channel.basic_get("orders")
        if method:
            channel.basic_ack(method.delivery_tag)
    connection.close()


def looks_only(url, count):
    connection, channel = opened(url)
    channel.queue_declare("orders", passive=True)
    connection.close()
    return [f"order {number}" for number in range(count)]


def expects_enough(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        channel.basic_ack(method.delivery_tag)
        taken.append(body.decode())
    connection.close()
    return taken


def waits_for_enough(url, count):
    connection, channel = opened(url)
    taken = []
    for method, _, body in channel.consume("orders"):
        channel.basic_ack(method.delivery_tag)
        taken.append(body.decode())
        if len(taken) == count:
            break
    connection.close()
    return taken


def acks_twice(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        channel.basic_ack(method.delivery_tag)
        channel.basic_ack(method.delivery_tag)
        taken.append(body.decode())
    connection.close()
    return taken


def declares_otherwise(url, count):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True, arguments={"x-max-length": count})
    connection.close()


def asks_a_missing_queue(url, count):
    connection, channel = opened(url)
    channel.basic_get("order")
    connection.close()


def waits_for_more(url, count):
    connection, channel = opened(url)
    taken = []
    for method, _, body in channel.consume("orders", inactivity_timeout=1):
        if method is None:
            break
        taken.append(body.decode())
        channel.basic_ack(method.delivery_tag)
        if len(taken) == count:
            break
    connection.close()
    return taken


def publishes_the_rest_again(url, count):
    connection, channel = opened(url)
    taken = []
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        taken.append(body.decode())
    for order in taken[count:]:
        channel.basic_publish("", "orders", order.encode())
    connection.close()
    return taken[:count]


def puts_the_rest_back_at_once(url, count):
    connection, channel = opened(url)
    taken = []
    for method, _, body in channel.consume("orders", inactivity_timeout=1):
        if method is None:
            break
        if len(taken) < count:
            taken.append(body.decode())
            channel.basic_ack(method.delivery_tag)
        else:
            channel.basic_nack(method.delivery_tag, requeue=True)
    connection.close()
    return taken


def acks_without_a_tag(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_ack()
        taken.append(body.decode())
    connection.close()
    return taken


def acks_on_another_channel(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        connection.channel().basic_ack(method.delivery_tag)
        taken.append(body.decode())
    connection.close()
    return taken


def acks_what_auto_ack_took(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders", auto_ack=True)
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        taken.append(body.decode())
    connection.close()
    return taken


def acks_the_method(url, count):
    connection, channel = opened(url)
    method, _, body = channel.basic_get("orders")
    channel.basic_ack(method)
    connection.close()
    return [body.decode()]


def acks_only_the_last(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        taken.append(body.decode())
    channel.basic_ack(len(taken))
    connection.close()
    return taken


def takes_only_one(url, count):
    connection, channel = opened(url)
    method, _, body = channel.basic_get("orders")
    channel.basic_ack(method.delivery_tag)
    connection.close()
    return [body.decode()]


def acks_only_the_first(url, count):
    connection, channel = opened(url)
    taken = []
    for number in range(count):
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        if number == 0:
            channel.basic_ack(method.delivery_tag)
        taken.append(body.decode())
    connection.close()
    return taken[0]


def yields_orders(url, count):
    connection, channel = opened(url)
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        yield body.decode()
    connection.close()


def returns_a_generator(url, count):
    _, channel = opened(url)
    return (channel.basic_get("orders", auto_ack=True)[2].decode() for _ in range(count))


def returns_text_of_bytes(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        channel.basic_ack(method.delivery_tag)
        taken.append(str(body))
    connection.close()
    return taken


def returns_the_newest_first(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, _, body = channel.basic_get("orders")
        channel.basic_ack(method.delivery_tag)
        taken.insert(0, body.decode())
    connection.close()
    return taken


def returns_lists(url, count):
    connection, channel = opened(url)
    taken = []
    for _ in range(count):
        method, properties, body = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        taken.append([method, properties, body])
    connection.close()
    return taken


# exercise 3


def packs_with_auto_ack(url, pack):
    connection, channel = opened(url)
    for method, _, body in channel.consume("orders", auto_ack=True, inactivity_timeout=0.2):
        if method is None:
            break
        pack(body.decode())
    connection.close()


def acks_before_packing(url, pack):
    connection, channel = opened(url)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.2):
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        pack(body.decode())
    connection.close()


def never_acks(url, pack):
    connection, channel = opened(url)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.2):
        if method is None:
            break
        pack(body.decode())
    connection.close()


def acks_at_the_end(url, pack):
    connection, channel = opened(url)
    last = None
    for method, _, body in channel.consume("orders", inactivity_timeout=0.2):
        if method is None:
            break
        pack(body.decode())
        last = method.delivery_tag
    if last:
        channel.basic_ack(last, multiple=True)
    connection.close()


def acks_every_second(url, pack):
    connection, channel = opened(url)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.2):
        if method is None:
            break
        pack(body.decode())
        if method.delivery_tag % 2 == 0:
            channel.basic_ack(method.delivery_tag, multiple=True)
    connection.close()


def puts_back_what_it_packed(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        pack(body.decode())
        channel.basic_nack(method.delivery_tag, requeue=True)
    connection.close()


def rejects_what_it_packed(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        pack(body.decode())
        channel.basic_nack(method.delivery_tag, requeue=False)
    connection.close()


def forgets_to_pack(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, _ = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
    connection.close()


def packs_three(url, pack):
    connection, channel = opened(url)
    for _ in range(3):
        method, _, body = channel.basic_get("orders")
        pack(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def packs_seven(url, pack):
    connection, channel = opened(url)
    for _ in range(7):
        method, _, body = channel.basic_get("orders")
        pack(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def packs_bytes(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        pack(body)
        channel.basic_ack(method.delivery_tag)
    connection.close()


def consumes_for_ever(url, pack):
    connection, channel = opened(url)

    def on_message(channel, method, properties, body):
        pack(body.decode())
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("orders", on_message)
    channel.start_consuming()


def acks_every_third(url, pack):
    connection, channel = opened(url)
    number = 0
    method, _, body = channel.basic_get("orders")
    while method is not None:
        pack(body.decode())
        number += 1
        last = method.delivery_tag
        if number % 3 == 0:
            channel.basic_ack(last, multiple=True)
        method, _, body = channel.basic_get("orders")
    if number % 3:
        channel.basic_ack(last, multiple=True)
    connection.close()


def acks_every_fifth(url, pack):
    connection, channel = opened(url)
    number = 0
    method, _, body = channel.basic_get("orders")
    while method is not None:
        pack(body.decode())
        number += 1
        last = method.delivery_tag
        if number % 5 == 0:
            channel.basic_ack(last, multiple=True)
        method, _, body = channel.basic_get("orders")
    if number % 5:
        channel.basic_ack(last, multiple=True)
    connection.close()


def skips_what_is_redelivered(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        if not method.redelivered:
            pack(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def skips_all_that_was_fetched(url, pack):
    connection, channel = opened(url)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.2):
        if method is None:
            break
        if not method.redelivered:
            pack(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def packs_text_of_bytes(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        pack(str(body))
        channel.basic_ack(method.delivery_tag)
    connection.close()


def packs_the_number_only(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        pack(body.decode().split(":")[0])
        channel.basic_ack(method.delivery_tag)
    connection.close()


def packs_no_order(url, pack):
    connection, channel = opened(url)
    method, _, _ = channel.basic_get("orders")
    pack()
    channel.basic_ack(method.delivery_tag)
    connection.close()


def packs_all_at_once(url, pack):
    connection, channel = opened(url)
    bodies = []
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        bodies.append(body.decode())
    pack(bodies)
    connection.close()


def swallows_what_pack_says(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        with contextlib.suppress(Exception):
            pack(body)
        channel.basic_ack(method.delivery_tag)
    connection.close()


def packs_the_newest_first(url, pack):
    connection, channel = opened(url)
    waiting = []
    while (got := channel.basic_get("orders"))[0]:
        waiting.append(got)
    for method, _, body in reversed(waiting):
        pack(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def keeps_a_copy_in_the_queue(url, pack):
    connection, channel = opened(url)
    while True:
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        channel.basic_publish("", "orders", body)
        pack(body.decode())
    connection.close()


# right, though not as the solution does it


def sends_over_two_channels(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    channel.confirm_delivery()
    for order in orders:
        channel.basic_publish("", "orders", order, properties=pika.BasicProperties(delivery_mode=2), mandatory=True)
    connection.channel().queue_declare("orders", passive=True)
    connection.close()


async def sends_with_aio_pika(url, orders):
    import aio_pika

    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("orders", durable=True)
        for order in orders:
            await channel.default_exchange.publish(aio_pika.Message(order.encode()), routing_key="orders")


def takes_with_a_consumer(url, count):
    connection, channel = opened(url)
    channel.basic_qos(prefetch_count=1)
    taken = []
    for method, _, body in channel.consume("orders", inactivity_timeout=0.3):
        if method is None:
            break
        taken.append(body.decode())
        channel.basic_ack(method.delivery_tag)
        if len(taken) == count:
            break
    channel.cancel()
    connection.close()
    return taken


def takes_without_prefetch(url, count):
    connection, channel = opened(url)
    taken = []
    for method, _, body in channel.consume("orders", inactivity_timeout=0.3):
        if method is not None:
            taken.append(body.decode())
        if method is None or len(taken) == count:
            break
    channel.basic_ack(len(taken), multiple=True)
    connection.close()
    return taken


def packs_with_a_consumer(url, pack):
    connection, channel = opened(url)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.3):
        if method is None:
            break
        pack(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def sends_into_a_quorum_queue(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True, arguments={"x-queue-type": "quorum"})
    for order in orders:
        channel.basic_publish("", "orders", order.encode())
    connection.close()


def takes_a_tuple_and_stays_connected(url, count):
    _, channel = opened(url)
    taken = [channel.basic_get("orders") for _ in range(count)]
    taken = [(method, body) for method, _, body in taken if method]
    channel.basic_ack(taken[-1][0].delivery_tag, multiple=True)
    return tuple(body.decode() for _, body in taken)


def packs_and_acks_before_the_next(url, pack):
    connection, channel = opened(url)
    packed = None
    while True:
        method, _, body = channel.basic_get("orders")
        if packed:
            channel.basic_ack(packed.delivery_tag)
        if method is None:
            break
        pack(body.decode())
        packed = method
    connection.close()


def sends_over_an_exchange_of_its_own(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    channel.exchange_declare("shop", "direct", durable=True)
    channel.queue_bind("orders", "shop", "new")
    for order in orders:
        channel.basic_publish("shop", "new", order.encode())
    connection.close()


def packs_over_a_connection_each(url, pack):
    while True:
        connection, channel = opened(url)
        method, _, body = channel.basic_get("orders")
        if method is None:
            break
        pack(body.decode())
        channel.basic_ack(method.delivery_tag)
        connection.close()


ALSO_RIGHT = {
    1: [sends_over_two_channels, sends_with_aio_pika, sends_into_a_quorum_queue, sends_over_an_exchange_of_its_own],
    2: [takes_with_a_consumer, takes_without_prefetch, takes_a_tuple_and_stays_connected],
    3: [packs_with_a_consumer, packs_and_acks_before_the_next, packs_over_a_connection_each],
}

EXPECTED = {
    1: {
        transient_queue: "non-durable shared queues are refused since RabbitMQ 4.3",
        exclusive_queue: "there is none at all (an `exclusive` queue goes with its connection)",
        auto_delete_queue: "the queue `orders` is `auto_delete`",
        misspelt_queue: "there was no queue `orders`: there is `order`",
        misspelt_key: "and saw 0: it published with the routing key `order`; with the default exchange",
        missing_exchange: "`missing_exchange` raised ChannelClosedByBroker at line",
        all_in_one: "and saw 1: it published 1 message, the first `order 1: honey⏎order 2: crème brûlée⏎",
        backwards: "another order: message 1 in `orders` should be `order 1: honey` and is `order 20: tea`",
        every_order_twice: "there are 40 messages in `orders`, and should be 20",
        begins_by_purging: "then only those 5 were in the queue: orders that wait must stay",
        closes_first: "it was used after it had been closed",
        only_returns: "`only_returns` never connected to the `url` it was given",
        takes_one_argument: "is called with (url, orders), and yours is `takes_one_argument(url)`",
        ascii_only: "raised UnicodeEncodeError at line",
        leaves_it_open: "`leaves_it_open` did all that and left its connection open",
        closes_only_the_channel: "`closes_only_the_channel` did all that and left its connection open",
        forgets_the_parentheses: "open: end with `connection.close()`, parentheses and all",
        declares_afterwards: "and saw 0: it published before it declared the queue",
        forgets_to_declare: "it declared none, and what is published to a queue that is not there is dropped",
        never_heard_of_the_missing_exchange: "there is no exchange `orders` on this broker (404)",
        a_fanout_exchange: "only a binding leads from the exchange `amq.fanout` to a queue: the default exchange",
        swaps_key_and_body: "routing key and body are swapped: `basic_publish(exchange, routing_key, body)`",
        swallows_the_refusal: "the broker closed the channel, and the function went on: non-durable shared queues",
        swallows_its_own_mistake: "and saw 0: it published nothing (does a `try` hide an error?)",
        deletes_what_it_sent: "it deleted the queue with `queue_delete`",
        looks_at_what_it_sent: "and saw 19: it took messages out again with `basic_get`",
        a_queue_for_five: "and saw 5: the queue was declared with `x-max-length` = 5, and drops what is more",
        an_empty_key: 'it published with the routing key `""`;',
        messages_that_expire: "it published 20 messages as it should, and some are gone: do they expire?",
        a_stream: "`orders` is a stream",
        sends_bytes_as_text: "message 1 in `orders` should be `order 1: honey` and is `b'order 1: honey'`",
        only_into_an_empty_queue: "it was called a second time, with 5 more orders: the check waited 1.5 s for 25",
        url_as_it_is: "write `pika.BlockingConnection(pika.URLParameters(url))`",
        url_of_the_lesson: "there is no `lesson` inside this function: use the parameter it is given",
        the_notebooks_channel: "there is no `channel` inside this function: use the parameter it is given",
        yields: "has a `yield` in it, so a call makes a generator and runs none of its lines",
        quits: "`return` ends the function alone",
        ends_its_process: "did not return: the process ended without a word (exit code 3)",
    },
    2: {
        get_with_auto_ack: "takes messages with `auto_ack=True`: the broker forgets each as it sends it",
        get_without_ack: "when it had ended all 12 were ready again: it acknowledged none",
        takes_them_all: "when it had ended 0 were ready, not 7: it returned 5 and acknowledged 12",
        one_too_few: "when it had ended 8 were ready, not 7: it returned 4 and acknowledged 4",
        throws_them_away: "rejects messages with `requeue=False`, which throws them away",
        one_order_again_and_again: "it took `order 1: honey` 5 times",
        returns_bytes: "returned bytes: `body.decode()` makes text of them",
        returns_nothing: "should return the list of 5 orders, and returned NoneType",
        looks_only: "took no message: it called neither `basic_get` nor `basic_consume`",
        expects_enough: "there was no message: with nothing to take, `basic_get` returns (None, None, None)",
        waits_for_enough: "had not returned after 2.5 s: does it wait for a message that never comes?",
        acks_twice: "acks_twice` raised ChannelClosedByBroker at line",
        declares_otherwise: "`x-max-length` = nothing, and this declares it with 5 (406)",
        asks_a_missing_queue: "there is no queue `order` on this broker (404)",
        waits_for_more: "where 7 were left, it went on for more than 0.6 s after the last of them",
        publishes_the_rest_again: "takes messages and publishes them again: the copy goes to the end of the queue",
        puts_the_rest_back_at_once: "` back and is given it again at once, over and over",
        acks_without_a_tag: "before this line has no delivery tag (406)",
        acks_on_another_channel: "the broker closed the channel, and the function went on: a `basic_ack` before this",
        acks_what_auto_ack_took: "with `auto_ack` there is nothing to acknowledge (406)",
        acks_the_method: "raised an error at line",
        acks_only_the_last: "11 were ready, not 7: it returned 5 and acknowledged 1",
        takes_only_one: "11 were ready, not 7: it returned 1 and acknowledged 1",
        acks_only_the_first: "11 were ready, not 7: it returned 'order 1: honey' and acknowledged 1",
        yields_orders: "has a `yield` in it, so a call makes a generator",
        returns_a_generator: "returned what cannot leave its process: a generator, which has not run yet",
        returns_text_of_bytes: "should be `order 1: honey`; `body.decode()` makes text of bytes",
        returns_the_newest_first: "and returned `order 5: honey` as number 1, which should be `order 1: honey`",
        returns_lists: "and returned `[<Basic.GetOk(",
    },
    3: {
        packs_with_auto_ack: "takes messages with `auto_ack=True`",
        acks_before_packing: "it was acknowledged before the work was done",
        never_acks: "`never_acks` acknowledges nothing",
        acks_at_the_end: "`acks_at_the_end` acknowledges only at the end",
        acks_every_second: "12 of 16 messages were in the queue, and should be 11",
        puts_back_what_it_packed: "got `order 1: honey` again after it had worked on it",
        rejects_what_it_packed: "rejects messages with `requeue=False`, which throws them away",
        forgets_to_pack: "returned and never called `pack`",
        packs_three: "returned after 3 of 16 messages",
        packs_seven: "started again after two kills, it returned with 1 in the queue still",
        packs_bytes: "pack(…) takes text and got bytes: decode the body",
        consumes_for_ever: "had not returned after",
        acks_every_third: "13 of 16 messages were in the queue, and should be 11",
        acks_every_fifth: "the 3 before it were back in the queue too, and will be done again",
        skips_what_is_redelivered: "and `skips_what_is_redelivered` acknowledged it without `pack`",
        skips_all_that_was_fetched: "and `skips_all_that_was_fetched` acknowledged it without `pack`",
        packs_text_of_bytes: "`pack` should get `order 1: honey`, and got `b'order 1: honey'`; `body.decode()`",
        packs_the_number_only: "`pack` should get `order 1: honey`, and got `order 1`",
        packs_no_order: "pack(…) takes one argument, a text, and got 0",
        packs_all_at_once: "pack(…) takes text and got list",
        swallows_what_pack_says: "swallowed what `pack` raised, a TypeError: pack(…) takes text and got bytes",
        packs_the_newest_first: "`pack` got `order 16: tea` before `order 1: honey`, which waited longer",
        keeps_a_copy_in_the_queue: "takes messages and publishes them again",
    },
}
