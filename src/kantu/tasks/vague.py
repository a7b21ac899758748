"""Questions that point at nothing (它是什么？ 那个呢？), and better ones to ask.

这 points at the picture, and who says 看看 or 总结一下 means all of it: those can be answered. A question is vague
where nothing is left of it without pronouns, question words and particles.
"""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 16  # characters; a longer question says something

_EMPTY = (
    "它们?|[这那]个?(?:东西|玩意儿?)|[这那][个些样]?|[这那][两俩]个?|那里|另一个|其[他它]的?|剩下的|哪一?个|哪些"
    "|个?什么|啥(?:玩意儿?)?|怎么样|怎么|怎样|咋样?|如何|为什么|为啥|为何|凭什么|多少|几个|有(?:什么|啥)用|怎么说|该怎么"
    "|是不是|有没有|能不能|可不可以|对不对|好不好|行不行|(?<!是)真的(?:假的|吗)?|别的|意思|到底|究竟|来着|还是|所以"
    "|(?:可以|[对好行]|能行?)[吗呢吧么嘛]|[是有没还又办和的了吗呢吧啊呀么嘛哦嗯]"
    "|请问?|问一下|想知道|能?告诉|能?帮(?:帮|个忙|忙|我一下)?|麻烦|继续|你好|您好|哈喽|你觉得|你说|[我你您]"
)
_SAYS_NOTHING = re.compile(f"(?:{_EMPTY})+|(?:[你您]好)?在(?:不在|吗)")
_OF_IT = (
    "[大小多长高重贵远久叫在哪弄做用能好行对]|东西|干什么|干嘛|几|看看|说说|讲讲|解释|介绍|描述|一下|长什么样|个什么|才"
)
_OF_SOMETHING_UNNAMED = re.compile(f"(?=.*[它那])(?:{_EMPTY}|{_OF_IT})+")
_THE_PICTURE = re.compile(
    r"(?:请问|到底|究竟|我?想知道|告诉我|你好)*这[个些]?(?:到底|究竟)?(?:(?:[是叫有](?:什么|啥)|啥|什么)(?:东西|用)?|是?多少)[呀啊呢嘛来着了]*"
)
_QUOTED = re.compile(r"[“”\"'‘’「」『』《》【】]")

_BETTER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"意思", ("图里的提示文字是什么意思？", "标题下面那行字是什么意思？", "这张图讲了什么？")),
    (r"为什么|为啥|为何|凭什么", ("图中写的原因是什么？", "为什么还没发货？", "页面上有什么提示？")),
    (r"怎么办|咋办|怎么说", ("接下来该点哪个按钮？", "图中的问题怎么解决？", "页面提示下一步做什么？")),
    (r"多少|几", ("合计金额是多少？", "图里有几个人？", "右下角的数字是多少？")),
    (r"哪", ("哪个商品最贵？", "图里有哪些按钮？", "选中的是哪一项？")),
    (
        r"怎么样|咋|如何|怎样|怎么|好|行|可以|对|真的",
        ("图中的商品评分是多少？", "订单现在是什么状态？", "图里的算式算对了吗？"),
    ),
    (r"有", ("图里有什么文字？", "图里有没有电话号码？", "页面上有哪些按钮？")),
)
_ANY = ("这张图里有什么？", "图中的标题写的是什么？", "左上角的图标是什么？")


def vague(question: str) -> tuple[str, ...] | None:
    """Questions to ask instead, or None where the question points at something."""
    text = unicodedata.normalize("NFKC", question)
    if _QUOTED.search(text):
        return None
    said = re.sub(r"[\s，。？！、；：…~,.?!;:]", "", text)
    if not said or len(said) > _LONGEST or _THE_PICTURE.fullmatch(said):
        return None
    if not _SAYS_NOTHING.fullmatch(said) and not _OF_SOMETHING_UNNAMED.fullmatch(said):
        return None
    return next((better for pattern, better in _BETTER if re.search(pattern, said)), _ANY)
