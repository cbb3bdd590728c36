"""Makes `.venv` from the lock: `python3 tools/install.py lab`, or `dev` for what tests need besides.

Standard library only, and readable for an old Python, so that it can say what is wrong on any machine. uv does the
installing and is itself installed with pip. A second run sees a stamp and is done; after a killed run it starts over.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pip_wheel

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
UNFINISHED = VENV / "unfinished"
UV_NAMES = {  # pip's setting → uv's; uv does not read pip's files
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
}


class Stop(Exception):
    """The one sentence a person reads when it cannot be done."""


def main(arguments: list[str]) -> int:
    """Install; returns the exit code. Any foreseeable trouble is one sentence on standard error."""
    if arguments not in (["lab"], ["dev"]):
        print("usage: python3 tools/install.py lab|dev", file=sys.stderr)
        return 2
    try:
        new_enough(arguments)
        if not current(arguments[0]):
            with alone():
                install(arguments[0])
    except Stop as stop:
        print(stop, file=sys.stderr)
    except OSError as error:
        print(sentence(str(error)), file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. The same command carries on.", file=sys.stderr)
    else:
        return 0
    return 1


def new_enough(arguments: list[str]) -> None:
    """Carry on with a newer Python from PATH if this one is too old. Raises Stop where there is none."""
    if sys.version_info >= OLDEST:
        return
    for minor in (13, 12, 11, 14):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, __file__, *arguments])
    raise Stop(
        f"Warren needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}: install a newer one and "
        "run the command again, naming it if it is not on your PATH (make lab PYTHON=/path/to/python3.12)."
    )


def install(kind: str) -> None:
    """Bring `.venv` in line with `requirements/<kind>.txt`, and put the `warren` command into it."""
    if current(kind):  # somebody else did it while we waited
        return
    started = time.monotonic()
    update = not UNFINISHED.exists() and any(read(stamp(each))[:1] == [base()] for each in ("lab", "dev"))
    if not update:
        make_venv()
    UNFINISHED.touch()
    environment = uv_environment()
    lock = ["--require-hashes", "-r", str(requirements(kind))]
    try:
        run([*uv_install(), *lock], f"Installing what requirements/{kind}.txt lists into .venv (once)", environment)
        run([*uv_install(), "-e", str(ROOT)], environment=environment)
    except Stop:
        UNFINISHED.unlink()  # an update that could not begin leaves a `.venv` that works
        raise
    for each in ("lab", "dev") if kind == "dev" else ("lab",):
        stamp(each).write_text("\n".join([base(), wanted(each)]), encoding="utf-8")
    UNFINISHED.unlink()
    print(f"Set up in {time.monotonic() - started:.0f} s.")


def make_venv() -> None:
    """A new empty `.venv` that holds pip and uv."""
    maker = getattr(sys, "_base_executable", None) or sys.executable
    shutil.rmtree(VENV, ignore_errors=True)
    run([maker, "-m", "venv", "--without-pip", str(VENV)], "Making .venv")
    UNFINISHED.touch()
    wheel = pip_wheel.find(VENV / "debian")
    if not wheel:
        raise Stop(pip_wheel.ADVICE)
    pip = [str(python()), str(wheel / "pip"), "install", "--quiet", "--retries", "1", "--no-input", "--require-hashes"]
    environment = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    run([*pip, "-r", str(requirements("uv"))], environment=environment)
    run([*uv_install(), "--offline", "--no-cache", str(wheel)])  # for `pip config` below and for the learner


def uv_install() -> list[str]:
    return [str(BIN / "uv"), "pip", "install", "--quiet", "--no-deps", "--python", str(python())]


def uv_environment() -> dict[str, str]:
    """The person's own environment, with their pip settings (index, certificate, proxy) where it has none for uv."""
    found = dict(os.environ)
    listing = output([str(python()), "-m", "pip", "config", "list"])
    for where in ("global", "install", ":env:"):  # the later wins, as in pip
        for name, value in re.findall(rf"^{where}\.([\w-]+)=(.*)$", listing, flags=re.MULTILINE):
            variable = UV_NAMES.get(name)
            if variable and variable not in os.environ:
                values = str(ast.literal_eval(value)).split()
                if name == "find-links":  # pip passes over a folder that is gone, uv does not
                    values = [place for place in values if "://" in place or Path(place).is_dir()]
                found[variable] = ("," if name == "find-links" else " ").join(values)
    if "UV_INDEX" in found:  # several indexes are one to pip; the hashes keep that safe
        found.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    trusted = ssl.get_default_verify_paths()
    # a company's own authority may stand there
    if trusted.cafile or (trusted.capath and any(Path(trusted.capath).iterdir())):
        found.setdefault("UV_SYSTEM_CERTS", "true")
    if not writable(output([str(BIN / "uv"), "cache", "dir"]).strip()):
        found["UV_NO_CACHE"] = "1"
    return found


def run(command: list[str], doing: str | None = None, environment: dict[str, str] | None = None) -> None:
    """Run a command, telling a terminal how long it has been at it. Raises Stop with the reason if it fails."""
    started = time.monotonic()
    if doing:
        print(f"{doing} …", flush=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment) as process:
        while True:
            try:
                said = process.communicate(timeout=1)[0].decode(errors="replace").strip()
                break
            except subprocess.TimeoutExpired:
                if sys.stdout.isatty():
                    print(f"\r{time.monotonic() - started:4.0f} s ", end="\r", flush=True)
    if process.returncode:
        print(re.sub(r"//[^/@\s]*@", "//", said), file=sys.stderr)  # an index address may hold a password
        raise Stop(sentence(said))


AGAIN = "then run the same command again."
SENTENCES = {  # a pattern of what the system, pip or uv says → what the person reads
    "No space left": f"The disk that holds {ROOT} or uv's cache is full: make room (1 GB is plenty), {AGAIN}",
    "Permission denied|Operation not permitted|Read-only file system": (
        f"Nothing can be written in {ROOT}: move the project to a folder of yours or make it writable, {AGAIN}"
    ),
    "(?i)hash mismatch|do not match the hashes": (
        f"The package index sent a file that is not the one in the lock, and it was not used: ask its owner, {AGAIN}"
    ),
    "Max retries|NewConnection|Failed to fetch|sending request|No matching distribution|not found in the|timed out": (
        "The Python package index did not answer, or lacks what the lock names: "
        f"check the network, your proxy and `pip config list`, {AGAIN}"
    ),
    "": f"Setting up failed for the reason printed above: mend it, or start over with `make clean`, {AGAIN}",
}


def sentence(said: str) -> str:
    """The one sentence for what the system, pip or uv said."""
    return next(text for pattern, text in SENTENCES.items() if re.search(pattern, said))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait for any other set-up of this checkout to end. Where folders cannot be locked (Windows) nobody waits."""
    if os.name == "nt":
        yield
        return
    import fcntl

    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def current(kind: str) -> bool:
    """True if `.venv` already holds what the lock says: a matter of milliseconds."""
    return not UNFINISHED.exists() and python().exists() and read(stamp(kind)) == [base(), wanted(kind)]


def base() -> str:
    """What a `.venv` cannot survive a change of: the Python it was made from and the folder it stands in."""
    return f"{sys.version_info[:3]} {sys.base_prefix} {ROOT}"


def wanted(kind: str) -> str:
    """A digest of the files that say what belongs into `.venv`."""
    files = (requirements(kind), requirements("uv"), ROOT / "pyproject.toml")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def requirements(kind: str) -> Path:
    return ROOT / "requirements" / f"{kind}.txt"


def stamp(kind: str) -> Path:
    return VENV / f"installed-{kind}"


def python() -> Path:
    return BIN / ("python.exe" if os.name == "nt" else "python")


def read(file: Path) -> list[str]:
    """The lines of a file, none if there is none."""
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False).stdout


def writable(folder: str) -> bool:
    """True if the folder exists or can be made, and files can be written in it."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
