"""What a language model is asked: conversations put together from prompt data and a face.

The system text and the examples come first and are the same for every face of a style, the face
comes last: an endpoint can then keep the prefix in its cache. The words are data, in
``prompts.toml``.
"""

import re
from collections.abc import Mapping
from typing import Final

from facecaption_assets.captions.subjects import Subject
from facecaption_assets.rewriting.facts import facts, plain_words
from facecaption_assets.rewriting.prompt_files import OTHER_REASON, Example, PromptData
from facecaption_assets.rewriting.styles import STYLES
from facecaption_assets.rewriting.tasks import Task

#: Raise it with every change of how a conversation is put together, or of what is let through of
#: web text; the words have a version of their own.
PROMPT_VERSION: Final = 2

#: Characters of a rejected answer that are shown to the model: some do not stop by themselves.
MOST_SHOWN: Final = 1000

Message = dict[str, str]

_FIELD = re.compile(r"\{(\w+)\}")


class Prompts:
    """Words the requests for captions.

    Attributes:
        data: The words.
    """

    def __init__(self, data: PromptData) -> None:
        self.data = data
        self._prefixes = {style: self._prefix(style) for style in STYLES}

    def ask(self, task: Task) -> list[Message]:
        """The conversation that asks for one caption: system, examples, then the face."""
        asked = self._face(task.draft, task.attributes, task.subject)
        hint = _filled(self.data.hint, {"hint": task.hint}) if task.hint else ""
        return [*self._prefixes[task.style], _message("user", hint + asked)]

    def ask_again(self, task: Task, rejected: str, reason: str) -> list[Message]:
        """The same conversation, a rejected answer, and what is wrong with it.

        Args:
            task: What was asked for.
            rejected: The answer.
            reason: The verifier's reason, ``kind`` or ``kind:detail``.
        """
        said = _filled(self.data.repair, {"reason": self._in_words(reason, task.subject)})
        shown = _message("assistant", rejected[:MOST_SHOWN])
        return [*self.ask(task), shown, _message("user", said)]

    def _prefix(self, style: str) -> list[Message]:
        system = _filled(self.data.system, {"style": self.data.styles[style]})
        turns = (self._turns(example, style) for example in self.data.examples)
        return [_message("system", system), *(message for turn in turns for message in turn)]

    def _turns(self, example: Example, style: str) -> list[Message]:
        question = self._face(example.draft, example.attributes, example.subject)
        return [_message("user", question), _message("assistant", example.answers[style])]

    def _face(self, draft: str, attributes: frozenset[str], subject: Subject) -> str:
        told = "; ".join(facts(attributes, subject))
        return _filled(self.data.face, {"draft": draft, "facts": told})

    def _in_words(self, reason: str, subject: Subject) -> str:
        kind, _, detail = reason.partition(":")
        if words := self.data.reasons.get(kind):
            return _filled(words, {"detail": plain_words(detail, subject)})
        return _filled(self.data.reasons[OTHER_REASON], {"detail": reason})


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields filled in at once: what goes in is not looked at again."""
    return _FIELD.sub(lambda field: values.get(field[1], field[0]), text)
