from dataclasses import replace

import pytest

from facecaption_assets.models import ModelStore
from facecaption_assets.profiles import (
    PROFILES,
    ProfileError,
    UnknownProfile,
    code_versions,
    load_profile,
)
from facecaption_assets.storage import Storage


def load(storage: Storage, changes: str | bytes, name: str = "embedded"):
    storage.root.mkdir(parents=True, exist_ok=True)
    text = changes if isinstance(changes, bytes) else changes.encode()
    storage.profile_file.write_bytes(text)
    return load_profile(storage, name)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_can_be_used_and_goes_by_its_name(storage, name) -> None:
    profile = load_profile(storage, name)
    assert profile == PROFILES[name]()
    assert profile.name == name
    assert code_versions(profile, ModelStore(storage.models))


def test_the_variable_picks_the_profile_and_embedded_is_the_default(storage, monkeypatch) -> None:
    monkeypatch.delenv("FACECAPTION_PROFILE", raising=False)
    assert load_profile(storage).name == "embedded"
    monkeypatch.setenv("FACECAPTION_PROFILE", "laion_face")
    assert load_profile(storage).name == "laion_face"


def test_an_unknown_profile_is_named_with_those_that_there_are(storage) -> None:
    with pytest.raises(UnknownProfile, match="'embeded' is not one of embedded, laion_face"):
        load_profile(storage, "embeded")


def test_changes_touch_what_they_name_and_nothing_else(storage) -> None:
    changed = load(
        storage,
        """
        [faces]
        min_side_px = 128
        margin = 2
        [attributes]
        annotators = ["blendshapes"]
        [attributes.thresholds]
        Smiling = [0.2, 0.8]
        """,
    )
    assert changed.faces == replace(PROFILES["embedded"]().faces, min_side_px=128, margin=2.0)
    # Equal settings must have equal text, which code versions are made of.
    assert repr(changed.faces.margin) == "2.0"
    assert changed.attributes.annotators == ("blendshapes",)
    assert changed.attributes.thresholds == {"Smiling": (0.2, 0.8)}
    assert changed.rewriting == PROFILES["embedded"]().rewriting


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("[face]\nmargin = 2", r"\[face\] is not one of shards, downloading, faces"),
        ("faces = 3", r"\[faces\] is not one of"),
        ("[faces]\nmin_side = 3", r"\[faces\] has no setting 'min_side'; it has detections"),
        ("[faces]\nmin_side_px = '3'", r"\[faces\] min_side_px = '3' is str, not int"),
        ("[faces]\nbatch_size = true", r"\[faces\] batch_size = True is bool, not int"),
        ("[captioners]\ntemperatures = ['hot']", r"temperatures = 'hot' is str, not float"),
        ("[faces\n", "line 1"),
        (b"[faces]\n# \xff\n", "utf-8"),
    ],
)
def test_changes_that_cannot_be_read_name_the_file_and_the_place(storage, changes, message) -> None:
    with pytest.raises(ProfileError, match=rf"profile\.toml: .*{message}"):
        load(storage, changes)


@pytest.mark.parametrize(
    ("section", "change", "allowed"),
    [
        ("shards", "rows_per_shard = 0", "1 to 10000"),
        ("shards", "rows_per_shard = 10001", "1 to 10000"),
        ("shards", "max_pixels = 0", "1 or more"),
        ("shards", "max_bytes = -1", "1 or more"),
        ("shards", "min_success_share = 50", "0 to 1"),
        ("faces", "image_size = 0", "32 to 8192"),
        ("faces", "batch_size = 0", "1 to 4096"),
        ("faces", "min_score = 5.0", "0 to 1"),
        ("faces", "report_score = -0.1", "0 to 1"),
        ("faces", "iou_threshold = 1.5", "0 to 1"),
        ("faces", "min_side_px = -1", "0 or more"),
        ("faces", "margin = -1.5", "0.1 to 10"),
        ("faces", "margin = nan", "0.1 to 10"),
        ("faces", "jpeg_quality = 500", "1 to 95"),
        ("attributes", "min_positive = 41", "0 to 40"),
        ("attributes", "batch_size = 0", "1 to 4096"),
        ("captioners", "batch_size = 0", "1 to 4096"),
        ("image_scores", "sample = 0", "1 or more"),
        ("captioners", "max_new_tokens = 0", "1 to 512"),
        ("scores", "batch_size = 0", "1 to 4096"),
        ("scores", "precision = 'half'", "auto or float32 or bfloat16 or float16"),
        ("rewriting", "local_threads = 0", "1 to 1024"),
        ("rewriting", "temperature = -1.0", "0 to 2"),
        ("rewriting", 'constraint = "json"', "none or gbnf or structured_outputs"),
        ("rewriting", "max_tokens = 0", "1 or more"),
        ("rewriting", "max_words = 0", "1 or more"),
        ("rewriting", "attempts = 0", "1 to 100"),
        ("rewriting", "best_of = 4", "1 to attempts, 3"),
        ("rewriting", "alt_text = 'always'", "never or hint"),
        ("rewriting", "styles = ['normal', 'long']", "short or normal or detailed"),
        ("rewriting", "concurrency = 0", "1 to 10000"),
        ("rewriting", "timeout_s = 0", "0.1 to 86400"),
        ("rewriting", "timeout_s = inf", "0.1 to 86400"),
        ("quality", "gallery_faces = -1", "0 to 100000"),
        ("quality", "thumbnail_px = 0", "16 to 1024"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(
    storage, section, change, allowed
) -> None:
    setting = change.partition(" ")[0]
    message = rf"profile\.toml: \[{section}\] {setting} is .*; allowed is {allowed}$"
    with pytest.raises(ProfileError, match=message):
        load(storage, f"[{section}]\n{change}")


@pytest.mark.parametrize(
    "value", ["0.5", "[0.5]", "[0.1, 0.5, 0.9]", "[0.9, 0.1]", "[-0.1, 0.5]", "['a', 'b']", "'ab'"]
)
def test_a_threshold_is_a_pair_in_order(storage, value) -> None:
    message = (
        r"profile\.toml: \[attributes\] .*thresholds.*Male.*; allowed is \(negative, positive\)"
    )
    with pytest.raises(ProfileError, match=message):
        load(storage, f"[attributes.thresholds]\nMale = {value}")


@pytest.mark.parametrize("change", ["captions_per_face = 0", "max_attributes = 1"])
def test_a_caption_must_be_able_to_say_something(storage, change) -> None:
    setting = change.partition(" ")[0]
    with pytest.raises(
        ProfileError, match=rf"profile\.toml: \[captions\] {setting} is \d; allowed"
    ):
        load(storage, f"[captions]\n{change}")


@pytest.mark.parametrize("change", ["positive_threshold = 1.5", "negative_threshold = 0.9"])
def test_the_general_thresholds_are_a_pair_in_order(storage, change) -> None:
    message = r"profile\.toml: \[attributes\] .*negative_.*positive_threshold"
    with pytest.raises(ProfileError, match=message):
        load(storage, f"[attributes]\n{change}")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ("[attributes.thresholds]\nMalee = [0.1, 0.9]", r"\[attributes\] .*thresholds"),
        ('[captions]\nunspoken = ["Malee"]', r"\[captions\] unspoken"),
        ("[captions]\nunspoken = [['Malee']]", r"\[captions\] unspoken"),
    ],
)
def test_an_attribute_that_does_not_exist_is_named(storage, changes, place) -> None:
    with pytest.raises(ProfileError, match=rf"profile\.toml: {place}.*'Malee'"):
        load(storage, changes)


def test_the_ends_of_a_range_are_allowed(storage) -> None:
    changed = load(storage, "[shards]\nrows_per_shard = 10000\nmin_success_share = 0")
    assert (changed.shards.rows_per_shard, changed.shards.min_success_share) == (10_000, 0.0)


def test_an_annotator_that_does_not_exist_is_named(storage) -> None:
    profile = load(storage, '[attributes]\nannotators = ["celeba"]')
    with pytest.raises(ProfileError, match=r"\[attributes\] .*'celeba'; known are face_parsing"):
        code_versions(profile, ModelStore(storage.models))


def test_prompts_that_cannot_be_used_are_named(storage) -> None:
    profile = load(storage, '[rewriting]\nprompts = "none.toml"')
    with pytest.raises(ProfileError, match=r"\[rewriting\] RewriteSettings\.prompts .*none\.toml"):
        code_versions(profile, ModelStore(storage.models))


def test_a_face_that_is_hinted_at_cannot_share_its_answer(storage) -> None:
    with pytest.raises(ProfileError, match="share_answers needs alt_text = 'never'"):
        load(storage, '[rewriting]\nshare_answers = true\nalt_text = "hint"')


def test_at_least_one_style_is_needed(storage) -> None:
    with pytest.raises(ProfileError, match="styles is empty; give at least one of short"):
        load(storage, "[rewriting]\nstyles = []")


def test_annotators_are_composed_by_attribute_and_by_agreement(storage) -> None:
    changed = load(
        storage,
        """
        [attributes]
        annotators = ["celeba_resnet50"]
        agreement = ["celeba_resnet50", "clip_zero_shot"]
        celeba_weights = "best_model.pth"
        sources.Smiling = ["blendshapes", "celeba_resnet50"]
        sources.Attractive = []
        """,
    ).attributes
    assert changed.agreement == ("celeba_resnet50", "clip_zero_shot")
    assert changed.sources == {"Smiling": ("blendshapes", "celeba_resnet50"), "Attractive": ()}
    assert changed.all_annotators == ("celeba_resnet50", "clip_zero_shot", "blendshapes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('agreement = ["blendshapes"]', "agreement is .*it takes two different annotators or more"),
        ('agreement = ["a", "a"]', "agreement is .*it takes two different annotators or more"),
        (
            'sources.Smiling = "blendshapes"',
            r"sources\.Smiling is 'blendshapes'; allowed is a list",
        ),
        ("sources.Smiling = [1]", r"sources\.Smiling is \(1,\); allowed is a list"),
        ('sources.Grinning = ["blendshapes"]', "sources names 'Grinning'; allowed are CelebA's"),
    ],
)
def test_a_composition_that_cannot_be_meant_is_refused(storage, change, message) -> None:
    with pytest.raises(ProfileError, match=rf"profile\.toml: \[attributes\] {message}"):
        load(storage, f"[attributes]\n{change}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('sources.Bald = ["celeba"]', r"sources\.Bald names 'celeba'; known are face_parsing"),
        ('sources.Bald = ["age_gender"]', r"sources\.Bald names 'age_gender', which cannot judge"),
        ('agreement = ["blendshapes", "x"]', "agreement names 'x'; known are"),
    ],
)
def test_a_composition_of_annotators_that_there_are_not_is_refused(
    storage, change, message
) -> None:
    profile = load(storage, f"[attributes]\n{change}")
    with pytest.raises(ProfileError, match=message):
        code_versions(profile, ModelStore(storage.models))


@pytest.mark.parametrize(
    ("change", "asset"),
    [
        ("[faces]\nmargin = 2.0", "face_crops"),
        ("[attributes]\nmin_positive = 3", "face_attributes"),
        ('[attributes]\nsources.Smiling = ["blendshapes"]', "face_attributes"),
        ("[captions]\nmax_attributes = 4", "template_captions"),
        ("[captioners]\ntop_k = 40", "synthetic_captions"),
        ("[image_scores]\nsample = 40", "image_scores"),
        ("[rewriting]\nmax_words = 40", "llm_captions"),
        ('[scores]\nclip_s_prefix = "a photo of "', "image_text_scores"),
        ("[quality]\nthumbnail_px = 96", "quality_report"),
        ("[duplicates]\nlong_bits = 12", "duplicate_faces"),
    ],
)
def test_a_changed_setting_changes_the_version_of_its_own_asset_only(
    storage, change, asset
) -> None:
    store = ModelStore(storage.models)
    before = code_versions(load_profile(storage, "embedded"), store)
    after = code_versions(load(storage, change), store)
    assert {name for name in before if before[name] != after[name]} == {asset}


def test_temperatures_are_a_list_of_numbers_whole_ones_among_them(storage) -> None:
    changes = '[captioners]\nclip_model = "any"\ntemperatures = [0.5, 1]'
    assert load(storage, changes).captioners.temperatures == (0.5, 1.0)


def test_more_captions_than_are_kept_need_a_clip(storage) -> None:
    with pytest.raises(ProfileError, match=r"\[captioners\] clip_model is empty"):
        load(storage, "[captioners]\ntemperatures = [0.5, 1.0]")


def test_clip_iqa_is_off_in_the_embedded_profile_and_asks_a_pinned_clip_in_laion_face(
    storage,
) -> None:
    assert load_profile(storage, "embedded").image_scores.clip_model == ""
    model = load_profile(storage, "laion_face").image_scores.clip_model
    assert model.startswith("openai/clip-vit-large-patch14@")


def test_a_captioner_is_off_in_the_embedded_profile_and_blip_2_in_laion_face(storage) -> None:
    assert load_profile(storage, "embedded").captioners.model == ""
    captioners = load_profile(storage, "laion_face").captioners
    assert captioners.model.startswith("Salesforce/blip2-opt-2.7b@")
    assert captioners.clip_model.startswith("openai/clip-vit-large-patch14@")


def test_scores_are_off_in_the_embedded_profile_and_of_two_models_in_laion_face(storage) -> None:
    off = load_profile(storage, "embedded").scores
    assert (off.cosine_model, off.clip_s_model) == ("", "")
    scores = load_profile(storage, "laion_face").scores
    assert scores.cosine_model.startswith("openai/clip-vit-large-patch14@")
    assert scores.clip_s_model.startswith("openai/clip-vit-base-patch32@")
    assert scores.clip_s_prefix == "A photo depicts "
