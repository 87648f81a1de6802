"""Tensors of the Open Inference Protocol: JSON numbers, and the binary extension that Triton's clients speak.

With the extension a body is JSON followed by raw bytes; ``Inference-Header-Content-Length`` says where the JSON ends,
and ``parameters.binary_data_size`` how many bytes belong to a tensor.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.serving.refusals import RefusalError

JSON_LENGTH_HEADER = "Inference-Header-Content-Length"
_MAX_SIDE = 1 << 16


@dataclass(frozen=True, slots=True)
class Output:
    """One tensor of an answer: FP32, or BYTES where it holds texts."""

    name: str
    values: NDArray[np.float32] | list[str]

    @property
    def datatype(self) -> str:
        """As the protocol names it."""
        return "BYTES" if isinstance(self.values, list) else "FP32"

    @property
    def shape(self) -> list[int]:
        """Of the tensor."""
        return [len(self.values)] if isinstance(self.values, list) else list(self.values.shape)

    def raw(self) -> bytes:
        """As the binary extension sends it: little-endian numbers, texts each behind their length."""
        if isinstance(self.values, list):
            texts = [text.encode() for text in self.values]
            return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
        return np.ascontiguousarray(self.values, "<f4").tobytes()

    def numbers(self) -> list[Any]:
        """As JSON holds it: flat, row by row."""
        return self.values if isinstance(self.values, list) else [float(value) for value in self.values.ravel()]


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A request that was read.

    Attributes:
        id: what the sender calls it.
        images: uint8 (N, H, W, 3).
        wanted: names of the outputs that are asked for, each with whether it is wanted in binary; empty: all.
        binary: whether outputs come in binary where nothing else is said.
    """

    id: str | None
    images: NDArray[np.uint8]
    wanted: dict[str, bool]
    binary: bool


def read_request(body: bytes, json_length: str | None) -> InferRequest:
    """Read a request with one tensor, ``image`` UINT8 (N, H, W, 3).

    Raises:
        RefusalError: it is none.
    """
    end = len(body) if json_length is None else int(json_length) if json_length.isdecimal() else -1
    if not 0 <= end <= len(body):
        raise RefusalError(400, f"{JSON_LENGTH_HEADER} is the length of the JSON in front of the body.")
    try:
        head = json.loads(body[:end])
    except (ValueError, RecursionError):
        raise RefusalError(400, "The request is not JSON.") from None
    inputs = head.get("inputs") if isinstance(head, dict) else None
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise RefusalError(400, 'A request has one input: "image", UINT8 of shape [N, H, W, 3].')
    parameters = _object(head.get("parameters"))
    binary = parameters.get("binary_data_output") is True
    return InferRequest(
        id=head["id"] if isinstance(head.get("id"), str) else None,
        images=_images(inputs[0], body[end:]),
        wanted=_wanted(head.get("outputs"), binary),
        binary=binary,
    )


def write_answer(head: dict[str, Any], outputs: list[Output], request: InferRequest) -> tuple[bytes, int | None]:
    """The body of an answer.

    Returns:
        The body, and the length of the JSON in front of it; None where there is nothing behind it.
    """
    described, tail = [], b""
    for output in outputs:
        if request.wanted and output.name not in request.wanted:
            continue
        entry: dict[str, Any] = {"name": output.name, "datatype": output.datatype, "shape": output.shape}
        if request.wanted.get(output.name, request.binary):
            raw = output.raw()
            entry["parameters"] = {"binary_data_size": len(raw)}
            tail += raw
        else:
            entry["data"] = output.numbers()
        described.append(entry)
    front = json.dumps({**head, "outputs": described}).encode()
    return front + tail, len(front) if tail else None


def _images(tensor: dict[str, Any], tail: bytes) -> NDArray[np.uint8]:
    shape = tensor.get("shape")
    if tensor.get("name") != "image" or tensor.get("datatype") != "UINT8" or not _is_shape(shape):
        raise RefusalError(400, 'The input is "image", UINT8 of shape [N, H, W, 3], each side at least 1.')
    assert isinstance(shape, list)
    count = math.prod(shape)
    size = _object(tensor.get("parameters")).get("binary_data_size")
    if size is not None:
        if size != count or len(tail) != count:
            raise RefusalError(400, f"The shape needs {count} bytes behind the JSON, and there are {len(tail)}.")
        return np.frombuffer(tail, np.uint8).reshape(shape)
    try:
        values = np.asarray(tensor.get("data"), dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        raise RefusalError(400, '"data" holds numbers from 0 to 255.') from None
    if values.size != count or not ((values >= 0) & (values <= 255) & (values == np.floor(values))).all():
        raise RefusalError(400, f'"data" holds {count} whole numbers from 0 to 255, as the shape says.')
    return values.astype(np.uint8).reshape(shape)


def _is_shape(shape: object) -> bool:
    if not isinstance(shape, list) or len(shape) != 4 or shape[3] != 3:
        return False
    return all(isinstance(side, int) and not isinstance(side, bool) and 0 < side <= _MAX_SIDE for side in shape)


def _wanted(outputs: object, binary: bool) -> dict[str, bool]:
    if not isinstance(outputs, list):
        return {}
    named = [output for output in outputs if isinstance(output, dict) and isinstance(output.get("name"), str)]
    return {output["name"]: _object(output.get("parameters")).get("binary_data", binary) is True for output in named}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
