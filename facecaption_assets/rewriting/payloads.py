"""The requests that are sent for one caption.

What is said in them belongs to ``prompts``; who answers them to ``client``.
"""

from dataclasses import dataclass

from facecaption_assets.rewriting.choosing import Candidate
from facecaption_assets.rewriting.client import Payload
from facecaption_assets.rewriting.dialects import constraint_fields
from facecaption_assets.rewriting.prompts import Message, Prompts
from facecaption_assets.rewriting.settings import RewriteSettings
from facecaption_assets.rewriting.tasks import Task, seed_of


@dataclass(frozen=True)
class Payloads:
    """Makes the requests of a shard.

    The seed comes from the task and the attempt: faces with the same attributes are worded
    independently unless they share, and another attempt is another request.

    Attributes:
        prompts: Words them.
        model: Name that they ask for.
        settings: Sampling, and whether a grammar goes with them.
    """

    prompts: Prompts
    model: str
    settings: RewriteSettings

    def attempt(self, task: Task, number: int) -> Payload:
        """The request for one attempt, counted from 0."""
        return self._payload(task, self.prompts.ask(task), str(number))

    def repair(self, task: Task, rejected: Candidate) -> Payload:
        """The request to do a rejected answer again."""
        messages = self.prompts.ask_again(task, rejected.text, rejected.reason)
        return self._payload(task, messages, "repair")

    def _payload(self, task: Task, messages: list[Message], turn: str) -> Payload:
        seed = seed_of(f"{task.identity}\0{turn}")
        payload: dict[str, object] = {
            "model": self.model,
            "messages": messages,
            "temperature": self.settings.temperature,
            "max_tokens": self.settings.max_tokens,
            "seed": seed,
        }
        return payload | constraint_fields(
            self.settings.constraint, task.attributes, task.subject, task.draft, seed, task.style
        )
