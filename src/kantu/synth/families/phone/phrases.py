"""How people ask about phone screens. [a|b] is a choice; {x} is a row's name, {c} a column, {m} a measure word."""

from __future__ import annotations

from importlib import resources

from kantu.synth.ask.named import read_meanings

MEANINGS = read_meanings(resources.files("kantu.synth.families.phone").joinpath("meanings.txt").read_text("utf-8"))

ALIKE: tuple[frozenset[str], ...] = (
    frozenset(
        (
            "number",
            "shop_number",
            "tracking",
            "serial",
            "code",
            "account",
            "member",
            "build",
            "pickup",
            "queue",
            "called",
            "card",
            "identity",
            "gate",
            "spot",
            "meal_number",
            "reader_number",
            "student_number",
            "staff_number",
            "contract",
            "bill_number",
        )
    ),
    frozenset(("person", "passenger", "patient", "guest", "student", "recipient", "singer", "author", "holder")),
    frozenset(("driver", "rider")),
    frozenset(("party", "shop", "sender", "company", "hotel", "hospital", "developer", "bank", "courier")),
    frozenset(("address", "place", "hall", "start", "end", "lot", "region", "city", "spot")),
    frozenset(
        (
            "date",
            "time",
            "chosen",
            "month",
            "period",
            "due",
            "valid",
            "arrival",
            "eta",
            "taken",
            "take",
            "entry",
            "published",
            "released",
            "depart",
            "arrive",
            "clock",
            "came",
            "left",
            "checkin",
            "checkout",
            "birthday",
        )
    ),
    frozenset(("amount", "fare", "fee", "due_amount", "expense", "balance", "asset", "principal", "plan_fee", "extra")),
    frozenset(("income", "gain")),
    frozenset(("duration", "sleep", "length", "overtime", "nights")),
    frozenset(("phone", "landline", "own_phone")),
    frozenset(("version", "current", "build")),
    frozenset(("size", "storage", "used", "data")),
    frozenset(("temperature", "feels", "range")),
    frozenset(("eta", "eta_minutes", "waiting", "queue")),
    frozenset(("show", "song", "album", "headline", "goods")),
    frozenset(("device", "model", "car")),
    frozenset(("reads", "likes", "fans", "plays")),
    frozenset(("group", "category", "plan", "remark")),
    frozenset(("usage", "now", "last", "data")),
    frozenset(("quantity", "people", "borrowed", "reserved", "coupons")),
    frozenset(("level", "rank")),
    frozenset(("wechat", "member", "email")),
    frozenset(("owed", "penalty", "due_amount")),
    frozenset(("weather", "air", "ultraviolet")),
    frozenset(("bank", "method", "card")),
    frozenset(("discount", "coupons")),
    frozenset(("delivery", "packing", "fee")),
)
"""Values that one word may mean: where one of them is shown, another is not asked for as missing."""

HIGH_LOW: dict[str, tuple[str, str]] = {
    "大小": ("大", "小"),
    "占用": ("大", "小"),
    "金额": ("多", "少"),
    "费用": ("多", "少"),
    "用量": ("多", "少"),
    "数量": ("多", "少"),
    "距离": ("远", "近"),
    "点赞数": ("多", "少"),
    "评论数": ("多", "少"),
}
"""What a column's numbers are called when there is much or little; 高 and 低 where nothing is said."""

CELL = (
    "{x}[的|]{c}[是多少|是什么|是啥|写的什么|怎么写的]",
    "{x}[这|那|这一|那一]{m}[，|的|]{c}[是什么|是多少|写的什么]",
    "[看看|查一下|读一下|说一下|告诉我]{x}的{c}",
    "{x}[那一行|那条|对应]的{c}[是多少|是什么|是啥|]",
    "{c}这一项，{x}[写的是|是][什么|多少]",
    "{x}的{c}",
    "{x}，{c}呢",
)
CELL_BY: dict[str, tuple[str, ...]] = {
    "time": ("{x}是[什么时候|哪天|几点|什么时间][的|]", "{x}[什么时候|是在什么时候]", "{x}[是|]几点的事"),
    "money": ("{x}[多少钱|是多少钱|是多少|多少|几块钱]", "{x}[那笔|这笔|这一笔]多少[钱|]"),
    "person": ("{x}[写的是谁|后面是谁|对应的是谁|那一行写的谁|写的哪个人]",),
    "place": ("{x}在[哪|哪里|什么地方|哪儿]", "{x}的地点[是哪|]"),
    "span": ("{x}[多长时间|多久|用了多久]", "{x}[有多长|是多长时间]"),
}
"""Shorter ways, where the page has one column only of that kind."""
WHOSE = (
    "[哪|哪一]{m}[的|]{c}是{v}",
    "{c}[是|为|写着]{v}的[是哪|是哪一]{m}",
    "{v}是[哪|哪一]{m}[的|]{c}",
    "[找出|说出|告诉我]{c}为{v}的[那|那一]{m}",
    "{v}[对应的|那一行|那条]是[什么|哪个]",
)
NTH = (
    "第{n}{m}是[什么|哪个|啥]",
    "[从上往下|从上面|往下]数第{n}{m}[是什么|写的什么|是哪个]",
    "[列表|页面|图]里第{n}{m}[是什么|叫什么]",
    "[读出|念一下|写出]第{n}{m}[的名字|]",
    "排在第{n}的[那|那一]{m}是什么",
)
LAST = (
    "最后[一|]{m}是[什么|哪个|啥]",
    "最下面[那|一|那一]{m}[是什么|写的什么|是哪个]",
    "[列表|页面]最底下[那|那一]{m}[是什么|叫什么]",
)
FIRST = (
    "最上面[那|一|那一]{m}[是什么|写的什么]",
    "排在最前面的[那|]一{m}[是什么|是哪个]",
    "[开头|头一]{m}[是什么|写的什么]",
)
NEWEST = (
    "[最新|最近|最近一次|目前最新]的[动态|进度|物流|状态更新|物流信息]是[什么|啥]",
    "[快递|包裹|东西][现在|目前]到[哪|哪儿|哪里][了|啦]",
    "[最新一条|最近一条]物流[写的什么|是什么|说了什么]",
    "[物流|快递]最后更新[了什么|到哪了|写的什么]",
)
NEWEST_TIME = (
    "[最新|最近|最后]一次[更新|动态]是[什么时候|几点|哪天]",
    "[物流|快递]什么时候更新的",
    "[最新|最近]那条[的时间|是几点的]",
)
COUNT = (
    "[一共|总共|]有[几|多少]{m}[{h}|]",
    "[这里|图里|页面上|列表里|截图里][一共|]有[几|多少]{m}[{h}|]",
    "[数一数|数数|数一下]有[几|多少]{m}[{h}|]",
    "[列了|显示了|看得到][几|多少]{m}{h}",
    "{h}[有|一共有][几|多少]{m}",
    "[几|多少]{m}{h}",
)
COUNT_OF = (
    "[{c}是|{c}为|写着]{v}的[有|一共有][几|多少]{m}",
    "有[几|多少]{m}[是|写着|标着]{v}[的|]",
    "{v}的[有|]几{m}",
    "[几|多少]{m}{c}是{v}",
)
COUNTED = ("{n}{m}", "{n}{m}。", "{n}", "一共{n}{m}。", "有{n}{m}。")
NAMES = (
    "[都有|有|列了]哪些{h}",
    "[列出|写出|说出|念一下]所有[的|]{h}",
    "{h}[都有哪些|有哪些|分别是什么|都是什么]",
    "[每|各]{m}[都|分别]是什么",
)
MOST = (
    "[哪|哪一]{m}[的|]{c}最{w}",
    "{c}最{w}的是[哪|哪一]{m}",
    "[哪个|什么][的|]{c}最{w}",
    "{c}最{w}的[是什么|是哪个|叫什么]",
    "最{w}的{c}是[哪|哪一]{m}的",
    "[看看|说说|告诉我]{c}最{w}的是哪{m}",
)
SPENT = ("[支出|花钱|付出去]最多的是[哪|哪一]{m}", "[哪|哪一]{m}花[得|的钱]最多", "最大的一{m}支出是[什么|哪个]")
EARNED = ("[收入|进账|收到]最多的是[哪|哪一]{m}", "[哪|哪一]{m}收[得|的钱]最多", "最大的一{m}收入是[什么|哪个]")
EARLY = (
    "[最早|时间最早]的是[哪|哪一]{m}",
    "[哪|哪一]{m}[时间|]最早",
    "最早的[那|]一{m}是[什么|哪个]",
    "[最先|最早]响的是[哪个|哪一个]",
)
LATE = ("[最晚|时间最晚]的是[哪|哪一]{m}", "[哪|哪一]{m}[时间|]最晚", "最晚的[那|]一{m}是[什么|哪个]")
MORE = (
    "{x}和{y}[哪个|哪一个|谁][的|]{c}[更|]{w}",
    "{x}[跟|与|和]{y}比，[哪个|谁]的{c}更{w}",
    "{c}更{w}的是{x}还是{y}",
    "{x}和{y}，[哪|哪一]{m}{c}{w}[一些|一点|]",
)
TOLD = ("{v}", "{v}", "{v}", "{v}。", "是{v}。", "“{v}”")
SAID = ("{v}", "{v}", "{v}", "{v}。", "是{v}。", "图上写着{v}。", "{x}的{c}是{v}。", "{c}：{v}")
WHICH = (
    "[现在|这|图里|目前|状态|][是|]{a}还是{b}",
    "[属于|算是|算]{a}还是{b}",
    "{a}还是{b}",
    "[选一个|二选一|选]：{a}、{b}",
    "[已经|]是{a}[了吗|吗]，还是{b}",
    "{a}[，|]或者{b}，是哪个",
    "从{a}、{b}[中|里]选一个",
)
WHICH_OF_THREE = (
    "[是|]{a}、{b}还是{d}",
    "[选一个|三选一]：{a}、{b}、{d}",
    "从{a}、{b}、{d}[中|里]选[一个|]",
    "{a}，{b}，{d}，[是|]哪个",
)
WHICH_PAGE = (
    "[这|这张图|截图|图里][是|]{a}[页面|]还是{b}[页面|]",
    "[这是|是]{a}的截图还是{b}的[截图|]",
    "[属于|算]{a}还是{b}",
    "[页面类型|二选一]：{a}、{b}",
)
WEEKDAY = (
    "[这个月|本月|]{d}[号|日]是[星期几|周几|礼拜几]",
    "{d}[号|日][星期几|周几|礼拜几]",
    "[看日历|日历上][，|]{d}[号|日]是[星期|周]几",
    "[选中|标出|圈出]的那[天|一天]是[星期几|周几]",
)
WEEKDAYS = ("星期{v}", "周{v}", "星期{v}。", "是星期{v}。", "是周{v}。")
USED = ("本期读数减[去|]上期读数[是|等于|]多少", "[两次|前后]读数[差|相差]多少", "这[期|次]用了多少度[电|]")
VAGUE = (
    "[这是什么|这是啥|这是什么页面|图里是什么|这是哪里的截图|这个页面是干什么的]",
    "[描述|介绍|概括|总结][一下|][这个|这张|][截图|页面|图片|图]",
    "[图里|这张图|截图里|这里][有什么|讲了什么|都有啥|写了什么]",
    "[帮我看看这个|看一下这张图|怎么回事|说说看|看看这个|这什么情况|帮我康康]",
    "[讲讲|说说][这张图|这个|截图]",
)
VAGUE_TITLED = ("这是“{t}”页面", "一张“{t}”的截图", "这是手机上的“{t}”页面", "“{t}”页面")
VAGUE_UNTITLED = ("这是{n}页面", "一张{n}的手机截图", "这是手机上的{n}")
