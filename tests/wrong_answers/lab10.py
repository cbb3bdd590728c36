"""What learners write in lab 10, and what the check must say to it: no two of one exercise get the same words."""

import math
import time

import pika


def opened(worker, prefetch=None, **arguments):
    connection = pika.BlockingConnection(pika.URLParameters(worker.url))
    channel = connection.channel()
    if prefetch is not None:
        channel.basic_qos(prefetch_count=prefetch, **arguments)
    return channel


def labels_of(worker, channel, queue="labels", **arguments):
    """The printer's loop, which is not the point here: tag and text of each label."""
    for method, _, body in channel.consume(queue, inactivity_timeout=0.1, **arguments):
        if worker.stopping:
            break
        if method is not None:
            yield method.delivery_tag, body.decode()


def print_each(worker, channel, print_label, queue="labels"):
    for tag, label in labels_of(worker, channel, queue):
        print_label(label)
        channel.basic_ack(tag)


# exercise 1


def one_is_fair(worker, print_label, round_trip, working):
    print_each(worker, opened(worker, 1), print_label)


def a_hundred_is_fast(worker, print_label, round_trip, working):
    print_each(worker, opened(worker, 100), print_label)


def no_limit(worker, print_label, round_trip, working):
    print_each(worker, opened(worker), print_label)


def forgets_the_one_in_the_printer(worker, print_label, round_trip, working):
    print_each(worker, opened(worker, math.ceil(round_trip / working)), print_label)


def rounds_down(worker, print_label, round_trip, working):
    print_each(worker, opened(worker, 1 + int(round_trip // working)), print_label)


def upside_down(worker, print_label, round_trip, working):
    print_each(worker, opened(worker, 1 + math.ceil(working / round_trip)), print_label)


def too_late(worker, print_label, round_trip, working):
    channel = opened(worker)
    arrived = []
    channel.basic_consume("labels", lambda _, method, properties, body: arrived.append((method.delivery_tag, body)))
    channel.basic_qos(prefetch_count=1 + math.ceil(round_trip / working))
    while not worker.stopping:
        channel.connection.process_data_events(0.1)
        while arrived:
            tag, body = arrived.pop(0)
            print_label(body.decode())
            channel.basic_ack(tag)


def for_the_whole_channel(worker, print_label, round_trip, working):
    print_each(worker, opened(worker, 1 + math.ceil(round_trip / working), global_qos=True), print_label)


def on_another_channel(worker, print_label, round_trip, working):
    channel = opened(worker, 1 + math.ceil(round_trip / working))
    print_each(worker, channel.connection.channel(), print_label)


def prints_automatically(worker, print_label, round_trip, working):
    channel = opened(worker, 1 + math.ceil(round_trip / working))
    for _, label in labels_of(worker, channel, auto_ack=True):
        print_label(label)


def never_acks(worker, print_label, round_trip, working):
    for _, label in labels_of(worker, opened(worker, 1 + math.ceil(round_trip / working))):
        print_label(label)


def acks_first(worker, print_label, round_trip, working):
    channel = opened(worker, 1 + math.ceil(round_trip / working))
    for tag, label in labels_of(worker, channel):
        channel.basic_ack(tag)
        print_label(label)


def forgets_the_empty_queue(worker, print_label, round_trip, working):
    channel = opened(worker, 1 + math.ceil(round_trip / working))
    for method, _, body in channel.consume("labels", inactivity_timeout=0.1):
        if worker.stopping or method is None:
            break
        print_label(body.decode())
        channel.basic_ack(method.delivery_tag)


def one_and_a_half_times(worker, print_label, round_trip, working):
    print_each(worker, opened(worker, math.ceil(1.5 * (1 + round_trip / working))), print_label)


# exercise 2


def in_batches(worker, print_label, *, prefetch=20, batch=10, idle=True, multiple=True):
    channel = opened(worker, prefetch)
    printed, last = 0, None
    for method, _, body in channel.consume("labels", inactivity_timeout=0.1):
        if method is not None and not worker.stopping:
            print_label(body.decode())
            printed, last = printed + 1, method.delivery_tag
        full = printed and printed % batch == 0
        if last and (full or (method is None and idle)):
            channel.basic_ack(last, multiple=multiple)
            printed, last = 0, None
        if worker.stopping:
            break


def acks_each(worker, print_label):
    print_each(worker, opened(worker, 20), print_label)


def acks_only_the_tenth(worker, print_label):
    in_batches(worker, print_label, prefetch=50, multiple=False)


def desk_smaller_than_a_batch(worker, print_label):
    in_batches(worker, print_label, prefetch=5, idle=False)


def batches_of_thirty(worker, print_label):
    in_batches(worker, print_label, prefetch=50, batch=30)


def batches_of_eleven(worker, print_label):
    in_batches(worker, print_label, batch=11)


def forgets_the_last_batch(worker, print_label):
    in_batches(worker, print_label, idle=False)


def acks_tag_zero(worker, print_label):
    channel = opened(worker, 20)
    for number, (_, label) in enumerate(labels_of(worker, channel), 1):
        print_label(label)
        if number % 10 == 0:
            channel.basic_ack(0, multiple=True)


def promises_the_batch(worker, print_label):
    channel = opened(worker, 20)
    for tag, label in labels_of(worker, channel):
        if tag % 10 == 0:
            channel.basic_ack(tag, multiple=True)
        print_label(label)


def batches_of_bytes(worker, print_label):
    channel = opened(worker, 20)
    for method, _, body in channel.consume("labels", inactivity_timeout=0.1):
        if worker.stopping:
            break
        if method is not None:
            print_label(str(body))
            channel.basic_ack(method.delivery_tag)


def batches_without_acks(worker, print_label):
    for _, label in labels_of(worker, opened(worker, 50), auto_ack=True):
        print_label(label)


def goes_home_when_idle(worker, print_label):
    channel = opened(worker, 20)
    for method, _, body in channel.consume("labels", inactivity_timeout=0.1):
        if method is None:
            break
        print_label(body.decode())
        if method.delivery_tag % 10 == 0:
            channel.basic_ack(method.delivery_tag, multiple=True)
    channel.basic_ack(0, multiple=True)


def batches_of_five(worker, print_label):
    in_batches(worker, print_label, batch=5)


def a_list_of_tags(worker, print_label):
    channel = opened(worker, 30)
    tags = []
    for method, _, body in channel.consume("labels", inactivity_timeout=0.1):
        if method is not None and not worker.stopping:
            print_label(body.decode())
            tags.append(method.delivery_tag)
        if tags and (len(tags) == 10 or method is None or worker.stopping):
            channel.basic_ack(max(tags), multiple=True)
            tags.clear()
        if worker.stopping:
            break


# exercise 3


def ends_with_the_loop(worker, print_label):
    print_each(worker, opened(worker, 1), print_label, "urgent")


def waits_for_ever(worker, print_label):
    channel = opened(worker, 1)

    def on_label(channel, method, properties, body):
        print_label(body.decode())
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("urgent", on_label)
    while not worker.stopping:
        channel.connection.process_data_events(0.1)


def waits_after_the_loop(worker, print_label):
    print_each(worker, opened(worker, 1), print_label, "urgent")
    while not worker.stopping:
        time.sleep(0.05)


def acks_before_it_prints(worker, print_label):
    channel = opened(worker, 1)
    for tag, label in labels_of(worker, channel, "urgent"):
        channel.basic_ack(tag)
        print_label(label)


def takes_them_automatically(worker, print_label):
    while not worker.stopping:
        for _, label in labels_of(worker, opened(worker, 1), "urgent", auto_ack=True):
            print_label(label)


def fetches_each(worker, print_label):
    channel = opened(worker)
    while not worker.stopping:
        method, _, body = channel.basic_get("urgent")
        if method:
            print_label(body.decode())
            channel.basic_ack(method.delivery_tag)


def again_without_acks(worker, print_label):
    while not worker.stopping:
        channel = opened(worker, 1)
        for _, label in labels_of(worker, channel, "urgent"):
            print_label(label)
        channel.connection.close()


def each_label_once(worker, print_label):
    printed = set()
    while not worker.stopping:
        channel = opened(worker, 1)
        for tag, label in labels_of(worker, channel, "urgent"):
            if label not in printed:
                print_label(label)
                printed.add(label)
            channel.basic_ack(tag)
        channel.connection.close()


def prints_bytes(worker, print_label):
    channel = opened(worker, 1)
    for method, _, body in channel.consume("urgent", inactivity_timeout=0.1):
        if method is not None:
            print_label(str(body))


def opens_a_new_connection(worker, print_label):
    while not worker.stopping:
        channel = opened(worker, 1)
        print_each(worker, channel, print_label, "urgent")
        channel.connection.close()


def again_on_the_same_channel(worker, print_label):
    channel = opened(worker, 1)

    def on_label(channel, method, properties, body):
        print_label(body.decode())
        channel.basic_ack(method.delivery_tag)

    gone = []
    channel.add_on_cancel_callback(gone.append)
    channel.basic_consume("urgent", on_label)
    while not worker.stopping:
        channel.connection.process_data_events(0.1)
        if gone:
            gone.clear()
            channel.basic_consume("urgent", on_label)


def with_a_cancel_callback(worker, print_label):
    def on_label(channel, method, properties, body):
        print_label(body.decode())
        channel.basic_ack(method.delivery_tag)

    connection, gone = opened(worker).connection, [True]
    while not worker.stopping:
        if gone:
            gone.clear()
            channel = connection.channel()
            channel.basic_qos(prefetch_count=1)
            channel.add_on_cancel_callback(lambda frame: (gone.append(frame), frame))
            channel.basic_consume("urgent", on_label)
        connection.process_data_events(0.1)
        if gone:
            channel.close()


ALSO_RIGHT = {
    1: [one_and_a_half_times],
    2: [a_list_of_tags],
    3: [opens_a_new_connection, with_a_cancel_callback, each_label_once],
}

EXPECTED = {
    1: {
        one_is_fair: "overseas (round trip 0.02 s, working 0.002 s), the printer was handed 1 at once",
        a_hundred_is_fast: "was handed 60 of 60 at once, and 11 are enough",
        no_limit: "never calls `basic_qos`",
        forgets_the_one_in_the_printer: "was handed 10 at once: 10 must be on the way while it prints one",
        rounds_down: "across the country (round trip 0.012 s, working 0.008 s), the printer was handed 2 at once",
        upside_down: "overseas (round trip 0.02 s, working 0.002 s), the printer was handed 2 at once",
        too_late: "`basic_qos` came after the consumer",
        for_the_whole_channel: "`for_the_whole_channel` sets `global_qos=True`",
        on_another_channel: "set it on the channel that consumes",
        prints_automatically: "takes messages with `auto_ack=True`",
        never_acks: "11 are unacknowledged, and for each ack the broker would send another",
        acks_first: "`acks_first` acknowledges before the work is done",
        forgets_the_empty_queue: "the queue was empty for 0.5 s",
    },
    2: {
        acks_each: "sent 25 acks for 25 labels: one for each 10 is asked for",
        acks_only_the_tenth: "alone: without `multiple=True`",
        desk_smaller_than_a_batch: "A prefetch of 5 never makes a batch of 10",
        batches_of_thirty: "35 of 35 were in the queue again: 15 is what",
        batches_of_eleven: "acks 11 labels at once: 10 are asked for",
        forgets_the_last_batch: "a batch that does not become full is acked when the queue falls silent",
        acks_tag_zero: "acks with the delivery tag 0",
        promises_the_batch: "acks up to delivery 10 when 9 were printed",
        batches_of_bytes: "got `b'label 1'`; `body.decode()` makes text of bytes",
        batches_without_acks: "takes messages with `auto_ack=True`",
        goes_home_when_idle: "`goes_home_when_idle` went home while `worker.stopping` was False",
        batches_of_five: "sent 5 acks for 25 labels",
    },
    3: {
        again_without_acks: "acknowledged none: they come again and again",
        ends_with_the_loop: "the `consume` loop ended, and `ends_with_the_loop` went home with work to do",
        again_on_the_same_channel: "woke the cancelled consumer up",
        waits_for_ever: "`channel.add_on_cancel_callback` tells a program with callbacks",
        waits_after_the_loop: "and still waits for messages that nobody sends it",
        acks_before_it_prints: "`acks_before_it_prints` acknowledges before the work is done",
        takes_them_automatically: "takes messages with `auto_ack=True`",
        fetches_each: "subscribe with `channel.consume`, as a printer does",
        prints_bytes: "got `b'label 1'`; `body.decode()` makes text of bytes",
    },
}
