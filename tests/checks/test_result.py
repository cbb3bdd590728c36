"""What a result looks like."""

from __future__ import annotations

import re

import pytest

from warren.checks.result import Result, State, cannot_tell, done, not_yet, wrong

RESULTS = [done("20 of 20"), not_yet("write it"), wrong("`a` is `b`"), cannot_tell("the broker is gone")]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.state)
def test_text_and_html_say_the_same(result: Result) -> None:
    """nbval compares both, and a screen reader reads the HTML: state and reason are words in each."""
    html = re.sub(r"<[^>]+>", "", result._repr_html_())
    assert html == repr(result).replace("`", "")
    assert result.state in html


def test_each_state_has_a_sign_and_a_colour_of_its_own() -> None:
    """No two states look alike, with colour or without."""
    signs = {repr(result)[0] for result in RESULTS}
    colours = {re.search(r"#[0-9A-F]{6}", result._repr_html_())[0] for result in RESULTS}  # type: ignore[index]
    assert len(signs) == len(colours) == len(RESULTS)


def test_html_is_the_same_each_time_and_holds_no_id() -> None:
    """A result compares equal from run to run."""
    again: State = "wrong"
    one, other = (Result(again, "x", "Exercise 1 · Y", ("a",), "n")._repr_html_() for _ in range(2))
    assert one == other
    assert " id=" not in one


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a ` b", "`<i>`", "a & b\nc"])
def test_foreign_text_cannot_change_the_page(text: str) -> None:
    """Message bodies and exceptions end up in reasons: they are escaped, also between backticks."""
    html = Result("wrong", text, printed=(text,), note=text)._repr_html_()
    assert "<script" not in html
    assert "<i>" not in html
    assert html.count("<code>") == html.count("</code>")


def test_only_the_last_printed_lines_are_shown() -> None:
    """A function that prints in a loop does not fill the page."""
    shown = repr(Result("done", "x", printed=tuple(map(str, range(100)))))
    assert len(shown.splitlines()) < 15
    assert "(… 90 lines before)" in shown
    assert shown.endswith("99")


def test_a_long_printed_line_is_cut() -> None:
    """A function that prints a whole list does not fill the page either."""
    shown = repr(Result("done", "x", printed=("y" * 10_000,)))
    assert len(shown) < 250
    assert shown.endswith("y…")
