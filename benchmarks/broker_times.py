"""Boot and restart of a broker of ours, and what opening a lesson adds to making a vhost."""

from __future__ import annotations

import contextlib
import io
import secrets

import pika
from measure import Row, median, seconds

import warren
from warren import brokers

TIMES = 20


def measure() -> list[Row]:
    """Starts a broker and leaves it running."""
    brokers.find()  # whatever has to be downloaded
    brokers.down()
    boot = seconds(brokers.find)
    restart = seconds(brokers.find().restart)
    vhost, connection = median(make_vhost, TIMES), median(connect, TIMES)
    return [
        Row("boot", boot, "`broker.restart()`", restart, "boot: under 5 s"),
        Row("open and close a lesson", median(open_lesson, TIMES), "make and delete a vhost", vhost, "under 300 ms"),
        Row("make and delete a vhost", vhost, "open and close a connection", connection),
        Row("find the running broker", median(brokers.find, TIMES), "open and close a connection", connection),
    ]


def make_vhost() -> None:
    name = secrets.token_hex(4)
    management = brokers.find().management()
    management.create_vhost(name)
    management.delete_vhost(name)
    management.close()


def open_lesson() -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        warren.lesson("01").close()


def connect() -> None:
    pika.BlockingConnection(pika.URLParameters(brokers.find().url)).close()
