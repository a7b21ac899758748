"""What people call the values of papers about money, and how they ask for them."""

from __future__ import annotations

from importlib import resources

from kantu.synth.ask.named import read_meanings

MEANINGS = read_meanings(resources.files("kantu.synth.families.invoice").joinpath("meanings.txt").read_text("utf-8"))

ALIKE: tuple[frozenset[str], ...] = (
    frozenset(("number", "receipt_no", "bill_no", "quote_no", "serial", "ticket_no", "code")),
    frozenset(("date", "time", "leaves", "arrival", "departure", "paper_date", "board", "alight")),
    frozenset(("buyer", "payer", "customer", "payer_name", "guest", "passenger")),
    frozenset(("seller", "receiver", "payee_name", "payee")),
    frozenset(("cashier", "drawer", "handler", "contact", "payee", "reviewer")),
    frozenset(("total", "net", "whole", "fare", "paid")),
    frozenset(("payment", "terms")), frozenset(("purpose", "remark")), frozenset(("id", "permit", "member")),
    frozenset(("shop_place", "seller_place", "buyer_place")), frozenset(("shop_phone", "seller_place",
    "buyer_place")),
    frozenset(("buyer_bank", "payer_account", "payer_bank")), frozenset(("seller_bank", "payee_account",
    "payee_bank")),
    frozenset(("off", "deposit", "refund", "change", "surcharge")), frozenset(("room", "desk", "seat")),
    frozenset(("waiting", "nights", "valid", "delivery")), frozenset(("unit_price", "total")),
)  # fmt: skip
"""Values that one word may mean: where one of them is shown, another is not asked for as missing."""

TITLE = (
    "[这|这张图|图里|图片][是|是一张]什么[票据|单据|票|东西]", "[标题|抬头标题|最上面]写的[什么|是什么]",
    "[票据|单据|这张单子]的[名称|标题]是什么",
    "[这是|是]什么[单据|票据|单子|票]", "[单据|票据]类型[是什么|]", "[大标题|标题]是什么",
)  # fmt: skip
SHOP = (
    "[是|在]哪家[店|商店|商户]", "[店名|商户名称|店铺名称]是什么", "[在|]哪里[买的|消费的]", "[这是|]谁家的小票",
    "[哪个|哪家]店开的[小票|]", "[去|在]的什么店", "商家[叫什么|是谁|名称]",
)  # fmt: skip
ITEMS = (
    "[买了|有|一共有]几[样|种|项][东西|商品|]", "[票上|单子上|明细里|表里|这里]有[几|多少][行|项|样|种][商品|明细|]",
    "[一共|共]列了[几|多少]项", "[项目|商品|明细]有[几|多少][个|项|条]", "[数一数|数数]有几项",
)  # fmt: skip
ITEM_NAMES = (
    "[买了|都有|卖的是][些|]什么", "[列出|写出|念一下][所有|全部|]商品[名称|]", "[有|是]哪些[商品|项目|东西]",
    "[开的是|买的是]什么[项目|东西]",
    "[明细|项目]都[是|有]什么",
)  # fmt: skip
CELL = (
    "{x}的{c}[是多少|是什么|多少|]", "[表里|明细里|]{x}[这一|那|]行的{c}", "{x}[，|的]{c}[写的多少|写的什么]",
    "[查一下|看看|]{x}的{c}",
    "{c}[这列|一栏]，{x}是多少",
)  # fmt: skip
DEAREST = ("[哪样|哪项|什么|哪个][的|]{c}最{w}", "{c}最{w}的是[什么|哪个|哪样|哪项]", "[最{w}的|{c}最{w}]是哪一项")
MORE = (
    "{x}和{y}[哪个|哪项]{c}[高|大|多]",
    "{x}[跟|与]{y}比，[哪个|谁]的{c}[更大|更高|更多]",
    "{c}[高|多|大]的是{x}还是{y}",
)
CHOICE = (
    "[这|图里|这张][是|]{a}还是{b}",
    "[属于|算]{a}还是{b}",
    "{a}还是{b}",
    "[选一个|二选一]：{a}、{b}",
    "是{a}吗，还是{b}",
)
SEAL = (
    "[盖的|上面|图里][是|]什么章", "章[上写的|是]什么", "[印章|公章|红章][上|]写的是什么", "盖[了|着]谁的章",
    "[红色|]印章的[文字|内容]",
)  # fmt: skip
IS_STAMPED = ("[有没有|有|是否]盖章[吗|]", "[图里|票上]有[没有|]印章[吗|]", "盖[了|过]章[没有|吗]", "[看得到|有]红章吗")
ADD = {
    ("net", "tax"): (
        "[不含税]金额加[上|]税额[一共|]是多少", "金额和税额[加起来|合计][是|]多少",
        "税[前|]金额[和|加]税[是|一共]多少",
    ),
    ("fare", "surcharge"): ("车费[和|加]附加费[一共|加起来|]多少", "[加上|算上]附加费[一共|]多少钱"),
}  # fmt: skip
SUBTRACT = {
    ("paid", "total", "change"): ("[收了|付了]钱[以后|，|][应该|要|]找[多少|几块]",
    "实收减[去|]应付[是|等于|]多少", "该找[多少|回多少]钱"),
    ("whole", "off", "total"): ("[原价|合计]减[去|]优惠[是|等于|剩]多少", "[优惠|打折]后[是|要付|]多少[钱|]"),
    ("deposit", "total", "refund"): ("押金减[去|]消费[是|剩]多少", "押金[扣完|扣掉消费后]退多少"),
    ("total", "tax", "net"): ("[价税合计|总额]减[去|]税额[是|]多少", "总价[里|]扣掉税[是|剩|]多少"),
}  # fmt: skip
OFFERED = (
    "发票",
    "小票",
    "出租车票",
    "火车票",
    "账单",
    "收据",
    "报价单",
    "回单",
    "订单截图",
    "聊天记录",
    "通知",
    "菜单",
)
