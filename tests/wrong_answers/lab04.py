"""What learners write in lab 04, and what the check must say to it: no two of one exercise get the same words."""

import pika

DESKS = {
    "archive": ("info", "warning", "error", "critical"),
    "helpdesk": ("warning", "error", "critical"),
    "pager": ("critical",),
}
PLACES = (("pager", "critical"), ("helpdesk", "warning"), ("helpdesk", "error"))


def opened(url):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    return connection, connection.channel()


# exercise 1


def sorted_alerts(url, kind="direct", exchange="alerts", durable=True, queues=None, **arguments):
    """The solution, but for what is given."""
    connection, channel = opened(url)
    channel.exchange_declare(exchange, kind, durable=durable, **arguments)
    for queue, severities in DESKS.items():
        channel.queue_declare(queue, **(queues or {"durable": True}))
        for severity in severities:
            channel.queue_bind(queue, exchange, routing_key=severity)
    connection.close()


def abbreviates(url):
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True)
    for queue, severities in DESKS.items():
        channel.queue_declare(queue, durable=True)
        for severity in severities:
            channel.queue_bind(queue, "alerts", severity.replace("warning", "warn"))
    connection.close()


def goes_with_its_bindings(url):
    sorted_alerts(url, auto_delete=True)


def a_list_of_keys(url):
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True)
    for queue, severities in DESKS.items():
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "alerts", list(severities))
    connection.close()


def forgets_the_key(url):
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True)
    for queue in DESKS:
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "alerts")
    connection.close()


def pager_for_errors_too(url):
    sorted_alerts(url)
    connection, channel = opened(url)
    channel.queue_bind("pager", "alerts", "error")
    connection.close()


def forgets_to_bind(url):
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True)
    for queue in DESKS:
        channel.queue_declare(queue, durable=True)
    connection.close()


def no_durable_exchange(url):
    sorted_alerts(url, durable=False)


def another_name(url):
    sorted_alerts(url, exchange="alarms")


def a_queue_called_alerts(url):
    connection, channel = opened(url)
    channel.queue_declare("alerts", durable=True)
    connection.close()


def empties_the_desks(url):
    sorted_alerts(url)
    connection, channel = opened(url)
    for queue in DESKS:
        channel.queue_purge(queue)
    connection.close()


def begins_anew(url):
    connection, channel = opened(url)
    channel.exchange_delete("alerts")
    connection.close()
    sorted_alerts(url)


def tries_it_out(url):
    sorted_alerts(url)
    connection, channel = opened(url)
    channel.basic_publish("alerts", "info", "Does it work?")
    for queue in DESKS:
        channel.queue_purge(queue)
    connection.close()


def swaps_queue_and_exchange(url):
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True)
    for queue in DESKS:
        channel.queue_declare(queue, durable=True)
        channel.queue_bind("alerts", queue, "critical")
    connection.close()


def asks_and_goes_on(url):
    connection, channel = opened(url)
    try:
        channel.queue_declare("archive", passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        channel.exchange_declare("alerts", "direct", durable=True)
    connection.close()


def keeps_too_little(url):
    sorted_alerts(url, queues={"durable": True, "arguments": {"x-message-ttl": 0}})


def uses_the_brokers_own(url):
    connection, channel = opened(url)
    for queue, severities in DESKS.items():
        channel.queue_declare(queue, durable=True)
        for severity in severities:
            channel.queue_bind(queue, "amq.direct", severity)
    connection.close()


def a_queue_for_each_severity(url):
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True)
    for severity in DESKS["archive"]:
        channel.queue_declare(severity, durable=True)
        channel.queue_bind(severity, "alerts", severity)
    connection.close()


# ... and right


def quorum_queues(url):
    sorted_alerts(url, queues={"durable": True, "arguments": {"x-queue-type": "quorum"}})


# exercise 2


def opened_with_confirms(url):
    connection, channel = opened(url)
    channel.confirm_delivery()
    return connection, channel


def stops_at_the_first(url, alerts):
    connection, channel = opened_with_confirms(url)
    unwanted = []
    try:
        for severity, text in alerts:
            channel.basic_publish("alerts", severity, text, mandatory=True)
    except pika.exceptions.UnroutableError:
        unwanted.append((severity, text))
    connection.close()
    return unwanted


def confirms_alone(url, alerts):
    connection, channel = opened_with_confirms(url)
    unwanted = []
    for severity, text in alerts:
        try:
            channel.basic_publish("alerts", severity, text)
        except pika.exceptions.UnroutableError:
            unwanted.append((severity, text))
    connection.close()
    return unwanted


def confirms_elsewhere(url, alerts):
    connection, channel = opened(url)
    connection.channel().confirm_delivery()
    unwanted = []
    for severity, text in alerts:
        try:
            channel.basic_publish("alerts", severity, text, mandatory=True)
        except pika.exceptions.UnroutableError:
            unwanted.append((severity, text))
    connection.close()
    return unwanted


def mandatory_alone(url, alerts):
    connection, channel = opened(url)
    unwanted = []
    for severity, text in alerts:
        try:
            channel.basic_publish("alerts", severity, text, mandatory=True)
        except pika.exceptions.UnroutableError:
            unwanted.append((severity, text))
    connection.close()
    return unwanted


def knows_who_wants_what(url, alerts):
    connection, channel = opened(url)
    wanted = [alert for alert in alerts if alert[0] in ("error", "critical")]
    for severity, text in wanted:
        channel.basic_publish("alerts", severity, text)
    connection.close()
    return [alert for alert in alerts if alert not in wanted]


def removes_from_the_list(url, alerts):
    connection, channel = opened_with_confirms(url)
    for alert in alerts:
        try:
            channel.basic_publish("alerts", *alert, mandatory=True)
        except pika.exceptions.UnroutableError:
            continue
        alerts.remove(alert)
    connection.close()
    return alerts


def unwanted_of(url, alerts, what):
    """The solution, but for what it keeps of an alert that came back."""
    connection, channel = opened_with_confirms(url)
    unwanted = []
    for severity, text in alerts:
        try:
            channel.basic_publish("alerts", severity, text, mandatory=True)
        except pika.exceptions.UnroutableError as error:
            unwanted.append(what(severity, text, error))
    connection.close()
    return unwanted


def returns_bytes(url, alerts):
    return unwanted_of(url, alerts, lambda severity, text, error: (severity, error.messages[0].body))


def newest_first(url, alerts):
    return unwanted_of(url, alerts, lambda severity, text, error: (severity, text))[::-1]


def how_many(url, alerts):
    return len(unwanted_of(url, alerts, lambda severity, text, error: text))


def swallows_it(url, alerts):
    unwanted_of(url, alerts, lambda severity, text, error: text)
    return []


def what_pika_brings(url, alerts):
    return unwanted_of(url, alerts, lambda severity, text, error: error.messages[0])


def makes_them_wanted(url, alerts):
    connection, channel = opened_with_confirms(url)
    for severity, text in alerts:
        channel.queue_bind("helpdesk", "alerts", severity)
        channel.basic_publish("alerts", severity, text, mandatory=True)
    connection.close()
    return []


def those_that_arrived(url, alerts):
    unwanted = unwanted_of(url, alerts, lambda severity, text, error: (severity, text))
    return [alert for alert in alerts if alert not in unwanted]


def prints_it(url, alerts):
    print(unwanted_of(url, alerts, lambda severity, text, error: (severity, text)))


def tries_until_it_works(url, alerts):
    connection, channel = opened_with_confirms(url)
    for severity, text in alerts:
        while True:
            try:
                channel.basic_publish("alerts", severity, text, mandatory=True)
                break
            except pika.exceptions.UnroutableError:
                continue
    connection.close()
    return []


def does_not_catch(url, alerts):
    connection, channel = opened_with_confirms(url)
    for severity, text in alerts:
        channel.basic_publish("alerts", severity, text, mandatory=True)
    connection.close()
    return []


def swaps_key_and_body(url, alerts):
    connection, channel = opened_with_confirms(url)
    unwanted = []
    for severity, text in alerts:
        try:
            channel.basic_publish("alerts", text, severity, mandatory=True)
        except pika.exceptions.UnroutableError:
            unwanted.append((severity, text))
    connection.close()
    return unwanted


def straight_to_the_queue(url, alerts):
    connection, channel = opened_with_confirms(url)
    unwanted = []
    for severity, text in alerts:
        try:
            channel.basic_publish("", severity, text, mandatory=True)
        except pika.exceptions.UnroutableError:
            unwanted.append((severity, text))
    connection.close()
    return unwanted


def publishes_twice(url, alerts):
    connection, channel = opened_with_confirms(url)
    for severity, text in alerts:
        channel.basic_publish("alerts", severity, text)
    connection.close()
    return unwanted_of(url, alerts, lambda severity, text, error: (severity, text))


def severity_in_the_text(url, alerts):
    connection, channel = opened_with_confirms(url)
    unwanted = []
    for severity, text in alerts:
        try:
            channel.basic_publish("alerts", severity, f"{severity}: {text}", mandatory=True)
        except pika.exceptions.UnroutableError:
            unwanted.append((severity, text))
    connection.close()
    return unwanted


def remembers_who_was_unwanted(url, alerts):
    connection, channel = opened_with_confirms(url)
    unwanted = []
    for severity, text in alerts:
        try:
            if severity not in [one for one, _ in unwanted]:
                channel.basic_publish("alerts", severity, text, mandatory=True)
                continue
        except pika.exceptions.UnroutableError:
            pass
        unwanted.append((severity, text))
    connection.close()
    return unwanted


# ... and right


def a_callback(url, alerts):
    connection, channel = opened(url)
    unwanted = []
    channel.add_on_return_callback(
        lambda channel, method, properties, body: unwanted.append((method.routing_key, body.decode()))
    )
    for severity, text in alerts:
        channel.basic_publish("alerts", severity, text, mandatory=True)
    channel.exchange_declare("alerts", passive=True)
    connection.process_data_events()
    connection.close()
    return unwanted


def from_the_error(url, alerts):
    def of(error):
        return error.messages[0].method.routing_key, error.messages[0].body.decode()

    return unwanted_of(url, alerts, lambda severity, text, error: of(error))


def pairs_as_lists(url, alerts):
    return unwanted_of(url, alerts, lambda severity, text, error: [severity, text])


# exercise 3


def net(url, alternate="unsorted", kind="fanout", argument="alternate-exchange", durable=True, keys=("",), **more):
    """The solution, but for what is given; without a kind there is no second exchange, without keys no binding."""
    connection, channel = opened(url)
    if kind:
        channel.exchange_declare("unsorted", kind, durable=durable, **more)
    channel.exchange_declare("alerts", "direct", durable=True, arguments={argument: alternate})
    for queue in ("pager", "helpdesk", "unsorted"):
        channel.queue_declare(queue, durable=True)
    for queue, severity in PLACES:
        channel.queue_bind(queue, "alerts", severity)
    for key in keys if kind else ():
        channel.queue_bind("unsorted", "unsorted", key)
    connection.close()


def without_a_net(url, queue=None, binds=()):
    """An exchange without an alternate one; `queue` are the arguments of `unsorted`, `binds` its keys at `alerts`."""
    connection, channel = opened(url)
    channel.exchange_declare("unsorted", "fanout", durable=True)
    channel.exchange_declare("alerts", "direct", durable=True)
    for name in ("pager", "helpdesk", "unsorted"):
        channel.queue_declare(name, durable=True, arguments=queue)
    channel.queue_bind("unsorted", "unsorted")
    for name, severity in (*PLACES, *(("unsorted", key) for key in binds)):
        channel.queue_bind(name, "alerts", severity)
    connection.close()


def alternate_on_the_queue(url):
    without_a_net(url, queue={"alternate-exchange": "unsorted"})


def dead_letters(url):
    without_a_net(url, queue={"x-dead-letter-exchange": "unsorted"})


def no_alternate(url):
    without_a_net(url)


def those_we_can_think_of(url):
    without_a_net(url, binds=("info", "debug", ""))


def argument_with_an_x(url):
    net(url, argument="x-alternate-exchange")


def names_no_exchange(url):
    net(url, alternate="unsortet")


def names_the_queue(url):
    net(url, kind=None)


def nothing_bound(url):
    net(url, keys=())


def direct_net(url):
    net(url, kind="direct", keys=("unsorted", "info"))


def net_that_goes_at_a_restart(url):
    net(url, durable=False)


def the_wrong_way_round(url):
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True)
    channel.exchange_declare("unsorted", "fanout", durable=True, arguments={"alternate-exchange": "alerts"})
    for queue in ("pager", "helpdesk", "unsorted"):
        channel.queue_declare(queue, durable=True)
    channel.queue_bind("unsorted", "unsorted")
    for queue, severity in PLACES:
        channel.queue_bind(queue, "alerts", severity)
    connection.close()


def unsorted_gets_all(url):
    net(url)
    connection, channel = opened(url)
    for severity in ("critical", "warning", "error"):
        channel.queue_bind("unsorted", "alerts", severity)
    connection.close()


def everybody_gets_the_rest(url):
    net(url)
    connection, channel = opened(url)
    channel.queue_bind("helpdesk", "unsorted")
    connection.close()


def adds_it_afterwards(url):
    without_a_net(url)
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True, arguments={"alternate-exchange": "unsorted"})
    connection.close()


def net_that_goes_with_its_binding(url):
    net(url, auto_delete=True)


# ... and right


def topic_net(url):
    net(url, kind="topic", keys=("#",))


def the_brokers_own_fanout(url):
    connection, channel = opened(url)
    channel.exchange_declare("alerts", "direct", durable=True, arguments={"alternate-exchange": "amq.fanout"})
    for queue in ("pager", "helpdesk", "unsorted"):
        channel.queue_declare(queue, durable=True)
    channel.queue_bind("unsorted", "amq.fanout")
    for queue, severity in PLACES:
        channel.queue_bind(queue, "alerts", severity)
    connection.close()


ALSO_RIGHT = {
    1: [quorum_queues],
    2: [a_callback, from_the_error, pairs_as_lists],
    3: [topic_net, the_brokers_own_fanout],
}

EXPECTED = {
    1: {
        abbreviates: "`helpdesk` is bound to `alerts` with the keys `critical`, `error` and `warn`",
        goes_with_its_bindings: "`alerts` is `auto_delete`",
        a_list_of_keys: "`routing_key` is one text, and got something else",
        forgets_the_key: "the key `archive`, which pika takes for a key that you leave out",
        pager_for_errors_too: "arrived in `archive`, `helpdesk` and `pager`, and should arrive in `archive` and",
        asks_and_goes_on: "A closed channel stays closed: `channel = connection.channel()` opens a new one",
        keeps_too_little: "the queue was declared with `x-message-ttl` = 0",
        forgets_to_bind: "`archive` is bound to nothing",
        no_durable_exchange: "add `durable=True` to `exchange_declare`",
        another_name: "there was no exchange `alerts`: there is `alarms`",
        a_queue_called_alerts: "`alerts` is a queue, made by `queue_declare`",
        uses_the_brokers_own: "there was no exchange `alerts`: it declared none",
        empties_the_desks: "the message that waited in `archive` was gone",
        begins_anew: "`dashboard`, a queue that somebody else had bound to `alerts`, was not bound any more",
        tries_it_out: "published something, and should only declare and bind",
        swaps_queue_and_exchange: "in `queue_bind` the queue comes first: `queue_bind('archive', 'alerts')`",
        a_queue_for_each_severity: "there is `critical`, `error`, `info`, `warning`",
    },
    2: {
        stops_at_the_first: "published 1 of 6 and then no more",
        confirms_elsewhere: "published 6 of 6 messages on a channel that did not confirm yet",
        confirms_alone: "and confirms it all the same",
        mandatory_alone: "3 came back to `mandatory_alone`, and it did not hear of all of them",
        knows_who_wants_what: "did not publish `backup finished`: only the broker knows",
        removes_from_the_list: "passes over what comes next",
        does_not_catch: "raised UnroutableError at line",
        swallows_it: "and returned `[]`",
        prints_it: "and returned nothing: end it with `return`",
        how_many: "in a list, and returned `3`",
        what_pika_brings: "and returned a list of `ReturnedMessage`",
        makes_them_wanted: "changes the queues or bindings that others have made",
        returns_bytes: "and returned bytes",
        newest_first: "in the order they were given",
        those_that_arrived: "and returned those that a queue took",
        tries_until_it_works: "publishes `backup finished` over and over",
        swaps_key_and_body: "with the routing key `backup finished`, and should with `info`",
        straight_to_the_queue: "published to the default exchange",
        publishes_twice: "should have come to `helpdesk` once, and came 2 times",
        severity_in_the_text: "it got 3 messages, the first `critical: no space left on disk 1`",
        remembers_who_was_unwanted: "did not publish `crème brûlée is sold out`: only the broker knows",
    },
    3: {
        alternate_on_the_queue: "on the queue `pager` it means nothing",
        dead_letters: "a queue's dead-letter exchange gets what was in that queue",
        no_alternate: "should arrive in `unsorted`: `alerts` has no alternate exchange",
        those_we_can_think_of: "and a direct exchange knows no other",
        argument_with_an_x: "`x-alternate-exchange` means nothing to the broker",
        names_no_exchange: "the alternate exchange `unsortet`, which is not there",
        names_the_queue: "an alternate exchange is an exchange, to which the queue is bound",
        nothing_bound: "to which nothing is bound",
        direct_net: "which is direct and takes the keys of its bindings only",
        net_that_goes_at_a_restart: "the exchange `unsorted` is not durable",
        the_wrong_way_round: "and `unsorted` has it",
        unsorted_gets_all: "arrived in `pager` and `unsorted`, and should arrive in `pager`",
        everybody_gets_the_rest: "`helpdesk` is bound to `unsorted`, too",
        adds_it_afterwards: "exists already with `alternate-exchange` = nothing",
        net_that_goes_with_its_binding: "the exchange `unsorted` is `auto_delete`",
    },
}
