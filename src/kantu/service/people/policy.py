"""What passwords people may choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kantu.errors import error
from kantu.service.people.person import Person, normalized

MOST_CHARACTERS = 128

_SHORTEST_NAME = 3  # a shorter one is in every other password

_CLASSES: tuple[Callable[[str], bool], ...] = (
    lambda letter: letter.islower(),
    lambda letter: letter.isupper(),
    lambda letter: letter.isdecimal(),
    lambda letter: not (letter.islower() or letter.isupper() or letter.isdecimal()),
)


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """See the settings of the same names.

    Attributes:
        characters, classes: at least.
        history: how many former passwords must not come again.
    """

    characters: int
    classes: int
    history: int

    def check(self, person: Person, password: str) -> None:
        """Raise InvalidRequestError (`weak_password`) unless the person may have it, whatever it was before."""
        text = normalized(password)
        if not self.characters <= len(text) <= MOST_CHARACTERS:
            raise error("weak_password.length", least=self.characters, most=MOST_CHARACTERS)
        if sum(any(map(is_in, text)) for is_in in _CLASSES) < self.classes:
            raise error("weak_password.classes", classes=self.classes)
        if len(person.name) >= _SHORTEST_NAME and person.name in text.casefold():
            raise error("weak_password.name")
        if len(set(text)) < self.characters // 2:
            raise error("weak_password.repeats")
