"""The learner's functions, run beside the notebook: in threads, or in processes that can be killed."""

from warren.workers.crew import Crew, CrewWorker, WorkerFailed
from warren.workers.process import Child, NotSendable, Outcome, call
from warren.workers.worker import Failure, Worker

__all__ = ["Child", "Crew", "CrewWorker", "Failure", "NotSendable", "Outcome", "Worker", "WorkerFailed", "call"]
