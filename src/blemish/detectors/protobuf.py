"""Protobuf's wire format without any library for it: walking through a message, and adding texts to a model.

Only as much as it takes to look into a graph before a runtime does: fields in the order in which they stand. A singular
field may stand several times; parsers merge or replace, so whoever looks for something must look at every occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
# Field number of onnx.proto.
_MODEL_METADATA = 14


class MalformedError(ValueError):
    """These bytes are no message, or one of too many fields."""


class Walker:
    """Walks through a message and those within it, up to so many fields in all.

    Args:
        max_fields: after this many, whatever is walked through is refused: a gigabyte may hold 500 million.
    """

    def __init__(self, max_fields: int) -> None:
        self._left = max_fields

    def fields(self, message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
        """Each field's number with its value: an int for numbers, the bytes for texts, messages and packed numbers.

        Raises:
            MalformedError: the bytes are cut short or no message, or there are too many fields.
        """
        at, end = 0, len(message)
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise MalformedError("it has too many parts")
            key = message[at]
            if key < 0x80:  # as nearly all are
                at += 1
            else:
                key, at = _varint(message, at)
            number, kind = key >> 3, key & 7
            if number == 0:
                raise MalformedError("it is no protobuf message")
            if kind == _VARINT:
                value, at = _varint(message, at)
                yield number, value
                continue
            if kind == _LENGTH:
                size, at = _varint(message, at)
            elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
                size = 8 if kind == _EIGHT_BYTES else 4
            else:
                raise MalformedError("it is no protobuf message")
            if size > end - at:
                raise MalformedError("it is cut short")
            yield number, message[at : at + size]
            at += size

    def messages(self, message: memoryview, *numbers: int) -> Iterator[memoryview]:
        """The values of all fields of these numbers that can be messages or texts."""
        for number, value in self.fields(message):
            if number in numbers and isinstance(value, memoryview):
                yield value


def numbers(value: int | memoryview) -> Iterator[int]:
    """The numbers of a repeated field, whether it is packed or not."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        one, at = _varint(value, at)
        yield one


def with_metadata(model: bytes, facts: Mapping[str, str]) -> bytes:
    """An ONNX model with further entries among its metadata; its graph stays as it is, byte for byte."""
    entries = (_field(1, name.encode()) + _field(2, value.encode()) for name, value in facts.items())
    return model + b"".join(_field(_MODEL_METADATA, entry) for entry in entries)


def _field(number: int, value: bytes) -> bytes:
    return _encoded(number << 3 | _LENGTH) + _encoded(len(value)) + value


def _encoded(value: int) -> bytes:
    """An unsigned number, seven bits to a byte, the lowest first."""
    more, low = value >> 7, value & 0x7F
    return bytes([low | 0x80]) + _encoded(more) if more else bytes([low])


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """An unsigned number of up to 64 bits, and where the next field begins."""
    value = 0
    for index in range(min(_MAX_VARINT_BYTES, len(message) - at)):
        byte = message[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise MalformedError("it is cut short, or no protobuf message")
