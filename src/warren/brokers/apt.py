"""Downloads Debian packages as an ordinary user: apt-get itself, in folders of our own, from this machine's own mirror.

So signatures and hashes are verified, the machine's proxies are used, and an interrupted download goes on.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from warren.errors import BrokerUnavailable

Progress = Callable[[str, float], None]  # what is being done, and which part of it is done (0 to 1)

_SOURCES = Path("/etc/apt")
_KEYRINGS = Path("/usr/share/keyrings")


# Read after the machine's own apt.conf, whose proxies we want and whose hooks we do not.
_CONFIGURATION = """
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "FOLDER/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "FOLDER";
Dir::State::lists "FOLDER/lists";
Dir::State::status "FOLDER/status";
Dir::State::extended_states "FOLDER/extended_states";
Dir::Cache "FOLDER";
Dir::Cache::archives "FOLDER/archives";
Dir::Cache::pkgcache "FOLDER/pkgcache.bin";
Dir::Cache::srcpkgcache "FOLDER/srcpkgcache.bin";
Dir::Log "FOLDER";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
"""


@dataclass(frozen=True)
class Mirror:
    """Where this machine gets its distribution from, and the key that signs it (a file, or "" for apt's own)."""

    distribution: str  # debian or ubuntu
    address: str
    keyring: str


def mirror() -> Mirror:
    """The mirror of this machine's own release. Raises BrokerUnavailable where there is none."""
    release = _os_release()
    distribution = next((name for name in ("ubuntu", "debian") if name in _likes(release)), "")
    if not distribution:
        raise BrokerUnavailable("this is neither Debian nor Ubuntu")
    for address, suites, keyring in _sources():
        if address.rstrip("/").endswith((f"/{distribution}", f"/{distribution}-ports")) or (
            release.get("VERSION_CODENAME", "-") in suites
        ):
            return Mirror(distribution, address, keyring or _own_keyring(distribution))
    raise BrokerUnavailable("no package mirror of this machine's own release stands in /etc/apt")


class Apt:
    """apt-get with everything it writes below `folder`, for one release of one mirror."""

    def __init__(self, folder: Path, source: Mirror, release: str) -> None:
        self._folder = folder
        for name in ("lists/partial", "archives/partial", "packages"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        signed = f" [signed-by={source.keyring}]" if source.keyring else ""
        components = "main universe" if source.distribution == "ubuntu" else "main"
        (folder / "sources.list").write_text(f"deb{signed} {source.address} {release} {components}\n")
        (folder / "apt.conf").write_text(_CONFIGURATION.replace("FOLDER", str(folder)))

    def update(self) -> None:
        """Fetch the release's list of packages. Raises BrokerUnavailable with apt's own reason."""
        self._run("update", "-qq", "-o", "APT::Update::Error-Mode=any")

    def closure(self, package: str) -> dict[str, str]:
        """The package and all it depends on: their names and versions."""
        lines = self._run("install", "-s", "-qq", package)  # "Inst zlib1g (1:1.3.1-1 Debian:testing [amd64])"
        return dict(re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", lines, re.MULTILINE))

    def download(self, packages: dict[str, str], progress: Callable[[float], None]) -> list[Path]:
        """Fetch these packages (name: version), each verified; those that are there are kept. Returns their files."""
        target = self._folder / "packages"
        self._run("download", "-qq", *packages, cwd=target, progress=progress)
        stems = tuple(f"{name}_{version.replace(':', '%3a')}_" for name, version in packages.items())
        return [path for path in sorted(target.glob("*.deb")) if path.name.startswith(stems)]  # no older ones

    def _run(self, *arguments: str, cwd: Path | None = None, progress: Callable[[float], None] | None = None) -> str:
        read, write = os.pipe()
        command = ["apt-get", "-c", str(self._folder / "apt.conf"), "-o", f"APT::Status-Fd={write}", *arguments]
        errors = self._folder / "apt.errors"
        with errors.open("wb") as complaint, (self._folder / "apt.output").open("w+b") as output:
            try:
                process = subprocess.Popen(
                    command,
                    cwd=cwd or self._folder,
                    env={**os.environ, "LC_ALL": "C"},
                    pass_fds=[write],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=complaint,
                )
            except FileNotFoundError:
                os.close(read)
                raise BrokerUnavailable("there is no apt-get") from None
            finally:
                os.close(write)
            with process, os.fdopen(read, encoding="utf-8", errors="replace") as report:
                for line in report:  # "dlstatus:3:41.5:Retrieving file 3 of 25"
                    if progress and line.startswith("dlstatus:"):
                        progress(float(line.split(":")[2]) / 100)
            if process.returncode:
                raise BrokerUnavailable(_complaint(errors.read_text(encoding="utf-8", errors="replace")))
            output.seek(0)
            return output.read().decode("utf-8", "replace")


def _complaint(errors: str) -> str:
    """apt's first error without its address book of retries."""
    found = re.findall(r"^E: (.+)", errors, re.MULTILINE) or [errors.strip() or "apt-get failed"]
    return f"the package mirror did not deliver: {found[0].strip().rstrip('.')}"


def _os_release() -> dict[str, str]:
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return {}
    return {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in text.splitlines())}


def _likes(release: dict[str, str]) -> list[str]:
    return [release.get("ID", ""), *release.get("ID_LIKE", "").split()]


def _sources() -> Iterator[tuple[str, list[str], str]]:
    """Address, suites and keyring of every source of binary packages: deb822 (.sources) and one-line (.list) files."""
    for path in sorted([_SOURCES / "sources.list", *(_SOURCES / "sources.list.d").glob("*")]):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if path.suffix == ".sources":
            yield from _deb822(text)
        elif path.suffix == ".list":
            yield from _one_line(text)


def _deb822(text: str) -> Iterator[tuple[str, list[str], str]]:
    text = re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)
    for stanza in re.split(r"\n\s*\n", text):
        row = {
            key.lower(): value.strip()
            for key, value in re.findall(r"^([\w-]+):((?:.*(?:\n[ \t].+)*))", stanza, re.MULTILINE)
        }
        if "deb" not in row.get("types", "").split() or row.get("enabled", "yes").lower() in ("no", "false"):
            continue
        keyring = row.get("signed-by", "")
        for address in row.get("uris", "").split():
            yield address, row.get("suites", "").split(), keyring if keyring.startswith("/") else ""


def _one_line(text: str) -> Iterator[tuple[str, list[str], str]]:
    for options, address, suite in re.findall(r"^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)", text, re.MULTILINE):
        keyring = re.search(r"signed-by=(/\S+)", options)
        yield address, [suite], keyring[1] if keyring else ""


def _own_keyring(distribution: str) -> str:
    for suffix in ("gpg", "pgp"):
        path = _KEYRINGS / f"{distribution}-archive-keyring.{suffix}"
        if path.exists():
            return str(path)
    return ""
