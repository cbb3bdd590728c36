"""What learners write in lab 13, and what the check must say to it: no two of one exercise get the same words."""

import asyncio
import datetime
import pathlib

import aio_pika
import pika

QUORUM = {"x-queue-type": "quorum"}
STREAM = {"x-queue-type": "stream"}
SINGLE = {"x-single-active-consumer": True}


def opened(worker, prefetch=100):
    connection = pika.BlockingConnection(pika.URLParameters(worker.url))
    channel = connection.channel()
    if prefetch is not None:
        channel.basic_qos(prefetch_count=prefetch)
    return channel


def sales_of(worker, channel, begin=None, **arguments):
    """The reader's loop, which is not the point here: method, properties and body of each sale."""
    if begin is not None:
        arguments["arguments"] = {"x-stream-offset": begin}
    for method, properties, body in channel.consume("sales", inactivity_timeout=0.1, **arguments):
        if worker.stopping:
            break
        if method is not None:
            yield method, properties, body


def book_each(worker, channel, book, begin=None):
    for method, _, body in sales_of(worker, channel, begin):
        book(body.decode())
        channel.basic_ack(method.delivery_tag)


# exercise 1


def says_nothing(worker, book):
    book_each(worker, opened(worker), book)


def books_automatically(worker, book):
    for _, _, body in sales_of(worker, opened(worker), "first", auto_ack=True):
        book(body.decode())


def without_prefetch(worker, book):
    book_each(worker, opened(worker, None), book, "first")


def takes_one_by_one(worker, book):
    channel = opened(worker)
    while not worker.stopping:
        method, _, body = channel.basic_get("sales")
        if method:
            book(body.decode())
            channel.basic_ack(method.delivery_tag)


def never_acks(worker, book):
    for _, _, body in sales_of(worker, opened(worker), "first"):
        book(body.decode())


def never_acks_and_reads_far_ahead(worker, book):
    for _, _, body in sales_of(worker, opened(worker, 1000), "first"):
        book(body.decode())


def the_last_only(worker, book):
    book_each(worker, opened(worker), book, "last")


def zero_as_text(worker, book):
    book_each(worker, opened(worker), book, "0")


def beginning(worker, book):
    book_each(worker, opened(worker), book, "beginning")


def from_now(worker, book):
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    book_each(worker, opened(worker), book, later)


def leaves_in_silence(worker, book):
    channel = opened(worker)
    begin = {"x-stream-offset": "first"}
    for method, _, body in channel.consume("sales", arguments=begin, inactivity_timeout=0.2):
        if method is None:
            break
        book(body.decode())
        channel.basic_ack(method.delivery_tag)


def from_the_first_again_and_again(worker, book):
    while not worker.stopping:
        leaves_in_silence(worker, book)


def bytes_as_they_are(worker, book):
    channel = opened(worker)
    for method, _, body in sales_of(worker, channel, "first"):
        book(str(body))
        channel.basic_ack(method.delivery_tag)


def books_when_it_leaves(worker, book):
    sales = []
    book_each(worker, opened(worker), sales.append, "first")
    for sale in sales:
        book(sale)


def declares_a_queue(worker, book):
    channel = opened(worker)
    channel.queue_declare("sales", durable=True)
    book_each(worker, channel, book, "first")


def offset_of_the_queue(worker, book):
    channel = opened(worker)
    channel.queue_declare("sales", durable=True, arguments=STREAM | {"x-stream-offset": "first"})
    book_each(worker, channel, book)


def one_ahead(worker, book):
    book_each(worker, opened(worker, 1), book, "first")


def from_offset_zero(worker, book):
    book_each(worker, opened(worker), book, 0)


def of_the_last_year(worker, book):
    book_each(worker, opened(worker), book, "1Y")


def acks_before(worker, book):
    channel = opened(worker)
    for method, _, body in sales_of(worker, channel, "first"):
        channel.basic_ack(method.delivery_tag)
        book(body.decode())


def by_callback(worker, book):
    channel = opened(worker)

    def on_sale(channel, method, properties, body):
        book(body.decode())
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("sales", on_sale, arguments={"x-stream-offset": "first"})
    while not worker.stopping:
        channel.connection.process_data_events(0.1)


async def with_aio_pika(worker, book):
    async with await aio_pika.connect(worker.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=50)
        stream = await channel.get_queue("sales", ensure=False)

        async def on_sale(sale):
            book(sale.body.decode())
            await sale.ack()

        await stream.consume(on_sale, arguments={"x-stream-offset": "first"})
        while not worker.stopping:
            await asyncio.sleep(0.1)


# exercise 2


def bookmarked(worker, book, bookmark, *, again=lambda offset: offset + 1, prefetch=100):
    begin = again(int(bookmark.read_text())) if bookmark.exists() else "first"
    channel = opened(worker, prefetch)
    for method, properties, body in sales_of(worker, channel, begin):
        book(body.decode())
        bookmark.write_text(str(int(properties.headers["x-stream-offset"])))
        channel.basic_ack(method.delivery_tag)


def reads_the_last_again(worker, book, bookmark):
    bookmarked(worker, book, bookmark, again=lambda offset: offset)


def has_no_bookmark(worker, book, bookmark):
    book_each(worker, opened(worker), book, "first")


def adds_two(worker, book, bookmark):
    bookmarked(worker, book, bookmark, again=lambda offset: offset + 2)


def ignores_its_bookmark(worker, book, bookmark):
    bookmarked(worker, book, bookmark, again=lambda offset: "first")


def goes_on_with_what_comes(worker, book, bookmark):
    bookmarked(worker, book, bookmark, again=lambda offset: "next")


def begins_with_what_comes(worker, book, bookmark):
    channel = opened(worker)
    for method, properties, body in sales_of(worker, channel):
        book(body.decode())
        bookmark.write_text(str(int(properties.headers["x-stream-offset"])))
        channel.basic_ack(method.delivery_tag)


def writes_before(worker, book, bookmark):
    begin = int(bookmark.read_text()) + 1 if bookmark.exists() else "first"
    channel = opened(worker)
    for method, properties, body in sales_of(worker, channel, begin):
        bookmark.write_text(str(int(properties.headers["x-stream-offset"])))
        book(body.decode())
        channel.basic_ack(method.delivery_tag)


def counts(worker, book, bookmark):
    count = int(bookmark.read_text()) if bookmark.exists() else 0
    channel = opened(worker)
    for method, _, body in sales_of(worker, channel, count):
        book(body.decode())
        count += 1
        bookmark.write_text(str(count))
        channel.basic_ack(method.delivery_tag)


def every_fifth(worker, book, bookmark):
    begin = int(bookmark.read_text()) + 1 if bookmark.exists() else "first"
    channel = opened(worker)
    for method, properties, body in sales_of(worker, channel, begin):
        book(body.decode())
        if method.delivery_tag % 5 == 0:
            bookmark.write_text(str(int(properties.headers["x-stream-offset"])))
        channel.basic_ack(method.delivery_tag)


def writes_when_it_leaves(worker, book, bookmark):
    begin = int(bookmark.read_text()) + 1 if bookmark.exists() else "first"
    channel = opened(worker)
    for method, properties, body in sales_of(worker, channel, begin):
        book(body.decode())
        offset = int(properties.headers["x-stream-offset"])
        channel.basic_ack(method.delivery_tag)
    bookmark.write_text(str(offset))


def one_for_all(worker, book, bookmark):
    bookmarked(worker, book, pathlib.Path(bookmark).parent / "bookmark")


def passes_over_what_was_booked(worker, book, bookmark):
    booked = int(bookmark.read_text()) if bookmark.exists() else -1
    channel = opened(worker)
    for method, properties, body in sales_of(worker, channel, "first"):
        offset = int(properties.headers["x-stream-offset"])
        if offset > booked:
            book(body.decode())
            bookmark.write_text(str(offset))
        channel.basic_ack(method.delivery_tag)


def where_to_begin(worker, book, bookmark):
    begin = int(bookmark.read_text()) if bookmark.exists() else 0
    channel = opened(worker, 1)
    for method, properties, body in sales_of(worker, channel, begin):
        book(body.decode())
        bookmark.write_text(str(1 + int(properties.headers["x-stream-offset"])))
        channel.basic_ack(method.delivery_tag)


# exercise 3


def shop(worker, *, stays=True, **others):
    """Open the shop with some queues declared otherwise, or (None) not at all."""
    queues = {
        "payments": {"durable": True, "arguments": QUORUM},
        "sales": {"durable": True, "arguments": STREAM},
        "screen": {"exclusive": True},
        "parcels": {"durable": True, "arguments": {"x-max-priority": 9}},
        "bookings": {"durable": True, "arguments": QUORUM | SINGLE},
    }
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        for queue, how in (queues | others).items():
            if how is not None:
                channel.queue_declare(queue, **how)
        while stays and not worker.stopping:
            connection.process_data_events(0.1)


def payments_on_one_machine(worker):
    shop(worker, payments={"durable": True})


def payments_in_a_stream(worker):
    shop(worker, payments={"durable": True, "arguments": STREAM})


def payments_for_one_clerk(worker):
    shop(worker, payments={"durable": True, "arguments": QUORUM | SINGLE})


def payments_on_one_of_the_machines(worker):
    shop(worker, payments={"durable": True, "arguments": QUORUM | {"x-quorum-initial-group-size": 1}})


def a_kind_that_is_none(worker):
    shop(worker, payments={"durable": True, "arguments": {"x-queue-type": "qourum"}})


def payments_for_an_hour(worker):
    shop(worker, payments={"durable": True, "arguments": QUORUM | {"x-message-ttl": 3_600_000}})


def private_payments(worker):
    shop(worker, payments={"exclusive": True})


def sales_in_a_queue(worker):
    shop(worker, sales={"durable": True, "arguments": QUORUM})


def sales_of_the_hour(worker):
    shop(worker, sales={"durable": True, "arguments": STREAM | {"x-max-age": "1h"}})


def a_public_screen(worker):
    shop(worker, screen={"durable": True, "auto_delete": True})


def a_safe_screen(worker):
    shop(worker, screen={"exclusive": True, "arguments": QUORUM})


def no_priorities(worker):
    shop(worker, parcels={"durable": True})


def priorities_of_a_quorum_queue(worker):
    shop(worker, parcels={"durable": True, "arguments": QUORUM | {"x-max-priority": 9}})


def one_level(worker):
    shop(worker, parcels={"durable": True, "arguments": {"x-max-priority": 1}})


def parcels_in_a_stream(worker):
    shop(worker, parcels={"durable": True, "arguments": STREAM})


def bookings_for_both(worker):
    shop(worker, bookings={"durable": True, "arguments": QUORUM})


def bookings_on_one_machine(worker):
    shop(worker, bookings={"durable": True, "arguments": SINGLE})


def bookings_in_a_stream(worker):
    shop(worker, bookings={"durable": True, "arguments": STREAM})


def forgets_the_parcels(worker):
    shop(worker, parcels=None)


def a_single_reader_of_a_stream(worker):
    shop(worker, bookings={"durable": True, "arguments": STREAM | SINGLE})


def deletes_the_payments(worker):
    shop(worker)
    opened(worker).queue_delete("payments")


def reads_the_screen(worker):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        connection.channel().queue_declare("screen", exclusive=True)
        connection.channel().basic_consume("screen", lambda *delivery: None)
        shop(worker, screen=None)


def goes_home(worker):
    shop(worker, stays=False)


def closes_the_screen(worker):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        connection.channel().queue_declare("screen", exclusive=True)
    shop(worker, screen=None)


def more_than_asked(worker):
    shop(
        worker,
        payments={"durable": True, "arguments": QUORUM | {"x-delivery-limit": 5}},
        sales={"durable": True, "arguments": STREAM | {"x-max-age": "30D"}},
        parcels={"durable": True, "arguments": {"x-max-priority": 31}},
    )


ALSO_RIGHT = {
    1: [one_ahead, from_offset_zero, of_the_last_year, acks_before, by_callback, with_aio_pika],
    2: [passes_over_what_was_booked, where_to_begin],
    3: [more_than_asked],
}

EXPECTED = {
    1: {
        says_nothing: "does not say where to begin",
        books_automatically: "consumes with `auto_ack=True`, which a stream refuses (540",
        without_prefetch: "consumes without a prefetch, and a stream needs one (406)",
        takes_one_by_one: "asks with `basic_get`, which a stream does not have (540)",
        never_acks: "with a prefetch of 100 the broker sends so many, and then none",
        never_acks_and_reads_far_ahead: "with a prefetch of 1000 the broker sends so many",
        the_last_only: "its `x-stream-offset` is `last`",
        zero_as_text: "gives `x-stream-offset` as the text `0`",
        beginning: "gives an `x-stream-offset` that the broker does not know",
        from_now: "it began at the offset `20",
        leaves_in_silence: "went home while `worker.stopping` was False",
        from_the_first_again_and_again: "times: each sale once",
        books_when_it_leaves: "booked 0, and was handed 130",
        bytes_as_they_are: "`body.decode()` makes text of bytes",
        declares_a_queue: "the queue `sales` exists already with `x-queue-type` = stream",
        offset_of_the_queue: "`x-stream-offset` is an argument of `queue_declare` here",
    },
    2: {
        reads_the_last_again: "that of `sale 11`, which was booked: go on behind it",
        has_no_bookmark: "the file `bookmark` was never written",
        ignores_its_bookmark: "there is a bookmark, and it began again at the first sale",
        goes_on_with_what_comes: "it began again with what comes next",
        begins_with_what_comes: "does not say where to begin",
        writes_before: "`sale 12`, which was not booked, has offset 20: is the bookmark written after `book`",
        adds_two: "`sale 12` was never booked: it began again at offset 21",
        counts: "it began again at 11, as many as it had booked",
        every_fifth: "`sale 11` was booked again: it began again at offset",
        writes_when_it_leaves: "`sale 1` was booked again",
        one_for_all: "a second department came, which had no bookmark yet, and began at offset",
    },
    3: {
        payments_on_one_machine: "`payments` is a classic queue, which lives on one machine",
        payments_in_a_stream: "both clerks got `payment 1`",
        payments_for_one_clerk: "one clerk got all of `payments`",
        payments_on_one_of_the_machines: "`payments` is to have one replica",
        payments_for_an_hour: "what comes to `payments` may be gone before somebody reads it",
        private_payments: "`payments` is exclusive",
        sales_in_a_queue: "reading empties a quorum queue",
        sales_of_the_hour: "`sales` keeps what comes for `x-max-age` = 1h",
        a_public_screen: "another connection can read `screen`",
        a_safe_screen: "only a classic queue can belong to one connection",
        no_priorities: "A classic queue looks at priorities only with `x-max-priority`",
        priorities_of_a_quorum_queue: "a quorum queue such as `parcels` refuses `x-max-priority`",
        one_level: "`x-max-priority` = 1 makes 9 no more urgent than 1",
        parcels_in_a_stream: "`parcels` is a stream: everything stays where it was written",
        bookings_for_both: "both bookkeepers got bookings of `bookings` at the same time",
        bookings_on_one_machine: "`bookings` is a classic queue, which lives on one machine",
        bookings_in_a_stream: "`bookings` is a stream: both bookkeepers get every booking",
        forgets_the_parcels: "`parcels` is not there",
        a_single_reader_of_a_stream: "`bookings` is of the type stream, which does not know `x-single-active-consumer`",
        deletes_the_payments: "when your program went, `payments` went with it",
        reads_the_screen: "publishes or reads, too",
        a_kind_that_is_none: "there is no queue type `qourum`",
        goes_home: "went home while `worker.stopping` was False, and the screen's prices with it",
        closes_the_screen: "`screen` is not there: it was `exclusive`, and went with the connection",
    },
}
