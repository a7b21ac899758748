"""What the values of a phone's screens are made of, by the words that `screens.txt` has for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from kantu.synth.words import lexicon, vocabulary

_BANKS = ("农商银行", "储蓄银行", "商业银行", "城市银行", "村镇银行", "信用社")
_SUBJECTS = ("语文", "数学", "英语", "物理", "化学", "生物", "历史", "地理", "政治", "音乐", "美术", "体育", "信息技术")
_DEPARTMENTS = ("内科", "外科", "儿科", "骨科", "眼科", "口腔科", "皮肤科", "神经内科", "心内科", "中医科", "耳鼻喉科")
_PAYING = ("零钱", "余额", "信用卡", "储蓄卡", "花呗分期", "亲情卡", "数字人民币", "积分抵扣")
_AIR = ("优", "良", "轻度污染", "中度污染", "重度污染")
_WEEK = "一二三四五六日"


def _between(rng: random.Random, low: str, high: str) -> int:
    return rng.randint(int(low), int(high))


def _fullname(rng: random.Random) -> str:
    return rng.choice(lexicon.SURNAMES) + vocabulary.random_han(rng, rng.randint(1, 2))


def _clock(rng: random.Random, low: str = "0", high: str = "23") -> str:
    return f"{_between(rng, low, high):02d}:{rng.randint(0, 59):02d}"


def _datetime(rng: random.Random) -> str:
    day = f"{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    form = rng.randrange(5)
    if form == 0:
        return f"{rng.randint(2019, 2031)}-{day} {_clock(rng)}:{rng.randint(0, 59):02d}"
    if form == 1:
        return f"{rng.randint(2019, 2031)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}日 {_clock(rng)}"
    if form == 2:
        return f"{rng.randint(2019, 2031)}/{day.replace('-', '/')} {_clock(rng)}"
    return f"{day} {_clock(rng)}" if form == 3 else f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日 {_clock(rng)}"


def _daytime(rng: random.Random) -> str:
    day = rng.choice(
        ("今天", "昨天", "前天", "周一", "周四", "周六", "星期二", f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日")
    )
    return f"{day} {_clock(rng)}" if rng.random() < 0.7 else _clock(rng)


def _money(rng: random.Random) -> str:
    return rng.choice(("¥", "¥", "￥", "")) + vocabulary.amount(rng)


def _signed(rng: random.Random) -> str:
    return rng.choice("--+") + f"{10 ** rng.uniform(0.2, 4.5):,.2f}"


def _range(rng: random.Random) -> str:
    low = rng.randint(-15, 32)
    high = low + rng.randint(2, 14)
    return rng.choice((f"{low}° / {high}°", f"{low}~{high}°", f"{low}°~{high}°", f"{high}°/{low}°"))


def _plate(rng: random.Random) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    tail = "".join(rng.choices(letters + "0123456789" * 3, k=5))
    return rng.choice("京沪粤苏浙川鲁豫鄂湘皖闽赣辽") + rng.choice(letters) + rng.choice(("·", "")) + tail


def _event(rng: random.Random) -> str:
    return vocabulary.word(rng) + rng.choice(
        ("会议", "", "培训", "体检", "面试", "聚餐", "上课", "生日", "到期", "复诊")
    )


def _slot(rng: random.Random) -> str:
    start, length = rng.randint(6 * 60, 20 * 60), rng.randint(15, 220)
    first, last = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in (start, start + length))
    return f"{first}-{last}" if rng.random() < 0.5 else first


def _venue(rng: random.Random) -> str:
    word = vocabulary.word(rng)
    return rng.choice(
        (
            f"{word}{rng.choice(('会议室', '大厅', '广场', '中心', '公园', '大厦', '门店'))}",
            f"{rng.randint(1, 40)}号会议室",
            f"{rng.randint(1, 30)}楼{word}",
            f"{rng.choice('ABCD')}座{rng.randint(101, 3212)}室",
            vocabulary.address(rng),
        )
    )


def _headline(rng: random.Random) -> str:
    w, v = vocabulary.word(rng), vocabulary.word(rng)
    form = rng.choice(
        (
            "{w}{v}最新通知",
            "关于{w}的{v}",
            "{w}为什么{v}",
            "{a}{w}今日开放",
            "{n}个{w}的{v}方法",
            "{w}与{v}",
            "一文看懂{w}{v}",
            "{w}价格上涨{n}%",
            "{a}将新建{n}个{w}",
            "如何挑选{w}",
        )
    )
    return form.format(w=w, v=v, a=rng.choice(lexicon.CITIES), n=rng.randint(2, 99))


MAKERS: Mapping[str, Callable[..., str]] = {
    "int": lambda rng, low, high, unit="": f"{_between(rng, low, high)}{unit}",
    "decimal": lambda rng, low, high, unit="": f"{rng.uniform(float(low), float(high)):.{rng.randint(1, 2)}f}{unit}",
    "thousands": lambda rng, low, high, unit="": f"{_between(rng, low, high):,}{unit if rng.random() < 0.7 else ''}",
    "pick": lambda rng, words: rng.choice(words.split(",")),
    "digits": lambda rng, low, high: vocabulary.digits(rng, _between(rng, low, high)),
    "code": vocabulary.code,
    "money": _money,
    "signed": _signed,
    "clock": _clock,
    "date": vocabulary.date,
    "date2": vocabulary.date,
    "datetime": _datetime,
    "daytime": _daytime,
    "day": lambda rng: f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日 {rng.choice(('星期', '周'))}{rng.choice(_WEEK)}",
    "song": lambda rng: vocabulary.word(rng) + rng.choice(("", "之歌", "的夜", vocabulary.word(rng))),
    "month": lambda rng: f"{rng.randint(2019, 2031)}年{rng.randint(1, 12)}月",
    "monthday": lambda rng: f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日",
    "weekday": lambda rng: rng.choice(
        (f"周{rng.choice(_WEEK)}", f"星期{rng.choice(_WEEK)}", f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日")
    ),
    "slot": _slot,
    "until": lambda rng: rng.choice(("有效期至", "", "截止")) + vocabulary.date(rng),
    "ago": lambda rng: rng.choice(
        (
            f"{rng.randint(2, 59)}分钟前",
            f"{rng.randint(1, 23)}小时前",
            f"{rng.randint(2, 30)}天前",
            vocabulary.date(rng),
        )
    ),
    "duration": lambda rng: rng.choice(
        (
            f"{rng.randint(1, 59)}分钟",
            f"{rng.randint(1, 2)}小时{rng.randint(1, 59)}分",
            f"{rng.randint(1, 59)}秒",
            f"{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}",
        )
    ),
    "stay": lambda rng: f"{rng.randint(1, 40)}小时{rng.randint(1, 59)}分钟",
    "sleep": lambda rng: f"{rng.randint(3, 11)}小时{rng.randint(1, 59)}分",
    "range": _range,
    "wind": lambda rng: (
        rng.choice(("东", "南", "西", "北", "东南", "西北", "东北", "西南")) + f"风{rng.randint(1, 9)}级"
    ),
    "air": lambda rng: (
        f"{rng.randint(8, 399)}{rng.choice(('', ' '))}{rng.choice(_AIR)}" if rng.random() < 0.5 else rng.choice(_AIR)
    ),
    "courier": lambda rng: vocabulary.random_han(rng, 2) + rng.choice(("快递", "速运", "物流", "快运", "速递")),
    "plan": lambda rng: (
        f"{rng.randint(8, 399)}元{vocabulary.word(rng)}套餐"
        if rng.random() < 0.6
        else vocabulary.word(rng) + rng.choice(("卡", "套餐", "畅享包"))
    ),
    "network": lambda rng: rng.choice(
        (
            f"{vocabulary.word(rng)}_5G",
            vocabulary.word(rng) + vocabulary.digits(rng, 2),
            f"WiFi-{vocabulary.digits(rng, 4)}",
            f"TP_{vocabulary.digits(rng, 5)}",
        )
    ),
    "ip": lambda rng: f"{rng.choice(('192.168', '10.0', '172.16'))}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
    "mac": lambda rng: ":".join(f"{rng.randrange(256):02X}" for _ in range(6)),
    "phone": vocabulary.phone,
    "mobile": lambda rng: (
        f"1{rng.randint(3, 9)}{vocabulary.digits(rng, 1)} {vocabulary.digits(rng, 4)} {vocabulary.digits(rng, 4)}"
        if rng.random() < 0.5
        else f"1{rng.randint(3, 9)}{vocabulary.digits(rng, 9)}"
    ),
    "landline": lambda rng: f"0{rng.randint(10, 99)}-{vocabulary.digits(rng, 8)}",
    "email": lambda rng: (
        f"{''.join(rng.choices('abcdefghjkmnpqrstuvwxyz', k=rng.randint(4, 8)))}"
        f"{vocabulary.digits(rng, rng.randint(1, 4))}@{''.join(rng.choices('abcdefghkmnpqrtuvwxyz', k=4))}"
        f"{rng.choice(('.com', '.cn', '.net', '.org'))}"
    ),
    "letters": lambda rng: (
        "".join(rng.choices("ABCDEFGHJKMNPQRSTUVWXYZ", k=rng.randint(2, 3)))
        + "-"
        + vocabulary.digits(rng, rng.randint(3, 5))
    ),
    "version": lambda rng: f"{rng.randint(1, 18)}.{rng.randint(0, 12)}.{rng.randint(0, 9)}",
    "card": lambda rng: rng.choice(("**** **** **** ", "尾号", "**** ")) + vocabulary.digits(rng, 4),
    "expiry": lambda rng: f"{rng.randint(1, 12):02d}/{rng.randint(26, 39)}",
    "identity": lambda rng: f"{vocabulary.digits(rng, 3)}***********{vocabulary.digits(rng, 4)}",
    "person": vocabulary.person,
    "fullname": _fullname,
    "nickname": lambda rng: vocabulary.word(rng) + rng.choice(("", vocabulary.word(rng), str(rng.randint(1, 99)))),
    "driver": lambda rng: rng.choice(lexicon.SURNAMES) + rng.choice(("师傅", "司机", vocabulary.random_han(rng, 2))),
    "doctor": lambda rng: _fullname(rng) + rng.choice(("", "主任", "副主任医师", "主治医师", "医生")),
    "shop": vocabulary.shop_name,
    "party": lambda rng: (
        vocabulary.shop_name(rng)
        if rng.random() < 0.5
        else rng.choice(("转账-{p}", "{w}", "{w}充值", "扫码付款-{p}", "{w}退款", "红包-{p}")).format(
            w=vocabulary.word(rng), p=_fullname(rng)
        )
    ),
    "bank": lambda rng: vocabulary.random_han(rng, 2) + rng.choice(_BANKS),
    "pay": lambda rng: rng.choice(_PAYING) + rng.choice(("", "", f"({vocabulary.digits(rng, 4)})")),
    "address": vocabulary.address,
    "city": lambda rng: rng.choice(lexicon.CITIES),
    "venue": _venue,
    "hall": lambda rng: vocabulary.word(rng) + rng.choice(("影城", "剧场", "音乐厅", "")) + f"{rng.randint(1, 19)}号厅",
    "track": lambda rng: f"{rng.randint(0, 9):02d}:{rng.randint(0, 59):02d}",
    "station": lambda rng: vocabulary.random_han(rng, 2) + rng.choice(("东", "西", "南", "北", "", "站")),
    "station2": lambda rng: rng.choice(lexicon.CITIES) + rng.choice(("东站", "西站", "南站", "北站", "站")),
    "train": lambda rng: rng.choice("GDCKTZ") + str(rng.randint(1, 9999)),
    "seat": lambda rng: f"{rng.randint(1, 16):02d}车{rng.randint(1, 20):02d}{rng.choice('ABCDF')}号",
    "row_seat": lambda rng: f"{rng.randint(1, 20)}排{rng.randint(1, 30)}座",
    "gate": lambda rng: f"{rng.choice('ABCD')}{rng.randint(1, 29)}{rng.choice(('', '号'))}",
    "queue": lambda rng: rng.choice(("", "", "A", "B", "C")) + str(rng.randint(1, 999)).zfill(rng.choice((1, 3))),
    "pickup": lambda rng: f"{rng.randint(1, 30)}-{rng.randint(1, 9)}-{vocabulary.digits(rng, 4)}",
    "hospital": lambda rng: vocabulary.random_han(rng, 2) + rng.choice(("人民医院", "中医院", "第一医院", "儿童医院")),
    "department": lambda rng: rng.choice(_DEPARTMENTS),
    "hotel": lambda rng: (
        vocabulary.random_han(rng, rng.randint(2, 3)) + rng.choice(("酒店", "宾馆", "民宿", "客栈", "公寓"))
    ),
    "room": lambda rng: (
        rng.choice(("豪华", "标准", "高级", "亲子", "海景", "商务", vocabulary.word(rng)))
        + rng.choice(("大床房", "双床房", "套房", "单人间", "家庭房"))
    ),
    "parking": lambda rng: vocabulary.word(rng) + rng.choice(("停车场", "地下车库", "停车楼", "路侧停车")),
    "plate": _plate,
    "goods": vocabulary.goods_name,
    "word": vocabulary.word,
    "word2": lambda rng: vocabulary.word(rng) + (vocabulary.word(rng) if rng.random() < 0.6 else ""),
    "event": _event,
    "headline": _headline,
    "sentence": vocabulary.sentence,
    "source": lambda rng: vocabulary.word(rng) + rng.choice(("网", "日报", "论坛", "百科", "问答", "社区", "频道")),
    "file": lambda rng: (
        vocabulary.word(rng)
        + rng.choice(("", vocabulary.word(rng), vocabulary.digits(rng, 4)))
        + rng.choice((".pdf", ".docx", ".xlsx", ".jpg", ".mp4", ".zip", ".pptx", ".txt"))
    ),
    "sport": lambda rng: rng.choice(("跑步", "骑行", "步行", "游泳", "徒步", "登山", "跳绳", "划船")),
    "coupon": lambda rng: vocabulary.word(rng) + rng.choice(("券", "满减券", "立减券", "代金券", "折扣券")),
    "off": lambda rng: rng.choice(
        (
            f"¥{rng.randint(1, 300)}",
            f"{rng.randint(1, 9)}.{rng.randint(1, 9)}折",
            f"满{rng.randint(5, 60) * 10}减{rng.randint(3, 49)}",
        )
    ),
    "app": lambda rng: vocabulary.word(rng) + rng.choice(("", "", "助手", "地图", "音乐", "阅读", "相机", "浏览器")),
    "fund": lambda rng: (
        vocabulary.random_han(rng, 2) + rng.choice(("科技", "股份", "混合A", "债券C", "指数", "能源", "医药"))
    ),
    "percent": lambda rng: f"{rng.choice('+-')}{rng.uniform(0, 10):.2f}%",
    "gain": lambda rng: f"{rng.choice('+-')}{10 ** rng.uniform(0.3, 4):,.2f}",
    "times": lambda rng: f"×{rng.randint(1, 9)}",
    "subject": lambda rng: (
        rng.choice(_SUBJECTS) if rng.random() < 0.6 else vocabulary.word(rng) + rng.choice(("学", "课", "概论", "基础"))
    ),
    "classroom": lambda rng: rng.choice(
        (f"{rng.choice('ABCD')}{vocabulary.digits(rng, 3)}", f"{rng.randint(1, 9)}号楼{vocabulary.digits(rng, 3)}")
    ),
    "level": lambda rng: rng.choice(
        (f"LV{rng.randint(1, 60)}", "普通会员", "银卡会员", "金卡会员", "钻石会员", f"V{rng.randint(1, 9)}")
    ),
}
"""Each is called with the page's `random.Random` and the arguments of the text."""
