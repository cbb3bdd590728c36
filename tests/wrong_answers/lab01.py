"""What learners write in lab 01, and what the check must say to it: no two of them get the same words."""

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


def packs_four(url, pack):
    connection, channel = opened(url)
    for _ in range(4):
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


# right, though not as the solution does it


def sends_over_two_channels(url, orders):
    connection, channel = opened(url)
    channel.queue_declare("orders", durable=True)
    channel.confirm_delivery()
    for order in orders:
        channel.basic_publish("", "orders", order, properties=pika.BasicProperties(delivery_mode=2), mandatory=True)
    connection.channel().queue_declare("orders", passive=True)


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


ALSO_RIGHT = {
    1: [sends_over_two_channels, sends_with_aio_pika],
    2: [takes_with_a_consumer, takes_without_prefetch],
    3: [packs_with_a_consumer],
}

EXPECTED = {
    1: {
        transient_queue: "non-durable shared queues are refused since RabbitMQ 4.3",
        exclusive_queue: "there is none at all (an `exclusive` queue goes with its connection)",
        auto_delete_queue: "the queue `orders` is `auto_delete`",
        misspelt_queue: "there was no queue `orders`: there is `order`",
        misspelt_key: "and saw 0; with the default exchange, the routing key is the name of the queue",
        missing_exchange: "there is no exchange `orders` on this broker (404)",
        all_in_one: "for 20 messages in `orders` and saw 1",
        backwards: "message 1 in `orders` should be `order 1: honey` and is `order 20: tea`",
        every_order_twice: "there are 40 messages in `orders`, and should be 20",
        begins_by_purging: "then only those 5 were in the queue: orders that wait must stay",
        closes_first: "it was used after it had been closed",
        only_returns: "`only_returns` never connected to the `url` it was given",
        takes_one_argument: "is called with (url, orders), and yours is `takes_one_argument(url)`",
        ascii_only: "raised UnicodeEncodeError at line",
    },
    2: {
        get_with_auto_ack: "takes messages with `auto_ack=True`",
        get_without_ack: "when it had ended all 12 were ready again: it acknowledged none",
        takes_them_all: "asked for 5 of 12 orders, and when it had ended 0 were ready, not 7",
        one_too_few: "asked for 5 of 12 orders, and when it had ended 8 were ready, not 7",
        throws_them_away: "rejects messages with `requeue=False`, which throws them away",
        one_order_again_and_again: "it took `order 1: honey` 5 times",
        returns_bytes: "returned bytes: `body.decode()` makes text of them",
        returns_nothing: "should return the list of 5 orders and returned NoneType",
        looks_only: "took no message: it called neither `basic_get` nor `basic_consume`",
        expects_enough: "there was no message: with nothing to take, `basic_get` returns (None, None, None)",
        waits_for_enough: "had not returned after",
        acks_twice: "this delivery was settled already, or came on another channel (406 unknown delivery tag)",
        declares_otherwise: "`x-max-length` = nothing, and this declares it with 5 (406)",
        asks_a_missing_queue: "there is no queue `order` on this broker (404)",
    },
    3: {
        packs_with_auto_ack: "takes messages with `auto_ack=True`",
        acks_before_packing: "it was acknowledged before the work was done",
        never_acks: "`never_acks` acknowledges nothing",
        acks_at_the_end: "`acks_at_the_end` acknowledges only at the end",
        acks_every_second: "10 of 12 messages were in the queue, and should be 9",
        puts_back_what_it_packed: "got `order 1: honey` again after it had worked on it",
        rejects_what_it_packed: "rejects messages with `requeue=False`, which throws them away",
        forgets_to_pack: "returned and never called `pack`",
        packs_three: "returned after 3 of 12 messages",
        packs_four: "started again after the kill, it returned with 5 orders still in the queue",
        packs_bytes: "pack(…) takes text and got bytes",
        consumes_for_ever: "had not returned after",
    },
}
