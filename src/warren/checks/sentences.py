"""Errors a learner is bound to meet, each in a sentence. One table: the error's own words left, ours right."""

from __future__ import annotations

# What the broker refuses whoever asks, whatever the code is: its limits, and what the user of the URL may not do.
REFUSALS: tuple[tuple[str, str], ...] = (
    (
        r"connection limit \((?P<most>\d+)\) is reached",
        "the broker's limit of {most} connections is reached (530): restart the kernels of notebooks that you do not "
        "need, which closes theirs",
    ),
    (
        r"reached the maximum allowed user limit of (?P<most>\d+)",
        "the broker's limit of {most} channels for this user is reached (530): restart the kernels of notebooks that "
        "you do not need, which closes theirs",
    ),
    (
        r"queue limit in vhost '.*' \((?P<most>\d+)\) is reached",
        "the broker's limit of {most} queues in this vhost is reached (406): delete those that you do not need",
    ),
    (
        r"ACCESS_REFUSED - (?P<right>\w+) access to (?P<kind>\w+) '(?P<name>[^']*)' in vhost '.*' refused for user",
        "the user of this URL has no permission to {right} the {kind} `{name}` (403): ask whoever runs the broker for "
        "configure, write and read in this vhost",
    ),
)

# Matched against "ExceptionName: its text". `{name}` and the like are the groups of the pattern. Measured on 4.3.6
# with pika 1.4.4; the broker's texts are those of rabbit_amqqueue.erl, rabbit_channel.erl and rabbit_misc.erl.
SENTENCES: tuple[tuple[str, str], ...] = (
    (
        r"transient_nonexcl_queues",
        "non-durable shared queues are refused since RabbitMQ 4.3, with error 541 that closes the connection: "
        "add `durable=True`, or `exclusive=True` for a queue of this connection alone",
    ),
    (
        r"inequivalent arg '(?P<argument>[^']*)' for (?P<kind>\w+) '(?P<name>[^']*)' in vhost .*: "
        r"received (?P<new>.*?) but current is (?P<old>.*?)['\")]*$",
        "the {kind} `{name}` exists already with `{argument}` = {old}, and this declares it with {new} (406): declare "
        "it the same way everywhere",
    ),
    (
        r"routing_key_but_no_dlx_defined",
        '`x-dead-letter-routing-key` is nothing without `x-dead-letter-exchange` (406): add that too, `""` for the '
        "default exchange",
    ),
    (
        r"unsupported queue type \\?'(?P<kind>[^'\\]*)",
        "there is no queue type `{kind}` (406): the types are classic, quorum and stream",
    ),
    (
        r"invalid arg '(?P<argument>[^']*)' for queue '(?P<queue>[^']*)' .*\{unacceptable_type,(?P<kind>\w+)",
        "`{argument}` of the queue `{queue}` takes no value of that type (406): a number or True goes without quotes, "
        "and 1 is not True",
    ),
    (
        r"NOT_FOUND - no exchange '(?P<name>[^']*)'",
        "there is no exchange `{name}` on this broker (404): declare it first, and look at its spelling. Straight to a "
        'queue it is `basic_publish("", queue, …)`',
    ),
    (
        r"NOT_FOUND - no queue '(?P<name>[^']*)'",
        "there is no queue `{name}` on this broker (404): declare it first, and look at its spelling",
    ),
    (
        r"unknown exchange type '(?P<name>[^']*)'",
        "there is no exchange type `{name}`: the types are fanout, direct, topic and headers",
    ),
    (
        r"NOT_IMPLEMENTED - prefetch_size",
        "the first argument of `basic_qos` is a size in bytes, which RabbitMQ does not have (540): write "
        "`basic_qos(prefetch_count=1)`",
    ),
    (
        r"unknown delivery tag 0\b",
        "a `basic_ack` or `basic_nack` before this line has no delivery tag (406): write "
        "`basic_ack(method.delivery_tag)`",
    ),
    (
        r"unknown delivery tag (?P<tag>\d+)",
        "a `basic_ack` before this line is for a delivery that was settled already, or that came on another channel "
        "(406): acknowledge each once, on the channel that brought it",
    ),
    (
        r"Invalid x-match field value <<\"(?P<how>[^\"]*)\">>",
        "`x-match` says `{how}`, which a headers exchange does not know (406): it takes `all` or `any`, and both with "
        "`-with-x`",
    ),
    (
        r"Topic binding key '(?P<key>.*?)' uses (?P<count>\d+) '#' wildcards, at most (?P<most>\d+) are allowed",
        "the pattern `{key}` has {count} `#`, and a topic binding may have {most} (406, since RabbitMQ 4.3.5): write "
        "`*` for each word where you know how many there are",
    ),
    (
        r"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '(?P<name>[^']*)'",
        "the queue `{name}` is exclusive to another connection (405): only the connection that declared it may use it",
    ),
    (
        r"contains reserved prefix 'amq\.",
        "names that begin with `amq.` belong to the broker (403): choose another name",
    ),
    (r"ACCESS_REFUSED", "the broker refused access (403): is it the `url` the function was given?"),
    (
        r"fast reply consumer does not exist|reply consumer cannot acknowledge|reply consumer already set",
        "direct reply-to has rules (406): consume from `amq.rabbitmq.reply-to` first, once and with `auto_ack=True`, "
        "then ask, on the same channel",
    ),
    (
        r"message size (?P<size>\d+) is larger than configured max size (?P<most>\d+)",
        "a message of {size} bytes is over the broker's limit of {most} (406): send where it lies, not what it is",
    ),
    (
        r"delivery acknowledgement on channel \d+ timed out",
        "a delivery stayed unacknowledged for longer than the broker waits (consumer timeout): acknowledge sooner",
    ),
    (
        r"generator already executing|UNEXPECTED_FRAME|FRAME_ERROR|pop from an empty deque|InvalidFrameError",
        "several threads used one connection: pika's connections and channels belong to one thread each",
    ),
    (
        r"^ConnectionBlockedTimeout",
        "the broker has blocked this connection, as in an alarm, for longer than its `blocked_connection_timeout`: "
        "wait for no answer on it meanwhile",
    ),
    (
        r"^(StreamLostError|ConnectionClosed\b|AMQPHeartbeatTimeout)",
        "the connection was lost: was it used by two threads, or silent for longer than its heartbeat?",
    ),
    (
        r"^(ChannelWrongStateError|ConnectionWrongStateError)",
        "it was used after it had been closed: keep the connection open until the work is done",
    ),
    (
        r"^AttributeError: '(str|bytes)' object has no attribute 'body'",
        "aio-pika publishes a `Message`, and its body is bytes: write `aio_pika.Message(text.encode())`",
    ),
    (
        r"^(NackError|DeliveryError)",
        "the broker refused a message (a nack), as a full queue with `reject-publish` does: it was not taken, so catch "
        "this and send it again",
    ),
    (r"^UnroutableError", "no queue is bound for that routing key, and the message came back"),
    (r"^(AMQPConnectionError|gaierror|AddressPairError)", "no connection: connect to the `url` the function is given"),
    (
        r"^NameError: name '(?P<name>lesson|lab|worker|connection|channel)' is not defined",
        "there is no `{name}` inside this function: use the parameter it is given (`url`, or `worker` with its "
        "`worker.url`), and open connection and channel inside",
    ),
    (
        r"^NameError: name '(?P<name>\w+)' is not defined",
        "it uses `{name}`, which is not defined: import or define it in a cell above, and run that cell",
    ),
    (
        r"^AttributeError: 'str' object has no attribute '(connection_attempts|host|blocked_connection_timeout)'",
        "pika wants parameters, not text: write `pika.BlockingConnection(pika.URLParameters(url))`",
    ),
    (
        r"^TypeError: 'Worker' object is not subscriptable",
        "a worker is not a URL, and has one: write `pika.URLParameters(worker.url)`",
    ),
    (
        r"^error: .* in .*delivery_mode",
        "`delivery_mode` is a number: write `pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)`",
    ),
    (
        r"^AttributeError: .* object has no attribute 'encode' in .*self\.properties\.encode",
        "the properties of a message are a `pika.BasicProperties`: write "
        "`pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)`",
    ),
    (
        r"^AttributeError: '(?P<kind>\w+)' object has no attribute 'encode'",
        "a body is text or bytes, and got {kind}: `str(…)` makes text, of an error too",
    ),
    (
        r"^AssertionError: A non-string value was supplied for self\.(?P<name>routing_key|queue|exchange)\b",
        "`{name}` is one text, and got something else: call it once for each",
    ),
    (
        r"^AssertionError: A non-string value was supplied for self\.(?P<name>expiration|correlation_id|reply_to)",
        "`{name}` is text: write `str(…)`, and for a letterbox the `.method.queue` of what `queue_declare` returns",
    ),
    (
        r"^AssertionError: A non-string value was supplied for self\.(?P<name>\w+)",
        "`{name}` of `pika.BasicProperties` is text; a value without a name is the first of them, `content_type`: "
        "name it, as in `pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)`",
    ),
    (
        r"^AttributeError: Durable\b",
        "queues are durable, messages are persistent: write `pika.DeliveryMode.Persistent`",
    ),
    (
        r"^error: required argument is not an integer|^error: .*format requires",
        "a whole number is asked for here: `math.ceil` makes one of 3.5, `int` of a text, and the delivery tag of a "
        "message is `method.delivery_tag`",
    ),
    (
        r"^TypeError: queue must be a str or unicode str, but got <METHOD",
        "that is the whole answer of `queue_declare`; its `.method.queue` is the name of the queue",
    ),
    (
        r"a worker process cannot use \.(?P<name>\w+) of",
        "a lab or lesson, and its `.{name}`, stays in the notebook: use what the function is given. Where the broker "
        "must restart, the check itself restarts it",
    ),
    (
        r"cannot pickle '(?P<name>generator|async_generator|coroutine)' object",
        "a {name}, which has not run yet: make a list of it and return that",
    ),
    (
        r"'coroutine' object (has no attribute|is not|does not support)",
        "what an `async` function returns is no result yet: write `await` before the call, as in "
        "`connection = await aio_pika.connect(url)` or `async with await aio_pika.connect(url) as connection`",
    ),
    (r"Channel was not opened", "the channel is not open yet: write `await` before `connection.channel()`"),
    (
        r"asyncio\.run\(\) cannot be called from a running event loop",
        "a loop is running already, here as in a notebook: leave out `asyncio.run`, and `await` instead",
    ),
    (
        r"^SystemExit",
        "that would end the whole notebook: `return` ends the function alone",
    ),
    (
        r"^TypeError: .*'NoneType' object is not subscriptable",
        "something is None: with nothing to take, `basic_get` returns (None, None, None)",
    ),
    (
        r"^AttributeError: 'NoneType' object has no attribute '\w+' in .*headers",
        "a message without headers has None for `headers`: write `(properties.headers or {{}})`",
    ),
    (
        r"^AttributeError: 'NoneType' object has no attribute '(?P<name>delivery_tag|decode)'",
        "there was no message: with nothing to take, `basic_get` returns (None, None, None), "
        "and `consume` with an `inactivity_timeout` yields the same",
    ),
)
