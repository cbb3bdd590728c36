"""What learners write in lab 02, and what the check must say to it: no two of one exercise get the same words."""

import pika

PERSISTENT = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)


def opened(url):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    return connection, connection.channel()


def photos_of(worker, channel, **arguments):
    """The worker's loop, which is not the point here."""
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1, **arguments):
        if worker.stopping:
            break
        if method is not None:
            yield method.delivery_tag, body.decode()


# exercise 1


def no_prefetch(worker, resize):
    connection, channel = opened(worker.url)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


def prefetch_of_ten(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=10)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


def prefetch_too_late(worker, resize):
    connection, channel = opened(worker.url)
    arrived = []
    channel.basic_consume("photos", lambda channel, method, properties, body: arrived.append((method, body)))
    channel.basic_qos(prefetch_count=1)
    while not worker.stopping:
        connection.process_data_events(0.1)
        while arrived:
            method, body = arrived.pop(0)
            resize(body.decode())
            channel.basic_ack(method.delivery_tag)
    connection.close()


def auto_ack(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for _, photo in photos_of(worker, channel, auto_ack=True):
        resize(photo)
    connection.close()


def acks_first(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        channel.basic_ack(tag)
        resize(photo)
    connection.close()


def never_acks(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for _, photo in photos_of(worker, channel):
        resize(photo)
    connection.close()


shared = {}


def one_channel_for_all(worker, resize):
    if worker.name == "worker 1":
        shared["connection"], shared["channel"] = opened(worker.url)
        shared["channel"].basic_qos(prefetch_count=1)
    while "channel" not in shared:
        pass
    channel = shared["channel"]
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)


def one_connection_for_all(worker, resize):
    if worker.name == "worker 1":
        shared["connection"] = pika.BlockingConnection(pika.URLParameters(worker.url))
    while "connection" not in shared:
        pass
    channel = shared["connection"].channel()
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)


def puts_back_what_it_resized(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_nack(tag)
    connection.close()


def rejects_what_it_resized(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_reject(tag, requeue=False)
    connection.close()


def only_one_photo(worker, resize):
    connection, channel = opened(worker.url)
    method, _, body = channel.basic_get("photos")
    resize(body.decode())
    channel.basic_ack(method.delivery_tag)
    connection.close()


def never_stops(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos"):
        resize(body.decode())
        channel.basic_ack(method.delivery_tag)


def misspelt_queue(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("fotos"):
        resize(body.decode())
        channel.basic_ack(method.delivery_tag)


def only_the_first_worker_works(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    while not worker.stopping and worker.name != "worker 1":
        connection.process_data_events(0.1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


# exercise 2


def acks_in_finally(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
        except OSError:
            worker.log("note", "no space")
        finally:
            channel.basic_ack(tag)
    connection.close()


def lets_it_raise(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


def throws_it_away(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
            channel.basic_ack(tag)
        except OSError:
            channel.basic_nack(tag, requeue=False)
    connection.close()


def keeps_it(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
            channel.basic_ack(tag)
        except OSError:
            worker.log("note", "no space")
    connection.close()


def stops_at_an_error(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
            channel.basic_ack(tag)
        except OSError:
            break
    connection.close()


def careful_but_acks_first(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        channel.basic_ack(tag)
        resize(photo)
    connection.close()


def careful_but_auto_ack(worker, resize):
    connection, channel = opened(worker.url)
    for _, photo in photos_of(worker, channel, auto_ack=True):
        resize(photo)
    connection.close()


# exercise 3


def transient_messages(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True)
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode())
    connection.close()


def transient_queue(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos")
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode(), PERSISTENT)
    connection.close()


def exclusive_queue(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", exclusive=True)
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode(), PERSISTENT)
    connection.close()


def only_the_first_is_persistent(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True)
    properties = PERSISTENT
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode(), properties)
        properties = None
    connection.close()


def forgets_to_declare(url, photos):
    connection, channel = opened(url)
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode(), PERSISTENT)
    connection.close()


# right, though not as the solution does it


def asks_for_each_photo(worker, resize):
    connection, channel = opened(worker.url)
    while not worker.stopping:
        method, _, body = channel.basic_get("photos")
        if method is None:
            connection.sleep(0.05)
            continue
        resize(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def a_callback(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)

    def on_photo(channel, method, properties, body):
        resize(body.decode())
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("photos", on_photo)
    while not worker.stopping:
        connection.process_data_events(0.1)
    connection.close()


def rejects_and_tries_again(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
            channel.basic_ack(tag)
        except OSError:
            channel.basic_reject(tag, requeue=True)
    connection.close()


def retries_by_itself(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
        except OSError:
            resize(photo)
        channel.basic_ack(tag)
    connection.close()


def a_quorum_queue(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True, arguments={"x-queue-type": "quorum"})
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode())
    connection.close()


ALSO_RIGHT = {
    1: [asks_for_each_photo, a_callback],
    2: [rejects_and_tries_again, retries_by_itself],
    3: [a_quorum_queue],
}

EXPECTED = {
    1: {
        no_prefetch: "without `basic_qos` the whole backlog goes to whoever connects first",
        prefetch_of_ten: "the prefetch is more than one",
        prefetch_too_late: "`basic_qos` came after the consumer",
        auto_ack: "takes messages with `auto_ack=True`",
        acks_first: "`acks_first` acknowledges before the work is done",
        never_acks: "3 are unacknowledged, and a worker gets the next one for its ack",
        one_channel_for_all: "3 workers share 1 connection and 1 channel:",
        one_connection_for_all: "channels: pika's belong to one thread",
        puts_back_what_it_resized: "again after it had worked on it",
        rejects_what_it_resized: "rejects messages with `requeue=False`",
        only_one_photo: "returned before `worker.stopping` was True",
        never_stops: "after `worker.stopping` was True",
        misspelt_queue: "there is no queue `fotos`",
        only_the_first_worker_works: "for 3 workers to begin a photo each, and 1 had",
    },
    2: {
        acks_in_finally: "is the ack in a `finally`?",
        lets_it_raise: "and the worker ended with it",
        throws_it_away: "the photo was gone, not resized: it was rejected with `requeue=False`",
        keeps_it: "neither acknowledged nor given back",
        stops_at_an_error: "returned before `worker.stopping` was True",
        careful_but_acks_first: "it was acknowledged before the work was done",
        careful_but_auto_ack: "takes messages with `auto_ack=True`",
    },
    3: {
        transient_messages: "10 of 10 messages are transient",
        transient_queue: "non-durable shared queues are refused since RabbitMQ 4.3",
        exclusive_queue: "there is none at all (an `exclusive` queue goes with its connection)",
        only_the_first_is_persistent: "9 of 10 messages are transient",
        forgets_to_declare: "there was no queue `photos`",
    },
}
