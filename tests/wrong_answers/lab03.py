"""What learners write in lab 03, and what the check must say to it: no two of one exercise get the same words."""

import pika

PERSISTENT = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)
EVENT = "goods-returned"
DEPARTMENTS = ("audit", "email", "stock")


def opened(url):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    return connection, connection.channel()


def subscribe(channel, *queues, **arguments):
    for queue in queues:
        channel.queue_declare(queue, durable=True, **arguments)
        channel.queue_bind(queue, EVENT)


def announce(channel, returns, properties=PERSISTENT):
    for text in returns:
        channel.basic_publish(EVENT, "", text.encode(), properties)


def texts_of(worker, channel, queue, **arguments):
    """The loop over what comes, which is not the point here."""
    for method, _, body in channel.consume(queue, inactivity_timeout=0.1, **arguments):
        if worker.stopping:
            break
        if method is not None:
            yield method.delivery_tag, body.decode()


def show_all(worker, connection, channel, queue, show):
    for _, text in texts_of(worker, channel, queue, auto_ack=True):
        show(text)
    connection.close()


def shelve_all(worker, connection, channel, queue, shelve):
    for tag, text in texts_of(worker, channel, queue):
        shelve(text)
        channel.basic_ack(tag)
    connection.close()


# exercise 1


def all_share_one_queue(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, "returns")
    announce(channel, returns)
    connection.close()


def binds_after_publishing(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    announce(channel, returns)
    subscribe(channel, *DEPARTMENTS)
    connection.close()


def binds_only_the_last(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    for department in DEPARTMENTS:
        channel.queue_declare(department, durable=True)
    channel.queue_bind(department, EVENT)
    announce(channel, returns)
    connection.close()


def returns_that_expire(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    announce(channel, returns, pika.BasicProperties(delivery_mode=2, expiration="600000"))
    connection.close()


def sends_to_each_queue(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    for text in returns:
        for department in DEPARTMENTS:
            channel.basic_publish("", department, text.encode(), PERSISTENT)
    connection.close()


def announces_to_each(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    for text in returns:
        for department in DEPARTMENTS:
            channel.basic_publish(EVENT, department, text.encode(), PERSISTENT)
    connection.close()


def no_type(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, durable=True)
    subscribe(channel, *DEPARTMENTS)
    announce(channel, returns)
    connection.close()


def durable_without_its_name(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", True)
    subscribe(channel, *DEPARTMENTS)
    announce(channel, returns)
    connection.close()


def forgets_the_exchange(url, returns):
    connection, channel = opened(url)
    subscribe(channel, *DEPARTMENTS)
    announce(channel, returns)
    connection.close()


def only_a_queue_of_that_name(url, returns):
    connection, channel = opened(url)
    channel.queue_declare(EVENT, durable=True)
    for text in returns:
        channel.basic_publish("", EVENT, text.encode(), PERSISTENT)
    connection.close()


def misspelt_exchange(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare("goods_returned", "fanout", durable=True)
    for department in DEPARTMENTS:
        channel.queue_declare(department, durable=True)
        channel.queue_bind(department, "goods_returned")
    for text in returns:
        channel.basic_publish("goods_returned", "", text.encode(), PERSISTENT)
    connection.close()


def fan_out(url, returns):
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.exchange_declare(EVENT, "fan-out", durable=True)
        subscribe(channel, *DEPARTMENTS)
        announce(channel, returns)


def transient_returns(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    announce(channel, returns, None)
    connection.close()


def purges_in_the_morning(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    for department in DEPARTMENTS:
        channel.queue_purge(department)
    announce(channel, returns)
    connection.close()


def a_new_exchange_each_morning(url, returns):
    connection, channel = opened(url)
    channel.exchange_delete(EVENT)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    announce(channel, returns)
    connection.close()


def binds_the_wrong_way_round(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    for department in DEPARTMENTS:
        channel.queue_declare(department, durable=True)
        channel.queue_bind(EVENT, department)
    announce(channel, returns)
    connection.close()


def queues_that_expire(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS, arguments={"x-expires": 600_000})
    announce(channel, returns)
    connection.close()


def announces_nothing(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    connection.close()


def swaps_key_and_body(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    for text in returns:
        channel.basic_publish(EVENT, text, "", PERSISTENT)
    connection.close()


def announces_the_first_two(url, returns):
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    announce(channel, returns[:2])
    connection.close()


def leaves_it_open(url, returns):
    _, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, *DEPARTMENTS)
    announce(channel, returns)


# exercise 2


def one_durable_queue_for_all_screens(worker, show):
    connection, channel = opened(worker.url)
    subscribe(channel, "screen")
    show_all(worker, connection, channel, "screen", show)


def one_exclusive_name(worker, show):
    connection, channel = opened(worker.url)
    channel.queue_declare("screen", exclusive=True)
    channel.queue_bind("screen", EVENT)
    show_all(worker, connection, channel, "screen", show)


def makes_the_exchange_anew(worker, show):
    connection, channel = opened(worker.url)
    channel.exchange_delete(EVENT)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EVENT)
    show_all(worker, connection, channel, queue, show)


def binds_nothing(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    show_all(worker, connection, channel, queue, show)


def durable_without_a_name(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", durable=True).method.queue
    channel.queue_bind(queue, EVENT)
    show_all(worker, connection, channel, queue, show)


def deletes_it_at_the_end(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", durable=True).method.queue
    channel.queue_bind(queue, EVENT)
    for _, text in texts_of(worker, channel, queue, auto_ack=True):
        show(text)
    channel.queue_delete(queue)
    connection.close()


def the_answer_for_the_name(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True)
    channel.queue_bind(queue, EVENT)
    show_all(worker, connection, channel, queue, show)


def takes_the_exchange_away(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EVENT)
    for _, text in texts_of(worker, channel, queue, auto_ack=True):
        show(text)
    channel.exchange_delete(EVENT)
    connection.close()


def goes_dark_when_nothing_comes(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EVENT)
    for method, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=1):
        if method is None or worker.stopping:
            break
        show(body.decode())
    connection.close()


def never_looks_at_stopping(worker, show):
    _, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EVENT)
    for _, _, body in channel.consume(queue, auto_ack=True):
        show(body.decode())


def stops_only_in_silence(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EVENT)
    for method, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=0.5):
        if method is not None:
            show(body.decode())
        elif worker.stopping:
            break
    connection.close()


def shows_one_at_a_time_and_never_acks(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EVENT)
    channel.basic_qos(prefetch_count=1)
    for _, text in texts_of(worker, channel, queue):
        show(text)
    connection.close()


def shows_everything_twice(worker, show):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EVENT)
    for _, text in texts_of(worker, channel, queue, auto_ack=True):
        show(text)
        show(text)
    connection.close()


# exercise 3


def a_queue_without_a_name(worker, shelve):
    connection, channel = opened(worker.url)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EVENT)
    shelve_all(worker, connection, channel, queue, shelve)


def goes_with_its_last_consumer(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock", auto_delete=True)
    shelve_all(worker, connection, channel, "stock", shelve)


def tidies_up_at_the_end(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for tag, text in texts_of(worker, channel, "stock"):
        shelve(text)
        channel.basic_ack(tag)
    channel.queue_delete("stock")
    connection.close()


def unsubscribes_at_the_end(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for tag, text in texts_of(worker, channel, "stock"):
        shelve(text)
        channel.basic_ack(tag)
    channel.queue_unbind("stock", EVENT)
    connection.close()


def leaves_an_empty_queue(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for tag, text in texts_of(worker, channel, "stock"):
        shelve(text)
        channel.basic_ack(tag)
    channel.cancel()
    channel.queue_purge("stock")
    connection.close()


def another_name(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stocks")
    shelve_all(worker, connection, channel, "stocks", shelve)


def keeps_a_thousand_at_most(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock", arguments={"x-max-length": 1000})
    shelve_all(worker, connection, channel, "stock", shelve)


def shelves_with_auto_ack(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for _, text in texts_of(worker, channel, "stock", auto_ack=True):
        shelve(text)
    connection.close()


def acks_before_it_shelves(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for tag, text in texts_of(worker, channel, "stock"):
        channel.basic_ack(tag)
        shelve(text)
    connection.close()


def looks_at_stopping_before_it_acks(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for method, _, body in channel.consume("stock", inactivity_timeout=0.1):
        if method is not None:
            shelve(body.decode())
        if worker.stopping:
            break
        if method is not None:
            channel.basic_ack(method.delivery_tag)
    connection.close()


def gives_back_what_it_shelved(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for tag, text in texts_of(worker, channel, "stock"):
        shelve(text)
        channel.basic_nack(tag)
    connection.close()


def announces_what_it_shelved(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for tag, text in texts_of(worker, channel, "stock"):
        shelve(text)
        channel.basic_publish(EVENT, "", text.encode())
        channel.basic_ack(tag)
    connection.close()


def bytes_without_a_word(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for method, _, body in channel.consume("stock", inactivity_timeout=0.1):
        if worker.stopping:
            break
        if method is not None:
            try:
                shelve(body)
            except TypeError:
                worker.log("note", "what was that?")
            channel.basic_ack(method.delivery_tag)
    connection.close()


def purges_the_audits_queue(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    channel.queue_purge("audit")
    shelve_all(worker, connection, channel, "stock", shelve)


def connects_to_the_worker(worker, shelve):
    connection, channel = opened(worker)
    subscribe(channel, "stock")
    shelve_all(worker, connection, channel, "stock", shelve)


def acks_every_second_one(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock")
    for tag, text in texts_of(worker, channel, "stock"):
        shelve(text)
        if tag % 2 == 0:
            channel.basic_ack(tag, multiple=True)
    connection.close()


# right, though not as the solution does it


def quorum_queues_and_a_key(url, returns):
    """Transient messages are as safe as others in a quorum queue."""
    connection, channel = opened(url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    for department in DEPARTMENTS:
        channel.queue_declare(department, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(department, EVENT, routing_key=department)
    for text in returns:
        channel.basic_publish(EVENT, "returned", text.encode())
    connection.close()


def asks_first_and_has_two_exchanges(url, returns):
    """The channel that the broker closes for a passive declare is replaced."""
    connection, channel = opened(url)
    for exchange in (EVENT, "to-departments"):
        try:
            channel.exchange_declare(exchange, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            channel = connection.channel()
            channel.exchange_declare(exchange, "fanout", durable=True)
    channel.exchange_bind("to-departments", EVENT)
    for department in DEPARTMENTS:
        channel.queue_declare(department, durable=True)
        channel.queue_bind(department, "to-departments")
    announce(channel, returns)
    connection.close()


def a_callback_and_acks(worker, show):
    connection, channel = opened(worker.url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    queue = channel.queue_declare("", exclusive=True).method.queue

    def on_return(channel, method, properties, body):
        show(body.decode())
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(queue, on_return)
    channel.queue_bind(queue, EVENT)
    while not worker.stopping:
        connection.process_data_events(0.1)
    connection.close()


def a_name_of_its_own(worker, show):
    connection, channel = opened(worker.url)
    queue = f"screen of {worker.name}"
    channel.queue_declare(queue, exclusive=True, auto_delete=True)
    channel.queue_bind(queue, EVENT)
    while not worker.stopping:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            connection.sleep(0.05)
        else:
            show(body.decode())
    connection.close()


def stock_in_a_callback(worker, shelve):
    connection, channel = opened(worker.url)
    channel.exchange_declare(EVENT, "fanout", durable=True)
    subscribe(channel, "stock")
    channel.basic_qos(prefetch_count=1)

    def on_return(channel, method, properties, body):
        shelve(body.decode())
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("stock", on_return)
    while not worker.stopping:
        connection.process_data_events(0.1)
    connection.close()


def asks_for_each(worker, shelve):
    connection, channel = opened(worker.url)
    subscribe(channel, "stock", arguments={"x-queue-type": "quorum"})
    while not worker.stopping:
        method, _, body = channel.basic_get("stock")
        if method is None:
            connection.sleep(0.05)
            continue
        shelve(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


ALSO_RIGHT = {
    1: [quorum_queues_and_a_key, asks_first_and_has_two_exchanges],
    2: [a_callback_and_acks, a_name_of_its_own],
    3: [stock_in_a_callback, asks_for_each],
}

EXPECTED = {
    1: {
        all_share_one_queue: "there is one queue, `returns`, for three departments",
        binds_after_publishing: "`audit` misses 5 of 5 messages: they were published before it was bound",
        binds_only_the_last: "now reaches `stock`: `audit` is bound to nothing",
        returns_that_expire: "the returns have an `expiration`",
        sends_to_each_queue: "publishes to the queue `audit` itself, through the default exchange",
        announces_to_each: "3 times: once is enough, the exchange makes the copies",
        no_type: "should be of the type fanout, and is direct",
        durable_without_its_name: "`passive=True`, the third argument of `exchange_declare`, only asks",
        forgets_the_exchange: "there is no exchange `goods-returned` on this broker (404)",
        only_a_queue_of_that_name: "the exchange comes first",
        misspelt_exchange: "published to the exchange `goods_returned`, not to `goods-returned`",
        fan_out: "there is no exchange type `fan-out`: the types are fanout",
        transient_returns: "5 of 5 messages are transient",
        purges_in_the_morning: "called again the next day",
        a_new_exchange_each_morning: "who deletes the exchange deletes everybody's bindings",
        binds_the_wrong_way_round: "in `queue_bind` the queue comes first",
        queues_that_expire: "nothing may be lost, and `audit` loses something in the end",
        announces_nothing: "published nothing",
        swaps_key_and_body: "with the routing key `return 1: crème brûlée`: the body comes third",
        announces_the_first_two: "there were 5 messages to publish, and it published 2",
        leaves_it_open: "left its connection open",
    },
    2: {
        one_durable_queue_for_all_screens: "takes messages from `screen`, which another subscriber uses",
        one_exclusive_name: "the queue `screen` is exclusive to another connection (405)",
        makes_the_exchange_anew: "a screen showed 0: it deleted the exchange with `exchange_delete`",
        binds_nothing: "declared a queue and never bound it",
        durable_without_a_name: "left 3 of their queues behind",
        deletes_it_at_the_end: "left 1 of their queues behind",
        the_answer_for_the_name: "its `.method.queue` is the name",
        takes_the_exchange_away: "`exchange_delete` took the exchange `goods-returned` away",
        goes_dark_when_nothing_comes: "it stays until then, whether something comes or not",
        never_looks_at_stopping: "after `worker.stopping` was True: wake up",
        stops_only_in_silence: "while message followed message: look at it each time",
        shows_one_at_a_time_and_never_acks: "a screen showed 1: 1 is unacknowledged",
        shows_everything_twice: "showed `return 3: blue socks` 2 times",
    },
    3: {
        a_queue_without_a_name: "its queue was exclusive, and went with its connection",
        goes_with_its_last_consumer: "its queue was `auto_delete`",
        tidies_up_at_the_end: "it deletes its queue when it leaves",
        unsubscribes_at_the_end: "collects nothing any more: `stock` is bound to nothing",
        acks_every_second_one: "was on the shelf, nothing more came, and it was not acknowledged",
        leaves_an_empty_queue: "was neither on the shelf nor in `stock`: it emptied the queue",
        another_name: "it declared `stocks`",
        keeps_a_thousand_at_most: "declared with `x-max-length` = 1000",
        shelves_with_auto_ack: "takes messages with `auto_ack=True`",
        acks_before_it_shelves: "acknowledges before the work is done",
        gives_back_what_it_shelved: "again after it had worked on it",
        announces_what_it_shelved: "takes messages and publishes them again",
        bytes_without_a_word: "swallowed what `shelve` raised",
        purges_the_audits_queue: "`audit` is another subscriber's, and should hold",
        looks_at_stopping_before_it_acks: "was shelved, and when the program had stopped it was in `stock` again",
        connects_to_the_worker: "write `pika.URLParameters(worker.url)`",
    },
}
