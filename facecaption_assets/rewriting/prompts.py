"""What a language model is asked: versioned data, and one function that fills it in.

The system text and the examples come first and never change, the face comes last: an endpoint can
then keep the prefix in its cache. Only the grammar's own words go in; no text from the web does.
"""

from collections.abc import Iterable
from typing import Final

from facecaption_assets.captions.phrases import topic_phrases
from facecaption_assets.captions.subjects import Subject
from facecaption_assets.captions.wordings import TOPICS, Verb

#: Raise it with every change of the texts below.
PROMPT_VERSION: Final = 1

Message = dict[str, str]

SYSTEM: Final = (
    "You rewrite stiff captions of face pictures as one to three fluent English sentences. "
    "Keep every fact of the draft and add none: no looks, mood, age, clothes, background or name "
    "that the draft does not mention. Say each fact once, plainly, without doubt and without "
    'saying what is absent. Keep "he", "she" or "they" as in the draft. '
    "Answer with the caption alone."
)

#: Pairs of what is asked and what a good answer is.
EXAMPLES: Final = (
    (
        "Draft: The young woman has wavy brown hair with bangs. She is smiling. She wears "
        "earrings.\nFacts: young woman; wavy brown hair; bangs; smiling; earrings",
        "A young woman with wavy brown hair and bangs is smiling and wearing earrings.",
    ),
    (
        "Draft: The man has gray hair. He has a mustache and sideburns. He wears eyeglasses and "
        "a necktie.\nFacts: man; gray hair; a mustache; sideburns; eyeglasses; a necktie",
        "This man with gray hair wears eyeglasses and a necktie. He has a mustache and sideburns.",
    ),
    (
        "Draft: The child has straight blond hair. They have rosy cheeks and a slightly open "
        "mouth.\nFacts: child; straight blond hair; rosy cheeks; a slightly open mouth",
        "With their mouth slightly open, the child has straight blond hair and rosy cheeks.",
    ),
)


def chat_messages(
    template_caption: str, attributes: Iterable[str], subject: Subject
) -> list[Message]:
    """The conversation that asks for one caption: system, examples, then the face."""
    asked = f"Draft: {template_caption}\nFacts: {'; '.join(facts(frozenset(attributes), subject))}"
    turns = [("system", SYSTEM)]
    for question, answer in EXAMPLES:
        turns += [("user", question), ("assistant", answer)]
    turns.append(("user", asked))
    return [{"role": role, "content": content} for role, content in turns]


def facts(attributes: frozenset[str], subject: Subject) -> list[str]:
    """The subject and the plainest wording of each attribute."""
    phrases = [p for topic in TOPICS for p in topic_phrases(topic, attributes)]
    told = sorted(phrases, key=lambda phrase: phrase.verb is Verb.WEARS)
    worded = [p.wordings[0].text.replace("<possessive>", subject.possessive) for p in told]
    if "Blurry" in attributes:
        worded.append("the picture is blurry")
    young = "young " if "Young" in attributes else ""
    return [f"{young}{subject.noun}", *worded]
