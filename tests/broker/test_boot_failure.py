"""The one sentence out of what a failed boot prints."""

from __future__ import annotations

import pytest

from warren.brokers.boot_failure import PortTaken, boot_failure

BOOT_FAILED = "\nBOOT FAILED\n===========\n"


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        (
            "2026-11-20 14:52:29.146479+00:00 [error] <0.144.0> You've tried to set no_such_key, no such setting."
            + BOOT_FAILED
            + "Error during startup: {error,failed_to_prepare_configuration}\n\n{exit,terminating,[]}",
            "You've tried to set no_such_key, no such setting.",
        ),
        (
            "  Starting broker..." + BOOT_FAILED + "Error during startup: {error,\n      {cannot_read,1}}\n\n{exit,[]}",
            "Error during startup: {error, {cannot_read,1}}",
        ),
        (
            BOOT_FAILED + 'Error during startup: {error,\n {could_not_start_listener,"127.0.0.1",5672,{{shutdown,',
            "another program listens on port 5672 (eaddrinuse)",
        ),
        ("./rabbitmq-server: 110: exec: erl: not found\n", "./rabbitmq-server: 110: exec: erl: not found"),
        ("", "it said nothing"),
    ],
)
def test_takes_the_line_that_matters(printed, sentence):
    """Logged errors come first, then the block under BOOT FAILED, then the last line (as RabbitMQ 4.3.6 prints)."""
    failure = boot_failure(printed)
    assert str(failure) == sentence
    assert isinstance(failure, PortTaken) == ("another program listens" in sentence)
