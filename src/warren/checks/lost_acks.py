"""A function whose acknowledgements never arrive: killed then, it dies between its work and its ack."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pika import spec

from warren.checks.probe import Probe
from warren.checks.wire import Conversation, Wire

SETTLES = (spec.Basic.Ack, spec.Basic.Nack, spec.Basic.Reject)


class _Deaf(Wire):
    """The broker hears no more of a conversation once its client has settled a message."""

    def _lost(self, of: Conversation) -> bool:
        return super()._lost(of) or any(isinstance(one.method, SETTLES) for one in list(of.said))


@contextlib.contextmanager
def acks_get_lost(probe: Probe) -> Iterator[Wire]:
    """For `with`: who is started now talks over a wire on which its acks get lost, and which is returned."""
    line, deaf = probe.wire, _Deaf(probe.wire.url)
    probe.wire = deaf
    try:
        yield deaf
    finally:
        probe.wire = line
        deaf.close()
