"""What learners write in lab 07, and what the check must say to it: no two of one exercise get the same words."""

import asyncio

import aio_pika
import pika


async def opened(url, at_once, connect=aio_pika.connect, **options):
    connection = await connect(url, **options)
    channel = await connection.channel()
    if at_once:
        await channel.set_qos(prefetch_count=at_once)
    return connection, await channel.get_queue("invoices")


def rendering(render, **how):
    """The callback of the solution, which is not the point here."""

    async def on_invoice(message):
        async with message.process(**how):
            await asyncio.to_thread(render, message.body.decode())

    return on_invoice


async def until_told(worker):
    while not worker.stopping:
        await asyncio.sleep(0.05)


async def worked(worker, callback, at_once, **consume):
    """The whole of the solution of exercise 1 around a callback."""
    connection, invoices = await opened(worker.url, at_once)
    await invoices.consume(callback, **consume)
    await until_told(worker)
    await connection.close()


# exercise 1


async def blocks(worker, render, at_once):
    async def on_invoice(message):
        async with message.process():
            render(message.body.decode())

    await worked(worker, on_invoice, at_once)


async def no_prefetch(worker, render, at_once):
    limit = asyncio.Semaphore(at_once)

    async def on_invoice(message):
        async with limit, message.process():
            await asyncio.to_thread(render, message.body.decode())

    await worked(worker, on_invoice, None)


async def unbounded_gather(worker, render, at_once):
    connection, invoices = await opened(worker.url, None)
    messages = []
    while message := await invoices.get(fail=False):
        messages.append(message)
    callback = rendering(render)
    await asyncio.gather(*(callback(message) for message in messages))
    await until_told(worker)
    await connection.close()


async def prefetch_too_late(worker, render, at_once):
    connection = await aio_pika.connect(worker.url)
    channel = await connection.channel()
    await (await channel.get_queue("invoices")).consume(rendering(render))
    await channel.set_qos(prefetch_count=at_once)
    await until_told(worker)
    await connection.close()


async def prefetch_on_another_channel(worker, render, at_once):
    connection, invoices = await opened(worker.url, None)
    await (await connection.channel()).set_qos(prefetch_count=at_once)
    await invoices.consume(rendering(render))
    await until_told(worker)
    await connection.close()


async def four_whatever_is_allowed(worker, render, at_once):
    await worked(worker, rendering(render), 4)


async def one_at_a_time(worker, render, at_once):
    await worked(worker, rendering(render), 1)


async def forgets_to_await(worker, render, at_once):
    async def on_invoice(message):
        async with message.process():
            asyncio.to_thread(render, message.body.decode())

    await worked(worker, on_invoice, at_once)


async def a_task_for_each(worker, render, at_once):
    async def on_invoice(message):
        async with message.process():
            task = asyncio.create_task(asyncio.to_thread(render, message.body.decode()))
            task.add_done_callback(lambda _: None)

    await worked(worker, on_invoice, at_once)


async def no_ack(worker, render, at_once):
    async def on_invoice(message):
        await asyncio.to_thread(render, message.body.decode())

    await worked(worker, on_invoice, at_once, no_ack=True)


async def never_acks(worker, render, at_once):
    async def on_invoice(message):
        await asyncio.to_thread(render, message.body.decode())

    await worked(worker, on_invoice, at_once)


async def bytes_without_a_word(worker, render, at_once):
    async def on_invoice(message):
        async with message.process():
            await asyncio.to_thread(render, message.body)

    await worked(worker, on_invoice, at_once)


async def a_mistake_in_the_callback(worker, render, at_once):
    async def on_invoice(message):
        async with message.process():
            await asyncio.to_thread(render, message.text)

    await worked(worker, on_invoice, at_once)


async def returns_at_once(worker, render, at_once):
    connection, invoices = await opened(worker.url, at_once)
    await invoices.consume(rendering(render))
    await connection.close()


async def sleeps_with_the_loop_still(worker, render, at_once):
    import time

    connection, invoices = await opened(worker.url, at_once)
    await invoices.consume(rendering(render))
    while not worker.stopping:
        time.sleep(0.05)
    await connection.close()


async def two_consumers(worker, render, at_once):
    connection, invoices = await opened(worker.url, at_once)
    await invoices.consume(rendering(render))
    await invoices.consume(rendering(render))
    await until_told(worker)
    await connection.close()


async def a_lock_around_the_call(worker, render, at_once):
    lock = asyncio.Lock()

    async def on_invoice(message):
        async with lock, message.process():
            await asyncio.to_thread(render, message.body.decode())

    await worked(worker, on_invoice, at_once)


async def gathers_in_batches(worker, render, at_once):
    connection, invoices = await opened(worker.url, at_once)
    while not worker.stopping:
        batch = [message for _ in range(at_once) if (message := await invoices.get(fail=False))]
        await asyncio.gather(*map(rendering(render), batch))
        await asyncio.sleep(0.02)
    await connection.close()


async def first_calls_begun(worker, render, at_once):
    """A connection with a consumer whose first calls are going on."""
    begun = []

    async def on_invoice(message):
        begun.append(message)
        async with message.process(requeue=True):
            await asyncio.to_thread(render, message.body.decode())

    connection, invoices = await opened(worker.url, at_once)
    await invoices.consume(on_invoice)
    while len(begun) < at_once:
        await asyncio.sleep(0.01)
    return connection


async def a_mistake_after_the_first_calls(worker, render, at_once):
    async with await first_calls_begun(worker, render, at_once):
        while not worker.is_stopping:
            await asyncio.sleep(0.05)


async def never_looks_up(worker, render, at_once):
    await first_calls_begun(worker, render, at_once)
    await asyncio.Future()


async def leaves_it_open(worker, render, at_once):
    await first_calls_begun(worker, render, at_once)
    await until_told(worker)


# exercise 2


async def told(worker, render, at_once, end, how=None):
    """A worker as far as the moment it is told to stop; `end` is what it does then."""
    busy = set()

    async def on_invoice(message):
        task = asyncio.current_task()
        busy.add(task)
        task.add_done_callback(busy.discard)
        async with message.process(**(how or {})):
            await asyncio.to_thread(render, message.body.decode())

    connection, invoices = await opened(worker.url, at_once)
    tag = await invoices.consume(on_invoice)
    await until_told(worker)
    await end(connection, invoices, tag, busy)


async def closes_at_once(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await connection.close()

    await told(worker, render, at_once, end)


async def sleeps_for_a_while(worker, render, at_once):
    connection = await first_calls_begun(worker, render, at_once)
    await asyncio.sleep(0.2)
    await connection.close()


async def hopes_for_a_second(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await invoices.cancel(tag)
        await asyncio.sleep(1)
        await connection.close()

    await told(worker, render, at_once, end)


async def cancels_another_tag(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await invoices.cancel("invoices")
        idle = 0
        while idle < 6:
            await asyncio.sleep(0.05)
            idle = 0 if busy else idle + 1
        await connection.close()

    await told(worker, render, at_once, end)


async def closes_the_channel(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await invoices.channel.close()
        while busy:
            await asyncio.sleep(0.05)
        await connection.close()

    await told(worker, render, at_once, end, {"requeue": True})


async def a_mistake_when_told(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        async with connection:
            await invoices.cancel(tag.name)

    await told(worker, render, at_once, end)


async def drains_without_cancel(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        idle = 0
        while idle < 6:  # looks: the next invoices are on their way when the last ones are done
            await asyncio.sleep(0.05)
            idle = 0 if busy else idle + 1
        await connection.close()

    await told(worker, render, at_once, end)


async def waits_for_those_of_the_moment(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await asyncio.gather(*busy)
        await invoices.cancel(tag)
        await connection.close()

    await told(worker, render, at_once, end)


async def cancels_the_tasks(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await invoices.cancel(tag)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        await connection.close()

    await told(worker, render, at_once, end)


async def cancels_the_tasks_and_gives_back(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await invoices.cancel(tag)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        await connection.close()

    await told(worker, render, at_once, end, {"requeue": True})


async def never_goes_home(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await invoices.cancel(tag)
        await asyncio.Future()

    await told(worker, render, at_once, end)


# exercise 3


async def through(worker, callback, at_once, **options):
    connection, invoices = await opened(worker.url, at_once, aio_pika.connect_robust, **options)
    await invoices.consume(callback)
    await until_told(worker)
    await connection.close()


async def plain_connect(worker, render, at_once):
    await worked(worker, rendering(render, requeue=True), at_once)


async def loops_until_it_breaks(worker, render, at_once):
    connection, invoices = await opened(worker.url, at_once)
    callback, busy = rendering(render), set()
    async with invoices.iterator() as messages:
        async for message in messages:
            task = asyncio.create_task(callback(message))
            busy.add(task)
            task.add_done_callback(busy.discard)


async def broken(connection, worker):
    """Return when the connection is gone, or the worker is told to stop."""
    gone = asyncio.Event()
    connection.close_callbacks.add(lambda *_: gone.set())
    while not worker.stopping and not gone.is_set():
        await asyncio.sleep(0.05)


async def connects_again_without_a_limit(worker, render, at_once):
    limit = at_once
    while not worker.stopping:
        connection, invoices = await opened(worker.url, limit)
        limit = None
        await invoices.consume(rendering(render))
        await broken(connection, worker)
        await connection.close()


async def connects_again_and_no_more(worker, render, at_once):
    connection, invoices = await opened(worker.url, at_once)
    await invoices.consume(rendering(render))
    await broken(connection, worker)
    connection, invoices = await opened(worker.url, at_once)
    await until_told(worker)
    await connection.close()


async def never_acks_after_the_break(worker, render, at_once):
    async def on_invoice(message):
        await asyncio.to_thread(render, message.body.decode())
        if not message.redelivered:
            await message.ack()

    await through(worker, on_invoice, at_once, reconnect_interval=0.5)


async def takes_redelivered_for_done(worker, render, at_once):
    async def on_invoice(message):
        async with message.process(requeue=True):
            if not message.redelivered:
                await asyncio.to_thread(render, message.body.decode())

    await through(worker, on_invoice, at_once, reconnect_interval=0.5)


# right, and not like the solution


async def a_semaphore_too(worker, render, at_once):
    limit = asyncio.Semaphore(at_once)

    async def on_invoice(message):
        async with limit:
            await asyncio.to_thread(render, message.body.decode())
            await message.ack()

    await worked(worker, on_invoice, at_once)


async def tasks_of_a_loop(worker, render, at_once):
    connection, invoices = await opened(worker.url, at_once)
    callback = rendering(render)

    async def loop():
        async with asyncio.TaskGroup() as tasks, invoices.iterator() as messages:
            async for message in messages:
                tasks.create_task(callback(message))

    running = asyncio.create_task(loop())
    await until_told(worker)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await connection.close()


def pika_in_threads(worker, render, at_once):
    from concurrent.futures import ThreadPoolExecutor

    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection, ThreadPoolExecutor(at_once) as pool:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=at_once)

        def call(tag, body):
            render(body.decode())
            connection.add_callback_threadsafe(lambda: channel.basic_ack(tag))

        for method, _, body in channel.consume("invoices", inactivity_timeout=0.05):
            if worker.stopping:
                break
            if method:
                pool.submit(call, method.delivery_tag, body)


async def counts_and_waits(worker, render, at_once):
    going = [0]

    async def on_invoice(message):
        going[0] += 1
        try:
            await asyncio.to_thread(render, message.body.decode())
            await message.ack()
        finally:
            going[0] -= 1

    async with await aio_pika.connect_robust(worker.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(at_once)
        invoices = await channel.declare_queue("invoices", durable=True)
        tag = await invoices.consume(on_invoice)
        await until_told(worker)
        await invoices.cancel(tag)
        while going[0]:
            await asyncio.sleep(0.01)


async def gathers_at_the_end(worker, render, at_once):
    async def end(connection, invoices, tag, busy):
        await invoices.cancel(tag)
        await asyncio.gather(*busy)
        await connection.close()

    await told(worker, render, at_once, end)


async def connects_again_itself(worker, render, at_once):
    while not worker.stopping:
        connection, invoices = await opened(worker.url, at_once)
        await invoices.consume(rendering(render, requeue=True))
        await broken(connection, worker)
        await connection.close()


ALSO_RIGHT = {
    1: [a_semaphore_too, tasks_of_a_loop, pika_in_threads],
    2: [counts_and_waits, gathers_at_the_end],
    3: [connects_again_itself],
}

EXPECTED = {
    1: {
        blocks: "3 invoices were handed out, and 1 call was going on: `render` blocks",
        no_prefetch: "say how many with `await channel.set_qos(prefetch_count=at_once)`",
        unbounded_gather: "`get` takes whatever there is",
        prefetch_too_late: "`set_qos` came after `consume`",
        prefetch_on_another_channel: "`set_qos` was said on another channel",
        four_whatever_is_allowed: "the prefetch is 4, and not `at_once`",
        one_at_a_time: "1 call was going on and 3 are allowed",
        forgets_to_await: "acknowledges, and never calls `render`",
        a_task_for_each: "acknowledges before the call has ended",
        no_ack: "takes invoices with `no_ack=True`",
        never_acks: "none was acknowledged: a worker gets the next invoice for the ack of each single one",
        bytes_without_a_word: "swallowed what `render` raised",
        a_mistake_in_the_callback: "is cancelled. The callback raised AttributeError: 'IncomingMessage' object has no",
        returns_at_once: "returned while `worker.stopping` was False: `consume` returns at once, so stay. Look",
        two_consumers: "it consumes 2 times, and each consumer has the prefetch for itself",
        a_lock_around_the_call: "in a thread as it should be: what made the others wait? A lock",
        gathers_in_batches: "still being rendered, and no other began: who waits for a whole batch",
        a_mistake_after_the_first_calls: "raised AttributeError at",
        never_looks_up: "s after `worker.stopping` was True and its last call had ended",
        leaves_it_open: "returned and left its connection open",
        sleeps_with_the_loop_still: "does something block the loop, such as `time.sleep`?",
    },
    2: {
        closes_at_once: "`closes_at_once` closed its connection with 3 calls going on",
        sleeps_for_a_while: "returned while `worker.stopping` was False",
        hopes_for_a_second: "cancelled its consumer and then closed its connection with 3 calls going on",
        cancels_another_tag: "no consumer has the tag `invoices` that was cancelled. It is what `consume` returned",
        closes_the_channel: "`closes_the_channel` closed its channel with 3 calls going on",
        a_mistake_when_told: "`a_mistake_when_told` raised AttributeError",
        drains_without_cancel: "9 more invoices were begun after `worker.stopping` was True: `await queue.cancel(tag)`",
        waits_for_those_of_the_moment: "cancel the consumer first, and wait then",
        cancels_the_tasks: "threw an invoice away: `message.process()` rejects what it holds",
        cancels_the_tasks_and_gives_back: "cancels its callbacks, which gives the invoices back",
        never_goes_home: "had not returned 0.6 s after `worker.stopping` was True and its last call had ended",
    },
    3: {
        plain_connect: "`connect` never comes back by itself",
        loops_until_it_breaks: "returned when the network broke",
        connects_again_without_a_limit: "it connected again, and did not say `set_qos` again",
        connects_again_and_no_more: "it has connected, and no more",
        never_acks_after_the_break: "3 of 3 invoices stayed in the queue: 3 are unacknowledged",
        takes_redelivered_for_done: "`redelivered` means that it was sent before, not that the work was done",
    },
}
