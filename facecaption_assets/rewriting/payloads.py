"""The requests that are sent for one caption.

What is said in them belongs to ``prompts``; who answers them to ``client``.
"""

import random
from dataclasses import dataclass

from facecaption_assets.rewriting.choosing import Candidate
from facecaption_assets.rewriting.client import Payload
from facecaption_assets.rewriting.constrained import (
    licensed_grammar,
    narrow_grammar,
    reworded_grammar,
)
from facecaption_assets.rewriting.gbnf import to_gbnf
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
        if self.settings.constrained:
            grammar = licensed_grammar(task.attributes, task.subject)
            grammar = reworded_grammar(grammar, task.draft)
            payload["grammar"] = to_gbnf(narrow_grammar(grammar, random.Random(seed)))
        return payload
