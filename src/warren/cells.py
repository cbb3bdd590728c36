"""IPython extension of the course's kernels: an error that everybody meets is told in a few lines.

* a name that an earlier cell of this notebook makes → which cells to run first;
* an exception of pika or aio-pika → its own name and text, the learner's lines, none of the library's, and what to do.
* Stop (an interrupt) → the learner's line it came in, and no more.
Everything else looks as it always does.
"""

from __future__ import annotations

import ast
import json
import os
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from warren import course
from warren.checks.diagnosis import explain
from warren.workers import Failure

RUN_ABOVE = "Run ▸ Run All Above Selected Cell"
_LIBRARIES = ("pika", "aio_pika", "aiormq")

# What to do in a notebook about an exception with these words; `checks/diagnosis.py` knows the rest.
_ADVICE = (
    (
        "Blocked connection timeout",
        "The broker has a memory or disk alarm and takes no messages until it is over: `warren doctor` says more. "
        "The connection is gone; connect again then.",
    ),
    (
        "got <Connection.Close",  # all that aiormq tells of the reason why
        "The broker refused the connection. Open the lesson again (its first cell); restart kernels you do not need.",
    ),
    ("NOT_ALLOWED - vhost", "The lesson's vhost is gone. Open the lesson again (its first cell), then connect again."),
    ("NOT_FOUND", "What this cell uses is not there: has the cell that declares it run since the lesson was opened?"),
)
_LOST = "The connection is gone. Run the cell that connects again; if the broker went, open the lesson again first."
_NO_BROKER = "No broker answers at this URL. Open the lesson again (its first cell): that starts one."
_CHANNEL = "The broker closes a channel after an error on it. Run the cell that opens the channel again."
# the broker gave its reason
_BY_BROKER = {"ChannelClosedByBroker", "ConnectionClosedByBroker", "ProbableAccessDeniedError"}
_LOST_KINDS = {"ConnectionClosed", "StreamLostError", "AMQPHeartbeatTimeout", "ConnectionWrongStateError"}


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython for `--IPKernelApp.extra_extensions=warren.cells` and `%load_ext warren.cells`."""
    shell.set_custom_exc((Exception, KeyboardInterrupt), _show)


def unload_ipython_extension(shell: Any) -> None:
    shell.set_custom_exc((), None)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> list[str]:
    lines = _lines(shell, kind, error, trace)
    if lines is None:
        ran = bool(_own_frames(trace))  # a SyntaxError of the cell itself comes before anything ran
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=ran)
        return list(shell._last_traceback or [])  # noqa: SLF001  what IPython's own handlers return
    shell._showtraceback(kind, error, lines)  # noqa: SLF001  the one way to show lines as a cell's error
    return lines


def _lines(
    shell: Any, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> list[str] | None:
    """What to show instead of a traceback; None for the usual one."""
    if isinstance(error, KeyboardInterrupt):
        return [*_own_lines(shell, trace)[-1:], "Stopped."]
    if isinstance(error, NameError) and error.name in _names_of_notebook():
        return [f"`{error.name}` is not defined: run the cells above first ({RUN_ABOVE})."]
    if kind.__module__.split(".")[0] in _LIBRARIES:
        text = f"{kind.__name__}: {error}" if str(error) else f"{kind.__name__}: {error!r}"
        return [*_own_lines(shell, trace), text, *_advice(error)]
    return None


def _own_frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """The frames in cells, outermost first."""
    frames = traceback.extract_tb(trace)
    return [frame for frame in frames if "ipykernel_" in frame.filename or frame.filename.startswith("<ipython")]


def _own_lines(shell: Any, trace: TracebackType | None) -> list[str]:
    """The learner's lines that led to the error, each after the cell it is in, as IPython numbers them."""
    lines = []
    for frame in _own_frames(trace):
        kind, number = shell.compile.format_code_name(frame.filename) or ("Cell", "")
        lines.append(f"{kind} {number}, line {frame.lineno}: {(frame.line or '').strip()}")
    return lines


def _advice(error: BaseException) -> list[str]:
    text = str(error)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    for words, advice in _ADVICE:
        if words in text:
            return [advice]
    if kinds & _BY_BROKER and (sentence := explain(Failure.of(error))):
        return [f"{sentence[0].upper()}{sentence[1:]}."]
    if kinds & _LOST_KINDS:
        return [_LOST]
    if kinds & {"ChannelWrongStateError", "ChannelInvalidStateError"}:  # pika's word, aiormq's word
        return [_CHANNEL]
    return [_NO_BROKER] if "AMQPConnectionError" in kinds else []


def _names_of_notebook() -> set[str]:
    """What the cells of the running notebook define at their top level, from the course's copy of it.

    Where the kernel does not know its notebook: of every notebook of the course.
    """
    name = Path(os.environ.get("JPY_SESSION_NAME", "")).name
    notebooks = [path for folder in ("notebooks", "labs") for path in (course.root() / folder).glob("*.ipynb")]
    running = [path for path in notebooks if path.name == name]
    return {name for notebook in running or notebooks for name in _names(notebook)}


def _names(notebook: Path) -> set[str]:
    names: set[str] = set()
    with suppress(OSError, ValueError, KeyError):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                with suppress(SyntaxError):  # a cell with a magic
                    names |= _bound(ast.parse("".join(cell["source"])))
    return names


def _bound(code: ast.Module) -> set[str]:
    """The names that running this code binds in the notebook, not those inside its functions."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(code.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        waiting += ast.iter_child_nodes(node)
    return names
