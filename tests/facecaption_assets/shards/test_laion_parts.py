import pytest

from facecaption_assets.shards.laion_parts import LAION_FACE_20M, PARTS, select_parts


def test_selections_are_those_of_the_readme() -> None:
    readme = "0,2,5,8,13,15,17,18,21,22,24,25,28"
    assert [int(part) for part in LAION_FACE_20M] == [int(n) for n in readme.split(",")]
    assert len(PARTS) == 32
    assert select_parts("20M") == LAION_FACE_20M
    assert select_parts("50m") == PARTS
    assert select_parts("03") == ("03",)


@pytest.mark.parametrize("wrong", ["3", "32", "", "60m"])
def test_anything_else_is_refused_by_name(wrong) -> None:
    with pytest.raises(ValueError, match=repr(wrong)):
        select_parts(wrong)
