"""What text and pictures look like in OpenAI's newer APIs: in responses and in decisions alike."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

from kantu.errors import error
from kantu.processing.conversation import Detail
from kantu.processing.messages import Text
from kantu.processing.validation import refused


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputText(_Part):
    """一段文字。"""

    type: Literal["input_text"]
    text: Text
    prompt_cache_breakpoint: None = None


class InputImage(_Part):
    """一张图片：data: 网址、允许的网址，或上传文件的 file_id。"""

    type: Literal["input_image"]
    image_url: StrictStr | None = None
    file_id: StrictStr | None = None
    detail: Detail | None = Field(None, description="low 用较少的视觉词元；auto 与 high 用到模型的上限")
    prompt_cache_breakpoint: None = None

    @model_validator(mode="after")
    def _one(self) -> InputImage:
        if (self.image_url is None) == (self.file_id is None):
            raise refused(error("invalid_parameter.image_url_or_file"))
        return self
