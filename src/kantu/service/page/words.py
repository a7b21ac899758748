"""What the page says, in Chinese and English."""

from __future__ import annotations

from kantu.service.language import Language

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("看图", "Kantu"),
    # top and side
    "menu": ("会话列表", "Conversations"),
    "model": ("模型", "Model"),
    "new": ("新会话", "New conversation"),
    "history": ("本次会话", "This session"),
    "untitled": ("新会话", "New conversation"),
    "history_note": ("只在这个标签页里，关闭后清除", "Only in this tab; gone when it closes"),
    "change_key": ("更换密钥", "Change key"),
    # the key
    "key_title": ("先填写 API 密钥", "First, your API key"),
    "key_text": (
        "密钥只保存在这个标签页里，只随请求发给本服务的 /v1 接口。",
        "The key stays in this tab and travels only with requests to this service's /v1 API.",
    ),
    "key_label": ("API 密钥", "API key"),
    "key_hint": ("还没有？请管理员运行 kantu keys create 名字", "None yet? Ask for: kantu keys create NAME"),
    "key_save": ("开始使用", "Start"),
    "key_checking": ("正在核对…", "Checking…"),
    "key_rejected": ("密钥无效。", "The key is not valid."),
    "close": ("关闭", "Close"),
    # an empty conversation
    "empty_title": ("把图给我看看", "Show me a picture"),
    "empty_text": (
        "粘贴、拖入或选择图片，然后直接提问。图片和问题都不会保存。",
        "Paste, drop or choose pictures, then ask. Neither pictures nor questions are kept.",
    ),
    "choose": ("选择图片", "Choose pictures"),
    "drop_here": ("松开即可添加", "Drop to add"),
    "idea_1": ("为什么这个还没发货？", "Why has this not been shipped?"),
    "idea_2": ("图里写了什么？", "What does the picture say?"),
    "idea_3": ("标出价格的位置", "Where is the price?"),
    # asking
    "question": ("就图片提问…", "Ask about the picture…"),
    "send": ("发送", "Send"),
    "stop": ("停止", "Stop"),
    "keys_note": ("Enter 发送，Shift+Enter 换行", "Enter sends, Shift+Enter starts a line"),
    "remove": ("移除图片", "Remove picture"),
    "advanced": ("高级", "Advanced"),
    "max_pixels": ("每张图片最多像素", "Most pixels per picture"),
    "max_pixels_hint": ("1024 像素 = 1 个视觉词元", "1024 pixels = 1 visual token"),
    "max_tokens": ("最多输出词元", "Most output tokens"),
    "by_default": ("默认", "default"),
    "schema": ("JSON Schema（回答会严格符合它）", "JSON Schema (the answer will keep to it)"),
    "schema_sample": ("填入示例", "Insert a sample"),
    "schema_invalid": ("JSON Schema 不是有效的 JSON 对象。", "The JSON Schema is not a valid JSON object."),
    "ask_first": ("请先写下问题。", "Write a question first."),
    "not_a_picture": ("只能添加图片：", "Only pictures can be added: "),
    "previewing": ("正在估算…", "Estimating…"),
    "preview": ("{pictures} 张图片 · 约 {tokens} 个视觉词元", "{pictures} picture(s) · about {tokens} visual tokens"),
    # answers
    "answering": ("正在看图…", "Looking…"),
    "stopped": ("已停止", "Stopped"),
    "finish_length": ("已到输出上限，回答可能不完整", "Cut off at the output limit"),
    "finish_repetition": ("发现重复，已提前结束", "Ended early: it was repeating itself"),
    "finish_content_filter": ("回答被上游过滤", "Filtered by the upstream service"),
    "retry": ("重试", "Try again"),
    "copy": ("复制", "Copy"),
    "copied": ("已复制", "Copied"),
    "cost_visual": ("视觉词元", "Visual tokens"),
    "cost_prompt": ("输入", "Prompt"),
    "cost_cached": ("缓存", "cached"),
    "cost_output": ("输出", "Output"),
    "cost_ttft": ("首字", "First token"),
    "cost_total": ("共", "Total"),
    "seconds": ("秒", "s"),
    "picture": ("图", "Picture"),
    "enlarge": ("放大", "Enlarge"),
    "no_connection": ("连不上服务，请检查网络后重试。", "The service cannot be reached; check the network and retry."),
    "broken_answer": ("回答中途断开，请重试。", "The answer broke off; try again."),
    "request_id": ("请求编号", "Request id"),
}


def words_in(language: Language) -> dict[str, str]:
    """Every text of the page by its name, in one language."""
    return {name: chinese if language == "zh" else english for name, (chinese, english) in _WORDS.items()}
