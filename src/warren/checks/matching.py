"""Why a binding lets a message through, or does not: topic patterns and headers, in a clause that follows the facts.

Only for words: whether a message arrived, the broker has shown. The rules are those of rabbit_exchange_type_topic and
rabbit_exchange_type_headers, seen on 4.3.6.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from warren.checks.result import short

ANY_WORD, ANY_WORDS = "*", "#"
A_LIST = 3  # patterns for one queue
EMPTY = '""'  # how Python writes an empty text


def matches(pattern: str, key: str) -> bool:
    """True if a topic exchange takes a message with that routing key over a binding with that pattern."""
    return _stands_for(_words(pattern), _words(key)) is not None


def _stands_for(pattern: Sequence[str], key: Sequence[str]) -> list[tuple[str, str]] | None:
    """Each wildcard of the pattern with the words it stands for in this key; None if the key does not fit."""
    if not pattern:
        return None if key else []
    first, rest = pattern[0], pattern[1:]
    if first == ANY_WORDS:
        ways = [(count, _stands_for(rest, key[count:])) for count in range(len(key) + 1)]
        return next(([(first, ".".join(key[:count])), *found] for count, found in ways if found is not None), None)
    if not key or first not in (ANY_WORD, key[0]):
        return None
    found = _stands_for(rest, key[1:])
    return found if found is None or first != ANY_WORD else [(first, key[0]), *found]


def _words(key: str) -> list[str]:
    return key.split(".") if key else []


def why_through(patterns: Sequence[str], key: str) -> str:
    """Why one of these patterns lets a key through that it should not; empty where there is nothing to say."""
    pattern = next((each for each in patterns if matches(each, key)), "")
    stands = _stands_for(_words(pattern), _words(key)) or []
    for wildcard, means in ((ANY_WORDS, "any number of words"), (ANY_WORD, "any word")):
        taken = [f"`{short(words)}`" if words else "none" for each, words in stands if each == wildcard]
        if taken:
            exactly = "; `*` stands for exactly one" if wildcard == ANY_WORDS else ""
            return f"`{wildcard}` stands for {means}, here for {' and for '.join(taken)}{exactly}"
    return ""


def why_not(patterns: Sequence[str], key: str) -> str:
    """Why none of these patterns lets a key through that one should; empty where there is nothing to say."""
    if any(matches(each, key) for each in patterns):
        return ""
    if len(patterns) >= A_LIST:
        return f"none of these {len(patterns)} patterns fits this key: a list of words misses the next word that comes"
    for pattern in patterns:
        words = _words(pattern)
        inside = [word for word in words if len(word) > 1 and (ANY_WORD in word or ANY_WORDS in word)]
        if inside:
            return f"a wildcard stands for whole words, and in `{short(inside[0])}` it is a letter like any other"
        if matches(pattern.lower(), key.lower()):
            return "upper and lower case are different letters"
        if ANY_WORDS in words:
            continue
        if len(words) != len(_words(key)):
            asks = f"{len(words)} word" if len(words) == 1 else f"{len(words)} words"
            return f"`{short(pattern) or EMPTY}` asks for {asks}, and this key has {len(_words(key))}"
        if differing := [(asked, word) for asked, word in zip(words, _words(key), strict=False) if _other(asked, word)]:
            return "`{}` in a pattern stands for itself, and this key has `{}` there".format(*map(short, differing[0]))
    return ""


def _other(asked: str, word: str) -> bool:
    return asked not in (ANY_WORD, ANY_WORDS, word)


def why_headers(wishes: Sequence[Mapping[str, Any]], headers: Mapping[str, Any], *, through: bool) -> str:
    """Why a headers exchange lets a message through (or not) over bindings with these arguments; may be empty."""
    if through and len(wishes) > 1:
        return "each binding is enough by itself"
    for wish in wishes:
        match = str(wish.get("x-match", "all"))
        how = "any" if match.startswith("any") else "all"
        with_x = match.endswith("-with-x")
        asked = {name: one for name, one in wish.items() if name != "x-match" and (with_x or not name.startswith("x-"))}
        if not asked:
            return f"`{how}` of no headers {'fits every message' if how == 'all' else 'fits none'}"
        if through:
            return _too_wide(asked, how)
        return _wrong_value(asked, headers) or _too_narrow(asked, headers, how, told="x-match" in wish)
    return ""


def _too_wide(asked: Mapping[str, Any], how: str) -> str:
    if any(value is None for value in asked.values()):
        return "a header asked for with None may have any value"
    return "with `any`, one of these headers is enough" if how == "any" and len(asked) > 1 else ""


def _too_narrow(asked: Mapping[str, Any], headers: Mapping[str, Any], how: str, *, told: bool) -> str:
    missing = [name for name in asked if name not in headers]
    if misnamed := [name for name in missing if asked[name] in ("all", "any")]:
        return f"`{misnamed[0]}` is taken for one more header to fit: the argument is `x-match`"
    if not missing or (how == "any" and len(missing) < len(asked)):
        return ""
    every = f"{'with `all`' if told else 'without `x-match` that means `all`'}: every one of these headers must fit"
    lacks = f"this message has no `{short(missing[0])}`"
    for each in missing:
        if meant := difflib.get_close_matches(each, headers, 1):
            lacks = f"this message has no `{short(each)}` but a `{short(meant[0])}`: is the binding's header misspelt?"
    return f"{every}, and {lacks}" if how == "all" and len(asked) > 1 else lacks


def _wrong_value(asked: Mapping[str, Any], headers: Mapping[str, Any]) -> str:
    """For a header that is there with another value, of another type perhaps, or asked for with a wildcard."""
    for name, value in asked.items():
        sent = headers.get(name)
        if sent is None or value is None or (value == sent and type(value) is type(sent)):
            continue
        if value in ("", ANY_WORD, ANY_WORDS):
            return f"a value is compared as it stands, and {_kind(value)}, is no wildcard: None is"
        if type(value) is type(sent):
            return f"`{name}` of the message is {_value(sent)}, and a value is compared as it stands, letter by letter"
        return f"`{name}` of the message is {_kind(sent)}, and the binding asks for {_kind(value)}"
    return ""


def _value(value: Any) -> str:
    return f"`{short(repr(value))}`"


def _kind(value: Any) -> str:
    kinds = {bool: "a truth value", str: "a text", int: "a number"}
    return f"{_value(value)}, {kinds.get(type(value), type(value).__name__)}"
