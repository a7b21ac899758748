"""The label of generated content, as GB 45438-2025 (人工智能生成合成内容标识方法) asks for it."""

from kantu.aigc.label import SENTENCE, Aigc, ContentLabel, LabelPolicy, Mode

__all__ = ["SENTENCE", "Aigc", "ContentLabel", "LabelPolicy", "Mode"]
