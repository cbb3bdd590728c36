"""The same job with five clients of RabbitMQ, one short file each, and what lesson 07 measures of them.

The job: `send` puts messages into a queue and returns when the broker has confirmed every one; a message that finds no
queue is an error. `work` takes messages from the queue, at most PREFETCH at a time, calls `do(body)` for each,
acknowledges it afterwards, and returns once `do` answers False.
"""

from __future__ import annotations

from warren.clients.faults import Faults
from warren.clients.measuring import Client, clients, throughput
from warren.clients.picture import bars

__all__ = ["Client", "Faults", "bars", "clients", "throughput"]
