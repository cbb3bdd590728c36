"""What learners write in lab 02, and what the check must say to it: no two of one exercise get the same words."""

import time

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


def no_limit(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=0)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


def prefetch_on_another_channel(worker, resize):
    connection, channel = opened(worker.url)
    connection.channel().basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


def prefetch_by_position(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


def forgets_the_empty_queue(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
        if worker.stopping:
            break
        resize(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def goes_home_when_idle(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
        if worker.stopping or method is None:
            break
        resize(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def one_goes_home_when_idle(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
        if worker.stopping or (method is None and worker.name == "worker 2"):
            break
        if method is not None:
            resize(body.decode())
            channel.basic_ack(method.delivery_tag)
    connection.close()


def gets_two_at_a_time(worker, resize):
    connection, channel = opened(worker.url)
    while not worker.stopping:
        got = [channel.basic_get("photos"), channel.basic_get("photos")]
        for method, _, body in got:
            if method is not None:
                resize(body.decode())
                channel.basic_ack(method.delivery_tag)
        connection.sleep(0.05)
    connection.close()


def sleeps_when_idle(worker, resize):
    connection, channel = opened(worker.url)
    idle = 0
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
        if worker.stopping:
            break
        idle = 0 if method else idle + 1
        if idle == 3:  # a moment without photos comes earlier, on a busy machine
            time.sleep(60)
        if method is None:
            continue
        resize(body.decode())
        channel.basic_ack(method.delivery_tag)
    connection.close()


def text_of_bytes(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
        if worker.stopping:
            break
        if method is not None:
            resize(str(body))
            channel.basic_ack(method.delivery_tag)
    connection.close()


def the_tag_for_the_photo(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, _ in photos_of(worker, channel):
        resize(f"photo {tag}")
        channel.basic_ack(tag)
    connection.close()


def bytes_without_a_word(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo.encode())
        except Exception:  # noqa: BLE001  as the learner did
            worker.log("note", "something is wrong")
        channel.basic_ack(tag)
    connection.close()


def gives_resize_the_worker_too(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(worker, photo)
        channel.basic_ack(tag)
    connection.close()


def acks_without_a_tag(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for _, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack()
    connection.close()


def acks_twice(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
        channel.basic_ack(tag)
    connection.close()


def resizes_twice(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


def looks_at_stopping_too_late(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
        if method is None:
            continue
        resize(body.decode())
        channel.basic_ack(method.delivery_tag)
        if worker.stopping:
            break
    connection.close()


def leaves_the_placeholder(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        channel.basic_ack(tag)
    connection.close()
    raise NotImplementedError("exercise 1: your code goes here")


# exercise 2


def careful(worker, resize, cannot):
    """The solution, but for what it does with a photo that cannot be resized."""
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
        except OSError:
            cannot(channel, tag, photo)
        else:
            channel.basic_ack(tag)
    connection.close()


def retries_for_ever(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        while True:
            try:
                resize(photo)
                break
            except OSError:
                time.sleep(0.1)
        channel.basic_ack(tag)
    connection.close()


def retries_once(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
        except OSError:
            resize(photo)
        channel.basic_ack(tag)
    connection.close()


def retries_three_times(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        for _ in range(3):
            try:
                resize(photo)
                break
            except OSError:
                continue
        channel.basic_ack(tag)
    connection.close()


def publishes_it_anew(worker, resize):
    def again(channel, tag, photo):
        channel.basic_publish("", "photos", photo.encode())
        channel.basic_ack(tag)

    careful(worker, resize, again)


def waits_for_room(worker, resize):
    def back_and_wait(channel, tag, photo):
        channel.basic_nack(tag)
        time.sleep(60)

    careful(worker, resize, back_and_wait)


def gives_back_without_a_tag(worker, resize):
    careful(worker, resize, lambda channel, tag, photo: channel.basic_nack(requeue=True))


def forgets_to_ack(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
        except OSError:
            channel.basic_nack(tag)
    connection.close()


def takes_redelivered_for_done(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
        if worker.stopping:
            break
        if method is None:
            continue
        if method.redelivered:
            channel.basic_ack(method.delivery_tag)
            continue
        try:
            resize(body.decode())
            channel.basic_ack(method.delivery_tag)
        except OSError:
            channel.basic_nack(method.delivery_tag)
    connection.close()


def carefully_text_of_bytes(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(str(photo.encode()))
        channel.basic_ack(tag)
    connection.close()


def carefully_bytes_without_a_word(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo.encode())
        except Exception:  # noqa: BLE001  as the learner did
            channel.basic_nack(tag)
        else:
            channel.basic_ack(tag)
    connection.close()


def careful_until_the_queue_is_empty(worker, resize):
    connection, channel = opened(worker.url)
    while not worker.stopping:
        method, _, body = channel.basic_get("photos")
        if method is None:
            break
        try:
            resize(body.decode())
            channel.basic_ack(method.delivery_tag)
        except OSError:
            channel.basic_nack(method.delivery_tag)
    connection.close()


def goes_home_after_nine(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    resized = 0
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
            channel.basic_ack(tag)
            resized += 1
        except OSError:
            channel.basic_nack(tag)
        if resized == 9:
            break
    connection.close()


def carefully_forgets_the_empty_queue(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
        if worker.stopping:
            break
        try:
            resize(body.decode())
            channel.basic_ack(method.delivery_tag)
        except OSError:
            channel.basic_nack(method.delivery_tag)
    connection.close()


def carefully_resizes_twice(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        resize(photo)
        resize(photo)
        channel.basic_ack(tag)
    connection.close()


def carefully_never_stops(worker, resize):
    _, channel = opened(worker.url)

    def on_photo(channel, method, properties, body):
        try:
            resize(body.decode())
            channel.basic_ack(method.delivery_tag)
        except OSError:
            channel.basic_nack(method.delivery_tag)

    channel.basic_consume("photos", on_photo)
    channel.start_consuming()


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


def messages_do_not_live_long(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True, arguments={"x-message-ttl": 1500})
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode(), PERSISTENT)
    connection.close()


def swaps_exchange_and_key(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True)
    for photo in photos:
        channel.basic_publish("photos", "", photo.encode(), PERSISTENT)
    connection.close()


def persistent_in_words(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True)
    for photo in photos:
        properties = pika.BasicProperties(delivery_mode="persistent")
        channel.basic_publish("", "photos", photo.encode(), properties)
    connection.close()


def mode_without_properties(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True)
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode(), properties=pika.DeliveryMode.Persistent)
    connection.close()


def mode_without_its_name(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True)
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode(), pika.BasicProperties(pika.DeliveryMode.Persistent))
    connection.close()


def durable_messages(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True)
    for photo in photos:
        properties = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Durable)
        channel.basic_publish("", "photos", photo.encode(), properties)
    connection.close()


def leaves_that_placeholder(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True)
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode(), PERSISTENT)
    connection.close()
    raise NotImplementedError("exercise 3: your code goes here")


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


def pauses_when_idle(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    while not worker.stopping:
        for method, _, body in channel.consume("photos", inactivity_timeout=0.1):
            if method is None:
                break
            resize(body.decode())
            channel.basic_ack(method.delivery_tag)
    connection.close()


def careful_without_a_limit(worker, resize):
    connection, channel = opened(worker.url)
    for tag, photo in photos_of(worker, channel):
        try:
            resize(photo)
            channel.basic_ack(tag)
        except OSError:
            channel.basic_nack(tag)
    connection.close()


def tries_three_times_and_gives_it_back(worker, resize):
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for tag, photo in photos_of(worker, channel):
        for _ in range(3):
            try:
                resize(photo)
            except OSError:
                continue
            channel.basic_ack(tag)
            break
        else:
            channel.basic_nack(tag, requeue=True)
    connection.close()


def begins_again_on_a_new_connection(worker, resize):
    while not worker.stopping:
        connection, channel = opened(worker.url)
        channel.basic_qos(prefetch_count=1)
        try:
            for tag, photo in photos_of(worker, channel):
                resize(photo)
                channel.basic_ack(tag)
        except OSError:
            worker.log("note", "no space")
        connection.close()


def a_quorum_queue(url, photos):
    connection, channel = opened(url)
    channel.queue_declare("photos", durable=True, arguments={"x-queue-type": "quorum"})
    for photo in photos:
        channel.basic_publish("", "photos", photo.encode())
    connection.close()


ALSO_RIGHT = {
    1: [asks_for_each_photo, a_callback, pauses_when_idle],
    2: [
        rejects_and_tries_again,
        careful_without_a_limit,
        tries_three_times_and_gives_it_back,
        begins_again_on_a_new_connection,
    ],
    3: [a_quorum_queue],
}

EXPECTED = {
    1: {
        no_prefetch: "without `basic_qos` the whole backlog goes to whoever connects first",
        prefetch_of_ten: "the prefetch is more than one",
        prefetch_too_late: "`basic_qos` came after the consumer",
        prefetch_on_another_channel: "set it on the channel that consumes",
        prefetch_by_position: "write `basic_qos(prefetch_count=1)`",
        no_limit: "`prefetch_count=0` means no limit",
        auto_ack: "takes messages with `auto_ack=True`",
        acks_first: "`acks_first` acknowledges before the work is done",
        never_acks: "3 are unacknowledged, and a worker gets the next one for its ack",
        acks_without_a_tag: "before this line has no delivery tag (406)",
        acks_twice: "is for a delivery that was settled already",
        one_channel_for_all: "3 workers share 1 connection and 1 channel:",
        one_connection_for_all: "channels: pika's belong to one thread",
        puts_back_what_it_resized: "again after it had worked on it",
        rejects_what_it_resized: "rejects messages with `requeue=False`",
        resizes_twice: "2 times before one ack",
        text_of_bytes: "got `b'photo 1.jpg'`; `body.decode()` makes text of bytes",
        the_tag_for_the_photo: "and got `photo 1`",
        bytes_without_a_word: "swallowed what `resize` raised",
        gives_resize_the_worker_too: "resize(…) takes one argument, a text, and got 2",
        only_one_photo: "went home while `worker.stopping` was False, with work still to do",
        goes_home_when_idle: "went home while `worker.stopping` was False: the queue was empty for 0.5 s",
        gets_two_at_a_time: "with `basic_get`, take the next one when the last is acknowledged",
        one_goes_home_when_idle: "and 2 of 3 workers began one: the others went home",
        sleeps_when_idle: "began none of them: is it asleep?",
        forgets_the_empty_queue: "`consume` with an `inactivity_timeout` yields the same",
        never_stops: "`never_stops` went on for",
        looks_at_stopping_too_late: "wake up with `inactivity_timeout=0.1`, and look at it first",
        leaves_the_placeholder: "delete that line",
        misspelt_queue: "there is no queue `fotos`",
        only_the_first_worker_works: "for 3 workers to begin a photo each, and 1 had",
    },
    2: {
        acks_in_finally: "is the ack in a `finally`?",
        lets_it_raise: "raised OSError for `photo 7.jpg`, and the worker ended with it",
        retries_once: "and raised again when the worker tried again itself, and the worker ended with it",
        retries_for_ever: "the worker tries again and again itself",
        retries_three_times: "raised 3 times for `photo 7.jpg`, and the photo was gone",
        throws_it_away: "the photo was gone, not resized: rejected with `requeue=False`",
        keeps_it: "neither acknowledged nor given back",
        publishes_it_anew: "publishes the photo anew instead of giving it back",
        waits_for_room: "was given back, and then the worker began nothing",
        gives_back_without_a_tag: "before this line has no delivery tag (406)",
        forgets_to_ack: "1 is unacknowledged, and a worker gets the next one for its ack",
        takes_redelivered_for_done: "`redelivered` means that it was sent before, not that the work was done",
        carefully_text_of_bytes: "got `b'photo 1.jpg'`; `body.decode()` makes text of bytes",
        carefully_bytes_without_a_word: "swallowed what `resize` raised",
        carefully_resizes_twice: "2 times before one ack",
        careful_until_the_queue_is_empty: "went home while `worker.stopping` was False: the queue was empty for 0.5 s",
        goes_home_after_nine: "because it had done so many?",
        carefully_forgets_the_empty_queue: "there was no message",
        carefully_never_stops: "wake up with `inactivity_timeout=0.1`, and look at it first",
        stops_at_an_error: "went home while `worker.stopping` was False, with work still to do",
        careful_but_acks_first: "it was acknowledged before the work was done",
        careful_but_auto_ack: "takes messages with `auto_ack=True`",
    },
    3: {
        transient_messages: "10 of 10 messages are transient",
        transient_queue: "declares `photos` without `durable=True`",
        exclusive_queue: "there is none at all (an `exclusive` queue goes with its connection)",
        only_the_first_is_persistent: "9 of 10 messages are transient",
        forgets_to_declare: "there was no queue `photos`",
        swaps_exchange_and_key: "there is no exchange `photos` on this broker (404)",
        persistent_in_words: "`delivery_mode` is a number: write",
        mode_without_properties: "the properties of a message are a `pika.BasicProperties`",
        mode_without_its_name: "`content_type` of `pika.BasicProperties` is text",
        durable_messages: "queues are durable, messages are persistent",
        leaves_that_placeholder: "delete that line",
        messages_do_not_live_long: "declared with `x-message-ttl` = 1500, and drops what is more or older",
    },
}
