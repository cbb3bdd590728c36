"""What learners write in lab 17, and what the check must say to it: no two of one exercise get the same words."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pika


def between(number, least=1, most=8):
    return min(max(number, least), most)


def backlog(seen):
    return math.ceil((seen.ready + seen.unacked) / 10)


def right(seen):
    number = backlog(seen)
    return between(max(number, seen.packers + 1) if seen.age > 2 else number)


# exercise 1


def by_unacked_alone(seen):
    return between(max(math.ceil(seen.unacked / 10), seen.packers + 1 if seen.age > 2 else 0))


def by_ready_alone(seen):
    return between(max(math.ceil(seen.ready / 10), seen.packers + 1 if seen.age > 2 else 0))


def without_a_limit(seen):
    return max(1, backlog(seen))


def deaf_to_the_age(seen):
    return between(backlog(seen))


def age_instead_of_backlog(seen):
    return between(seen.packers + 1 if seen.age > 2 else backlog(seen))


def old_at_two_seconds(seen):
    return between(max(backlog(seen), seen.packers + 1 if seen.age >= 2 else 0))


def in_parts(seen):
    return float(right(seen))


def prints_it(seen):
    print(right(seen))


def by_integers(seen):
    number = -(-(seen.ready + seen.unacked) // 10)
    if seen.age > 2 and number <= seen.packers:
        number = seen.packers + 1
    return 1 if number < 1 else min(number, 8)


def by_whole_numbers_of_numpy(seen):
    return np.clip(np.int64(right(seen)), 1, 8)


# exercise 2


def opened(worker, prefetch=5):
    connection = pika.BlockingConnection(pika.URLParameters(worker.url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=prefetch)
    return channel


def looks_before_the_ack(worker, pack):
    channel = opened(worker)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
        if method is not None:
            pack(body.decode())
        if worker.stopping:
            break
        if method is not None:
            channel.basic_ack(method.delivery_tag)
    channel.connection.close()


def works_for_ever(worker, pack):
    channel = opened(worker)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
        if method is not None:
            pack(body.decode())
            channel.basic_ack(method.delivery_tag)


def acks_the_whole_desk(worker, pack):
    channel = opened(worker)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
        if method is not None:
            pack(body.decode())
            channel.basic_ack(0 if worker.stopping else method.delivery_tag, multiple=worker.stopping)
        if worker.stopping:
            break
    channel.connection.close()


def one_at_a_time(worker, pack):
    channel = opened(worker, prefetch=1)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
        if method is not None:
            pack(body.decode())
            channel.basic_ack(method.delivery_tag)
        if worker.stopping:
            break


def fetches(worker, pack):
    channel = opened(worker)
    while not worker.stopping:
        method, _, body = channel.basic_get("orders")
        if method is not None:
            pack(body.decode())
            channel.basic_ack(method.delivery_tag)


def five_hands(worker, pack):
    channel, at_work = opened(worker), []
    with ThreadPoolExecutor(5) as hands:
        for method, _, body in channel.consume("orders", inactivity_timeout=0.05):
            if method is not None:
                at_work.append((hands.submit(pack, body.decode()), method.delivery_tag))
            for packing, tag in [one for one in at_work if one[0].done()]:
                channel.basic_ack(tag)
                at_work.remove((packing, tag))
            if worker.stopping:
                break


def throws_away(worker, pack):
    channel = opened(worker)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.05):
        if worker.stopping:
            if method is None:
                break
            channel.basic_nack(method.delivery_tag, requeue=False)
        elif method is not None:
            pack(body.decode())
            channel.basic_ack(method.delivery_tag)


def gives_back_and_gets_again(worker, pack):
    channel = opened(worker)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.05):
        if worker.stopping:
            if method is None:
                break
            channel.basic_nack(method.delivery_tag)
        elif method is not None:
            pack(body.decode())
            channel.basic_ack(method.delivery_tag)


def one_ack_behind(worker, pack):
    channel, last = opened(worker), None
    for method, _, body in channel.consume("orders", inactivity_timeout=0.05):
        if method is not None:
            pack(body.decode())
            if last is not None:
                channel.basic_ack(last)
            last = method.delivery_tag
        if worker.stopping:
            break


def asleep_in_silence(worker, pack):
    channel = opened(worker)
    for method, _, body in channel.consume("orders"):
        pack(body.decode())
        channel.basic_ack(method.delivery_tag)
        if worker.stopping:
            break
    channel.connection.close()


def home_when_empty(worker, pack):
    channel = opened(worker)
    for method, _, body in channel.consume("orders", inactivity_timeout=0.1):
        if method is None:
            break
        pack(body.decode())
        channel.basic_ack(method.delivery_tag)
        if worker.stopping:
            break
    channel.connection.close()


def with_callbacks(worker, pack):
    channel = opened(worker)

    def on_order(channel, method, properties, body):
        if not worker.stopping:
            pack(body.decode())
            channel.basic_ack(method.delivery_tag)

    tag = channel.basic_consume("orders", on_order)
    while not worker.stopping:
        channel.connection.process_data_events(0.1)
    channel.basic_cancel(tag)
    channel.connection.close()


def closes_without_a_cancel(worker, pack):
    with pika.BlockingConnection(pika.URLParameters(worker.url)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=5)
        for method, _, body in channel.consume("orders", inactivity_timeout=0.05):
            if worker.stopping:
                return
            if method is not None:
                pack(body.decode())
                channel.basic_ack(method.delivery_tag)


# exercise 3


def run(floor, rule, cool_down=30, home="send_home"):
    wishes = []
    while (seen := floor.look()) is not None:
        wishes.append((seen.time, rule(seen)))
        wish = max(number for at, number in wishes if at >= seen.time - cool_down)
        for _ in range(seen.packers, wish):
            floor.hire()
        for _ in range(wish, seen.packers):
            getattr(floor, home)()


def unacked_only(floor):
    run(floor, lambda seen: between(math.ceil(seen.unacked / 10)))


def ready_only(floor):
    run(floor, lambda seen: between(math.ceil(seen.ready / 10)), cool_down=15)


def kills(floor):
    run(floor, right, home="kill")


def no_cool_down(floor):
    run(floor, right, cool_down=0)


def cool_down_for_hiring_too(floor):
    last = 0
    while (seen := floor.look()) is not None:
        if seen.time - last >= 30 and right(seen) != seen.packers:
            last = seen.time
            for _ in range(seen.packers, right(seen)):
                floor.hire()
            for _ in range(right(seen), seen.packers):
                floor.send_home()


def nobody_goes_home(floor):
    while (seen := floor.look()) is not None:
        for _ in range(seen.packers, right(seen)):
            floor.hire()


def too_long_a_cool_down(floor):
    run(floor, right, cool_down=75)


def sends_all_home(floor):
    floor.send_home()
    while floor.look() is not None:
        pass


def does_not_look(floor):
    while True:
        floor.hire()


def one_at_a_time_home(floor):
    calm = 0
    while (seen := floor.look()) is not None:
        wish = right(seen)
        calm = calm + 1 if wish < seen.packers else 0
        for _ in range(seen.packers, wish):
            floor.hire()
        if calm > 25:
            floor.send_home()


def counts_down(floor):
    hold = wish = 0
    while (seen := floor.look()) is not None:
        if right(seen) >= wish:
            wish, hold = right(seen), seen.time
        elif seen.time - hold > 30:
            wish = right(seen)
        while seen.packers < wish:
            floor.hire()
            seen = type(seen)(seen.ready, seen.unacked, seen.age, seen.packers + 1, seen.time)
        for _ in range(wish, seen.packers):
            floor.send_home()


ALSO_RIGHT = {
    1: [by_integers, by_whole_numbers_of_numpy],
    2: [with_callbacks, closes_without_a_cancel],
    3: [one_at_a_time_home, counts_down],
}

EXPECTED = {
    1: {
        by_unacked_alone: "for 25 ready, 0 unacked, age 0.3 s, 1 packer `by_unacked_alone` should say 3, and said 1",
        by_ready_alone: "for 0 ready, 45 unacked, age 0.3 s, 2 packers `by_ready_alone` should say 5, and said 1",
        without_a_limit: "should say 8, and said 52: there is room for 8",
        deaf_to_the_age: "should say 4, and said 1: the head has waited more than 2 s",
        age_instead_of_backlog: "should say 7, and said 3: the backlog asks for more than the age does",
        old_at_two_seconds: "should say 1, and said 4: the head has waited for 2 s and not for more",
        in_parts: "there are no parts of packers, so a whole number, 3",
        prints_it: "said `None`: `return` the number",
    },
    2: {
        looks_before_the_ack: "`order 3` was finished, and not acknowledged",
        works_for_ever: "`works_for_ever` began 5 more, and is still there",
        acks_the_whole_desk: "5 orders were not begun when SIGTERM came, and the queue has 1: 4 are lost",
        one_at_a_time: "asks for 1 at once (`prefetch_count=1`), and is to be handed 5",
        fetches: "fetches each order with `basic_get`",
        five_hands: "while `order 3` was in its hands: a packer packs one after the other",
        throws_away: "gives back with `requeue=False`",
        gives_back_and_gets_again: "is handed them again, without end",
        one_ack_behind: "it had packed 2 orders, and sent 1 ack: ack each",
        asleep_in_silence: "SIGTERM came when the queue was empty",
        home_when_empty: "only SIGTERM is a reason to leave",
    },
    3: {
        unacked_only: "nobody was hired, with up to",
        ready_only: "the rule of exercise 1 counts ready and unacked",
        kills: "14 packers were killed, and 8 orders were packed twice",
        no_cool_down: "138 packers were hired on a day that takes 14",
        cool_down_for_hiring_too: "an order waited for 26 s",
        nobody_goes_home: "nobody was sent home all day",
        too_long_a_cool_down: "there were still 8 packers: 2 at most",
        sends_all_home: "the last packer was sent home",
        does_not_look: "(after 500 hires the money was gone: what was seen does not change",
    },
}
