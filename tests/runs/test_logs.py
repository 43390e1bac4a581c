"""Logs that others wrote into, lost, or cut off."""

import importlib
import json
import struct

from jaxmmo.runs import logs


def record(update: int) -> dict[str, float]:
    return dict.fromkeys(logs.NEEDED, 2.0) | {"update": update}


def reopened(folder, last: int) -> logs.Log:
    log = logs.Log(folder, last)
    log.close()
    return log


def test_records_after_the_checkpoint_are_dropped_and_others_kept(tmp_path):
    log = logs.Log(tmp_path)
    for update in (1, 2, 3):
        log.write(record(update))
    log.close()
    with (tmp_path / logs.NAME).open("a") as file:
        file.write('{"update": 4, "el')  # cut off by a kill
    assert reopened(tmp_path, 2).unreadable == 0
    assert [r["update"] for r in logs.read(tmp_path)] == [1, 2]
    assert not (tmp_path / logs.UNREADABLE).exists()


def test_a_missing_log_is_begun_anew(tmp_path):
    assert reopened(tmp_path, 7).unreadable == 0
    assert logs.read(tmp_path) == []


def test_foreign_lines_are_left_out_and_the_log_as_it_was_kept(tmp_path):
    foreign = [
        b"hello",
        b"\xff\xfe",
        b"7",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"update": "1"}',
        b'{"update": true}',
        json.dumps(record(3) | {"deaths": None}).encode(),
        json.dumps(record(3) | {"elapsed": float("nan")}).encode(),
        json.dumps(record(3) | {"steps": 10**400}).encode(),
    ]
    good = [json.dumps(record(update)).encode() for update in (1, 2)]
    content = b"\n".join([good[0], *foreign, b"", good[1]]) + b"\n"
    (tmp_path / logs.NAME).write_bytes(content)
    assert reopened(tmp_path, 2).unreadable == len(foreign)
    assert logs.read(tmp_path) == [record(1), record(2)]
    assert (tmp_path / logs.UNREADABLE).read_bytes() == content


def test_tensorboard_reads_what_is_written(tmp_path):
    event = importlib.import_module("tensorboardX.proto.event_pb2").Event
    log = logs.Log(tmp_path)
    log.write(record(1))
    log.close()
    (path,) = (tmp_path / "tensorboard").iterdir()
    data, events = path.read_bytes(), []
    while data:
        (length,) = struct.unpack_from("<Q", data)
        events.append(event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    assert events[0].file_version == "brain.Event:2"
    values = {value.tag: value.simple_value for value in events[-1].summary.value}
    assert values == record(1)
    assert events[-1].step == 1
