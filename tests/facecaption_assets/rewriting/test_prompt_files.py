import re
from pathlib import Path

import pytest

from facecaption_assets.rewriting import verification
from facecaption_assets.rewriting.prompt_files import PromptError, read_prompts
from facecaption_assets.rewriting.styles import SHORT_WORDS, STYLES

EXAMPLE = """
[[examples]]
attributes = ["Male", "Bald"]
male = true
draft = "The man is bald."
short = "A bald man."
normal = "This man is bald."
detailed = "This is a picture of a man. He is bald."
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_the_packaged_prompts_have_every_style_and_every_reason() -> None:
    data = read_prompts("")
    assert set(data.styles) == set(STYLES)
    kinds = set(re.findall(r"``(\w+)(?::\w+)?``", (verification.verify.__doc__ or "")))
    assert kinds - {"kind", "tidy"} <= set(data.reasons)
    for example in data.examples:
        lengths = [len(example.answers[style].split()) for style in STYLES]
        assert lengths[0] <= SHORT_WORDS
        assert lengths == sorted(lengths)
        assert len(set(example.answers.values()) | {example.draft}) == 4


def test_a_file_changes_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    packaged = read_prompts("")
    mine = read_prompts(write(tmp_path, 'system = "Write {style}."' + EXAMPLE))
    assert (mine.system, len(mine.examples)) == ("Write {style}.", 1)
    assert (mine.face, mine.styles, mine.reasons) == (
        *(packaged.face, packaged.styles, packaged.reasons),
    )
    assert read_prompts(write(tmp_path, "examples = []")).examples == ()


def test_the_version_is_that_of_the_content(tmp_path: Path) -> None:
    text = 'system = "Write {style}."\n'
    version = read_prompts(write(tmp_path, text)).version
    assert read_prompts(write(tmp_path, f"# mine\n\n{text}")).version == version
    assert read_prompts(write(tmp_path, text.replace("Write", "Tell"))).version != version
    assert read_prompts(write(tmp_path, EXAMPLE)).version != read_prompts("").version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("system = ", "cannot be read"),
        ("sytem = 'x'", "the file has an unknown 'sytem'; known are system, face"),
        ("system = 5", "system is 5; a text is needed"),
        ("system = ' '", "system is ' '; a text is needed"),
        ("system = 'Write.'", r"system lacks \{style\}"),
        ("face = '{draft}'", r"face lacks \{facts\}"),
        ("hint = 'see'", r"hint lacks \{hint\}"),
        ("repair = 'no'", r"repair lacks \{reason\}"),
        ("styles = 'short'", r"styles is 'short'; write it as the table \[styles\]"),
        ("[styles]\nshort = 'a'\nnormal = 'b'", r"styles\.detailed is None; a text is needed"),
        (
            "[styles]\nshort = 'a'\nnormal = 'b'\ndetailed = 'c'\nlong = 'd'",
            "styles has an unknown 'long'; known are short, normal, detailed",
        ),
        ("[reasons]\nnegation = 'no'", r"reasons\.other is None"),
        ("examples = 'none'", r"examples is 'none'; write each under \[\[examples\]\]"),
        ("examples = ['one']", r"example 1 is 'one'; write it under"),
        (EXAMPLE + EXAMPLE.replace("Bald", "bald"), "example 2: 'bald' is not one of CelebA's 40"),
        (EXAMPLE.replace("draft", "Draft"), "example 1 has an unknown 'Draft'; known are attrib"),
        (EXAMPLE.replace('short = "A bald man."', ""), "example 1: short is None"),
        (EXAMPLE.replace("male = true", "male = 'yes'"), "male is 'yes'; allowed are true and f"),
        (EXAMPLE.replace("male = true", ""), "must hold 'Male' if and only if male is true"),
        (EXAMPLE.replace('["Male", "Bald"]', "[]"), r"attributes is \[\]; write a list"),
        (EXAMPLE.replace("A bald man.", "A bald man with a hat."), "rejected, added_attribute"),
        (EXAMPLE.replace("The man is bald.", "The man is."), "rejected, missing_attribute:Bald"),
        (
            EXAMPLE.replace("A bald man.", "This is a picture " + "of a picture " * 5 + "man."),
            "example 1 teaches what is rejected",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(PromptError, match=rf"(?s)RewriteSettings\.prompts names .*{message}"):
        read_prompts(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"prompts names '.*none\.toml', which cannot be read"):
        read_prompts(str(tmp_path / "none.toml"))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptError, match="cannot be read"):
        read_prompts(str(path))
