"""Requests that the OpenAPI document allows, and requests that it forbids: the answers are as documented, never 5xx."""

from __future__ import annotations

import datetime
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.openapi.checks import JsonSchemaError
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from kantu.service.dialect import MESSAGES
from tests.service.proof.live import CHAT, MODEL, RESPONSES, LiveGateway

pytestmark = pytest.mark.whole

DECISIONS = "/v1/decisions"
TASK = "/v1/tasks/{task}"
OPERATIONS = [
    ("POST", CHAT),
    ("POST", RESPONSES),
    ("POST", DECISIONS),
    ("GET", "/v1/tasks"),
    ("POST", TASK),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{name}"),
    ("POST", "/v1/files"),
    ("GET", "/v1/files"),
    ("GET", "/v1/files/{file_id}"),
    ("GET", "/v1/files/{file_id}/content"),
    ("DELETE", "/v1/files/{file_id}"),
    ("POST", "/v1/batches"),
    ("GET", "/v1/batches"),
    ("GET", "/v1/batches/{batch_id}"),
    ("POST", "/v1/batches/{batch_id}/cancel"),
    ("POST", "/v1/tokenize"),
    ("GET", "/v1/history"),
    ("DELETE", "/v1/history"),
    ("GET", "/v1/history/{history_id}"),
    ("GET", "/v1/history/{history_id}/pictures/{number}"),
    ("DELETE", "/v1/history/{history_id}"),
    ("POST", MESSAGES),
    ("POST", f"{MESSAGES}/count_tokens"),
    ("GET", "/v1/audit"),
    ("POST", "/v1/audit/verify"),
    ("GET", "/v1/audit/export"),
    ("POST", "/v1/session"),
    ("GET", "/v1/session"),
    ("DELETE", "/v1/session"),
    ("POST", "/v1/session/reauthentication"),
    ("GET", "/v1/session/providers"),
    ("POST", "/v1/session/oidc"),
    ("GET", "/v1/account/sessions"),
    ("DELETE", "/v1/account/sessions/{session_id}"),
    ("PUT", "/v1/account/password"),
    ("POST", "/v1/account/totp"),
    ("PUT", "/v1/account/totp"),
    ("DELETE", "/v1/account/totp"),
    ("POST", "/v1/account/recovery-codes"),
    ("GET", "/v1/people"),
    ("POST", "/v1/people"),
    ("GET", "/v1/people/{person_id}"),
    ("POST", "/v1/people/{person_id}/disable"),
    ("POST", "/v1/people/{person_id}/enable"),
    ("POST", "/v1/people/{person_id}/unlock"),
    ("POST", "/v1/people/{person_id}/password"),
    ("PUT", "/v1/people/{person_id}/role"),
    ("DELETE", "/v1/people/{person_id}/totp"),
    ("GET", "/v1/people/{person_id}/sessions"),
    ("DELETE", "/v1/people/{person_id}/sessions"),
    ("GET", "/v1/groups"),
    ("POST", "/v1/groups"),
    ("GET", "/v1/groups/{group_id}"),
    ("PUT", "/v1/groups/{group_id}"),
    ("DELETE", "/v1/groups/{group_id}"),
    ("GET", "/v1/groups/{group_id}/people"),
    ("PUT", "/v1/groups/{group_id}/people/{person_id}"),
    ("DELETE", "/v1/groups/{group_id}/people/{person_id}"),
    ("POST", "/v1/keys"),
    ("GET", "/v1/keys"),
    ("DELETE", "/v1/keys/{key_id}"),
    ("GET", "/v1/usage"),
    ("GET", "/v1/usage/export"),
    ("GET", "/v1/status"),
    ("GET", "/v1/settings"),
    ("GET", "/health"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]
NOTHING_TO_SAY = ("/health", "/healthz", "/readyz", "/metrics", "/v1/session/providers")  # and so nothing to say wrong
# They need no key; whoever tries names is answered later and later.
LOGINS = (("POST", "/v1/session"), ("POST", "/v1/session/oidc"))
EXAMPLES = 25  # of requests with a body
FEW = 10  # of those that have little to vary


@pytest.fixture(scope="module")
def document(live: LiveGateway) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{live.address}/openapi.json", trust_env=False, timeout=60).json()
    return found


@pytest.fixture(scope="module")
def schema(live: LiveGateway, document: dict[str, Any]) -> BaseSchema:
    found = schemathesis.openapi.from_dict(document)
    found.config.update(base_url=live.address)
    return found


@pytest.fixture(scope="module")
def key(live: LiveGateway) -> str:
    return live.new_key()


def test_every_operation_is_asked(document: dict[str, Any]) -> None:
    found = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert found == set(OPERATIONS)


# Another thread of this process that draws from the global generator looks to Hypothesis like a strategy that does.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (method, path, mode)
        for method, path in OPERATIONS
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or path not in NOTHING_TO_SAY
        if mode is GenerationMode.NEGATIVE or (method, path) not in LOGINS
    ],
)
def test_answers_are_as_documented(schema: BaseSchema, key: str, method: str, path: str, mode: GenerationMode) -> None:
    operation = schema[path][method]

    @settings(
        derandomize=True,
        database=None,
        max_examples=EXAMPLES if schema[path][method].body else FEW,
        deadline=None,
        phases=(Phase.generate,),  # the first failure is shown as it is: shrinking it takes long
        suppress_health_check=list(HealthCheck),  # they are about time
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        _ask_the_model_for_little(case)
        # The document cannot say that the last message is a user's, that bytes are a picture's, or that a number is
        # below what the settings allow: what fits it may be refused. Keys are tried below: many wrong ones take long.
        case.call_and_validate(
            headers={"Authorization": f"Bearer {key}"}, excluded_checks=[positive_data_acceptance, ignored_auth]
        )

    ask()


def test_every_operation_needs_a_good_key(live: LiveGateway) -> None:
    needs_none = {*LOGINS, *(("GET", path) for path in NOTHING_TO_SAY)}
    guarded = [operation for operation in OPERATIONS if operation not in needs_none]
    for number, (method, path) in enumerate(guarded):
        for keys, code in (("", "missing_api_key"), ("Authorization: Bearer kt-wrong\r\n", "invalid_api_key")):
            head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{keys}\r\n"
            assert live.exchange(head.encode(), f"127.1.0.{number + 1}") == (401, code)


EXAMPLES_OF = {
    CHAT: ("question", "stream", "record"),
    RESPONSES: ("question", "stream", "record"),
    DECISIONS: ("picture", "text"),
    TASK: ("order", "match"),
    MESSAGES: ("question", "stream"),
    f"{MESSAGES}/count_tokens": ("question",),
}


@pytest.mark.parametrize(("path", "example"), [(path, name) for path, names in EXAMPLES_OF.items() for name in names])
def test_the_examples_are_answered_as_documented(
    live: LiveGateway, document: dict[str, Any], schema: BaseSchema, path: str, example: str
) -> None:
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert set(content["examples"]) == set(EXAMPLES_OF[path])
    with live.client() as client:
        answer = client.post(path.format(task=example), json=content["examples"][example]["value"])
    assert answer.status_code == 200, answer.text
    schema[path]["POST"].validate_response(answer)


@pytest.mark.parametrize(
    ("path", "chunk"),
    [
        (CHAT, b'data: {"id": "chatcmpl-1", "choices": []}\n\n'),
        (MESSAGES, b'event: message_delta\ndata: {"type": "message_delta", "delta": {}}\n\n'),
    ],
)
def test_a_stream_that_is_not_as_documented_is_noticed(
    live: LiveGateway, schema: BaseSchema, path: str, chunk: bytes
) -> None:
    with live.client() as client:
        request = client.build_request("POST", path)
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=chunk, request=request)
    answer.elapsed = datetime.timedelta(seconds=1)
    with pytest.raises(JsonSchemaError, match=r"SSE event (payload )?violates"):
        schema[path]["POST"].validate_response(answer)


def _ask_the_model_for_little(case: schemathesis.Case) -> None:
    """Random words would never name the model, and would ask it for 512 tokens."""
    body: Any = case.body
    if isinstance(body, dict) and isinstance(body.get("model"), str):
        body["model"] = MODEL
        if case.operation.path == CHAT and body.get("max_tokens") is None:
            body.setdefault("max_completion_tokens", 2)
        if case.operation.path == RESPONSES:
            body.setdefault("max_output_tokens", 2)
        if case.operation.path == MESSAGES and isinstance(body.get("max_tokens"), int):
            body["max_tokens"] = min(body["max_tokens"], 2)
