"""What learners write in lab 16, and what the check must say to it: no two of one exercise get the same words."""

# ruff: noqa: N801, ARG002  an answer is named like a function, also where a class is the shorter way to write it

import sqlite3
import threading
import time
from collections import deque
from pathlib import Path

import pika

# exercise 1


def guard(call, rest, clock, limit=3):
    """The solution."""
    failures, until = 0, 0

    def guarded(payment):
        nonlocal failures, until
        if failures >= limit:
            if clock() < until:
                raise ConnectionRefusedError("open")
            until = float("inf")
        try:
            receipt = call(payment)
        except OSError:
            failures += 1
            until = clock() + rest
            raise
        except Exception:
            failures = 0
            raise
        failures = 0
        return receipt

    return guarded


class Breaker:
    """One with names for its states, to be got wrong in one place each."""

    counted, answered = OSError, ValueError

    def __init__(self, call, rest, clock):
        self.call, self.rest, self.clock = call, rest, clock
        self.state, self.failures, self.until = "closed", 0, 0

    def opens(self):
        self.state, self.until = "open", self.clock() + self.rest

    def refuse(self):
        raise ConnectionRefusedError("open")

    def failed(self):
        self.failures += 1
        if self.state == "half-open" or self.failures >= 3:
            self.opens()

    def worked(self):
        self.state, self.failures = "closed", 0

    def rested(self):
        return self.clock() >= self.until

    def __call__(self, payment):
        if self.state == "half-open" or (self.state == "open" and not self.rested()):
            return self.refuse()
        if self.state == "open":
            self.state = "half-open"
        try:
            receipt = self.call(payment)
        except self.counted:
            self.failed()
            raise
        except self.answered:
            self.worked()
            raise
        self.worked()
        return receipt


def opens_on_one_error(call, rest, clock):
    return guard(call, rest, clock, limit=1)


class never_half_opens(Breaker):
    def rested(self):
        return self.clock() < 0


class tries_three_times_in_half_open(Breaker):
    def __call__(self, payment):
        if self.state == "open" and self.rested():
            self.state, self.failures = "closed", 0
        return super().__call__(payment)


class rests_from_when_the_call_began(Breaker):
    def __call__(self, payment):
        self.began = self.clock()
        return super().__call__(payment)

    def opens(self):
        self.state, self.until = "open", self.began + self.rest


class counts_no_refusal_of_the_bank(Breaker):
    """It takes the bank's own refusal for one of the breaker's."""

    def __call__(self, payment):
        before = self.failures, self.state, self.until
        try:
            return super().__call__(payment)
        except ConnectionRefusedError:
            self.failures, self.state, self.until = before
            raise


class stays_half_open_for_unreadable_ones(Breaker):
    answered = ()


def refuses_while_another_is_there(call, rest, clock):
    breaker, lock = Breaker(call, rest, clock), threading.Lock()

    def guarded(payment):
        if not lock.acquire(blocking=False):
            raise ConnectionRefusedError
        try:
            return breaker(payment)
        finally:
            lock.release()

    return guarded


def counts_for_all(call, rest, clock, failed=[]):  # noqa: B006  that is the mistake
    def guarded(payment):
        if len(failed) >= 3 and clock() < failed[-1] + rest:
            raise ConnectionRefusedError
        try:
            receipt = call(payment)
        except OSError:
            failed.append(clock())
            raise
        except ValueError:
            failed.clear()
            raise
        failed.clear()
        return receipt

    return guarded


def lets_everybody_probe(call, rest, clock):
    breaker = Breaker(call, rest, clock)

    def guarded(payment):
        if breaker.state == "half-open":
            return call(payment)
        return breaker(payment)

    return guarded


def counts_unreadable_payments(call, rest, clock):
    failures, until = 0, 0

    def guarded(payment):
        nonlocal failures, until
        if failures >= 3 and clock() < until:
            raise ConnectionRefusedError
        try:
            receipt = call(payment)
        except Exception:
            failures, until = failures + 1, clock() + rest
            raise
        failures = 0
        return receipt

    return guarded


class with_names_for_its_states(Breaker):
    pass


# exercise 2


def opened(url):
    return pika.BlockingConnection(pika.URLParameters(url)).channel()


class Cashier:
    """The solution as a class, to be got wrong in one place each."""

    prefetch = 1

    def __init__(self, worker, charge, limit=3, rest=0.2):
        self.worker, self.hand, self.tag = worker, [], None
        self.guarded = guard(charge, rest, time.monotonic, limit)
        self.channel = opened(worker.url)
        self.channel.basic_qos(prefetch_count=self.prefetch)
        self.subscribe()
        self.works()

    def subscribe(self):
        self.tag = self.channel.basic_consume("payments", lambda *delivery: self.hand.append(delivery))

    def works(self):
        while not self.worker.stopping:
            self.channel.connection.process_data_events(0.01)
            if not self.hand:
                continue
            _, method, _, payment = self.hand[0]
            try:
                self.guarded(payment.decode())
            except ConnectionRefusedError:
                self.refused(method.delivery_tag)
            except OSError:
                self.failed(method.delivery_tag)
            else:
                self.charged(method.delivery_tag)

    def charged(self, tag):
        self.channel.basic_ack(tag)
        self.hand.pop(0)
        if not self.tag:
            self.subscribe()

    def refused(self, tag):
        if self.tag:
            self.channel.basic_cancel(self.tag)
            self.tag = None

    def failed(self, tag):
        pass


class takes_all_at_once(Cashier):
    prefetch = 0


class acks_while_open(Cashier):
    def refused(self, tag):
        self.channel.basic_ack(tag)
        self.hand.clear()


def tries_three_times_inside(worker, charge):
    def three_times(payment):
        for attempt in (1, 2, 3):
            try:
                charge(payment)
                break
            except OSError:
                if attempt == 3:
                    raise

    Cashier(worker, three_times)


class gives_back_when_refused(Cashier):
    def refused(self, tag):
        self.channel.basic_reject(tag, requeue=True)
        self.hand.clear()


class stays_subscribed(Cashier):
    def refused(self, tag):
        pass


def rests_too_long(worker, charge):
    Cashier(worker, charge, rest=0.8)


class cannot_be_stopped_in_a_pause(Cashier):
    def refused(self, tag):
        super().refused(tag)
        while True:
            try:
                self.guarded(self.hand[0][-1].decode())
            except OSError:
                time.sleep(0.01)
            else:
                return self.charged(tag)


class acks_when_it_goes(Cashier):
    def works(self):
        super().works()
        if self.hand:
            self.channel.basic_ack(self.hand[0][1].delivery_tag)
            self.channel.connection.close()


class gives_back_for_each_rest(Cashier):
    def refused(self, tag):
        super().refused(tag)
        self.channel.basic_reject(tag, requeue=True)
        self.hand.clear()
        self.channel.connection.sleep(0.21)
        self.subscribe()


class never_subscribes_again(Cashier):
    def charged(self, tag):
        self.channel.basic_ack(tag)
        self.hand.clear()


class closes_its_channel_meanwhile(Cashier):
    """Closing gives back what failed, and the probe comes on a new channel."""

    def refused(self, tag):
        connection = self.channel.connection
        self.channel.close()
        connection.sleep(0.21)
        self.channel = connection.channel()
        self.channel.basic_qos(prefetch_count=1)
        self.hand.clear()
        self.subscribe()


def by_the_generator(worker, charge):
    guarded = guard(charge, 0.2, time.monotonic)
    channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    while not worker.stopping:
        for method, _, payment in channel.consume("payments", inactivity_timeout=0.1):
            while method and not worker.stopping:
                try:
                    guarded(payment.decode())
                    channel.basic_ack(method.delivery_tag)
                    break
                except ConnectionRefusedError:
                    channel.cancel()
                    channel.connection.sleep(0.05)
                except OSError:
                    pass
            if worker.stopping:
                break


# exercise 3


def function(till):
    """The class as a function: what it makes cannot leave its process."""

    def run(url, orders, spill):
        till(url, orders, spill)

    run.__name__ = till.__name__
    return run


class Till:
    """The solution as a class, to be got wrong in one place each."""

    def __init__(self, url, orders, spill, limit=3, rest=0.2):
        self.opens(spill)
        self.channel = opened(url)
        self.channel.confirm_delivery()
        self.publish = guard(self.send, rest, time.monotonic, limit)
        for order in orders:
            self.take(order)
        self.channel.connection.close()

    def opens(self, spill):
        self.file = sqlite3.connect(spill, isolation_level=None)
        self.file.execute("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, text TEXT)")

    def send(self, order):
        try:
            self.channel.basic_publish("", "orders", order, mandatory=True)
        except pika.exceptions.NackError as refusal:
            raise OSError("full") from refusal

    def keep(self, order):
        self.file.execute("INSERT INTO orders (text) VALUES (?)", [order])

    def waiting(self):
        return self.file.execute("SELECT number, text FROM orders ORDER BY number").fetchall()

    def drop(self, number):
        self.file.execute("DELETE FROM orders WHERE number = ?", [number])

    def take(self, order):
        self.keep(order)
        self.replay()

    def replay(self):
        for number, order in self.waiting():
            try:
                self.publish(order)
            except OSError:
                return
            self.drop(number)


@function
class keeps_them_in_memory(Till):
    def opens(self, spill):
        super().opens(":memory:")


@function
class overtakes(Till):
    def take(self, order):
        try:
            self.publish(order)
        except OSError:
            self.keep(order)
        self.replay()


@function
class never_deletes(Till):
    def drop(self, number):
        pass


def rests_too_short_a_time(url, orders, spill):
    Till(url, orders, spill, rest=0.02)


@function
class waits_for_the_warehouse(Till):
    def take(self, order):
        while True:
            try:
                self.publish(order)
                break
            except OSError:
                time.sleep(0.05)


@function
class sleeps_when_refused(Till):
    def take(self, order):
        super().take(order)
        if self.waiting():
            time.sleep(0.2)


@function
class forgets_to_commit(Till):
    def opens(self, spill):
        super().opens(spill)
        self.file.isolation_level = "DEFERRED"


@function
class asks_for_nothing_back(Till):
    def send(self, order):
        try:
            self.channel.basic_publish("", "orders", order)
        except pika.exceptions.NackError as refusal:
            raise OSError("full") from refusal


@function
class leaves_the_rest_in_the_spill(Till):
    def replay(self):
        if self.waiting():
            number, order = self.waiting()[0]
            try:
                self.publish(order)
            except OSError:
                return
            self.drop(number)


@function
class in_a_text_file(Till):
    """One line for each order, and the file is written anew when the oldest has gone."""

    def opens(self, spill):
        self.path = Path(spill)
        kept = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        self.queue = deque(kept.splitlines())

    def write(self):
        self.path.write_text("".join(f"{order}\n" for order in self.queue), encoding="utf-8")

    def take(self, order):
        self.queue.append(order)
        self.write()
        while self.queue:
            try:
                self.publish(self.queue[0])
            except OSError:
                return
            self.queue.popleft()
            self.write()


@function
class only_spills_when_it_must(Till):
    def take(self, order):
        self.replay()
        if not self.waiting():
            try:
                self.publish(order)
            except OSError:
                self.keep(order)
        else:
            self.keep(order)


ALSO_RIGHT = {
    1: [with_names_for_its_states],
    2: [closes_its_channel_meanwhile, by_the_generator],
    3: [in_a_text_file, only_spills_when_it_must],
}

EXPECTED = {
    1: {
        opens_on_one_error: "after 1 failure a call was refused",
        never_half_opens: "the rest of 10 s is over, and no call goes through",
        tries_three_times_in_half_open: "a probe failed, and at once another call went through",
        rests_from_when_the_call_began: "3 calls in a row failed (the last after 4 s), and 7 s later another call",
        counts_no_refusal_of_the_bank: "each of them is an OSError that came from the bank",
        stays_half_open_for_unreadable_ones: "the probe raised ValueError, so the bank has answered",
        refuses_while_another_is_there: "the breaker was closed, a second caller came",
        counts_for_all: "the first call of a new breaker was refused",
        lets_everybody_probe: "went through, too: half-open is for one call",
        counts_unreadable_payments: "3 unreadable payments opened the breaker",
    },
    2: {
        takes_all_at_once: "0 of 7 payments are in `payments`, and the others in the hands of",
        acks_while_open: "acks a payment while the breaker is open",
        tries_three_times_inside: "tried it again with the payment in its hands (`payment 4`)",
        gives_back_when_refused: "given back while the breaker is open, it comes again at once",
        stays_subscribed: "stays subscribed while the breaker is open",
        rests_too_long: "the bank was called again 0.8 s after a failure and not sooner",
        cannot_be_stopped_in_a_pause: "`worker.stopping` became True while the breaker was open",
        acks_when_it_goes: "and `payment 11`, which nobody had charged, is gone",
        gives_back_for_each_rest: "with `basic_reject` while the bank was away: each counts",
        never_subscribes_again: "who subscribes again when the probe has worked?",
    },
    3: {
        keeps_them_in_memory: "the file `spill` is not there: killed now, the till has lost them",
        overtakes: "`order 2` was sent while `order 1` was still waiting",
        never_deletes: "`order 1` was sent again although the broker had confirmed it",
        rests_too_short_a_time: "the queue had refused 3 times in a row, and `rests_too_short_a_time` tried again",
        waits_for_the_warehouse: "then for no more while the queue was full: customers don't wait",
        sleeps_when_refused: "took 0.2 s for each order before it asked for the next",
        forgets_to_commit: "a till was killed while orders waited, and the next one began with `order 8`",
        asks_for_nothing_back: "publishes without `mandatory=True`",
        leaves_the_rest_in_the_spill: "were not sent, the first of them `order",
    },
}
