"""What learners write in lab 06, and what the check must say to it: no two of one exercise get the same words."""

import time
import uuid

import pika

DIRECT = "amq.rabbitmq.reply-to"


def opened(url):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    return connection, connection.channel()


def private(channel):
    return channel.queue_declare("", exclusive=True).method.queue


def lifetime(within):
    return str(int(within * 1000))


def send(channel, letterbox, article, number, within):
    question = pika.BasicProperties(reply_to=letterbox, correlation_id=number, expiration=lifetime(within))
    channel.basic_publish("", "stock", article, question)


def collect(channel, letterbox, wanted, within):
    """The right way to wait, which is not the point in most of these: number to answer."""
    answers, deadline = {}, time.monotonic() + within
    for method, reply, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):
        if method and reply.correlation_id in wanted:
            answers[reply.correlation_id] = None if reply.type == "error" else body.decode()
        if len(answers) == len(wanted) or time.monotonic() > deadline:
            break
    return answers


# exercise 1


def takes_what_comes(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        method, _, body = next(channel.consume(letterbox, auto_ack=True, inactivity_timeout=within))
        answers.append(body.decode() if method else None)
    connection.close()
    return answers


def no_deadline(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        for _, reply, body in channel.consume(letterbox, auto_ack=True):
            if reply.correlation_id == str(number):
                answers.append(None if reply.type == "error" else body.decode())
                break
    connection.close()
    return answers


def asks_in_turn(url, articles, within, letterbox=None, **different):
    """Right but for what is different in the questions."""
    connection, channel = opened(url)
    letterbox, answers = letterbox or private(channel), []
    for number, article in enumerate(articles):
        properties = {"reply_to": letterbox, "correlation_id": str(number), "expiration": lifetime(within)} | different
        channel.basic_publish("", "stock", article, pika.BasicProperties(**properties))
        answers.append(collect(channel, letterbox, [str(number)], within).get(str(number)))
    connection.close()
    return answers


def expires_at_once(url, articles, within):
    return asks_in_turn(url, articles, within, expiration=str(int(within)))


def an_error_for_an_answer(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        deadline, answer = time.monotonic() + within, None
        for method, reply, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):
            if method and reply.correlation_id == str(number):
                answer = body.decode()
            if answer or time.monotonic() > deadline:
                break
        answers.append(answer)
    connection.close()
    return answers


def asks_in_its_way(url, articles, within, wait):
    """Right but for how it waits: `wait(channel, letterbox, number, within)` returns the answer."""
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        answers.append(wait(channel, letterbox, str(number), within))
    connection.close()
    return answers


def for_number(channel, letterbox, number, within):
    return collect(channel, letterbox, [number], within).get(number)


def clock_only_when_idle(url, articles, within):
    def wait(channel, letterbox, number, within):
        deadline = time.monotonic() + within
        for method, answer, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.1):
            if method is None and time.monotonic() > deadline:
                return None
            if method and answer.correlation_id == number:
                return body.decode() if answer.type != "error" else None
        return None

    return asks_in_its_way(url, articles, within, wait)


def a_silence_as_long_as_the_deadline(url, articles, within):
    def wait(channel, letterbox, number, within):
        deadline = time.monotonic() + within
        for method, answer, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=within):
            if method and answer.correlation_id == number:
                return body.decode() if answer.type != "error" else None
            if time.monotonic() > deadline:
                break
        return None

    return asks_in_its_way(url, articles, within, wait)


def gives_up_early(url, articles, within):
    def wait(channel, letterbox, number, within):
        return for_number(channel, letterbox, number, within * 0.1)

    return asks_in_its_way(url, articles, within, wait)


def one_deadline_for_all(url, articles, within):
    deadline = time.monotonic() + within

    def wait(channel, letterbox, number, within):
        return for_number(channel, letterbox, number, deadline - time.monotonic())

    return asks_in_its_way(url, articles, within, wait)


def waits_after_an_error(url, articles, within):
    def wait(channel, letterbox, number, within):
        deadline = time.monotonic() + within
        for method, answer, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):
            if method and answer.correlation_id == number and answer.type != "error":
                return body.decode()
            if time.monotonic() > deadline:
                break
        return None

    return asks_in_its_way(url, articles, within, wait)


def compares_with_a_number(url, articles, within):
    def wait(channel, letterbox, number, within):
        return for_number(channel, letterbox, int(number), within)

    return asks_in_its_way(url, articles, within, wait)


def the_article_as_its_number(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for article in articles:
        send(channel, letterbox, article, article, within)
        answers.append(for_number(channel, letterbox, article, within))
    connection.close()
    return answers


def goes_home_before_the_answer(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        method, _, body = channel.basic_get(letterbox, auto_ack=True)
        if method is None:
            break
        answers.append(body.decode())
    connection.close()
    return answers + [None] * (len(articles) - len(answers))


def empties_the_queue(url, articles, within):
    connection, channel = opened(url)
    channel.queue_purge("stock")
    connection.close()
    return asks_in_turn(url, articles, within)


def direct_on_another_channel(url, articles, within):
    connection, channel = opened(url)
    channel.basic_consume(DIRECT, lambda *_: None, auto_ack=True)
    other = connection.channel()
    send(other, DIRECT, articles[0], "1", within)
    connection.process_data_events(within)
    other.queue_declare("stock", passive=True)


# exercise 2


def declares_the_queue_its_own(worker, count):
    _, channel = opened(worker.url)
    channel.queue_declare("stock", exclusive=True)


def the_error_itself(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            try:
                text = count(body.decode())
            except LookupError as error:
                text = error
            reply(channel, request, text, "error" if text is not str(text) else None)
            channel.basic_ack(tag)

    serves(worker, handle)


def every_answer_is_an_error(worker, count):
    answers_with(worker, count, type="error")


def rejects_before_it_answers(worker, count):
    def handle(channel, tag, request, body):
        channel.basic_reject(tag, requeue=False)
        if request.reply_to:
            reply(channel, request, *looked_up(count, body))

    serves(worker, handle)


def serves(worker, handle, **options):
    """The service's loop; `handle(channel, tag, request, body)` is what matters."""
    connection, channel = opened(worker.url)
    channel.basic_qos(prefetch_count=1)
    for method, request, body in channel.consume("stock", inactivity_timeout=0.1, **options):
        if worker.stopping:
            break
        if method is not None:
            handle(channel, method.delivery_tag, request, body)
    connection.close()


def looked_up(count, body):
    try:
        return count(body.decode()), "count"
    except LookupError as error:
        return str(error), "error"


def reply(channel, request, text, kind=None, **different):
    properties = {"correlation_id": request.correlation_id, "type": kind} | different
    channel.basic_publish("", request.reply_to, text, pika.BasicProperties(**properties))


def refused(channel, tag, request):
    """Get rid of a question that nobody can be answered; True if it was one."""
    if request.reply_to is None:
        channel.basic_reject(tag, requeue=False)
    return request.reply_to is None


def swallows_the_error(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            try:
                reply(channel, request, count(body.decode()))
            except LookupError:
                worker.log("note", "we do not sell that")
            channel.basic_ack(tag)

    serves(worker, handle)


def dies_of_the_error(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            reply(channel, request, count(body.decode()))
            channel.basic_ack(tag)

    serves(worker, handle)


def gives_the_error_back(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            try:
                reply(channel, request, count(body.decode()))
                channel.basic_ack(tag)
            except LookupError:
                channel.basic_nack(tag)

    serves(worker, handle)


def answers_with(worker, count, **different):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            reply(channel, request, *looked_up(count, body), **different)
            channel.basic_ack(tag)

    serves(worker, handle)


def error_without_its_type(worker, count):
    answers_with(worker, count, type=None)


def to_a_fixed_queue(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            text, kind = looked_up(count, body)
            properties = pika.BasicProperties(correlation_id=request.correlation_id, type=kind)
            channel.basic_publish("", "replies", text, properties)
            channel.basic_ack(tag)

    serves(worker, handle)


def acks_before_it_answers(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            found = looked_up(count, body)
            channel.basic_ack(tag)
            reply(channel, request, *found)

    serves(worker, handle)


def auto_ack(worker, count):
    def handle(channel, tag, request, body):
        if request.reply_to:
            reply(channel, request, *looked_up(count, body))

    serves(worker, handle, auto_ack=True)


def dies_without_reply_to(worker, count):
    def handle(channel, tag, request, body):
        reply(channel, request, *looked_up(count, body))
        channel.basic_ack(tag)

    serves(worker, handle)


def dies_when_the_client_has_gone(worker, count):
    connection, channel = opened(worker.url)
    channel.confirm_delivery()
    for method, request, body in channel.consume("stock", inactivity_timeout=0.1):
        if worker.stopping:
            break
        if method and not refused(channel, method.delivery_tag, request):
            text, kind = looked_up(count, body)
            properties = pika.BasicProperties(correlation_id=request.correlation_id, type=kind)
            channel.basic_publish("", request.reply_to, text, properties, mandatory=True)
            channel.basic_ack(method.delivery_tag)
    connection.close()


# exercise 3


def sends_all(channel, letterbox, articles, within):
    numbers = {str(number): article for number, article in enumerate(articles)}
    for number, article in numbers.items():
        send(channel, letterbox, article, number, within)
    return numbers


def one_after_the_other(url, articles, within):
    return asks_in_turn(url, articles, within)


def in_the_order_they_came(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    answers = collect(channel, letterbox, sends_all(channel, letterbox, articles, within), within)
    connection.close()
    return [*answers.values(), *[None] * (len(articles) - len(answers))]


def counts_errors_as_missing(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers = sends_all(channel, letterbox, articles, within)
    found, deadline = {}, time.monotonic() + within
    for method, answer, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):
        if method and answer.correlation_id in numbers and answer.type != "error":
            found[answer.correlation_id] = body.decode()
        if len(found) == len(articles) or time.monotonic() > deadline:
            break
    connection.close()
    return [found.get(number) for number in numbers]


def one_exclusive_letterbox_for_the_shop(url, articles, within):
    connection, channel = opened(url)
    channel.queue_declare("replies", exclusive=True)
    numbers = sends_all(channel, "replies", articles, within)
    found = collect(channel, "replies", numbers, within)
    connection.close()
    return [found.get(number) for number in numbers]


def strays_wind_up_the_clock(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers, found = sends_all(channel, letterbox, articles, within), {}
    for method, answer, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=within):
        if method and answer.correlation_id in numbers:
            found[answer.correlation_id] = None if answer.type == "error" else body.decode()
        if method is None or len(found) == len(articles):
            break
    connection.close()
    return [found.get(number) for number in numbers]


def waits_for(share, url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers = sends_all(channel, letterbox, articles, within)
    found = collect(channel, letterbox, numbers, within * share)
    connection.close()
    return [found.get(number) for number in numbers]


def half_of_the_deadline(url, articles, within):
    return waits_for(0.5, url, articles, within)


def answers_wind_up_the_clock(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers, found = sends_all(channel, letterbox, articles, within), {}
    deadline = time.monotonic() + within
    for method, answer, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):
        if method and answer.correlation_id in numbers:
            found[answer.correlation_id] = None if answer.type == "error" else body.decode()
            deadline = time.monotonic() + within
        if len(found) == len(articles) or time.monotonic() > deadline:
            break
    connection.close()
    return [found.get(number) for number in numbers]


def a_dict_by_article(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers = sends_all(channel, letterbox, articles, within)
    found = collect(channel, letterbox, numbers, within)
    connection.close()
    by_article = {numbers[number]: answer for number, answer in found.items()}
    return [by_article.get(article) for article in articles]


# right, though not as the solution does it


def direct_as_taught(url, articles, within):
    connection, channel = opened(url)
    letters, answers = channel.consume(DIRECT, auto_ack=True, inactivity_timeout=0.02), []
    next(letters)
    for number, article in enumerate(articles):
        send(channel, DIRECT, article, str(number), within)
        answers.append(None)
        deadline = time.monotonic() + within
        for method, answer, body in letters:
            if method and answer.correlation_id == str(number):
                answers[-1] = None if answer.type == "error" else body.decode()
                break
            if time.monotonic() > deadline:
                break
    connection.close()
    return answers


def looks_into_a_durable_letterbox(url, articles, within):
    connection, channel = opened(url)
    letterbox = f"replies to {uuid.uuid4()}"
    channel.queue_declare(letterbox, durable=True)
    answers = []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        deadline, answer = time.monotonic() + within, None
        while time.monotonic() < deadline:
            method, properties, body = channel.basic_get(letterbox)
            if method is None:
                connection.sleep(0.02)
                continue
            channel.basic_ack(method.delivery_tag)
            if properties.correlation_id == str(number):
                answer = body.decode() if properties.type != "error" else None
                break
        answers.append(answer)
    channel.queue_delete(letterbox)
    connection.close()
    return answers


def answers_over_another_connection(worker, count):
    """Acknowledges what it cannot answer, and catches every error."""
    answers, outgoing = opened(worker.url)

    def handle(channel, tag, request, body):
        if request.reply_to:
            try:
                text, kind = count(body.decode()), None
            except Exception as error:  # noqa: BLE001  as learners do
                text, kind = str(error), "error"
            reply(outgoing, request, text, kind)
        channel.basic_ack(tag)

    serves(worker, handle)
    answers.close()


def no_limit_and_a_callback(worker, count):
    connection, channel = opened(worker.url)

    def on_question(channel, method, request, body):
        if not refused(channel, method.delivery_tag, request):
            reply(channel, request, *looked_up(count, body))
            channel.basic_ack(method.delivery_tag)

    channel.basic_consume("stock", on_question)
    while not worker.stopping:
        connection.process_data_events(0.1)
    connection.close()


def direct_at_once(url, articles, within):
    connection, channel = opened(url)
    letters = {}

    def on_answer(channel, method, answer, body):
        if answer.correlation_id in numbers:
            letters[answer.correlation_id] = None if answer.type == "error" else body.decode()

    channel.basic_consume(DIRECT, on_answer, auto_ack=True)
    numbers = sends_all(channel, DIRECT, articles, within)
    deadline = time.monotonic() + within
    while len(letters) < len(articles) and time.monotonic() < deadline:
        connection.process_data_events(0.02)
    connection.close()
    return [letters.get(number) for number in numbers]


ALSO_RIGHT = {
    1: [direct_as_taught, looks_into_a_durable_letterbox],
    2: [answers_over_another_connection, no_limit_and_a_callback],
    3: [direct_at_once],
}

EXPECTED = {
    1: {
        takes_what_comes: "whatever the `correlation_id`",
        no_deadline: "without a deadline it waits for ever",
        clock_only_when_idle: "look at the clock after every stray",
        a_silence_as_long_as_the_deadline: "strays until 1.1 s and then silence",
        gives_up_early: "it asked for `honey` before `tea` was answered and before its deadline",
        one_deadline_for_all: "from the moment it is asked",
        waits_after_an_error: "it had an error, which is an answer, too, about `salt` in time",
        compares_with_a_number: "as `correlation_id` comes back",
        an_error_for_an_answer: "that was the text of an error",
        the_article_as_its_number: "both questions about `tea` have the same `correlation_id`",
        expires_at_once: "nothing of it was left for the warehouse",
        goes_home_before_the_answer: "went home, and its letterbox with it",
        empties_the_queue: "it does a purge on `stock`",
        direct_on_another_channel: "direct reply-to has rules",
    },
    2: {
        swallows_the_error: "was rid of the question about `sand` and sent no answer",
        dies_of_the_error: "`count` raised LookupError for `sand`",
        gives_the_error_back: "gives `sand` back and is given it again",
        error_without_its_type: "its `type` is missing",
        every_answer_is_an_error: "keep that type for errors",
        the_error_itself: "`str(…)` makes text, of an error too",
        to_a_fixed_queue: "the answer about `tea` went to `replies`",
        acks_before_it_answers: "acknowledges a question and then sends the answer",
        rejects_before_it_answers: "rejects `tea` before it has worked out the answer",
        auto_ack: "takes questions with `auto_ack=True`",
        declares_the_queue_its_own: "it declares `stock` with `exclusive=True`",
        dies_without_reply_to: "came without `reply_to`, and `dies_without_reply_to` died of it",
        dies_when_the_client_has_gone: "a client had gone before its question was answered",
    },
    3: {
        one_after_the_other: "it has sent 1 of 6 questions and waits",
        in_the_order_they_came: "that was the answer about `jam`",
        half_of_the_deadline: "returned before its deadline",
        answers_wind_up_the_clock: "strays until 1.1 s and then silence",
        strays_wind_up_the_clock: "look at the clock after every stray",
        counts_errors_as_missing: "one of them with an error, and",
        a_dict_by_article: "that was the answer to the first `tea`",
        one_exclusive_letterbox_for_the_shop: "the queue `replies` is exclusive to another connection",
    },
}
