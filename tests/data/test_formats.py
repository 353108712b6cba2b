"""The same interactions in every format are the same data."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from bench.data import packed
from bench.data.delimited import BadData
from bench.data.fetch import DataUnavailable
from bench.data.options import ReadOptions
from bench.data.read import read_data
from bench.hashing import fingerprint
from bench.interactions import Interactions

FRAME = pd.DataFrame(
    {
        "user_id": ["ü1", "b", "ü1", "c", "b"],
        "item_id": [30, 10, 20, 10, 30],
        "timestamp": [978300760, 978300761, 978300700, 978300765, 978300799],
        "rating": [4.5, 3.0, 1.0, 2.0, 5.0],
    }
)
CSV = FRAME.to_csv(index=False).encode()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))


def read(source: Any, **options: Any) -> Interactions:
    return read_data(source, ReadOptions.of(options)).data.interactions


def expected() -> Interactions:
    return Interactions(
        users=np.array([2, 0, 2, 1, 0], dtype=np.int32),
        items=np.array([2, 0, 1, 0, 2], dtype=np.int32),
        times=FRAME["timestamp"].to_numpy(),
        ratings=FRAME["rating"].to_numpy(dtype=np.float32),
        n_users=3,
        n_items=3,
        user_ids=np.array(["b", "c", "ü1"], dtype=object),
        item_ids=np.array([10, 20, 30]),
    )


def zst(content: bytes) -> bytes:
    sink = io.BytesIO()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
        stream.flush()
        found: bytes = sink.getvalue()
        del found
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def zipped(content: bytes, name: str = "deep/clicks.csv") -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/", "")
        archive.writestr(name, content)
    return sink.getvalue()


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_parquet(sink, index=False)
    return sink.getvalue()


def feather_bytes(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    feather.write_feather(pa.table(frame), sink, compression="zstd")
    return sink.getvalue()


def stream_bytes(frame: pd.DataFrame) -> bytes:
    sink, table = io.BytesIO(), pa.table(frame)
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def json_lines(frame: pd.DataFrame) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in frame.to_dict("records")).encode()


CONTENTS: dict[str, Callable[[], bytes]] = {
    "csv": lambda: CSV,
    "csv with BOM": lambda: b"\xef\xbb\xbf" + CSV,
    "csv with CRLF": lambda: CSV.replace(b"\n", b"\r\n"),
    "quoted csv": lambda: FRAME.to_csv(index=False, quoting=1).encode(),
    "tsv": lambda: FRAME.to_csv(index=False, sep="\t").encode(),
    "gz": lambda: gzip.compress(CSV),
    "bz2": lambda: bz2.compress(CSV),
    "xz": lambda: lzma.compress(CSV),
    "zst": lambda: zst(CSV),
    "zip": lambda: zipped(CSV),
    "parquet": lambda: parquet_bytes(FRAME),
    "feather": lambda: feather_bytes(FRAME),
    "arrow stream": lambda: stream_bytes(FRAME),
    "json lines": lambda: json_lines(FRAME),
    "parquet in zip": lambda: zipped(parquet_bytes(FRAME)),
    "json in gz": lambda: gzip.compress(json_lines(FRAME)),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_file_of_any_kind_is_the_same_data(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENTS[kind]())
    for _ in range(2):  # read, then from the cache
        assert fingerprint(read(path)) == fingerprint(expected())


@pytest.mark.parametrize(
    ("encoding", "separator"), [("latin-1", ","), ("utf-16", ";"), ("cp1252", "::")]
)
def test_other_encodings_are_read(encoding: str, separator: str, tmp_path: Path) -> None:
    path = tmp_path / "clicks.csv"
    path.write_bytes(CSV.decode().replace(",", separator).encode(encoding))
    found = read(path, encoding=encoding)
    assert fingerprint(found) == fingerprint(expected())


@pytest.mark.parametrize(
    "table",
    [
        lambda: FRAME,
        lambda: pl.from_pandas(FRAME),
        lambda: pa.table(FRAME),
        lambda: FRAME.astype({"user_id": "category"}),
        lambda: FRAME.astype({"item_id": "float64", "timestamp": "float64"}),
        lambda: FRAME.astype({"item_id": "uint16", "rating": "float32"}),
        lambda: FRAME.astype({"item_id": "string", "timestamp": "object"}),
        lambda: FRAME.set_index("user_id").reset_index(),
    ],
)
def test_a_table_in_memory_is_the_same_data(table: Callable[[], Any]) -> None:
    assert fingerprint(read(table())) == fingerprint(expected())


def test_the_same_moments_in_any_type_have_the_same_order() -> None:
    moments = pd.to_datetime(FRAME["timestamp"], unit="s")
    for times in (moments, moments.dt.tz_localize("UTC"), moments.astype("str"), moments.dt.date):
        found = read(FRAME.assign(timestamp=times))
        assert np.array_equal(found.times[:3] // 86400, expected().times[:3] // 86400)
    assert fingerprint(read(FRAME.assign(timestamp=moments))) == fingerprint(expected())


def test_uuids_and_huge_numbers_are_ids() -> None:
    uuids = [UUID(int=k) for k in (7, 5, 7)]
    frame = pa.table(
        {
            "user": pa.array([uuid.bytes for uuid in uuids], pa.uuid()),
            "item": pa.array([2**64 - 1, 1, 2**63], pa.uint64()),
            "time": [1, 2, 3],
        }
    )
    found = read(frame)
    assert found.user_ids.tolist() == [str(uuids[1]), str(uuids[0])]
    assert found.item_ids.tolist() == ["1", "18446744073709551615", "9223372036854775808"]


def test_a_folder_of_parts_is_one_table_in_natural_order(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for number, part in ((2, FRAME[:2]), (10, FRAME[2:])):
        (folder / f"part-{number}.csv.gz").write_bytes(
            gzip.compress(part.to_csv(index=False).encode())
        )
    (folder / "_SUCCESS").touch()
    (folder / ".hidden").write_text("nothing")
    assert fingerprint(read(folder)) == fingerprint(expected())


def test_a_hive_partitioned_folder_has_its_keys_as_columns(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    parquet.write_to_dataset(
        pa.table(FRAME.assign(event=["buy", "view", "buy", "view", "buy"])), folder, ["event"]
    )
    found = read(folder, where="event == 'buy'")
    assert sorted(found.times) == sorted(FRAME["timestamp"][[0, 2, 4]])


def test_recbole_files_are_read_by_folder_or_file(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    header = "user_id:token\titem_id:token\ttimestamp:float\trating:float\n"
    body = FRAME.to_csv(index=False, sep="\t", header=False)
    (folder / "demo.inter").write_text(header + body, encoding="utf-8")
    (folder / "demo.item").write_text("item_id:token\tgenres:token_seq\n10\ta b\n20\ta b\n")
    for path in (folder, folder / "demo.inter"):
        found = read(path)
        assert found.item_features is not None
        assert found.item_features.multi_hot_names == ("a", "b")
        assert fingerprint(replace(found, item_features=None)) == fingerprint(expected())


def test_adjacency_lists_are_read_one_or_train_and_test(tmp_path: Path) -> None:
    folder = tmp_path / "gowalla"
    folder.mkdir()
    (folder / "train.txt").write_text("0 5 6 7\n1 5\n2 \n3 7 8\n")
    (folder / "test.txt").write_text("0 8\n1 6 7\n")
    alone = read(folder / "train.txt", order="file")
    assert alone.user_ids[alone.users].tolist() == [0, 0, 0, 1, 3, 3]
    assert alone.item_ids[alone.items].tolist() == [5, 6, 7, 5, 7, 8]
    both = read(folder, order="file")
    assert both.user_ids[both.users].tolist() == [0, 0, 0, 1, 3, 3, 0, 1, 1]
    assert both.times.tolist() == list(range(9))


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst", "zip", "parquet", "feather"])
def test_what_is_cut_off_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    content = CONTENTS[kind]()
    for cut in range(6, len(content) - 1, 7):
        path = tmp_path / f"cut-{cut}"
        path.write_bytes(content[:cut])
        with pytest.raises((BadData, DataUnavailable)) as caught:
            read(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zst])
def test_packed_files_one_after_the_other_are_read_to_the_end(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "clicks"
    lines = CSV.splitlines(keepends=True)
    first, second = pack(b"".join(lines[:3])), pack(b"".join(lines[3:]))
    path.write_bytes(first + second)
    assert fingerprint(read(path)) == fingerprint(expected())
    for damaged in (b"\0" + second[1:], second[:-9], b"more"):
        path.write_bytes(first + damaged)
        with pytest.raises(BadData, match="damaged or cut off"):
            read(path)


def test_one_test_item_for_each_user_is_an_adjacency_list_beside_one(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("0 5 7 9\n1 5\n2 7 9\n")
    (tmp_path / "test.txt").write_text("0 6\n1 7\n2 5\n")
    data = read(tmp_path, order="random")
    found = set(zip(data.users.tolist(), data.item_ids[data.items].tolist(), strict=True))
    assert found == {(0, 5), (0, 7), (0, 9), (1, 5), (2, 7), (2, 9), (0, 6), (1, 7), (2, 5)}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("book.xlsx", zipped(b"<a/>", "xl/workbook.xml"), "a spreadsheet is not read"),
        ("photo.bin", b"\x89PIC\r\n\x00\x07,\n1,2,3\n", "a zero byte: no text, and of no format"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=f"{name}(, line 2)?: {said}"):
        read(tmp_path / name)


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "HARMLESS", 1 << 16)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", b"1,2,3\n" * 500_000)
    with pytest.raises(BadData, match="unpacks to more than"):
        read(path)


def test_an_archive_of_several_files_names_them(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    with pytest.raises(BadData, match=r"this has 2: 'a\.csv', 'b\.csv'"):
        read(path)


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "loop.csv"
    path.symlink_to(path)
    with pytest.raises(DataUnavailable, match="loop"):
        read(path)
    with pytest.raises(DataUnavailable, match="loop"):
        read(tmp_path)


def test_parts_of_other_columns_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "a.csv").write_bytes(CSV)
    (folder / "b.csv").write_bytes(CSV.replace(b"item_id", b"item"))
    with pytest.raises(BadData, match=r"b\.csv: no column 'item_id'"):
        read(folder)


def test_a_file_without_a_last_line_end_is_read_and_it_is_said(tmp_path: Path) -> None:
    rows = "user,item,time\n" + "".join(f"{n % 4},{n % 7},{1_000_000 + n}\n" for n in range(40))
    path = tmp_path / "clicks.csv"
    said = []
    for text in (rows, rows[:-1], rows[:-3]):  # whole, without its end, cut inside a number
        path.write_text(text)
        notes = read_data(path, ReadOptions()).data.notes
        said.append(any("no line end" in note for note in notes))
    assert said == [False, True, True]
