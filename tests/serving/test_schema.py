"""schemathesis sends what OpenAPI allows and what it does not: no answer is a fault of the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from blemish.serving.service import Service
from blemish.serving.settings import Limits, ServeSettings

from listening import listening

schemathesis = pytest.importorskip("schemathesis", reason="reads the schema")

pytestmark = pytest.mark.slow
MODES = list(schemathesis.GenerationMode)
EXAMPLES = 8


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "images").mkdir()
    places = {"store": folder / "store", "images": folder / "images"}
    with listening(Service(ServeSettings(**places, threads=1, limits=Limits(deadline_s=20)))) as at:
        yield schemathesis.openapi.from_url(f"{at}/openapi.json")


@pytest.mark.parametrize("mode", MODES, ids=[mode.value for mode in MODES])
def test_no_answer_is_a_fault(schema: Any, mode: Any):
    tried = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        tried.add(operation.label)

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            answer = case.call()
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)

        try:
            check()
        except schemathesis.errors.InvalidSchema:
            raise
        except Exception as error:
            # Without parameters and body there is nothing to send that the schema does not allow.
            if "nsatisfiable" not in type(error).__name__:
                raise
    assert len(tried) > 25
