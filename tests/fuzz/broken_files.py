"""What can be wrong with a file of a data set: its bytes, its lines, its fields."""

from collections.abc import Callable

from data_files import FORMATS, Files
from hypothesis import strategies as st

TOKENS = [
    b"", b" ", b"nan", b"inf", b"-inf", b"1e999", b"1e39", b"-1", b"0", b"-0", b"+5", b"05", b"5.0",
    b"5.5", b"1e3", b"0x10", b"1_0", b"9223372036854775807", b"9223372036854775808", b"9" * 30,
    b"9" * 5000, b"99999999999", b"9999999", b"100000000000", b"10000000", b"-9223372036854775808",
    b"abc", b"user", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\x8e\xb2",
    "٣".encode(), "²".encode(), b"'", b'"', b'"a', b'a"b', b'""', b"\\", b"\x1b[2J",
    b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\x0b", b"\x0c", b"\x1a", b"\r", b"\n", b"\t", b",",
    b"|", b"::", b":", b"(1,2)", b"()", b"None", b"true", b"2015-01-01", b"1997", b"Film (99999)",
    b"Film (1990) (V)", b"A|B", b"War|War", b"(no genres listed)", b"F", b"Children", b"9" * 400,
    b"x" * 100_000, b"1" * 100_000, b"<script>", b"%s%n", b"$(reboot)", b"=1+1",
    b"../../etc/passwd",
]  # fmt: skip
Mutation = Callable[[bytes], bytes]

# These are the same data.
KEEPING: list[Mutation] = [
    lambda data: b"\xef\xbb\xbf" + data,
    lambda data: data.replace(b"\n", b"\r\n"),
    lambda data: data.replace(b"\n", b"\n\n"),
    lambda data: data.rstrip(b"\n"),
    lambda data: data + b"\n\n",
]
WHOLE: list[Mutation] = [
    lambda data: b"",
    lambda data: b"\n" * 100,
    lambda data: b"\xef\xbb\xbf",
    lambda data: bytes(1000),
    lambda data: data * 3,
    lambda data: data[::-1],
    lambda data: data.upper(),
    lambda data: data.replace(b"\n", b"\r"),
    lambda data: data.replace(b"\n", b" "),
    lambda data: data.decode().encode("utf-16"),
    lambda data: data.decode().encode("utf-32-le"),
    lambda data: b"\xef\xbb\xbf\xef\xbb\xbf" + data,
    lambda data: data.partition(b"\n")[2],
    lambda data: data.partition(b"\n")[0],
    lambda data: data.partition(b"\n")[0] + b"\n" + data,
    lambda data: b"user\titem\trating\ttime\n" + data,
    lambda data: b"userId,movieId,rating,timestamp\n" + data,
    lambda data: b"<!DOCTYPE html><html>" + data,
    lambda data: data.replace(b"1", b"\xd9\xa1"),
    lambda data: data.replace(b"9000000", b"9000000000"),
    lambda data: data.replace(b"\t", b",").replace(b"::", b"\t"),
    lambda data: data.replace(b"\n", b'"\n').replace(b",", b',"'),
    lambda data: data + b'"',
    lambda data: b"".join(sorted(data.splitlines(keepends=True))),
    lambda data: b"".join(reversed(data.splitlines(keepends=True))),
]


@st.composite
def of_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes changed, put in, taken out or doubled, somewhere."""
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 40)))
    new = draw(
        st.one_of(
            st.binary(max_size=4),
            st.just(data[start:end] * 2),
            st.sampled_from(TOKENS),
            st.just(data[:start]),
        )
    )
    return data[:start] + new + (data[end:] if draw(st.booleans()) else data[start:])


@st.composite
def of_a_field(draw: st.DrawFn, data: bytes, separator: bytes) -> bytes:
    """One field, or several, replaced by something odd; or one too many, or missing."""
    lines = data.split(b"\n")
    number = draw(st.integers(0, len(lines) - 1))
    fields = lines[number].split(separator if separator in lines[number] else b"|")
    place = draw(st.integers(0, len(fields) - 1))
    token = draw(st.sampled_from(TOKENS))
    match draw(st.integers(0, 5)):
        case 0:
            fields.insert(place, token)
        case 1:
            del fields[place]
        case _:
            fields[place] = token
    lines[number] = separator.join(fields)
    return b"\n".join(lines)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, str, Files, bool]:
    """Data set, archive, files, and whether they are the same data as without the mutation."""
    dataset, archive, good, separator = draw(st.sampled_from(FORMATS))
    name = draw(st.sampled_from(sorted(good)))
    kind = draw(st.sampled_from(["keeping", "whole", "bytes", "bytes", "field", "field", "lost"]))
    if kind == "lost":
        return dataset, archive, {key: good[key] for key in good if key != name}, False
    if kind == "keeping":
        changed = draw(st.sampled_from(KEEPING))(good[name])
    elif kind == "whole":
        changed = draw(st.sampled_from(WHOLE))(good[name])
    elif kind == "bytes":
        changed = draw(of_bytes(good[name]))
    else:
        changed = draw(of_a_field(good[name], separator))
    return dataset, archive, good | {name: changed}, kind == "keeping"
