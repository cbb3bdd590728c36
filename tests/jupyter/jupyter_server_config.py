"""For every Jupyter server that the tests start, and for pytest itself: ports that a kernel will still find free.

Jupyter takes a kernel's five ports from those that the system hands out to anybody, and a hundred proxies and
connections beside it take one of them before the kernel binds it. So they come from where the brokers' come from.
"""

from jupyter_client.connect import LocalPortCache

from warren.brokers.configuration import free_ports

LocalPortCache.find_available_port = lambda *_: free_ports("kernel")["kernel"]  # type: ignore[method-assign]
