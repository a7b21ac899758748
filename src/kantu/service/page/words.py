"""What the page says, in Chinese and English."""

from __future__ import annotations

from kantu.service.language import Language
from kantu.service.page.console_words import ACTIONS, CONSOLE_WORDS, RESOURCES

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("看图", "Kantu"),
    # top and side
    "menu": ("菜单", "Menu"),
    "model": ("模型", "Model"),
    "new": ("新会话", "New conversation"),
    "history": ("本次会话", "This session"),
    "untitled": ("新会话", "New conversation"),
    "history_note": ("只在这个标签页里，关闭后清除", "Only in this tab; gone when it closes"),
    # the key
    "key_title": ("用 API 密钥", "With an API key"),
    "key_text": (
        "密钥只保存在这个标签页里，只随请求发给本服务的 /v1 接口。",
        "The key stays in this tab and travels only with requests to this service's /v1 API.",
    ),
    "key_label": ("API 密钥", "API key"),
    "key_hint": ("还没有？请管理员运行 kantu keys create 名字", "None yet? Ask for: kantu keys create NAME"),
    "key_save": ("开始使用", "Start"),
    "key_rejected": ("密钥无效。", "The key is not valid."),
    "close": ("关闭", "Close"),
    # an empty conversation
    "empty_title": ("把图给我看看", "Show me a picture"),
    "empty_text": (
        "粘贴、拖入或选择图片，然后直接提问。",
        "Paste, drop or choose pictures, then ask.",
    ),
    "nothing_kept": ("图片和问题都不会保存。", "Neither pictures nor questions are kept."),
    "kept_for": (
        "图片、问题和回答加密保存 {days} 天，只有你自己能看和删。",
        "Pictures, questions and answers are kept encrypted for {days} days; only you can see and delete them.",
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
    # a task's form
    "tasks_loading": ("正在读取任务…", "Loading the tasks…"),
    "task_which": ("做什么", "What to do"),
    "task_gives": ("得到：", "Gives: "),
    "task_pictures": ("也可以粘贴或拖入，可以有几张", "or paste or drop them; there may be several"),
    "task_run": ("运行", "Run"),
    "task_evidence": ("标出位置", "Show where it stands"),
    "task_no_picture": ("请先添加图片。", "Add a picture first."),
    "task_missing": ("还没有填：", "Still missing: "),
    "input_optional": ("可不填", "optional"),
    "input_question": ("问题", "Question"),
    "input_text": ("文字", "Text"),
    "input_target": ("要找什么", "What to find"),
    "input_target_sample": ("例如：付款按钮", "such as: the pay button"),
    "input_keys": ("要哪些字段", "Which fields"),
    "input_keys_sample": ("例如：订单号、金额、状态", "such as: order number, amount, status"),
    "input_keys_hint": ("用顿号或逗号隔开", "separated by commas"),
    "input_x": ("横坐标（千分之一）", "Across (thousandths)"),
    "input_y": ("纵坐标（千分之一）", "Down (thousandths)"),
    "point_hint": ("点一下图片，或填写坐标", "Click the picture, or type the coordinates"),
    "point_range": ("坐标是 0 到 1000 的整数。", "Coordinates are whole numbers from 0 to 1000."),
    # a task's result
    "task_result": ("结果", "Result"),
    "task_done": ("完成。", "Done."),
    "task_answer": ("回答", "Answer"),
    "review": ("需人工复核", "A person should check this"),
    "warnings": ("请注意", "Please note"),
    "confidence": ("把握", "Confidence"),
    "confidence_hint": ("答对的可能", "How likely this is right"),
    "confidence_whole": ("整体把握", "Whole result"),
    "uncalibrated": ("未校准", "uncalibrated"),
    "uncalibrated_hint": (
        "把握是模型自己的概率，没有用已知答案校准过",
        "Confidences are the model's own probabilities, not fitted on known answers",
    ),
    "verified": ("已核实", "verified"),
    "unverified": ("未核实", "unverified"),
    "absent": ("图中没有", "not in the picture"),
    "empty_list": ("无", "none"),
    "nothing_found": ("图中没有找到。", "Nothing found in the picture."),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "ask_anyway": ("仍然这样问", "Ask it anyway"),
    "views": ("结果的样子", "Views of the result"),
    "view_cards": ("卡片", "Cards"),
    "view_json": ("JSON", "JSON"),
    "view_curl": ("curl", "curl"),
    "view_python": ("Python", "Python"),
    "code_key": ("换成你的密钥", "put your key here"),
    "version": ("版本", "Version"),
    "cost_requests": ("次数", "Requests"),
    "cost_answer": ("回答", "Answer"),
    "cost_evidence": ("找位置", "Boxes"),
    # whoever has something to complain about
    "legal": ("投诉与举报", "Complaints"),
    "complaints": ("投诉举报渠道：", "Where to complain: "),
    "illegal_content": ("发现违法内容：", "Illegal content: "),
    # failures
    "no_connection": ("连不上服务，请检查网络后重试。", "The service cannot be reached; check the network and retry."),
    "broken_answer": ("回答中途断开，请重试。", "The answer broke off; try again."),
    "request_id": ("请求编号", "Request id"),
}


def words_in(language: Language) -> dict[str, str]:
    """Every text of the page by its name, in one language."""
    return _in(language, _WORDS | CONSOLE_WORDS)


def acts_in(language: Language) -> dict[str, dict[str, str]]:
    """What the audit calls acts and what they are done to, in one language."""
    return {"actions": _in(language, ACTIONS), "resources": _in(language, RESOURCES)}


def _in(language: Language, texts: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: chinese if language == "zh" else english for name, (chinese, english) in texts.items()}
