"""What may begin finds room to its end, whatever else is let in meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from leads.uploads.admission import GB, Limits, Load, Refused, refusal, told

SIZES = st.integers(0, 50 * GB)
LIMITS = Limits(40 * GB, 100 * GB, 2 * GB)


@given(st.lists(SIZES, max_size=30), SIZES)
def test_all_that_was_let_in_fits(sizes: list[int], room: int) -> None:
    let_in: list[int] = []
    for size in sizes:
        load = Load(sum(let_in), sum(let_in), room)
        if refusal(size, load, LIMITS) is None:
            let_in.append(size)
    assert sum(let_in) <= LIMITS.quota_bytes
    assert all(size <= LIMITS.upload_bytes for size in let_in)
    assert not let_in or sum(let_in) <= max(0, room - LIMITS.keep_free_bytes)


def test_each_reason_is_told() -> None:
    size = refusal(41 * GB, Load(0, 0, None), LIMITS)
    quota = refusal(30 * GB, Load(80 * GB, 0, None), LIMITS)
    room = refusal(30 * GB, Load(0, 10 * GB, 41 * GB), LIMITS)
    assert size and (size.why, "41.0 GB" in size.reason) == (Refused.SIZE, True)
    assert quota and (quota.why, "20.0 GB are left" in quota.reason) == (Refused.QUOTA, True)
    assert room and (room.why, "room for 29.0 GB" in room.reason) == (Refused.ROOM, True)
    assert refusal(30 * GB, Load(0, 10 * GB, 42 * GB), LIMITS) is None
    many = refusal(1, Load(0, 0, None, 10_000), LIMITS)
    assert many and (many.why, "10000 uploads" in many.reason) == (Refused.MANY, True)
    assert [told(n) for n in (12, 12_345, 12_345_678)] == ["12 bytes", "12.3 kB", "12.3 MB"]
