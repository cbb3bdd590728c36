"""What learners write in lab 09, and what the check must say to it: no two of one exercise get the same words."""

import asyncio
import sqlite3

import aio_pika
import pika


def messages(worker, queue="payments", prefetch=0, **arguments):
    """The bookkeeper's loop, which is not the point here: channel, delivery, properties and text of each message."""
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=prefetch)
        for method, properties, body in channel.consume(queue, inactivity_timeout=0.1, **arguments):
            if worker.stopping:
                break
            if method is not None:
                yield channel, method, properties, body.decode()


def opened(books, key="payment PRIMARY KEY"):
    db = sqlite3.connect(books)
    db.execute(f"CREATE TABLE IF NOT EXISTS processed ({key})")
    return db


def mark(db, key):
    db.execute("INSERT INTO processed VALUES (?)", (key,))


def book(db, properties, euros):
    db.execute("INSERT INTO bookings VALUES (?, ?)", (properties.message_id, euros))


def ack(channel, method):
    channel.basic_ack(method.delivery_tag)


def book_by(worker, books, key):
    """Right but for the key: a function of delivery, properties and body."""
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, key(method, properties, euros))
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


# 1 · right in another way


def unique_bookings(worker, books):
    db = sqlite3.connect(books)
    db.execute("CREATE UNIQUE INDEX IF NOT EXISTS once ON bookings (payment)")
    for channel, method, properties, euros in messages(worker):
        with db:
            db.execute("INSERT OR IGNORE INTO bookings VALUES (?, ?)", (properties.message_id, int(euros)))
        ack(channel, method)


def marks_after_booking_in_wal_mode(worker, books):
    db = opened(books)
    db.execute("PRAGMA journal_mode = WAL")
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                book(db, properties, int(euros))
                mark(db, properties.message_id)
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


async def with_aio_pika(worker, books):
    db = opened(books)
    async with await aio_pika.connect(worker.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=5)
        queue = await channel.get_queue("payments")
        while not worker.stopping:
            message = await queue.get(timeout=1, fail=False)
            if message is None:
                continue
            try:
                with db:
                    mark(db, message.message_id)
                    db.execute("INSERT INTO bookings VALUES (?, ?)", (message.message_id, int(message.body)))
            except sqlite3.IntegrityError:
                pass
            await message.ack()


def begins_exclusively_with_a_column_more(worker, books):
    db = opened(books)
    db.isolation_level = "EXCLUSIVE"
    if len(db.execute("PRAGMA table_info(bookings)").fetchall()) == 2:
        db.execute("ALTER TABLE bookings ADD COLUMN tag")
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                row = (properties.message_id, int(euros), method.delivery_tag)
                db.execute("INSERT INTO bookings VALUES (?, ?, ?)", row)
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


# 1 · wrong


def books_whatever_comes(worker, books):
    db = sqlite3.connect(books)
    for channel, method, properties, euros in messages(worker):
        with db:
            book(db, properties, euros)
        ack(channel, method)


def skips_what_is_redelivered(worker, books):
    db = sqlite3.connect(books)
    done = set()
    for channel, method, properties, euros in messages(worker):
        if not method.redelivered and properties.message_id not in done:
            with db:
                book(db, properties, euros)
            done.add(properties.message_id)
        ack(channel, method)


def remembers_in_memory(worker, books):
    db = sqlite3.connect(books)
    done = set()
    for channel, method, properties, euros in messages(worker):
        if properties.message_id not in done:
            with db:
                book(db, properties, euros)
            done.add(properties.message_id)
        ack(channel, method)


def by_delivery_tag(worker, books):
    book_by(worker, books, lambda method, properties, euros: method.delivery_tag)


def marks_first(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
            with db:
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


def marks_afterwards(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        if not db.execute("SELECT * FROM processed WHERE payment = ?", (properties.message_id,)).fetchone():
            with db:
                book(db, properties, euros)
            with db:
                mark(db, properties.message_id)
        ack(channel, method)


def swallows_the_double(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                book(db, properties, euros)
            ack(channel, method)
        except sqlite3.IntegrityError:
            pass


def gives_the_double_back(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            channel.basic_nack(method.delivery_tag)
        else:
            ack(channel, method)


def throws_the_double_away(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            ack(channel, method)


def dies_of_the_double(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        with db:
            mark(db, properties.message_id)
            book(db, properties, euros)
        ack(channel, method)


def never_commits(worker, books):
    db = sqlite3.connect(books)
    for channel, method, properties, euros in messages(worker):
        if not db.execute("SELECT * FROM bookings WHERE payment = ?", (properties.message_id,)).fetchone():
            book(db, properties, euros)
        ack(channel, method)


def never_rolls_back(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            mark(db, properties.message_id)
            book(db, properties, euros)
            db.commit()
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


def acks_in_finally(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            pass
        finally:
            ack(channel, method)


def acks_all_it_was_given(worker, books):
    acks_by_tag_0(worker, books, prefetch=10)


def acks_by_tag_0(worker, books, prefetch=1):
    db = opened(books)
    for channel, _, properties, euros in messages(worker, prefetch=prefetch):
        try:
            with db:
                mark(db, properties.message_id)
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            pass
        channel.basic_ack(0, multiple=True)


def acks_inside_the_transaction(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                book(db, properties, euros)
                ack(channel, method)
        except sqlite3.IntegrityError:
            ack(channel, method)


def keeps_the_file_locked(worker, books):
    db = opened(books)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


def never_acks(worker, books):
    db = opened(books)
    for _, _, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            pass


def goes_home_when_idle(worker, books):
    db = opened(books)
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        for method, properties, euros in channel.consume("payments", inactivity_timeout=0.1):
            if method is None:
                break
            try:
                with db:
                    mark(db, properties.message_id)
                    book(db, properties, int(euros))
            except sqlite3.IntegrityError:
                pass
            ack(channel, method)


def marks_in_another_file(worker, books):
    db, marks = sqlite3.connect(books), opened(books + ".processed")
    for channel, method, properties, euros in messages(worker):
        if not marks.execute("SELECT * FROM processed WHERE payment = ?", (properties.message_id,)).fetchone():
            with db:
                book(db, properties, euros)
            with marks:
                mark(marks, properties.message_id)
        ack(channel, method)


def books_bytes(worker, books):
    db = sqlite3.connect(books)
    for channel, method, properties, euros in messages(worker):
        with db:
            book(db, properties, euros.encode())
        ack(channel, method)


def remembers_the_last_one(worker, books):
    db = opened(books)
    for channel, method, properties, euros in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                db.execute("DELETE FROM processed WHERE payment != ?", (properties.message_id,))
                book(db, properties, euros)
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


# 2 · right in another way


def split(text):
    customer, euros = text.split()
    return customer, int(euros)


def add(db, text):
    customer, euros = split(text)
    db.execute("UPDATE accounts SET euros = euros + ? WHERE customer = ?", (euros, customer))


def begins_immediately(worker, books):
    db = opened(books)
    db.isolation_level = None
    for channel, method, properties, text in messages(worker, prefetch=1):
        db.execute("BEGIN IMMEDIATE")
        if not db.execute("SELECT * FROM processed WHERE payment = ?", (properties.message_id,)).fetchone():
            customer, euros = split(text)
            (has,) = db.execute("SELECT euros FROM accounts WHERE customer = ?", (customer,)).fetchone()
            db.execute("UPDATE accounts SET euros = ? WHERE customer = ?", (has + euros, customer))
            mark(db, properties.message_id)
        db.execute("COMMIT")
        ack(channel, method)


# 2 · wrong


def credits_whatever_comes(worker, books):
    db = sqlite3.connect(books)
    for channel, method, _, text in messages(worker):
        with db:
            add(db, text)
        ack(channel, method)


def both_look_first(worker, books):
    db = opened(books, "payment")
    for channel, method, properties, text in messages(worker):
        if not db.execute("SELECT * FROM processed WHERE payment = ?", (properties.message_id,)).fetchone():
            with db:
                mark(db, properties.message_id)
                add(db, text)
        ack(channel, method)


def looks_inside_the_transaction(worker, books):
    db = opened(books)
    db.isolation_level = None
    for channel, method, properties, text in messages(worker):
        db.execute("BEGIN")
        if not db.execute("SELECT * FROM processed WHERE payment = ?", (properties.message_id,)).fetchone():
            mark(db, properties.message_id)
            add(db, text)
        db.execute("COMMIT")
        ack(channel, method)


def adds_in_python(worker, books):
    db = opened(books)
    for channel, method, properties, text in messages(worker):
        customer, euros = split(text)
        (has,) = db.execute("SELECT euros FROM accounts WHERE customer = ?", (customer,)).fetchone()
        try:
            with db:
                mark(db, properties.message_id)
                db.execute("UPDATE accounts SET euros = ? WHERE customer = ?", (has + euros, customer))
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


def marks_then_credits(worker, books):
    db = opened(books)
    for channel, method, properties, text in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
            with db:
                add(db, text)
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


def shares_a_set(worker, books):
    db, kind = sqlite3.connect(books), type(worker)
    if "known" not in vars(kind):
        kind.known = set()
    for channel, method, properties, text in messages(worker):
        with db:
            db.execute("UPDATE accounts SET euros = euros")  # one at a time
            if properties.message_id not in kind.known:
                kind.known.add(properties.message_id)
                add(db, text)
        ack(channel, method)


def acks_before_it_credits(worker, books):
    db = opened(books)
    for channel, method, properties, text in messages(worker):
        ack(channel, method)
        try:
            with db:
                mark(db, properties.message_id)
                add(db, text)
        except sqlite3.IntegrityError:
            pass


def keeps_the_other_out(worker, books):
    db = opened(books)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    for channel, method, properties, text in messages(worker):
        try:
            with db:
                mark(db, properties.message_id)
                add(db, text)
        except sqlite3.IntegrityError:
            pass
        ack(channel, method)


def asks_with_get(worker, books):
    db = opened(books)
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        while not worker.stopping:
            method, properties, text = channel.basic_get("payments")
            if method:
                with db:
                    mark(db, properties.message_id)
                    add(db, text.decode())
                ack(channel, method)
            connection.sleep(0.1)


# 3


def write_from(worker, write, arguments=None, prefetch=1, queue="account", **consuming):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        channel.queue_declare(queue, durable=True, arguments=arguments)
        channel.basic_qos(prefetch_count=prefetch)
        for method, _, entry in channel.consume(queue, inactivity_timeout=0.1, **consuming):
            if worker.stopping:
                break
            if method is not None:
                write(entry.decode())
                channel.basic_ack(method.delivery_tag)


ONE_ACTIVE = {"x-queue-type": "quorum", "x-single-active-consumer": True}


def ten_on_the_desk(worker, write):
    write_from(worker, write, ONE_ACTIVE, prefetch=10)


async def aio_pika_in_order(worker, write):
    async with await aio_pika.connect(worker.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1)
        queue = await channel.declare_queue("account", durable=True, arguments=ONE_ACTIVE)

        async def on_entry(entry):
            write(entry.body.decode())
            await entry.ack()

        await queue.consume(on_entry)
        while not worker.stopping:
            await asyncio.sleep(0.05)


def two_at_once(worker, write):
    write_from(worker, write, {"x-queue-type": "quorum"})


def one_active_of_a_classic_queue(worker, write):
    write_from(worker, write, {"x-single-active-consumer": True})


def says_true_as_text(worker, write):
    write_from(worker, write, ONE_ACTIVE | {"x-single-active-consumer": "true"})


def subscribes_exclusively(worker, write):
    write_from(worker, write, {"x-queue-type": "quorum"}, exclusive=True)


def purges_at_its_start(worker, write):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        channel.queue_declare("account", durable=True, arguments=ONE_ACTIVE)
        channel.queue_purge("account")
    write_from(worker, write, ONE_ACTIVE)


def another_queue(worker, write):
    write_from(worker, write, ONE_ACTIVE, queue="accounts")


def acks_before_it_writes(worker, write):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        channel.queue_declare("account", durable=True, arguments=ONE_ACTIVE)
        for method, _, entry in channel.consume("account", inactivity_timeout=0.1):
            if worker.stopping:
                break
            if method is not None:
                channel.basic_ack(method.delivery_tag)
                write(entry.decode())


def never_acks_an_entry(worker, write):
    for _, _, _, entry in entries_of(worker, prefetch=0):
        write(entry)


def entries_of(worker, prefetch):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        connection.channel().queue_declare("account", durable=True, arguments=ONE_ACTIVE)
    yield from messages(worker, "account", prefetch)


def skips_redelivered_entries(worker, write):
    for channel, method, _, entry in entries_of(worker, prefetch=1):
        if not method.redelivered:
            write(entry)
        ack(channel, method)


def two_entries_and_home(worker, write):
    for number, (channel, method, _, entry) in enumerate(entries_of(worker, prefetch=1), start=1):
        write(entry)
        ack(channel, method)
        if number == 2:
            return


ALSO_RIGHT = {
    1: [
        unique_bookings,
        marks_after_booking_in_wal_mode,
        acks_by_tag_0,
        with_aio_pika,
        begins_exclusively_with_a_column_more,
    ],
    2: [begins_immediately],
    3: [ten_on_the_desk, aio_pika_in_order],
}

EXPECTED = {
    1: {
        books_whatever_comes: "`payment 3` is in the books 2 times. The till sent it twice, in two messages",
        skips_what_is_redelivered: "`payment 4` was acknowledged, and is not in the books",
        remembers_in_memory: "to a process that remembers only what is in the file",
        by_delivery_tag: "Your table holds `1`, `2`, `3`: a delivery tag begins at 1 again",
        marks_first: "the mark was committed already, and the effect was not",
        marks_afterwards: "the effect was committed already, and the mark was not",
        swallows_the_double: "acknowledged 3 of 4 messages",
        gives_the_double_back: "over and over: what is booked already is done",
        throws_the_double_away: "rejects messages with `requeue=False`",
        dies_of_the_double: "raised IntegrityError for a payment that came again",
        never_commits: "nothing of what it wrote is committed",
        never_rolls_back: "has a transaction open while it waits for the next message",
        acks_inside_the_transaction: "acknowledged `payment 5` before its transaction was committed",
        acks_in_finally: "`finally` acks whatever happened",
        acks_all_it_was_given: "also what your loop has not seen yet",
        keeps_the_file_locked: "leave out `PRAGMA locking_mode = EXCLUSIVE`",
        never_acks: "acknowledged none of 4 messages",
        goes_home_when_idle: "went home while `worker.stopping` was False",
        marks_in_another_file: "you have written `books.sqlite.processed` beside the books",
        books_bytes: "is booked with `b'20'`, and should be with 20",
        remembers_the_last_one: "The till sent it again much later, to another process",
    },
    2: {
        credits_whatever_comes: "no table of yours says that it was done",
        both_look_first: "both looked, neither found it, both credited it",
        looks_inside_the_transaction: "raised OperationalError, database is locked",
        adds_in_python: "both read the same balance",
        marks_then_credits: "the mark was committed already, and the effect was not",
        acks_before_it_credits: "`payment 1` before its transaction was committed",
        keeps_the_other_out: "leave out `PRAGMA locking_mode = EXCLUSIVE`",
        shares_a_set: "that is `payment 1` once more",
        asks_with_get: "0 subscribed",
    },
    3: {
        two_at_once: "both workers were given entries at the same time",
        one_active_of_a_classic_queue: "`account` is a classic queue",
        says_true_as_text: "takes no value of that type (406)",
        subscribes_exclusively: "though `subscribes_exclusively` subscribes with `exclusive=True`",
        purges_at_its_start: "a worker purges `account` when it starts",
        another_queue: "there is no queue `account`",
        acks_before_it_writes: "`acks_before_it_writes` acknowledges before the work is done",
        never_acks_an_entry: "had acknowledged 0 of the entries before",
        skips_redelivered_entries: "came back marked `redelivered`",
        two_entries_and_home: "went home while `worker.stopping` was False",
    },
}
