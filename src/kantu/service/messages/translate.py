"""Anthropic's body -> the chat completion that asks the same, and the names of its faults back. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from kantu.errors import KantuError
from kantu.processing.messages import (
    AssistantMessage,
    ImagePart,
    ImageURL,
    Message,
    Part,
    SystemMessage,
    TextPart,
    UserMessage,
)
from kantu.service.chat.schemas import ChatRequest, JSONSchema, JSONSchemaFormat, ResponseFormat
from kantu.service.messages import schemas
from kantu.service.tokenize.schemas import TokenizeRequest


def chat_request(body: schemas.MessageRequest) -> ChatRequest:
    """The same question as a chat completion."""
    return ChatRequest(
        model=body.model,
        messages=_messages(body),
        stream=body.stream,
        response_format=_format(body),
        max_tokens=body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        stop=body.stop_sequences,
    )


def tokenize_request(body: schemas.Prompt) -> TokenizeRequest:
    """The same prompt, to be counted."""
    return TokenizeRequest(model=body.model, messages=_messages(body))


def as_sent(failure: KantuError, body: schemas.Prompt) -> None:
    """Name the parameter of an error of the chat service as the client did."""
    if failure.param is None:
        return
    if failure.param == "stop":
        failure.param = "stop_sequences"
        failure.message, failure.message_en = (
            text.replace("stop", "stop_sequences", 1) for text in (failure.message, failure.message_en)
        )
        return
    names = failure.param.split(".")
    if names[0] == "messages" and len(names) > 1 and body.system is not None:
        number = int(names[1])
        names = ["system", *names[3:]] if number == 0 else ["messages", str(number - 1), *names[2:]]
    if len(names) > 4 and names[4] == "image_url":  # messages.0.content.1.image_url
        names[4:] = ["source"]
    failure.param = ".".join(names)


def _messages(body: schemas.Prompt) -> list[Message]:
    system = [] if body.system is None else [SystemMessage(role="system", content=_texts(body.system))]
    return [*system, *map(_message, body.messages)]


def _message(message: schemas.Message) -> Message:
    if isinstance(message, schemas.UserMessage):
        content = message.content
        return UserMessage(role="user", content=content if isinstance(content, str) else list(map(_part, content)))
    if isinstance(message, schemas.AssistantMessage):
        return AssistantMessage(role="assistant", content=_texts(message.content))
    return SystemMessage(role="system", content=_texts(message.content))


def _texts(content: str | Sequence[schemas.TextBlock]) -> str | list[TextPart]:
    return content if isinstance(content, str) else [TextPart(type="text", text=block.text) for block in content]


def _part(block: schemas.Block) -> Part:
    if isinstance(block, schemas.TextBlock):
        return TextPart(type="text", text=block.text)
    source = block.source
    if isinstance(source, schemas.FileSource):
        return ImagePart(type="image_url", image_url=ImageURL(file_id=source.file_id))
    if isinstance(source, schemas.URLSource):
        return ImagePart(type="image_url", image_url=source.url)
    return ImagePart(type="image_url", image_url=f"data:{source.media_type};base64,{source.data}")


def _format(body: schemas.MessageRequest) -> ResponseFormat | None:
    wanted = None if body.output_config is None else body.output_config.format
    if wanted is None:
        return None
    return JSONSchemaFormat(type="json_schema", json_schema=JSONSchema(name="output", schema=wanted.schema_))
