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


def takes_any_open_number(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers, still_open = private(channel), [], set()
    for number, article in enumerate(articles):
        still_open.add(str(number))
        send(channel, letterbox, article, str(number), within)
        answer, deadline = None, time.monotonic() + within
        for method, reply, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):
            if method and reply.correlation_id in still_open:
                still_open.remove(reply.correlation_id)
                answer = body.decode() if reply.type != "error" else None
                break
            if time.monotonic() > deadline:
                break
        answers.append(answer)
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


def strays_wind_up_the_clock(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        for method, reply, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=within):
            if method is None or reply.correlation_id == str(number):
                answers.append(body.decode() if method and reply.type != "error" else None)
                break
    connection.close()
    return answers


def gives_up_early(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        answers.append(collect(channel, letterbox, [str(number)], within / 10).get(str(number)))
    connection.close()
    return answers


def a_letterbox_for_each(url, articles, within):
    connection, channel = opened(url)
    answers = []
    for number, article in enumerate(articles):
        letterbox = private(channel)
        send(channel, letterbox, article, str(number), within)
        answers.append(collect(channel, letterbox, [str(number)], within).get(str(number)))
        channel.cancel()
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


def no_reply_to(url, articles, within):
    return asks_in_turn(url, articles, within, reply_to=None)


def no_number(url, articles, within):
    return asks_in_turn(url, articles, within, correlation_id=None)


def never_expires(url, articles, within):
    return asks_in_turn(url, articles, within, expiration=None)


def expires_in_seconds(url, articles, within):
    return asks_in_turn(url, articles, within, expiration=str(within))


def expires_at_once(url, articles, within):
    return asks_in_turn(url, articles, within, expiration=str(int(within)))


def letterbox_not_there(url, articles, within):
    return asks_in_turn(url, articles, within, reply_to="replies")


def letterbox_stays(url, articles, within):
    connection, channel = opened(url)
    channel.queue_declare("replies", durable=True)
    connection.close()
    return asks_in_turn(url, articles, within, letterbox="replies")


def asks_elsewhere(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    question = pika.BasicProperties(reply_to=letterbox, correlation_id="1", expiration=lifetime(within))
    channel.basic_publish("", "stocks", articles[0], question)
    return [collect(channel, letterbox, ["1"], 60)]


def direct_without_consuming(url, articles, within):
    connection, channel = opened(url)
    send(channel, DIRECT, articles[0], "1", within)
    channel.basic_consume(DIRECT, lambda *_: None, auto_ack=True)
    connection.close()
    return [None] * len(articles)


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


def raises_at_the_deadline(url, articles, within):
    answers = asks_in_turn(url, articles, within)
    if None in answers:
        raise TimeoutError("no answer")
    return answers


def bytes_in_the_list(url, articles, within):
    return [answer and answer.encode() for answer in asks_in_turn(url, articles, within)]


def waits_until_each_deadline(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        answers.append(collect(channel, letterbox, [str(number), "never"], within).get(str(number)))
    connection.close()
    return answers


def only_what_came(url, articles, within):
    return [answer for answer in asks_in_turn(url, articles, within) if answer]


def does_not_close(url, articles, within):
    connection, channel = opened(url)
    letterbox, answers = private(channel), []
    for number, article in enumerate(articles):
        send(channel, letterbox, article, str(number), within)
        answers.append(collect(channel, letterbox, [str(number)], within).get(str(number)))
    return answers


# exercise 2


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


def keeps_the_error(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            try:
                reply(channel, request, count(body.decode()))
                channel.basic_ack(tag)
            except LookupError:
                worker.log("note", "we do not sell that")

    serves(worker, handle)


def answers_with(worker, count, **different):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            reply(channel, request, *looked_up(count, body), **different)
            channel.basic_ack(tag)

    serves(worker, handle)


def without_the_number(worker, count):
    answers_with(worker, count, correlation_id=None)


def another_number(worker, count):
    answers_with(worker, count, correlation_id="42")


def error_without_its_type(worker, count):
    answers_with(worker, count, type=None)


def the_error_as_python_writes_it(worker, count):
    def handle(channel, tag, request, body):
        if refused(channel, tag, request):
            return
        try:
            reply(channel, request, count(body.decode()))
        except LookupError as error:
            reply(channel, request, repr(error), "error")
        channel.basic_ack(tag)

    serves(worker, handle)


def bytes_to_count(worker, count):
    def handle(channel, tag, request, body):
        if refused(channel, tag, request):
            return
        try:
            text, kind = count(body), None
        except Exception as error:  # noqa: BLE001  as learners do
            text, kind = str(error), "error"
        reply(channel, request, text, kind)
        channel.basic_ack(tag)

    serves(worker, handle)


def to_a_fixed_queue(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            text, kind = looked_up(count, body)
            properties = pika.BasicProperties(correlation_id=request.correlation_id, type=kind)
            channel.basic_publish("", "replies", text, properties)
            channel.basic_ack(tag)

    serves(worker, handle)


def to_whoever_asked_first(worker, count):
    clients = []

    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            clients.append(request)
            text, kind = looked_up(count, body)
            properties = pika.BasicProperties(correlation_id=request.correlation_id, type=kind)
            channel.basic_publish("", clients[0].reply_to, text, properties)
            channel.basic_ack(tag)

    serves(worker, handle)


def acks_before_the_work(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            channel.basic_ack(tag)
            reply(channel, request, *looked_up(count, body))

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


def never_acks(worker, count):
    connection, channel = opened(worker.url)
    for method, request, body in channel.consume("stock", inactivity_timeout=0.1):
        if worker.stopping:
            break
        if method and not refused(channel, method.delivery_tag, request):
            reply(channel, request, *looked_up(count, body))
    connection.close()


def answers_twice(worker, count):
    def handle(channel, tag, request, body):
        if not refused(channel, tag, request):
            found = looked_up(count, body)
            reply(channel, request, *found)
            reply(channel, request, *found)
            channel.basic_ack(tag)

    serves(worker, handle)


def dies_without_reply_to(worker, count):
    def handle(channel, tag, request, body):
        reply(channel, request, *looked_up(count, body))
        channel.basic_ack(tag)

    serves(worker, handle)


def gives_back_without_reply_to(worker, count):
    def handle(channel, tag, request, body):
        if request.reply_to is None:
            channel.basic_reject(tag)
            return
        reply(channel, request, *looked_up(count, body))
        channel.basic_ack(tag)

    serves(worker, handle)


def keeps_it_without_reply_to(worker, count):
    def handle(channel, tag, request, body):
        if request.reply_to is not None:
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


def goes_home_when_idle(worker, count):
    connection, channel = opened(worker.url)
    for method, request, body in channel.consume("stock", inactivity_timeout=0.2):
        if method is None or worker.stopping:
            break
        if not refused(channel, method.delivery_tag, request):
            reply(channel, request, *looked_up(count, body))
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


def whatever_comes(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    sends_all(channel, letterbox, articles, within)
    answers, deadline = [], time.monotonic() + within
    for method, _, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):
        if method:
            answers.append(body.decode())
        if len(answers) == len(articles) or time.monotonic() > deadline:
            break
    connection.close()
    return [*answers, *[None] * (len(articles) - len(answers))]


def a_deadline_for_each(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers = sends_all(channel, letterbox, articles, within)
    found = {}
    for number in numbers:
        deadline = time.monotonic() + within
        while number not in found and time.monotonic() < deadline:
            found |= collect(channel, letterbox, list(numbers), 0.05)
    connection.close()
    return [found.get(number) for number in numbers]


def stops_at_the_first_silence(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers = sends_all(channel, letterbox, articles, within)
    found = collect(channel, letterbox, numbers, 0.1)
    connection.close()
    return [found.get(number) for number in numbers]


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


def counts_what_came(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers = sends_all(channel, letterbox, articles, within)
    found, missing, deadline = {}, len(articles), time.monotonic() + within
    for method, answer, body in channel.consume(letterbox, auto_ack=True, inactivity_timeout=0.02):
        if method and answer.correlation_id in numbers:
            found[answer.correlation_id] = None if answer.type == "error" else body.decode()
            missing -= 1
        if not missing or time.monotonic() > deadline:
            break
    connection.close()
    return [found.get(number) for number in numbers]


def one_letterbox_for_the_shop(url, articles, within):
    connection, channel = opened(url)
    channel.queue_declare("replies", durable=True)
    numbers = sends_all(channel, "replies", articles, within)
    found = collect(channel, "replies", numbers, within)
    connection.close()
    return [found.get(number) for number in numbers]


def one_exclusive_letterbox_for_the_shop(url, articles, within):
    connection, channel = opened(url)
    channel.queue_declare("replies", exclusive=True)
    numbers = sends_all(channel, "replies", articles, within)
    found = collect(channel, "replies", numbers, within)
    connection.close()
    return [found.get(number) for number in numbers]


def the_same_number(url, articles, within):
    connection, channel = opened(url)
    letterbox, number = private(channel), str(uuid.uuid4())
    for article in articles:
        send(channel, letterbox, article, number, within)
    found = collect(channel, letterbox, [number], within)
    connection.close()
    return list(found.values())


def articles_with_answers(url, articles, within):
    connection, channel = opened(url)
    letterbox = private(channel)
    numbers = sends_all(channel, letterbox, articles, within)
    found = collect(channel, letterbox, numbers, within)
    connection.close()
    return {article: found.get(number) for number, article in numbers.items()}


# right, though not as the solution does it


def direct_reply_to(url, articles, within):
    connection, channel = opened(url)
    letters, answers = {}, []

    def on_answer(channel, method, answer, body):
        letters[answer.correlation_id] = None if answer.type == "error" else body.decode()

    channel.basic_consume(DIRECT, on_answer, auto_ack=True)
    for article in articles:
        number, deadline = str(uuid.uuid4()), time.monotonic() + within
        send(channel, DIRECT, article, number, within)
        while number not in letters and time.monotonic() < deadline:
            connection.process_data_events(0.02)
        answers.append(letters.get(number))
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


def the_article_as_its_number(url, articles, within):
    connection, channel = opened(url)
    letters = {}

    def on_answer(channel, method, answer, body):
        if answer.correlation_id in articles:
            letters[answer.correlation_id] = None if answer.type == "error" else body.decode()

    channel.basic_consume(DIRECT, on_answer, auto_ack=True)
    for article in articles:
        send(channel, DIRECT, article, article, within)
    deadline = time.monotonic() + within
    while len(letters) < len(articles) and time.monotonic() < deadline:
        connection.process_data_events(0.02)
    connection.close()
    return [letters.get(article) for article in articles]


ALSO_RIGHT = {
    1: [direct_reply_to, looks_into_a_durable_letterbox],
    2: [answers_over_another_connection, no_limit_and_a_callback],
    3: [the_article_as_its_number],
}

EXPECTED = {
    1: {
        takes_what_comes: "whatever the `correlation_id`",
        takes_any_open_number: "that was the answer about `honey`, which came too late",
        no_deadline: "without one it waits for ever",
        strays_wind_up_the_clock: "each of them made it wait anew",
        gives_up_early: "it asked for `honey` before `tea` was answered and before its deadline",
        a_letterbox_for_each: "has a letterbox of its own",
        no_reply_to: "the question about `tea` has no `reply_to`",
        no_number: "the question about `tea` has no `correlation_id`",
        never_expires: "has no `expiration`",
        expires_in_seconds: "the broker refused an `expiration` (406)",
        expires_at_once: "nothing of it was left for the warehouse",
        letterbox_not_there: "in the queue `replies`, and there is none",
        letterbox_stays: "left the queue `replies` behind",
        asks_elsewhere: "with the routing key `stocks`",
        direct_without_consuming: "fast reply consumer does not exist",
        an_error_for_an_answer: "that was the text of an error",
        raises_at_the_deadline: "TimeoutError",
        bytes_in_the_list: "`body.decode()` makes text of them",
        waits_until_each_deadline: "with its answer, a question is over",
        only_what_came: "one for each article, and returned 2",
        does_not_close: "left its connection open",
    },
    2: {
        swallows_the_error: "was rid of the question about `sand` and sent no answer",
        dies_of_the_error: "`count` raised LookupError for `sand`",
        gives_the_error_back: "gives `sand` back and is given it again",
        keeps_the_error: "`keeps_the_error` has the question, unacknowledged",
        without_the_number: "has no `correlation_id`",
        another_number: "has the `correlation_id` `42`",
        error_without_its_type: "its `type` is missing",
        the_error_as_python_writes_it: "should be `we sell no sand`, and is `LookupError(",
        bytes_to_count: "decode the body with body.decode()",
        to_a_fixed_queue: "the answer about `tea` went to `replies`",
        to_whoever_asked_first: "the answer about `honey` went to `checkout 1`",
        acks_before_the_work: "before it has worked out the answer",
        acks_before_it_answers: "acknowledges a question and then sends the answer",
        auto_ack: "takes questions with `auto_ack=True`",
        never_acks: "answers `tea` and never acknowledges it",
        answers_twice: "answered `tea` 2 times",
        dies_without_reply_to: "came without `reply_to`, and `dies_without_reply_to` died of it",
        gives_back_without_reply_to: "gives `rice` back",
        keeps_it_without_reply_to: "`keeps_it_without_reply_to` keeps it: neither",
        dies_when_the_client_has_gone: "a client had gone before its question was answered",
        goes_home_when_idle: "went home while `worker.stopping` was False",
    },
    3: {
        one_after_the_other: "it has sent 1 of 5 questions and waits",
        in_the_order_they_came: "that was the answer about `jam`",
        whatever_comes: "a stray without a number",
        a_deadline_for_each: "one for all questions together",
        stops_at_the_first_silence: "returned before its deadline",
        counts_errors_as_missing: "one of them with an error, and",
        counts_what_came: "the entry for `tea` should be `12`, and is None",
        one_letterbox_for_the_shop: "have the same letterbox, `replies`",
        one_exclusive_letterbox_for_the_shop: "the queue `replies` is exclusive to another connection",
        the_same_number: "have the same `correlation_id`",
        articles_with_answers: "and returned dict",
    },
}
