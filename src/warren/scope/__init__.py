"""The queue widget: live depth of queues beside the code, remembered."""

from warren.scope.scope import Scope

__all__ = ["Scope"]
