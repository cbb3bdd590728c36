"""Errors a learner reads: one sentence that says what happened, what was expected and what to do."""

from __future__ import annotations


class WarrenError(Exception):
    """A foreseeable mistake or fault. Its text is the whole message: a notebook shows it without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class BrokerUnavailable(WarrenError):
    """No broker could be found, started or reached."""


class BrokerRefused(WarrenError):
    """The broker answered, and said no: wrong password, no such vhost, no permission, too old."""


class ManagementUnavailable(WarrenError):
    """The HTTP API does not answer, or does not answer as RabbitMQ's does; AMQP may still work."""


class CourseError(WarrenError):
    """There is no such lesson, lab or exercise."""
