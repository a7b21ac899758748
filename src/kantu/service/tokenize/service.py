"""What a conversation costs in tokens, with no picture decoded and nothing asked."""

from __future__ import annotations

from functools import partial

from anyio import CapacityLimiter, to_thread

from kantu.service.actor import Actor
from kantu.service.admission import Admission
from kantu.service.chat.translate import read_conversation
from kantu.service.models.registry import ModelRegistry
from kantu.service.pictures import Pictures
from kantu.service.settings import RequestSettings
from kantu.service.tokenize.schemas import PictureCost, TokenizeRequest, TokenizeResponse


class TokenizeService:
    """Counts tokens. Used on the event loop only."""

    def __init__(
        self, settings: RequestSettings, models: ModelRegistry, pictures: Pictures, admission: Admission
    ) -> None:
        self._settings, self._models, self._pictures, self._admission = settings, models, pictures, admission

    async def count(self, actor: Actor, body: TokenizeRequest) -> TokenizeResponse:
        """The tokens of a conversation and of each of its pictures.

        Raises:
            KantuError: what a chat completion of the same messages would be refused for, `prompt_too_long` included.
        """
        model = self._models.get(actor, body.model)
        conversation = read_conversation(body.messages, self._settings)
        config = model.image_config
        max_pixels = None if body.mm_processor_kwargs is None else body.mm_processor_kwargs.max_pixels
        async with (
            self._admission.request(actor),
            self._pictures.open(actor, conversation.images, config, max_pixels) as opened,
        ):
            resizings = [picture.resizing for picture in opened.pictures]
            prompt_tokens = None
            if model.chat is not None:
                grids = [resizing.grid(config) for resizing in resizings]
                count = partial(model.chat.prompt, conversation.turns, grids, most_tokens=model.context_tokens)
                async with self._admission.text(actor):
                    # a thread beside those that everybody shares; the admission bounds how many there are
                    prompt = await to_thread.run_sync(count, limiter=CapacityLimiter(1))
                prompt_tokens = len(prompt.input_ids)
        return TokenizeResponse(
            model=model.name,
            prompt_tokens=prompt_tokens,
            visual_tokens=opened.visual_tokens,
            images=[
                PictureCost(
                    width=resizing.original_size[0],
                    height=resizing.original_size[1],
                    resized_width=resizing.width,
                    resized_height=resizing.height,
                    visual_tokens=resizing.visual_tokens(config),
                )
                for resizing in resizings
            ],
            warnings=[warning.message for warning in opened.warnings],
        )
