"""Which captioner a model is, told by its own configuration, and how it is loaded."""

from facecaption_assets.captions.captioners.blip import CLASSES, BlipCaptioner
from facecaption_assets.captions.captioners.captioner import Captioner
from facecaption_assets.captions.captioners.coca import CocaCaptioner
from facecaption_assets.captions.captioners.settings import MODEL_SETTING, CaptionerSettings
from facecaption_assets.hub_models import find_file, model_type
from facecaption_assets.models import ModelUnavailable
from facecaption_assets.open_clip_models import CONFIG_FILE


def load_captioner(settings: CaptionerSettings, device: str | None = None) -> Captioner:
    """The captioner that the settings name.

    Args:
        settings: With a model.
        device: PyTorch's name of the device; the first GPU, else the CPU, where None.

    Raises:
        ModelUnavailable: If the model cannot be had, is damaged, or is no captioner.
    """
    try:
        if config := find_file(settings.model, CONFIG_FILE):
            return CocaCaptioner(settings, config, device)
        kind = model_type(settings.model, MODEL_SETTING)
        if kind in CLASSES:
            return BlipCaptioner(settings, kind, device)
    except ValueError as error:  # A setting that this model or this device cannot do.
        raise ModelUnavailable(str(error)) from error
    raise ModelUnavailable(
        f"{MODEL_SETTING} = {settings.model!r} is a {kind!r} by its configuration; known are "
        f"{', '.join(CLASSES)}, and CoCa by its {CONFIG_FILE}"
    )
