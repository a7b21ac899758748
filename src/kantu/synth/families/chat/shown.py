"""What of a conversation a window shows, and what its people can be called."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kantu.synth.families.chat.record import Conversation, Entry, Message, Notice, Stamp

MINE = ("我", "右边", "右边的人", "自己", "右侧的人", "发截图的人", "本人")
THEIRS = ("对方", "左边", "左边的人", "左侧的人", "聊天对象")


@dataclass(frozen=True)
class Shown:
    """The entries in view, each message with its own time where it has one; `sides`: one's own are at the right."""

    chat: Conversation
    sides: bool
    entries: tuple[tuple[Entry, str], ...]

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        return tuple(entry for entry, _ in self.entries if isinstance(entry, Message))

    @cached_property
    def notices(self) -> tuple[str, ...]:
        return tuple(entry.text for entry, _ in self.entries if isinstance(entry, Notice))

    @cached_property
    def stamps(self) -> tuple[str, ...]:
        return tuple(entry.text for entry, _ in self.entries if isinstance(entry, Stamp))

    @property
    def speakers(self) -> tuple[str, ...]:
        """Whose messages are in view, in the order of their first."""
        return tuple(dict.fromkeys(message.sender for message in self.messages))

    def of(self, sender: str, form: str = "") -> tuple[Message, ...]:
        return tuple(each for each in self.messages if each.sender == sender and form in ("", each.form))

    def calls(self, sender: str, title: str | None) -> tuple[str, ...]:
        """What one can call this person, where `title` is what stands over the chat."""
        if not self.sides:
            return (sender,)
        if sender == self.chat.me:
            return MINE
        if self.chat.group:
            return (sender,)
        return (title, title, *THEIRS) if title else THEIRS

    def time_of(self, message: Message) -> str:
        """Its own time, or the one that stands right above it."""
        before: Entry | None = None
        for entry, time in self.entries:
            if entry is message:
                return time or (before.text if isinstance(before, Stamp) else "")
            before = entry
        return ""
