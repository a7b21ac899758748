"""What an order page tells: one invented order, and the words Chinese shops use for its parts."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from kantu.synth import lexicon, vocabulary

STATUSES: dict[str, tuple[str, ...]] = {
    "unpaid": ("待付款", "待支付", "等待付款", "等待买家付款", "未支付", "订单待支付", "待付尾款"),
    "unshipped": each(
        """待商家发货 | 待商家发货 | 待发货 | 备货中 | 等待卖家发货 | 商家已接单 | 待商家接单 | 买家已付款 | 已付款
        待出库 | 拣货中 | 打包中 | 商家备货中 | 待配货 | 定制中 | 预售中 | 待揽收 | 已下单 | 出库中 | 商家未发货"""
    ),
    "shipped": each(
        """已发货 | 运输中 | 商家已发货 | 待收货 | 卖家已发货 | 已出库 | 已揽收 | 在途中 | 转运中 | 等待收货
        部分发货 | 清关中"""
    ),
    "arriving": ("派送中", "待取件", "骑手配送中", "配送中", "待自提", "已到驿站", "骑手已取货", "送货中", "待取餐"),
    "received": ("已签收", "已送达", "已收货", "已取件", "待评价", "已妥投", "待确认收货"),
    "done": ("交易成功", "已完成", "订单已完成", "交易完成", "已评价", "服务已完成"),
    "cancelled": ("已取消", "交易关闭", "订单已取消", "已关闭", "超时未支付", "订单关闭", "商家已取消"),
    "refund": each(
        """退款中 | 退款成功 | 售后处理中 | 退货中 | 换货中 | 待寄回 | 退款审核中 | 已退款 | 拒绝退款 | 退款关闭"""
    ),
    "ticket": ("待使用", "出票中", "已出票", "待入住", "未使用", "待核销", "待出行", "已核销", "候补中", "已预约"),
    "service": each("待上门 | 待服务 | 服务中 | 待接单 | 师傅已出发 | 维修中 | 待验收 | 安装中 | 制作中 | 检测中"),
}  # fmt: skip
INVENTED = "invented"

_AGENTS = (
    "仓库 师傅 门店 商家 客服 站点 骑手 医生 老师 供货方 质检员 工厂 厨房 买手 管家 摄影师 快递员 裁缝 中心仓 总店 花艺师 技师 "
    "车间 药师 平台 审核员 酒店 设计师 店员 海关 配镜师"
).split()
_ACTIONS = (
    "打包 上门 接单 出库 确认 核对地址 补货 排产 称重 质检 安装 清洗 取件 回电 审核 备料 装车 改签 出餐 调货 分拣 贴单 换货 盘点 "
    "裁剪 烘焙 刻字 测量 报价 配送 拆箱 试机 交接 验货 抢修 包装 合并包裹 开票 选座 确认档期 修图 印刷 充氮 冷藏"
).split()
_CAUSES = (
    "仓库正在盘点;近期订单较多;遇到暴雨天气;商品暂时缺货;地址信息不完整;快递网点停运;系统正在升级;支付渠道维护;道路临时管制;"
    "该商品需要定制;预售商品未到发货时间;身份信息未补充;厂家延迟到货;颜色缺货正在调拨;大促期间单量激增;包裹破损重新打包;"
    "质检发现瑕疵;节假日商家休息;商品需要冷链运输;尺码正在补货;收件电话无人接听;库存不足需要调货;物流中转站爆仓;师傅临时请假"
).split(";")
_EFFECTS = (
    "预计{date}发出;发货时间顺延{n}天;配送可能延迟;请耐心等待;客服会在{n}小时内联系您;预计{n}天内处理完成;最晚{date}前安排;"
    "我们会尽快处理;到货后优先发出;如有疑问请联系客服;将于{date}恢复;可能晚到{n}天"
).split(";")
_REASONS: dict[str, tuple[str, ...]] = {
    "unpaid": each(
        """请在{n}分钟内完成付款 | 剩余{n}小时{m}分自动关闭 | 超时未付款订单将自动取消 | {date}前未支付将关闭订单
        库存有限，请尽快支付"""
    ),
    "unshipped": each(
        """商家正在备货，预计{n}小时内发出 | 商家承诺{date}前发货 | 仓库正在打包您的商品 | 付款后{n}小时内发货
        预计{date}发货 | 商品正在出库，请耐心等待 | 定制商品，{n}天内发出 | 商家还未发货，超时可获赔付
        等待快递员上门揽收 | 剩余{n}小时{m}分发货"""
    ),
    "shipped": each(
        """包裹正在运往{city} | 预计{date}送达 | 还剩{n}天自动确认收货 | 快件已到达{city}转运中心
        包裹已交给快递公司 | 您的包裹正在路上 | 快件离开{city}，发往下一站"""
    ),
    "arriving": each(
        """快递员正在为您派送 | 包裹已到驿站，请凭取件码领取 | 骑手距您{n}00米 | 预计{n}分钟后送达
        取件码{n}-{m}-{code4} | 今日送达，请保持电话畅通 | 请于{date}前领取"""
    ),
    "received": each(
        """包裹已签收，签收人：本人 | 感谢您的购买，期待评价 | 已放至门口 | 还剩{n}天自动确认收货 | 评价得{m}积分"""
    ),
    "done": ("感谢您的信任，期待再次光临", "已获得{m}积分", "如有问题可在{n}天内申请售后", "欢迎再次购买"),
    "cancelled": each(
        """超时未付款，订单自动取消 | 买家主动取消订单 | 商家缺货，已为您取消 | 取消原因：不想要了
        取消原因：地址填错 | 取消原因：重复下单 | 款项已原路退回"""
    ),
    "refund": each(
        """退款将在{n}个工作日内到账 | 等待商家处理，剩余{n}小时 | 退款原因：商品破损 | 退款原因：尺码不合适
        退款原因：与描述不符 | 请在{n}天内寄回商品 | 商家拒绝，原因：超过期限 | 钱款已退回原支付账户"""
    ),
    "ticket": each(
        """请凭券码到店使用 | 有效期至{date} | 出票成功后短信通知 | 预计{n}分钟内出票 | 请提前{n}分钟到场
        可在{date}前免费改签"""
    ),
    "service": each(
        """师傅预计{date}上门 | 正在为您分配师傅 | 师傅将在{n}小时内联系您 | 请保持电话畅通
        等待配件到货，预计{n}天"""
    ),
}  # fmt: skip
BUTTONS: dict[str, tuple[str, ...]] = {
    "unpaid": ("立即付款", "去支付", "继续支付", "马上付款", "去付款", "立即支付"),
    "unshipped": ("提醒发货", "催发货", "催单", "申请退款", "修改地址", "联系商家", "提醒商家"),
    "shipped": ("确认收货", "查看物流", "延长收货", "物流详情", "追踪包裹"),
    "arriving": ("联系骑手", "查看取件码", "确认收货", "查看位置", "出示取件码", "联系快递员"),
    "received": ("去评价", "立即评价", "确认收货", "写评价", "晒单有礼"),
    "done": ("再次购买", "再来一单", "申请售后", "追加评价", "再买一次"),
    "cancelled": ("重新购买", "删除订单", "再次下单", "找相似"),
    "refund": ("查看进度", "填写运单号", "联系客服", "撤销申请", "钱款去向", "申请介入"),
    "ticket": ("查看券码", "出示二维码", "申请退票", "去使用", "改签", "查看电子票"),
    "service": ("联系师傅", "改约时间", "取消服务", "查看进度", "确认验收"),
}
MINOR_BUTTONS = (
    "取消订单 删除订单 联系客服 查看物流 申请售后 加入购物车 申请开票 更多 修改地址 分享 投诉 换货 退款 帮助 找客服 查看发票 复制订单 好友代付"
).split()
COURIERS = "迅达快递 云鹿速运 青鸟物流 百灵快运 长风速递 蓝鲸快递 飞燕速运 万里达物流 小蜗同城 山雀快送 北斗快运 橙马速递".split()
PAYMENTS = "余额支付 银行卡支付 信用卡 货到付款 礼品卡 找人代付 分期付款 扫码支付 数字人民币 门店付款 积分加现金 到店支付".split()
REMARKS = (
    "请放门口;周末送货;不要打电话;帮忙包装成礼物;多放一双筷子;不要香菜;少冰少糖;请尽快发货;放驿站就行;易碎轻放;颜色随机;不要辣;"
    "送货前请联系;请开发票;门卫代收;尺码偏小请换大;留言写生日快乐;要当天的;麻烦仔细检查;放快递柜"
).split(";")
CITIES = "杭州 成都 武汉 西安 长沙 南京 广州 苏州 青岛 郑州 昆明 合肥 福州 沈阳 天津 兰州 贵阳 南昌 太原 大连".split()
PICTURE_OF = {
    "衬衫睡衣卫衣毛衣": "👕", "外套风衣羽绒服": "🧥", "裙": "👗", "裤": "👖", "袜": "🧦", "围巾": "🧣", "帽": "🧢", "手套": "🧤", "运动鞋跑鞋": "👟",
    "凉鞋拖鞋": "🩴", "靴": "👢", "背包": "🎒", "挎包钱包": "👜", "行李箱": "🧳", "伞": "☂", "墨镜": "🕶", "手表": "⌚", "项链": "📿", "耳机": "🎧",
    "音箱": "🔊", "键盘": "⌨", "鼠标": "🖱", "充电数据线插座": "🔌", "手机": "📱", "灯": "💡", "手电": "🔦", "水壶": "🫖", "摄像": "📷", "路由": "📡",
    "硬盘": "💾", "杯": "🍵", "碗汤圆": "🥣", "盘子": "🍽", "筷": "🥢", "锅": "🍳", "刀": "🔪", "饭盒": "🍱", "毛巾浴巾": "🛁", "牙刷牙膏": "🪥",
    "香皂": "🧼", "洗发洗衣面霜": "🧴", "纸巾": "🧻", "口红": "💄", "床": "🛏", "椅": "🪑", "沙发": "🛋", "镜子": "🪞", "拖把": "🧹", "收纳箱": "📦",
    "花瓶": "🏺", "盆栽": "🪴", "书绘本词典小说": "📚", "笔记练习": "📒", "笔": "✏", "文件": "📁", "计算器": "🧮", "月饼": "🥮", "饼干": "🍪",
    "面包": "🍞", "蛋糕": "🍰", "糖": "🍬", "坚果果干瓜子": "🥜", "牛肉干火腿香肠": "🥓", "面条米线凉皮": "🍜", "大米面粉": "🌾", "油酱油": "🫙",
    "辣椒": "🌶", "咖啡": "☕", "茶": "🍵", "奶茶": "🧋", "果汁": "🧃", "苹果": "🍎", "橙": "🍊", "芒果": "🥭", "西瓜": "🍉", "虾": "🦐", "牛排": "🥩",
    "鸡翅": "🍗", "饺": "🥟", "鱼": "🐟", "炒饭盖饭": "🍛", "奶粉": "🍼", "积木拼图": "🧩", "玩偶": "🧸", "气球": "🎈", "篮球": "🏀", "足球": "⚽",
    "球拍": "🏸", "帐篷睡袋": "⛺", "头盔": "🪖", "轮胎车垫": "🚗", "猫粮": "🐱", "狗粮": "🐶", "螺丝电钻": "🔩", "卷尺": "📏", "锁": "🔒",
}  # fmt: skip
PICTURES = tuple(PICTURE_OF.values())


@dataclass(frozen=True)
class Good:
    """One article of an order; money in yuan as text with two decimals or none."""

    name: str
    spec: str
    price: str
    quantity: int
    picture: str


@dataclass(frozen=True)
class Order:
    """One order. Texts are as they would be printed, money without a currency sign."""

    category: str
    status: str
    reason: str
    shop: str
    goods: tuple[Good, ...]
    goods_total: str
    shipping: str
    discount: str
    price: str
    number: str
    date: str
    pay_date: str
    payment: str
    courier: str
    tracking: str
    recipient: str
    phone: str
    address: str
    remark: str
    buttons: tuple[str, ...]


def _invented_status(rng: random.Random) -> str:
    agent, action = rng.choice(_AGENTS), rng.choice(_ACTIONS)
    if rng.random() < 0.22:
        return vocabulary.random_han(rng, rng.randint(3, 6))
    return rng.choice(
        (f"等待{agent}{action}", f"正在{action}", f"{agent}正在{action}", f"待{agent}{action}", f"{action}中", f"正在安排{agent}",
         f"已{action}", f"{agent}已{action}", f"待{action}", f"即将{action}", f"暂缓{action}", f"{agent}{action}中", f"{action}失败")
    )  # fmt: skip


def _reason(rng: random.Random, category: str, when: datetime) -> str:
    if category == INVENTED or rng.random() < 0.35:
        template = rng.choice(_CAUSES)
        if rng.random() < 0.7:
            template += "，" + rng.choice(_EFFECTS)
    else:
        template = rng.choice(_REASONS[category])
    later = when + timedelta(days=rng.randint(1, 20))
    date = rng.choice((f"{later.month}月{later.day}日", f"{later.month:02d}-{later.day:02d}", "明天", "后天", "本周五"))
    return template.format(
        date=date,
        n=rng.choice((1, 2, 3, 4, 5, 6, 7, 10, 12, 15, 24, 30, 48)),
        m=rng.randint(2, 59),
        city=rng.choice(CITIES),
        code4=rng.randint(1000, 9999),
    )


@dataclass(frozen=True)
class _Money:
    """How a page writes sums: with cents or without, with a comma after thousands or without."""

    whole: bool
    comma: bool

    def __call__(self, cents: int) -> str:
        yuan = f"{cents // 100:,}" if self.comma else str(cents // 100)
        return yuan if self.whole else f"{yuan}.{cents % 100:02d}"


def _cents(rng: random.Random) -> int:
    yuan = int(10 ** rng.uniform(0.3, rng.choice((2.2, 2.7, 3.7))))
    return yuan * 100 + rng.choice((0, 0, 90, 80, 99, 50, rng.randint(1, 99)))


def _date_format(rng: random.Random) -> str:
    return rng.choice(
        each(
            """%Y-%m-%d %H:%M:%S | %Y-%m-%d %H:%M:%S | %Y-%m-%d %H:%M | %Y/%m/%d %H:%M | %Y.%m.%d %H:%M
            %m-%d %H:%M | %Y年%m月%d日 %H:%M | %m月%d日 %H:%M | %Y/%m/%d %H:%M:%S | %Y-%m-%d | %Y年%m月%d日
            %Y.%m.%d %H:%M:%S"""
        )
    )  # fmt: skip


def _picture(rng: random.Random, name: str) -> str:
    """An emoji that shows the article, or any when none does."""
    for words, picture in PICTURE_OF.items():
        if any(words[i : i + 2] in name for i in range(len(words) - 1)) or (len(words) == 1 and words in name):
            return picture
    return rng.choice(PICTURES)


def _title(rng: random.Random) -> str:
    """What shops print as an article's name: short in food and services, long with search words elsewhere."""
    name = vocabulary.goods_name(rng)
    if rng.random() < 0.32:
        extra = rng.sample(lexicon.GOODS_MODIFIERS, rng.randint(1, 4))
        joint = rng.choice(("", "", " "))
        name = rng.choice((name + " ", name + joint, "【" + extra[0] + "】" + name)) + joint.join(extra)
    return name[:30].strip()


def _goods(rng: random.Random, written: _Money) -> tuple[tuple[Good, ...], int]:
    count = rng.choices((1, 2, 3, 4), (58, 24, 12, 6))[0]
    goods, total, names = [], 0, set[str]()
    while len(goods) < count:
        name = _title(rng)
        if name in names:
            continue
        names.add(name)
        cents = _cents(rng)
        cents = max(cents // 100, 1) * 100 if written.whole else cents
        quantity = rng.choices((1, 2, 3, rng.randint(4, 12)), (62, 20, 8, 10))[0]
        spec = _spec(rng) if rng.random() < 0.75 else ""
        goods.append(Good(name, spec, written(cents), quantity, _picture(rng, name)))
        total += cents * quantity
    return tuple(goods), total


_COLOURS = (
    "白色 黑色 米白 浅灰 藏青 酒红 墨绿 雾蓝 杏色 粉色 咖色 透明 原木色 香槟金 银灰 奶黄 豆绿 天蓝 橘色 紫色".split()
)
_SIZES = "均码 S码 M码 L码 XL码 2XL 38码 40码 42码 小号 中号 大号 加大 单人 双人 500g 1kg 250ml 1.5L 12寸 6寸 标准版 礼盒装 两件套".split()


def _spec(rng: random.Random) -> str:
    colour, size = rng.choice(_COLOURS), rng.choice(_SIZES)
    return rng.choice(
        (f"{colour} {size}", f"{colour}；{size}", f"{colour}，{size}", f"颜色：{colour}", colour, size, f"规格：{size}", f"{colour}/{size}",
         f"{vocabulary.word(rng)} {size}", f"【{colour}】{size}")
    )  # fmt: skip


def _number(rng: random.Random) -> str:
    length = rng.choice((6, 8, 8, 10, 10, 11, 12, 12, 13, 14, 15, 16, 16, 17, 18, 18, 19, 20))
    digits = "".join(rng.choice("0123456789") for _ in range(length))
    if rng.random() < 0.14:
        letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
        return (letters + digits)[:20]
    return digits if digits[0] != "0" else "1" + digits[1:]


def make_order(rng: random.Random) -> Order:
    """One invented order whose sums are right."""
    money = _Money(rng.random() < 0.15, rng.random() < 0.15)
    whole = money.whole
    goods, total = _goods(rng, money)
    step = 100 if whole else rng.choice((1, 10, 50, 100))
    shipping = rng.choice((0, 0, 0, 600, 800, 1000, rng.randint(1, 40) * 100))
    discount = rng.randint(1, max(total // (3 * step), 1)) * step if rng.random() < 0.55 else 0
    discount = min(discount, total // 2)
    if whole:
        discount -= discount % 100
    placed = datetime(2021, 1, 1) + timedelta(seconds=rng.randint(0, 7 * 365 * 86400))
    paid = placed + timedelta(seconds=rng.randint(8, 5400))
    written = _date_format(rng)
    invented = rng.random() < 0.22
    category = INVENTED if invented else rng.choices(tuple(STATUSES), (10, 24, 14, 11, 8, 8, 8, 8, 8, 7))[0]
    status = _invented_status(rng) if invented else rng.choice(STATUSES[category])
    primary = rng.choice(BUTTONS[rng.choice(tuple(BUTTONS)) if invented or rng.random() < 0.1 else category])
    if rng.random() < 0.12:
        primary = rng.choice(_ACTIONS) if rng.random() < 0.5 else vocabulary.random_han(rng, rng.randint(2, 4))
    minor = [name for name in rng.sample(MINOR_BUTTONS, 3) if name != primary]
    return Order(
        category=category,
        status=status,
        reason=_reason(rng, category, placed),
        shop=vocabulary.shop_name(rng),
        goods=goods,
        goods_total=money(total),
        shipping=money(shipping),
        discount=money(discount),
        price=money(total + shipping - discount),
        number=_number(rng),
        date=placed.strftime(written),
        pay_date=paid.strftime(written),
        payment=rng.choice(PAYMENTS),
        courier=rng.choice(COURIERS)
        if rng.random() < 0.7
        else vocabulary.random_han(rng, 2) + rng.choice(("快递", "速运", "物流")),
        tracking=rng.choice(("", "", "QN", "KD", "LX", "MB"))
        + "".join(rng.choice("0123456789") for _ in range(rng.randint(10, 14))),
        recipient=vocabulary.person(rng),
        phone=vocabulary.phone(rng),
        address=vocabulary.address(rng),
        remark=rng.choice(REMARKS),
        buttons=(primary, *minor[: rng.choices((0, 1, 2), (35, 40, 25))[0]]),
    )


LABELS: dict[str, tuple[str, ...]] = {
    "status": ("订单状态", "状态", "当前状态", "交易状态", "订单进度", "进度", "处理状态"),
    "reason": ("说明", "原因", "备注说明", "状态说明", "提示", "进度说明"),
    "shop": ("店铺", "商家", "卖家", "店铺名称", "商家名称", "商户", "销售方", "门店"),
    "goods": ("商品", "商品名称", "品名", "宝贝", "商品信息", "货品", "购买商品"),
    "unit_price": ("单价", "商品单价", "售价"),
    "quantity": ("数量", "件数", "购买数量", "商品数量"),
    "goods_total": ("商品总额", "商品总价", "商品金额", "小计", "商品合计", "总价"),
    "shipping": ("运费", "配送费", "快递费", "邮费", "运费（快递）"),
    "discount": ("优惠", "店铺优惠", "优惠券", "立减", "满减优惠", "折扣", "红包"),
    "price": each(
        """实付款 | 实付 | 合计 | 应付 | 支付金额 | 实付金额 | 订单金额 | 共计 | 应付款 | 付款金额 | 实际支付
        总金额"""
    ),
    "number": ("订单编号", "订单号", "单号", "编号", "订单编码", "交易号", "订单ID", "订单号码"),
    "date": ("下单时间", "创建时间", "提交时间", "下单日期", "订单时间", "购买时间", "成交时间"),
    "pay_date": ("付款时间", "支付时间", "付款日期", "支付日期"),
    "payment": ("支付方式", "付款方式", "支付渠道", "结算方式"),
    "courier": ("快递公司", "物流公司", "承运商", "配送方", "承运方", "快递"),
    "tracking": ("快递单号", "运单号", "物流单号", "运单编号", "包裹单号"),
    "recipient": ("收货人", "收件人", "联系人", "收货姓名", "姓名"),
    "phone": ("电话", "手机号", "联系电话", "手机", "收货电话", "联系方式"),
    "address": ("收货地址", "地址", "配送地址", "送货地址", "收件地址"),
    "remark": ("备注", "买家留言", "订单备注", "留言", "备注信息"),
}  # fmt: skip
EXTRA_ROWS: dict[str, tuple[str, ...]] = {
    "配送方式": ("普通快递", "同城配送", "到店自提", "冷链配送", "次日达"),
    "发票类型": ("不开发票", "电子发票", "纸质发票"),
    "发票抬头": ("个人",),
    "期望配送": ("立即配送", "工作日送", "周末送", "时间不限"),
    "会员等级": ("银卡会员", "金卡会员", "普通会员", "三星会员"),
    "获得积分": ("12", "35", "128", "206", "980"),
    "下单渠道": ("小程序", "手机客户端", "网页", "门店扫码"),
    "售后期限": ("7天", "15天", "30天"),
    "包装方式": ("普通纸箱", "礼盒", "气泡袋"),
    "温度要求": ("常温", "冷藏", "零下18度"),
    "桌号": ("A12", "B03", "16", "大厅8"),
    "用餐人数": ("2人", "3人", "6人"),
    "保险": ("运费险已投保", "无"),
    "服务保障": ("七天无理由", "假一赔四", "破损包赔", "过期退"),
}
