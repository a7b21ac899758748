"""Random schemas of what is supported, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("金额", "状态 备注", "a", "b/c", "商品~编号")
DEFINED = {
    "#/$defs/项目": {"type": "object", "properties": {"名": {"type": "string"}}, "required": ["名"]},
    "#/$defs/a b": {"type": "integer", "minimum": 3},
    "#/$defs/%E7%82%B9": {
        "type": "object",
        "properties": {"值": {"type": "boolean"}, "下一个": {"anyOf": [{"$ref": "#/$defs/点"}, {"type": "null"}]}},
        "required": ["值", "下一个"],
    },
}
DEFINITIONS = dict(zip(("项目", "a b", "点"), DEFINED.values(), strict=True))


def schemas() -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(_scalars(), _containers, max_leaves=6).map(lambda schema: {**schema, "$defs": DEFINITIONS})


def _scalars() -> st.SearchStrategy[dict[str, Any]]:
    limits = st.sampled_from(
        [{}, {"minimum": 5}, {"maximum": -3}, {"exclusiveMinimum": 0, "exclusiveMaximum": 1}, {"minimum": 1e9}]
    )
    whole = st.sampled_from([{}, {"minimum": 7, "maximum": 120}, {"multipleOf": 25}, {"exclusiveMinimum": 99}])
    text = st.sampled_from(
        [{}, {"maxLength": 3}, {"minLength": 4, "maxLength": 9}, {"pattern": "^[A-Z]{2}-[0-9]+$"}, {"format": "date"}]
    )
    return st.one_of(
        limits.map(lambda more: {"type": "number", **more}),
        whole.map(lambda more: {"type": "integer", **more}),
        text.map(lambda more: {"type": "string", **more}),
        st.sampled_from([{"type": "null"}, {"type": "boolean"}, {}, {"type": ["string", "null"]}, {"type": "object"}]),
        st.sampled_from([{"const": "已发货"}, {"enum": ["待付款", "已发货", 3, None]}, {"type": "array"}]),
        st.sampled_from([{"$ref": reference} for reference in DEFINED]),
    )


def _containers(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    sizes = st.sampled_from([{}, {"minItems": 2}, {"maxItems": 2}, {"minItems": 1, "maxItems": 4}])
    properties = st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda items, size: {"type": "array", "items": items, **size}, inner, sizes),
        st.builds(lambda items: {"type": "array", "prefixItems": items}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(_object, properties, st.randoms(use_true_random=False)),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
        inner.map(lambda value: {"type": "object", "additionalProperties": value}),
    )


def _object(properties: dict[str, Any], random: Any) -> dict[str, Any]:
    required = [name for name in properties if random.random() < 0.6]
    return {"type": "object", "properties": properties, "required": required}
