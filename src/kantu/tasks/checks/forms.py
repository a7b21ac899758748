"""Forms that a value of text may have to have, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from kantu.tasks.checks import codes, moments, sums
from kantu.tasks.problem import Problem

Form = Callable[[str], Problem | None]
"""a value's text -> what is wrong with it, its field left open; None where nothing is"""

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "order_number": codes.order_number,
        "tracking_number": codes.tracking_number,
        "invoice_number": codes.invoice_number,
        "invoice_code": codes.invoice_code,
        "credit_code": codes.credit_code,
        "taxpayer_number": codes.taxpayer_number,
        "identity_number": codes.identity_number,
        "bank_card": codes.bank_card,
        "phone": codes.phone,
        "date": moments.date,
        "time": moments.time,
        "moment": moments.moment,
        "amount": sums.amount,
        "unit_price": sums.unit_price,
        "quantity": sums.quantity,
        "amount_in_words": sums.amount_in_words,
        "percentage": sums.percentage,
    }
)
