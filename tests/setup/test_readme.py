"""README.md promises nothing that is not so: its commands, its messages, its files and its links."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT, outside
from typer.main import get_command

README = (ROOT / "README.md").read_text(encoding="utf-8")

BY_HAND = "needs what no test machine has; what it reads is proved to agree in test_agreement.py"
PROOFS = {  # each command in a code block → the file that runs it and what to look for there; or why none can
    "make lab": ("tests/setup/test_install.py", '"make", "lab"'),
    "make test": (".ci/run", "make test"),
    "make check": (".ci/run", "make check"),
    "make notebooks": ("tests/setup/test_readme.py", "def test_make_commands_run_what_there_is"),
    "make lock": ("tests/setup/test_agreement.py", "lock.compile_lock("),
    ".ci/run": (".github/workflows/ci.yml", "run: .ci/run"),
    "py tools\\install.py lab": ("tests/setup/checkout.py", '"tools/install.py"'),
    ".venv\\Scripts\\warren lab": ("tests/setup/test_readme.py", "def test_warren_commands"),
    ".venv/bin/pytest notebooks/01_hello_queue.ipynb": ("tests/setup/test_readme.py", "def test_pytest_commands"),
    ".venv/bin/pytest tests/setup": ("tests/setup/test_readme.py", "def test_pytest_commands"),
    "export WARREN_URL=amqp://user:password@host:5672/": ("tests/broker", "WARREN_URL"),
    "export WARREN_URL=amqp://warren:burrow@127.0.0.1:5672/": ("tests/setup/test_compose.py", "warren:burrow"),
    "docker compose up -d broker": ("tests/setup/test_compose.py", '"up", "-d", "--wait", "broker"'),
    "mkdir -p work && docker compose up -d": BY_HAND,
    "docker compose logs lab": BY_HAND,
    "conda env create -f environment.yml": BY_HAND,
    "conda activate warren": BY_HAND,
    "brew install rabbitmq": BY_HAND,
    ".venv/bin/jupytext --to py:percent notebooks/01_hello_queue.ipynb": (
        "tests/setup/test_readme.py",
        "def test_jupytext_there_and_back",
    ),
    ".venv/bin/jupytext --update --to ipynb notebooks/01_hello_queue.py": (
        "tests/setup/test_readme.py",
        "def test_jupytext_there_and_back",
    ),
}


def commands() -> list[str]:
    """Every line of README's code blocks, without comments."""
    blocks = re.findall(r"^ *```(?:sh|bat)\n(.*?)^ *```", README, flags=re.MULTILINE | re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


WARREN = [line for line in commands() if re.match(r"(\.venv/bin/)?warren ", line)]


@pytest.mark.parametrize("command", [line for line in dict.fromkeys(commands()) if line not in WARREN])
def test_each_command_is_proved(command: str) -> None:
    """Every command in README is run by a test or by CI, in the place this file names for it."""
    proof = PROOFS[command]
    if proof != BY_HAND:
        place, fragment = proof
        files = [ROOT / place] if (ROOT / place).is_file() else sorted((ROOT / place).glob("*.py"))
        assert any(fragment in file.read_text(encoding="utf-8") for file in files), f"{place} does not run {command}"


def test_no_proof_is_left_over() -> None:
    """No command is listed here that README does not have any more."""
    assert set(PROOFS) <= set(commands())


def test_warren_commands() -> None:
    """README names every `warren` command there is, each understood with its arguments, and none that there is not."""
    from warren import cli

    known = get_command(cli.app).commands  # type: ignore[attr-defined]
    named = [line.split()[1:] for line in WARREN]
    assert {words[0] for words in named} == set(known)
    for words in named:
        known[words[0]].make_context(words[0], words[1:], resilient_parsing=False)


def test_warren_runs() -> None:
    """The `warren` command is installed, and its help names every command."""
    said = subprocess.run([Path(sys.executable).parent / "warren", "--help"], capture_output=True, encoding="utf-8")
    assert said.returncode == 0, said.stderr
    for line in WARREN:
        assert line.split()[1] in said.stdout


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, env=outside(), capture_output=True, encoding="utf-8")


def test_make_commands_run_what_there_is() -> None:
    """Every `make` target that README names exists, and every file that a target runs does too."""
    for target in set(re.findall(r"(?:`|^ *)make ([a-z]+)", README, flags=re.MULTILINE)):
        said = make("-n", target)
        assert said.returncode == 0, said.stderr
        for file in re.findall(r"(?:tools|benchmarks)/\w+\.py", said.stdout):
            assert (ROOT / file).exists(), f"make {target} runs {file}"


def test_make_help_lists_every_target() -> None:
    """`make help`, and `make` alone, say what each target does."""
    said = make().stdout
    targets = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert targets
    assert {line.split()[1] for line in said.splitlines()} == set(targets[1].split())


@pytest.mark.parametrize("arguments", [line.split()[1:] for line in commands() if line.startswith(".venv/bin/pytest")])
def test_pytest_commands(arguments: list[str]) -> None:
    """The pytest commands find tests to run."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", *arguments]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert said.returncode == 0, said.stdout
    assert "::" in said.stdout


def test_jupytext_there_and_back(tmp_path: Path) -> None:
    """A notebook made a Python file and taken back is the same notebook, outputs and all."""
    source = ROOT / "notebooks/01_hello_queue.ipynb"
    copy = tmp_path / source.name
    copy.write_bytes(source.read_bytes())
    for arguments in (["--to", "py:percent", source.name], ["--update", "--to", "ipynb", f"{source.stem}.py"]):
        command = [sys.executable, "-m", "jupytext", "--quiet", *arguments]
        assert subprocess.run(command, cwd=tmp_path).returncode == 0
    import nbformat

    before, after = nbformat.read(source, as_version=4), nbformat.read(copy, as_version=4)
    assert [(cell.id, cell.source) for cell in after.cells] == [(cell.id, cell.source) for cell in before.cells]
    assert [cell.get("outputs") for cell in after.cells] == [cell.get("outputs") for cell in before.cells]


def texts(folder: str) -> str:
    """Every piece of text in the code of a folder, implicit concatenation done, placeholders left out."""
    files = [file.read_text(encoding="utf-8") for file in sorted((ROOT / folder).rglob("*.py"))]
    nodes = [node for file in [*files] for node in ast.walk(ast.parse(file))]
    return "\n".join(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_troubleshooting_quotes_real_messages() -> None:
    """Each message in the troubleshooting table is one that the code says."""
    table = README.partition("| message | what to do |\n|---|---|\n")[2].partition("\n\n")[0]
    messages = [row.split("|")[1].strip().strip("`") for row in table.splitlines()]
    said = texts("src") + texts("tools")
    assert len(messages) > 10
    assert [message for message in messages if message not in said] == []


def test_settings_are_read() -> None:
    """Every WARREN_ variable in README is read by something: the code, compose, or the set-up."""
    sources = [*(ROOT / "src").rglob("*.py"), ROOT / "docker-compose.yml"]
    read = "".join(file.read_text(encoding="utf-8") for file in sources)
    assert [name for name in set(re.findall(r"WARREN_[A-Z]+", README)) if name not in read] == []


def test_links_lead_somewhere() -> None:
    """Every relative link and picture in README is a file of the project."""
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith(("http", "#"))]
    assert [link for link in links if not (ROOT / link).exists()] == []
