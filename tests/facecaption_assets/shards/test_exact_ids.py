import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facecaption_assets.shards.exact_ids import exact_ids


def test_nan_is_counted_and_what_is_no_whole_number_below_2_to_the_53_is_listed() -> None:
    odd = [1.5, 2.0**53, -np.inf, 1e300]
    found = exact_ids(np.array([7.0, np.nan, *odd, 2.0**53 - 1]))
    assert found.exact.tolist() == [True, False, *[False] * 4, True]
    assert found.ids[found.exact].tolist() == [7, 2**53 - 1]
    assert found.num_nan == 1
    assert found.inexact.tolist() == odd


@pytest.mark.parametrize(("kind", "limit"), [(np.float32, 2**24), (np.float16, 2**11)])
def test_narrow_floats_are_exact_below_a_limit_of_their_own(kind, limit) -> None:
    # One more than the limit is the limit, once it is of this type.
    found = exact_ids(np.array([limit - 1, limit + 1], kind))
    assert found.exact.tolist() == [True, False]
    assert found.inexact.tolist() == [limit]


@given(hnp.arrays(np.int64, st.integers(0, 20)))
def test_integers_stay_as_they_are(values) -> None:
    found = exact_ids(values)
    assert found.exact.all()
    assert np.array_equal(found.ids, values)


@given(hnp.arrays(np.float64, st.integers(0, 20)))
def test_every_float_is_exact_or_reported(values) -> None:
    found = exact_ids(values)
    assert found.exact.sum() + found.num_nan + len(found.inexact) == len(values)
    assert np.array_equal(found.ids[found.exact].astype(np.float64), values[found.exact])


@pytest.mark.parametrize("values", [np.array(["7"]), np.array([object()])])
def test_what_is_not_a_number_is_refused(values) -> None:
    with pytest.raises(ValueError, match="must be numbers"):
        exact_ids(values)


def test_an_id_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="18446744073709551615"):
        exact_ids(np.array([2**64 - 1], np.uint64))
