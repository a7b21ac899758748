"""The body of a response -> the chat completion that asks the same, and its errors back in the client's names."""

from __future__ import annotations

import re

from kantu.errors import KantuError
from kantu.processing.messages import (
    AssistantMessage,
    ImagePart,
    ImageURL,
    Message,
    SystemMessage,
    TextPart,
    UserMessage,
)
from kantu.service.chat.schemas import ChatRequest, JSONSchema, JSONSchemaFormat, ResponseFormat
from kantu.service.input_parts import InputImage, InputText
from kantu.service.responses.schemas import (
    CreateResponse,
    InputSystemMessage,
    InputUserMessage,
    Item,
    OutputText,
    ResponseJSONSchemaFormat,
)

_TOKENS = re.compile(r"\bmax_(?:completion_)?tokens\b")
_PLACE = re.compile(r"messages(?:\.(\d+)(?:\.content\.(\d+)\.image_url)?)?")
_PARAMETERS = {"constraint": "text.format", "response_format": "text.format", "top_logprobs": "max_output_tokens"}


def chat_request(body: CreateResponse) -> ChatRequest:
    """The chat completion that asks the same."""
    messages: list[Message] = []
    if body.instructions:
        messages.append(SystemMessage(role="system", content=body.instructions))
    if isinstance(body.input, str):
        messages.append(UserMessage(role="user", content=body.input))
    else:
        messages += map(_message, body.input)
    return ChatRequest(
        model=body.model,
        messages=messages,
        stream=body.stream,
        max_completion_tokens=body.max_output_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        response_format=_format(body),
    )


def as_sent(failure: KantuError, body: CreateResponse) -> None:
    """Name parameters in an error of the chat completion as the body does."""
    failure.message, failure.message_en = (
        _TOKENS.sub("max_output_tokens", text) for text in (failure.message, failure.message_en)
    )
    param = failure.param
    if param is not None:
        param = _PARAMETERS.get(param, _TOKENS.sub("max_output_tokens", param))
        if (place := _PLACE.match(param)) is not None:
            param = _place(body, place[1], place[2], param[place.end() :])
        failure.param = param


def _place(body: CreateResponse, message: str | None, part: str | None, rest: str) -> str:
    """Where in the body something is that stands in the chat completion's messages."""
    if message is None or isinstance(body.input, str):
        return "input"
    number = int(message) - bool(body.instructions)
    if number < 0:
        return "instructions"
    if part is None:
        return f"input.{number}{rest}"
    image = body.input[number].content[int(part)]
    name = "file_id" if isinstance(image, InputImage) and image.file_id is not None else "image_url"
    return f"input.{number}.content.{part}.{name}{rest}"


def _message(item: Item) -> Message:
    content = item.content if isinstance(item.content, str) else [_part(part) for part in item.content]
    if isinstance(item, InputUserMessage):
        return UserMessage(role="user", content=content)
    if isinstance(item, InputSystemMessage):
        return SystemMessage(role=item.role, content=content)
    return AssistantMessage(role="assistant", content=content)


def _part(part: InputText | OutputText | InputImage) -> TextPart | ImagePart:
    if isinstance(part, InputImage):
        image = ImageURL(url=part.image_url, file_id=part.file_id, detail=part.detail)
        return ImagePart(type="image_url", image_url=image)
    return TextPart(type="text", text=part.text)


def _format(body: CreateResponse) -> ResponseFormat | None:
    form = None if body.text is None else body.text.format
    if not isinstance(form, ResponseJSONSchemaFormat):
        return form
    schema = JSONSchema(name=form.name, description=form.description, schema=form.schema_, strict=form.strict)
    return JSONSchemaFormat(type="json_schema", json_schema=schema)
