"""Everything that can be set about the gateway, and where it comes from: a YAML file, the environment, flags.

`docs/settings.md` is written from these classes (`python scripts/settings_page.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from kantu.aigc import SENTENCE, LabelPolicy, Mode
from kantu.aigc.label import check_sentence, read_modes
from kantu.errors import error
from kantu.service.actor import Limits
from kantu.service.http.addresses import Networks
from kantu.service.oidc.mapping import GroupMapping

PREFIX = "KANTU_"
# Read elsewhere: where models are fetched from and kept, and where the YAML file is.
OTHER_VARIABLES = frozenset({"KANTU_HOME", "KANTU_HUB", "KANTU_HUB_ENDPOINT", "KANTU_CONFIG"})

# As browsers write them in `Origin`: no path, no slash at the end, no capitals. Any other would never match.
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[a-z0-9._:\[\]-]+")

_HTTPS = re.compile(r"https://[^\s/?#@]+(/[^\s?#]*)?")
# Browsers keep cookies of ours over TLS, and of this machine.
_REDIRECT = re.compile(r"(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[^\s?#]*)?")
OIDC_CALLBACK = "/v1/session/oidc/callback"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class ServerSettings(_Section):
    """监听与时限。"""

    host: str = Field("127.0.0.1", description="监听的地址")
    port: int = Field(8000, ge=0, le=65535, description="监听的端口；0 表示任选一个空闲端口")
    allow_insecure: bool = Field(False, description="允许在没有 TLS 时监听本机以外的地址（例如前面另有 TLS 代理）")
    tls_certificate: Path | None = Field(None, description="TLS 证书（PEM 文件）")
    tls_key: Path | None = Field(None, description="TLS 私钥（PEM 文件）")
    drain_seconds: float = Field(30, gt=0, description="收到 SIGTERM 后，最多等正在处理的请求多少秒")
    body_seconds: float = Field(60, gt=0, description="接收一个请求体最多多少秒")
    send_seconds: float = Field(60, gt=0, description="客户端最多多少秒不读取回答，之后取消它的请求")
    stream_keep_alive_seconds: float = Field(
        15,
        ge=0,
        description="流式回答每安静多少秒发一行注释，免得代理断开；此后的失败是 error 事件，不再有状态码；0 表示不发",
    )
    cors_origins: tuple[str, ...] = Field(
        (),
        description="允许哪些网页来源跨源访问（CORS），如 https://app.example.com；* 表示任何来源；空表示不允许",
    )
    max_body_bytes: int = Field(64 * 2**20, ge=1024, description="请求体最多多少字节")
    max_total_body_bytes: int = Field(
        2**28, ge=2**20, description="同时在内存里的请求体共多少字节，超出的排队；引用的图片文件另算同样多"
    )
    max_memory_bytes: int = Field(
        2**31,
        ge=2**26,
        description="HTTP 进程最多用多少内存（不含引擎和解码的进程）；启动时核对各部分的上限加起来不超过它",
    )
    max_json_depth: int = Field(64, ge=8, description="请求体 JSON 的最大嵌套层数")
    max_connections: int = Field(
        4096, ge=1, description="最多同时多少条连接；描述符不够时更少（启动时把软限制提到硬限制，并记进日志）"
    )
    max_connections_per_address: int = Field(
        512,
        ge=1,
        description="一个地址（IPv6 按 /64）最多多少条连接，至多总数的一半；超出时关掉它最久没用的空闲连接，"
        "都在用就得到 503；trusted_proxies 里的地址不受此限",
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="前面的代理的地址或网段，如 10.0.0.0/8；只有它们写的 X-Forwarded-For、-Proto、-Prefix 才算数；"
        "默认谁的都不算，本机的也不算（端口转发会让外来的连接看似来自本机）",
    )
    docs: bool = Field(True, description="提供 /openapi.json")
    docs_public: bool = Field(True, description="/openapi.json 不需要密钥")
    mcp: bool = Field(True, description="提供 MCP（/mcp）：每个任务是一个工具，密钥与权限同 /v1/tasks")
    page: bool = Field(True, description="提供控制台（/）")

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("not an origin")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        Networks(proxies)
        return proxies


class ModelSettings(_Section):
    """模型，或兼容 OpenAI 的上游服务。"""

    name: str = Field("kantu-mini", description="模型名、本地文件夹，或上游服务的网址（http://…/v1，可用逗号分隔多个）")
    served_name: str | None = Field(None, description="对外的模型名；默认取模型名或文件夹名")
    quantize: Literal["int8", "int4"] | None = Field(None, description="解码器权重的位数；上游服务不适用")
    device: str | None = Field(None, description="cpu、cuda 等；默认自动选择")
    upstream_model: str | None = Field(None, description="上游服务里的模型名；上游服务必填")
    upstream_key: SecretStr | None = Field(None, description="上游服务的密钥")
    upstream_dialect: Literal["openai", "vllm"] = Field("vllm", description="上游服务懂得的字段")
    upstream_images: Literal["qwen3-vl"] = Field("qwen3-vl", description="上游模型切图的方式，用来计算视觉词元")
    max_running: int = Field(64, ge=1, description="同时生成的回答数")
    max_waiting: int = Field(256, ge=1, description="最多多少个请求排队，超出的被拒绝")
    kv_bytes: int | None = Field(None, ge=2**20, description="KV 缓存的字节数；默认取设备能给的")
    vision_bytes: int = Field(2**28, ge=2**20, description="视觉缓存的字节数")
    hang_seconds: float = Field(
        300,
        gt=0,
        description="引擎有请求在处理却这么久没有进展，就结束它、另起一个；"
        "要大于最慢的一步（大模型在 CPU 上读一段提示或一张大图）。完全没有响应的，60 秒就换；上游服务不适用",
    )

    @property
    def is_upstream(self) -> bool:
        """Whether it is a server elsewhere that answers."""
        return self.name.startswith(("http://", "https://"))


class RequestSettings(_Section):
    """单个请求的上限。"""

    max_pixels: int = Field(4096 * 1024, ge=1024, description="一张图片缩小后最多多少像素（1024 像素 = 1 个视觉词元）")
    max_images: int = Field(32, ge=0, description="一个请求最多多少张图片")
    max_parts: int = Field(256, ge=1, description="一个请求的内容最多多少段（文字与图片）")
    max_messages: int = Field(256, ge=1, description="一个请求最多多少条消息")
    max_characters: int = Field(1_000_000, ge=1, description="一个请求的文字最多多少字符；数词元之前先看它")
    max_answers: int = Field(8, ge=1, le=16, description="n 的上限")
    max_completion_tokens: int = Field(4096, ge=1, description="max_completion_tokens 的上限")
    max_answer_bytes: int = Field(
        2**23,
        ge=2**16,
        description="一个请求的全部回答最多多少字节，按 n、词元数和 top_logprobs 估计（每个词元 8 字节，"
        "有 logprobs 时再加 100，每个候选 70）；同时生成的长回答共不超过它的 4 倍",
    )
    timeout_seconds: float = Field(
        300, gt=0, description="一个请求最多处理多少秒，从请求到达算起（批处理的一行从开始算起）"
    )
    max_in_flight: int = Field(256, ge=1, description="同时处理的请求数，超出的排队")
    owner_share: float = Field(
        0.25,
        gt=0,
        le=1,
        description="同时处理的请求、请求体、长回答和图片像素里，一个所有者（可以有几个密钥）最多占几分之几；"
        "超出的排在它自己的队里，别人不用等",
    )
    max_in_flight_pixels: int = Field(
        2**27, ge=2**26, description="同时处理的图片的像素总数，解码前按原图、解码后按缩小的图算；超出的排队"
    )
    decode_workers: int = Field(2, ge=1, description="同时解码的图片数；每张在一个与外界隔离的进程里")
    decode_memory_bytes: int = Field(
        1536 * 2**20, ge=2**28, description="解码一张图片最多用多少内存；1600 万像素以上的图片一次只解码一张"
    )


class FetchSettings(_Section):
    """从网址取图片（默认不允许）。"""

    allowed_domains: tuple[str, ...] = Field(
        (), description="允许取图片的域名；*.example.com 表示其下所有主机；空表示全部拒绝"
    )
    allowed_ports: tuple[int, ...] = Field((), description="除 443（与允许 http 时的 80）以外允许的端口")
    allow_http: bool = Field(False, description="也允许 http（不加密）")
    allow_private: bool = Field(False, description="允许上述域名指向内网地址；云元数据地址始终拒绝")
    ca_file: Path | None = Field(None, description="系统之外还信任的证书颁发机构（PEM 文件），如公司自己的")
    max_bytes: int = Field(20 * 2**20, ge=1, description="一张图片最多多少字节")
    connect_seconds: float = Field(3, gt=0, description="连上一台主机（含 TLS 握手）最多多少秒")
    total_seconds: float = Field(10, gt=0, description="取一张图片最多多少秒，含解析域名与跳转")
    max_redirects: int = Field(3, ge=0, description="最多跟随多少次跳转，每一跳都重新检查")

    @field_validator("allowed_ports")
    @classmethod
    def _check_ports(cls, ports: tuple[int, ...]) -> tuple[int, ...]:
        if not all(0 < port < 65536 for port in ports):
            raise ValueError("not a port")
        return ports


class StoreSettings(_Section):
    """数据库与文件。"""

    database_url: SecretStr | None = Field(
        None, description="数据库网址，如 postgresql://…；默认 KANTU_HOME 下的 SQLite"
    )
    redis_url: SecretStr | None = Field(None, description="Redis 网址，多个副本时用来共享限额；默认只在本进程内计数")
    max_file_bytes: int = Field(64 * 2**20, ge=1024, description="上传的文件最多多少字节（图片另有 20 MiB 的上限）")
    max_files: int = Field(10_000, ge=1, description="每个所有者最多保存多少个文件")
    max_owner_bytes: int | None = Field(
        None, ge=2**20, description="每个所有者的文件与批处理结果共多少字节；默认是 max_total_bytes 的四分之一"
    )
    max_total_bytes: int | None = Field(
        None, ge=2**20, description="所有人的文件与批处理结果共多少字节；默认是 KANTU_HOME 所在磁盘的一半"
    )
    max_output_bytes: int = Field(
        2**29, ge=2**16, description="一个批处理的结果共多少字节；超出时它失败，已有的结果保留"
    )
    reserve_bytes: int = Field(
        2**28,
        ge=2**20,
        description="磁盘要给数据库留多少字节；剩得更少时不收文件，也不写批处理结果。其中十六分之一先占住，磁盘满时放出来，"
        "好让撤销密钥和删除还能写下",
    )
    file_days: float = Field(30, gt=0, description="上传的文件保存多少天；上传时可以写得更短")
    batch_lines: int = Field(50_000, ge=1, description="一个批处理最多多少行")
    batch_days: float = Field(30, gt=0, description="批处理结束后，它的记录保存多少天")
    batch_concurrency: int = Field(4, ge=1, description="批处理同时进行的请求数")


class TaskSettings(_Section):
    """任务。"""

    read_lines: bool = Field(
        False,
        description="用 RapidOCR（附加包 pipeline）读图中的文字行：任务的框对准它们，图中找不到的数和标签标为未核实；"
        "每张图多用一到几秒处理器时间",
    )
    read_lines_workers: int = Field(1, ge=1, description="同时读几张图的文字行；每张在一个单独的进程里")
    read_lines_memory_bytes: int = Field(2**31, ge=2**29, description="读文字行的一个进程最多用多少内存（地址空间）")
    moderation_words: Path | None = Field(
        None, description="内容审核用自己的词表（TOML 文件：各类的词和放行的说法）代替内置的；写法见 docs/tasks.md"
    )


class ContentSettings(_Section):
    """生成的内容：标识（GB 45438-2025）、投诉与违法内容的处置。

    前五个的环境变量也管命令行的任务、批处理、报告与 `kantu mcp`；它们不读 YAML 文件。
    """

    label: Mode = Field(
        "both",
        description="生成内容的标识：both 显式与隐式都有，explicit 只有显式（一句话），metadata 只有隐式"
        "（AIGC 元数据），off 没有；少于 both 的在启动时记录",
    )
    label_by_task: tuple[str, ...] = Field(
        (), description="某些任务另定：任务名=标识方式，如 read=metadata；chat 是对话补全，report 是 HTML 报告"
    )
    label_sentence: str = Field(
        SENTENCE, max_length=40, description="显式标识的那句话，要有“AI”或“人工智能”，和“生成”或“合成”"
    )
    producer: str = Field("Kantu", max_length=200, description="隐式标识里服务提供者的名称或编码：请写运营者自己的")
    propagator: str = Field("", max_length=200, description="隐式标识里内容传播服务提供者的名称或编码；空表示没有")
    complaints: str | None = Field(None, max_length=500, description="投诉举报的渠道（网址、邮箱、电话），写在页面上")
    illegal_content: str | None = Field(
        None,
        max_length=1000,
        description="发现违法内容时怎么停止生成与传播、保存记录、向谁报告，写在页面上",
    )

    @field_validator("label_by_task")
    @classmethod
    def _check_modes(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        read_modes(texts)
        return texts

    @field_validator("label_sentence")
    @classmethod
    def _check_sentence(cls, sentence: str) -> str:
        return check_sentence(sentence)

    @property
    def labels(self) -> LabelPolicy:
        """Which content has which label."""
        return LabelPolicy.of(self.label, self.label_by_task, self.label_sentence, self.producer, self.propagator)


class RetentionSettings(_Section):
    """留下的记录。默认什么都不留：图片、问题和回答不写进磁盘。"""

    days: float | None = Field(
        None,
        gt=0,
        description="提问（文字与图片）和回答加密保存多少天，本人可以看和删；默认不保存。"
        "server.max_memory_bytes 要多 208 MiB",
    )
    key_file: Path | None = Field(
        None, description="主密钥的文件，设了 days 就要有；用 kantu retention rotate 新建和轮换，别与数据备份在一起"
    )
    cipher: Literal["aes-256-gcm", "sm4-gcm"] = Field("aes-256-gcm", description="新的记录用什么加密；旧的照样能看")
    max_owner_bytes: int = Field(
        2**30, ge=2**20, description="每个所有者的记录共多少字节；超出时先删最旧的，一条就超出的不保存"
    )


class AuditSettings(_Section):
    """审计：谁、何时、从哪里、做了什么，一条接一条地签名。"""

    algorithm: Literal["hmac-sha256", "hmac-sm3"] = Field(
        "hmac-sha256", description="签名的算法；改了以后，已有的记录仍按原来的核对"
    )
    key_file: Path | None = Field(
        None,
        description="签名密钥的文件（每行 64 个十六进制数字，最后一行用来签名）；默认 KANTU_HOME/audit/key，没有就新建"
        "（权限 0600）。请另外备份：丢了它，已有的记录就无法核对，也无法继续",
    )
    when_unwritable: Literal["refuse", "serve"] = Field(
        "serve",
        description="审计写不进去时还回答提问（serve：先记在内存里，最多 1 万条，装不下的丢掉并把丢了多少记下来）"
        "还是拒绝（refuse）；管理操作总是拒绝",
    )
    keep_days: int = Field(180, ge=180, description="审计记录在数据库里至少留多少天，之后按月归档成文件；不能少于 180")
    archive_folder: Path | None = Field(None, description="归档放在哪里；默认 KANTU_HOME/audit/archive")
    anchor_seconds: float = Field(600, ge=1, description="每多少秒为审计链的末尾签一个锚点（有新记录时），送到下面各处")
    anchor_file: Path | None = Field(
        None, description="把锚点追加到这个文件；默认 KANTU_HOME/audit/anchors.jsonl，最好放到另一块盘上"
    )
    anchor_syslog: str | None = Field(
        None, description="把锚点发给 syslog 服务器（RFC 5424）：udp://主机:514、tcp://主机:601 或 tls://主机:6514"
    )
    anchor_url: SecretStr | None = Field(None, description="把锚点 POST 到这个网址（JSON）")
    anchor_ca_file: Path | None = Field(None, description="发锚点时，系统之外还信任的证书颁发机构（PEM 文件）")


class PeopleSettings(_Section):
    """人员：账号、密码、第二因素与会话。密钥不受这里的影响。"""

    password_characters: int = Field(12, ge=8, le=128, description="密码至少多少个字符；最多 128 个")
    password_classes: int = Field(
        3, ge=1, le=4, description="密码至少有几类字符：小写字母、大写字母、数字、其他（汉字也算）"
    )
    password_history: int = Field(5, ge=0, le=24, description="不能再用最近的几个旧密码")
    password_days: int = Field(90, ge=0, description="密码用多少天就要换；0 表示不必")
    one_time_hours: float = Field(
        72, gt=0, description="一次性密码（新账号、重置）多少小时内有效；第一次登录必须换掉它"
    )
    lock_tries: int = Field(5, ge=1, description="一个账号连续输错多少次就锁定")
    lock_minutes: float = Field(15, gt=0, description="锁定多少分钟；输错的次数也在这么久之后忘掉")
    totp_for_all: bool = Field(False, description="所有人都要第二因素（TOTP）；三种管理员总是要")
    several_sessions: bool = Field(True, description="一个人可以同时有几个会话；否则新的登录结束旧的")
    session_idle_minutes: float = Field(30, gt=0, description="会话多少分钟不用就结束")
    session_hours: float = Field(12, gt=0, description="会话最长多少小时，之后要重新登录")
    fresh_minutes: float = Field(10, gt=0, description="输入密码之后多少分钟内，做危险的事不必再输一次")
    requests_per_minute: int | None = Field(None, ge=1, description="每个人每分钟最多多少次请求；密钥有自己的限额")
    requests_per_day: int | None = Field(None, ge=1, description="每个人每天（UTC）最多多少次请求")
    visual_tokens_per_minute: int | None = Field(None, ge=1, description="每个人每分钟最多多少个视觉词元")
    visual_tokens_per_day: int | None = Field(None, ge=1, description="每个人每天最多多少个视觉词元")
    output_tokens_per_minute: int | None = Field(None, ge=1, description="每个人每分钟最多生成多少个词元")
    output_tokens_per_day: int | None = Field(None, ge=1, description="每个人每天最多生成多少个词元")
    hash_memory_kib: int = Field(
        19_456, ge=64, le=2**21, description="算一个密码的 argon2id 用多少 KiB 内存（同时最多算两个）；测试以外不要调小"
    )
    hash_passes: int = Field(2, ge=1, le=100, description="argon2id 算几遍")
    hash_lanes: int = Field(1, ge=1, le=8, description="argon2id 用几条线程")
    key_file: Path | None = Field(
        None,
        description="加密第二因素的密钥所在的文件（32 个字节的 Base64）；默认 KANTU_HOME/people-key，没有就新建。"
        "几个副本共用一个数据库时，要给它们同一个文件",
    )

    @property
    def limits(self) -> Limits:
        """Of each person."""
        return Limits(**{field.name: getattr(self, field.name) for field in fields(Limits)})


class OidcSettings(_Section):
    """用公司的身份提供方登录（OpenID Connect）；默认不用。本地的账号总能登录。"""

    issuer: str | None = Field(
        None, description="身份提供方的网址（issuer），如 https://idp.example.com/realms/main；只会向它的主机取东西"
    )
    client_id: str | None = Field(None, description="在身份提供方登记的客户端；设了 issuer 就要有")
    client_secret: SecretStr | None = Field(None, description="客户端的密钥；没有就只靠 PKCE")
    redirect_uri: str | None = Field(
        None,
        description="登录之后回到哪里，要在身份提供方登记：浏览器打开本服务的网址加上 /v1/session/oidc/callback",
    )
    scopes: tuple[str, ...] = Field(("profile",), description="除 openid 以外向身份提供方要什么")
    groups_claim: str = Field("groups", description="身份令牌里哪一项是组；点号进到里面，如 realm_access.roles")
    name_claim: str = Field("preferred_username", description="身份令牌里哪一项是登录名")
    roles: tuple[str, ...] = Field(
        (),
        description="哪个组是什么角色：组名=角色（system、security、audit、operator、member）；不在任何一个里的人不能登录，"
        "在两种管理员里的也不能",
    )
    tenants: tuple[str, ...] = Field((), description="哪个组属于哪个租户：组名=租户；都不在的人各自独立")
    label: str = Field("公司账号登录", max_length=40, description="登录按钮上的字")
    ca_file: Path | None = Field(None, description="系统之外还信任的证书颁发机构（PEM 文件），如公司自己的")

    @field_validator("issuer")
    @classmethod
    def _check_issuer(cls, issuer: str | None) -> str | None:
        if issuer is not None and not _HTTPS.fullmatch(issuer):
            raise ValueError("not an address of https")
        return issuer

    @field_validator("redirect_uri")
    @classmethod
    def _check_redirect_uri(cls, uri: str | None) -> str | None:
        if uri is not None and not (_REDIRECT.fullmatch(uri) and uri.endswith(OIDC_CALLBACK)):
            raise ValueError("not our address")
        return uri

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if self.issuer is not None and not (self.client_id and self.redirect_uri):
            raise ValueError("an issuer without client_id or redirect_uri")
        GroupMapping.read(self.roles, self.tenants)
        return self

    @property
    def mapping(self) -> GroupMapping:
        """What groups stand for."""
        return GroupMapping.read(self.roles, self.tenants)

    @property
    def home(self) -> str:
        """Where a browser goes when it has logged in: always here."""
        return (self.redirect_uri or OIDC_CALLBACK).removesuffix(OIDC_CALLBACK) + "/"


class WatchSettings(_Section):
    """日志、指标与追踪。"""

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="日志级别")
    log_clients: bool = Field(False, description="访问日志里写客户端的地址；默认不写，它是个人信息（密钥的编号始终写）")
    log_file: Path | None = Field(
        None,
        description="日志写进这个文件（权限 0600），不再写标准错误；引擎进程写名字里多 .engine 的另一个，"
        "第二个模型的是 .engine2；磁盘满时丢掉日志，服务照常",
    )
    log_file_bytes: int = Field(20 * 2**20, ge=1024, description="日志文件到多少字节就换一个")
    log_files: int = Field(5, ge=1, description="换下来的日志文件留几个")
    metrics_public: bool = Field(True, description="/metrics 不需要密钥")
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="/metrics 改由同一地址上的这个端口提供（不要密钥，另有探针），server.port 上不再有；0 表示任选",
    )
    trace_endpoint: str | None = Field(None, description="OpenTelemetry 的 OTLP/HTTP 网址；空表示不追踪")


Source = Literal["default", "file", "environment", "flag"]
"""Where a setting comes from."""


class Settings(_Section):
    """网关的全部设置。"""

    _sources: dict[tuple[str, str], Source] = PrivateAttr(default_factory=dict)

    server: ServerSettings = Field(default_factory=ServerSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    more_models: tuple[ModelSettings, ...] = Field(
        (),
        description="除 model 以外的模型，每个有自己的引擎进程，对外的名字不能相同。"
        "只能写在 YAML 文件里：一个列表，每项的设置与 model 相同。"
        "每多一个本地模型，server.max_memory_bytes 要多 96 MiB（HTTP 进程里的分词器）；"
        "几个模型共用一块 GPU 时，请各自设 kv_bytes",
    )
    request: RequestSettings = Field(default_factory=RequestSettings)
    fetch: FetchSettings = Field(default_factory=FetchSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    tasks: TaskSettings = Field(default_factory=TaskSettings)
    content: ContentSettings = Field(default_factory=ContentSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    people: PeopleSettings = Field(default_factory=PeopleSettings)
    oidc: OidcSettings = Field(default_factory=OidcSettings)
    watch: WatchSettings = Field(default_factory=WatchSettings)

    @property
    def models(self) -> tuple[ModelSettings, ...]:
        """All of them, the first one first."""
        return (self.model, *self.more_models)

    def source_of(self, section: str, name: str) -> Source:
        """Where a setting comes from; of several places, the one that counts."""
        return self._sources.get((section, name), "default")


def sections() -> dict[str, type[BaseModel]]:
    """The sections by name: everything but the list of more models."""
    return {name: kind for name, field in Settings.model_fields.items() if isinstance(kind := field.annotation, type)}


def read_settings(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Put the settings together: the file first, the environment over it, flags over both.

    Args:
        file: YAML with one mapping per section, and a list of more models; None reads none.
        environment: `KANTU_{SECTION}_{NAME}`; an empty one is not given. Secrets may be given as
            `KANTU_{SECTION}_{NAME}_FILE`, the file that holds them; a newline at its end is not part of them. Lists are
            comma-separated, and empty where the variable is. None takes the process's own.
        flags: values by section and name; None values were not given.

    Raises:
        InvalidRequestError: `invalid_settings`: something unknown, out of range or unreadable. Names are said, values
            never: they may be secrets.
    """
    merged: dict[str, Any] = {section: {} for section in sections()}
    sources: dict[tuple[str, str], Source] = {}
    if file is not None:
        read = _read_yaml(file)
        more_models = read.pop("more_models", None)
        merged["more_models"] = () if more_models is None else more_models
        for section, values in read.items():
            if values is None:
                values = {}  # everything in it is a comment
            if section not in merged or not isinstance(values, dict):
                raise error("invalid_settings.section", file=file, section=section)
            merged[section] |= values
            sources |= {(section, name): "file" for name in values}
    for section, name, value in _variables(os.environ if environment is None else environment):
        merged[section][name] = value
        sources[section, name] = "environment"
    for section, given in (flags or {}).items():
        chosen = {name: value for name, value in given.items() if value is not None}
        merged[section] |= chosen
        sources |= {(section, name): "flag" for name in chosen}
    try:
        settings = Settings.model_validate(merged)
        settings._sources.update(sources)
        return settings
    except ValidationError as failure:
        wrong = [(".".join(map(str, it["loc"])), it["type"] == "extra_forbidden") for it in failure.errors()]
    unknown = "、".join(place for place, is_unknown in wrong if is_unknown)
    if unknown:
        raise error("invalid_settings.unknown", what=unknown)
    places = "、".join(place for place, _ in wrong)
    raise error("invalid_settings.value", what=places)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):  # their texts may quote what is in the file
        read = False
    if read is None:
        return {}
    if not isinstance(read, dict):
        raise error("invalid_settings.file", file=file)
    return read


def variables() -> dict[str, tuple[str, str, Any]]:
    """Every variable that sets something -> its section, name and type, in the order of the classes."""
    return {
        f"{PREFIX}{section}_{name}".upper(): (section, name, field.annotation)
        for section, part in sections().items()
        for name, field in part.model_fields.items()
    }


def is_secret(annotation: Any) -> bool:
    """Whether a setting's value must not be seen; then there is a `_FILE` variable beside its own."""
    return SecretStr in get_args(annotation)


def _variables(environment: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    """(section, name, value) of every variable of ours that is given."""
    known = variables()
    files = {f"{key}_FILE": key for key, (_, _, annotation) in known.items() if is_secret(annotation)}
    found: list[tuple[str, str, Any]] = []
    for variable, given in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable in OTHER_VARIABLES:
            continue
        key = files.get(variable, variable)
        if key not in known:
            raise error("invalid_settings.unknown_variable", variable=variable)
        section, name, annotation = known[key]
        if get_origin(annotation) is tuple:
            found.append((section, name, [item.strip() for item in given.split(",") if item.strip()]))
        elif given and variable in files:
            if environment.get(key):
                raise error("invalid_settings.variable_twice", key=key)
            found.append((section, name, _read_secret(variable, Path(given))))
        elif given:
            found.append((section, name, given))
    return found


def _read_secret(variable: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        raise error("invalid_settings.variable_file", variable=variable) from None
