import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.request_ids import REQUEST_ID_BITS, request_id

BITS = st.integers(0, 2**REQUEST_ID_BITS - 1)


@given(BITS)
def test_is_a_random_uuid_in_its_usual_form(bits: int) -> None:
    made = uuid.UUID(request_id(bits))

    assert (made.version, made.variant) == (4, uuid.RFC_4122)
    assert str(made) == request_id(bits)


@given(BITS, BITS)
def test_other_bits_give_another_id(one: int, other: int) -> None:
    assert (request_id(one) == request_id(other)) == (one == other)


@pytest.mark.parametrize("variant", range(4))
def test_every_bit_is_used(variant: int) -> None:
    bits = variant << 120 | 2**120 - 1

    assert request_id(bits) == f"ffffffff-ffff-4fff-{'89ab'[variant]}fff-ffffffffffff"
