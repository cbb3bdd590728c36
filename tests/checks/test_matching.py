"""What the checks say about patterns is what the broker does with them."""

from __future__ import annotations

import pika

from warren.brokers.broker import Broker
from warren.checks.matching import matches

PATTERNS = ("a.*", "a.*.*", "a.#", "*.*.c", "#.c", "*", "#", "#.*", "*.#", "a.#.c", "a.b*", "", "*.", "a..c", "A.b.c")
KEYS = ("", "a", "c", "a.b", "a.b.c", "a.b.c.d", "a.c", "d.b.c", "A.b.c", "a..c", "a.", "a.b*", "a.*.c", ".", "aa.b.c")


def test_a_pattern_takes_in_the_sentences_what_it_takes_on_the_broker(broker: Broker, vhost: str) -> None:
    """Fifteen patterns and fifteen keys, with empty words among them: 225 times the same answer as a topic exchange."""
    with pika.BlockingConnection(pika.URLParameters(broker.url_for(vhost))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.exchange_declare("letters", "topic", durable=True)
        for pattern in PATTERNS:
            channel.queue_declare(f"queue {pattern}", durable=True)
            channel.queue_bind(f"queue {pattern}", "letters", pattern)
        for key in KEYS:
            channel.basic_publish("letters", key, b"")
        for pattern in PATTERNS:
            taken = []
            while (method := channel.basic_get(f"queue {pattern}", auto_ack=True)[0]) is not None:
                taken.append(method.routing_key)
            assert taken == [key for key in KEYS if matches(pattern, key)], pattern
