"""The README's commands in a bare Debian, as somebody with a new machine runs them.

``make rehearse`` makes a root file system with debootstrap (minbase with python3, python3-venv, make and git), clones
the committed state into it, runs `make demo` until it serves a page, then `make test`, and reports what failed. Nothing
that is installed on this machine is visible in there, so a missing install step fails here as on a clean machine. The
steps of the Dockerfile run in a root of their own, of the release of Debian that the image has; then the image's
command serves from there, as the image's user.

The package clients keep this machine's settings: sources and keys of apt, settings of pip, npm and uv, certificates,
and the environment variables of these. They are copied when the rehearsal runs, and never printed. Caches of packages
are shared. Needs root and a kernel that allows chroot; says so where it may not.

``python -m tests.tools.rehearsal --keep FOLDER`` leaves the root in place to look at, and takes it up again.
"""

import argparse
import contextlib
import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.tools import dockerfile
from tests.tools.ports import free_port
from tests.tools.programs import MissingProgramError, find

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKOUT = "/srv/procmine"
INCLUDED = ("python3", "python3-venv", "make", "git")
SETTINGS = (  # of apt, pip, npm and uv; certificates
    *("/etc/apt", "/usr/share/keyrings", "/etc/ssl/certs", "/usr/local/share/ca-certificates"),
    *("/etc/pip.conf", "/etc/xdg/pip", "~/.pip", "~/.config/pip", "~/.config/uv", "/etc/uv"),
    *("/etc/npmrc", "/usr/etc/npmrc", "~/.npmrc", "/etc/resolv.conf", "/etc/hosts"),
)
VARIABLES = (
    *("PIP_*", "UV_*", "NPM_CONFIG_*", "npm_config_*", "*_PROXY", "*_proxy"),
    *("SSL_CERT_*", "*_CA_BUNDLE", "*_CA_CERTS", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"),
)
SERVES_WITHIN_S = 300
TEST_WITHIN_S = 5400
IMAGE_WITHIN_S = 900


class RehearsalError(Exception):
    """The rehearsal itself cannot be done here; the message says why."""


class Root:
    """A bare root file system. Each command in it runs in mount and process namespaces of its own, so that neither a
    mount nor a process survives it."""

    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        self.suite = suite
        self.debian = _debian()
        self.mirror = [self.debian[1]] if self.debian else []
        self.binds = {Path(place): False for place in _local_packages()}  # read-only
        cache = Path.home() / ".cache"
        for name in ("pip", "uv"):
            (cache / name).mkdir(parents=True, exist_ok=True)
            self.binds[cache / name] = True
        self.environment = {
            "HOME": "/root",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "CI": "true",  # a missing program is a failure
            **{name: value for name, value in os.environ.items() if _is_setting(name)},
        }

    @property
    def checkout(self) -> Path:
        """The clone of this checkout, from the outside."""
        return self.folder / CHECKOUT[1:]

    def make(self) -> None:
        """Run debootstrap. Raises RehearsalError with its last lines if it fails."""
        command = [str(find("debootstrap")), "--variant=minbase", f"--include={','.join(INCLUDED)}", self.suite]
        done = subprocess.run(
            [*command, str(self.folder), *self.mirror], check=False, capture_output=True, text=True, env=_full_path()
        )
        if done.returncode:
            raise RehearsalError("debootstrap failed:\n" + "\n".join(done.stdout.splitlines()[-5:]))

    def take_over_settings(self) -> None:
        """Copy the package clients' settings of this machine."""
        for name in SETTINGS:
            source = Path(name).expanduser()
            target = self.folder / ("root" / source.relative_to(Path.home()) if name[0] == "~" else str(source)[1:])
            if source.is_dir():
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(source, target, ignore_dangling_symlinks=True)
            elif source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        if self.debian:
            for file in (self.folder / "etc/apt").rglob("*"):
                if file.suffix in (".list", ".sources"):
                    file.write_text(file.read_text().replace(self.debian[0], self.suite))
        for name, value in self.environment.items():
            if "CERT" in name or "CA_" in name:
                self._take_over_file(Path(value))

    def _take_over_file(self, source: Path) -> None:
        target = self.folder / str(source)[1:]
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)

    def clone(self) -> None:
        """Clone the committed state of this checkout into the root."""
        shutil.rmtree(self.checkout, ignore_errors=True)
        command = [str(find("git")), "clone", "--quiet", "--no-hardlinks", str(ROOT), str(self.checkout)]
        subprocess.run(command, check=True)

    def start(self, script: str, log: Path) -> "subprocess.Popen[bytes]":
        """Run a shell script in the root's checkout; its output goes to ``log``. SIGINT reaches the script."""
        lines = ["set -e", "mount --make-rprivate /"]
        target = shlex.quote(str(self.folder))
        lines += [f"mount -t proc proc {target}/proc", f"mount --rbind /dev {target}/dev"]
        for place, writable in self.binds.items():
            inside = shlex.quote(f"{self.folder}{place}")
            lines += [f"mkdir -p {inside}", f"mount --bind {shlex.quote(str(place))} {inside}"]
            lines += [] if writable else [f"mount -o remount,bind,ro {inside}"]
        given = " ".join(shlex.quote(f"{name}={value}") for name, value in self.environment.items())
        inner = shlex.quote(f"cd {CHECKOUT} && {script}")
        lines.append(f"exec chroot {target} /usr/bin/env -i {given} sh -c {inner}")
        with log.open("ab") as output:
            return subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", "\n".join(lines)],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=_full_path(),
            )

    def run(self, script: str, log: Path, timeout_s: float) -> int:
        """Run a script to its end and return its exit status; 124 at the deadline."""
        process = self.start(script, log)
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return 124
        finally:
            process.kill()


def _is_setting(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in VARIABLES)


def _full_path() -> dict[str, str]:
    return os.environ | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def _debian() -> tuple[str, str] | None:
    """Return the release of this machine's Debian and the address that its apt has it from; None elsewhere."""
    apt = shutil.which("apt-get", path="/usr/bin")
    if apt is None:
        return None
    form = ["--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)", "Created-By: Packages"]
    shown = subprocess.run([apt, "indextargets", *form], check=False, capture_output=True, text=True).stdout
    found = [line.split() for line in shown.splitlines()]
    return next(((suite, uri) for origin, suite, uri in found if origin == "Debian" and "-" not in suite), None)


def _local_packages() -> list[Path]:
    """Return the local folders that pip's settings name as sources of packages."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    shown = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    words = [word.strip("'\"").removeprefix("file://") for word in re.split(r"[=\s]+", shown)]
    named = {Path(word) for word in words if word.startswith("/") and Path(word).is_dir()}
    return sorted({folder.parent if folder.name == "simple" else folder for folder in named})  # an index: ../files


# --- What is rehearsed ------------------------------------------------------------------


def demo(root: Root, log: Path) -> list[str]:
    """Run `make demo` until it serves a page, then end it with Ctrl-C. Return what was seen; raises RehearsalError."""
    port = free_port()
    began = time.monotonic()
    process = root.start(f"make demo PORT={port}", log)
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise RehearsalError(f"make demo ended with status {process.returncode}")
            if time.monotonic() - began > SERVES_WITHIN_S:
                raise RehearsalError(f"make demo did not serve within {SERVES_WITHIN_S} s")
            time.sleep(0.2)
        took_s = time.monotonic() - began
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()
    return [f"make demo served after {took_s:.0f} s", f"make demo printed {len(log.read_text().splitlines())} lines"]


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/login/", timeout=5) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def test(root: Root, log: Path) -> list[str]:
    """Run `make test` to its end. Return what was seen; raises RehearsalError with the lines that tell what failed."""
    began = time.monotonic()
    status = root.run("make test", log, TEST_WITHIN_S)
    lines = log.read_text(errors="replace").splitlines()
    if status:
        telling = [line for line in lines if re.match(r"(FAILED|ERROR|make: \*\*\*|.* is missing)", line)]
        raise RehearsalError("\n".join([f"make test ended with status {status}", *(telling or lines[-20:])]))
    last = next((line for line in reversed(lines) if " passed" in line), "")
    return [f"make test passed after {time.monotonic() - began:.0f} s: {last}", f"make test printed {len(lines)} lines"]


def image(root: Root, log: Path) -> list[str]:
    """Run the Dockerfile's steps, then its command as its user until its health check passes. Return what was seen."""
    steps = dockerfile.parse((root.checkout / "Dockerfile").read_text())
    dockerfile.copy_context(root.checkout, root.folder / "context")
    (root.folder / "image.sh").write_text(dockerfile.script(steps))
    began = time.monotonic()
    if status := root.run("sh /image.sh", log, IMAGE_WITHIN_S):
        lines = log.read_text(errors="replace").splitlines()
        raise RehearsalError("\n".join([f"the Dockerfile's steps ended with status {status}", *lines[-10:]]))
    took_s = time.monotonic() - began
    port = str(free_port())
    serve = shlex.join(dockerfile.last(steps, "CMD").words).replace("0.0.0.0", "127.0.0.1").replace("8000", port)  # noqa: S104
    check = dockerfile.last(steps, "HEALTHCHECK").value.partition(" CMD ")[2]
    asked = shlex.join(json.loads(check)).replace("8000", port)
    user, _, group = dockerfile.last(steps, "USER").value.partition(":")
    trial = [
        *("set -eu", *dockerfile.environment(steps), f"cd {dockerfile.last(steps, 'WORKDIR').value}"),
        *("! command -v pip", "pg_dump --version", "du -sm /opt/venv", "procmine migrate --verbosity 0"),
        *(f"{serve} &", "trap 'kill $!' EXIT"),
        *(f"for _ in $(seq {SERVES_WITHIN_S})", f"do sleep 1; {asked} 2>/dev/null && exit; done", "exit 1"),
    ]
    (root.folder / "trial.sh").write_text("\n".join(trial))
    if status := root.run(f"setpriv --reuid={user} --regid={group} --clear-groups sh /trial.sh", log, IMAGE_WITHIN_S):
        raise RehearsalError(f"the image's command does not serve (status {status})")
    [size] = re.findall(r"^(\d+)\s+/opt/venv$", log.read_text(errors="replace"), re.MULTILINE)
    return [f"the image was made after {took_s:.0f} s and serves; its packages take {size} MB"]


@contextlib.contextmanager
def _made(keep: Path | None, suite: str) -> Iterator[Root]:
    if keep is not None and (keep / "bin").exists():
        yield Root(keep.resolve(), suite)
        return
    with tempfile.TemporaryDirectory(prefix="procmine-rehearsal-", ignore_cleanup_errors=True) as folder:
        root = Root((keep or Path(folder) / "root").resolve(), suite)
        root.folder.mkdir(parents=True, exist_ok=True)
        root.make()
        yield root


def _check_that_it_can_be_done() -> None:
    if os.geteuid() != 0:
        raise RehearsalError("a rehearsal needs root: chroot and mount are refused to other users")
    try:
        find("debootstrap")
    except MissingProgramError as error:
        raise RehearsalError(str(error)) from error
    asked = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", "mount --make-rprivate / && exec chroot / true"]
    done = subprocess.run(asked, check=False, capture_output=True, text=True, env=_full_path())
    if done.returncode:
        raise RehearsalError(f"the kernel allows no chroot in a namespace here: {done.stderr.strip()}")


PARTS = {"demo": demo, "test": test, "image": image}


def _rehearse(names: Iterable[str], keep: Path | None, suite: str, logs: Path) -> bool:
    """Rehearse some parts in one root and print what was seen. Return whether all went well."""
    well = True
    began = time.monotonic()
    with _made(keep, suite) as root:
        root.take_over_settings()
        root.clone()
        print(f"bare root of {suite} made after {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201
        for name in names:
            log = logs / f"{name}.log"
            log.unlink(missing_ok=True)
            try:
                print(*PARTS[name](root, log), sep="\n", flush=True)  # noqa: T201
            except RehearsalError as error:
                well = False
                print(f"{error}\nall of its output: {log}", flush=True)  # noqa: T201
    return well


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to rehearse (all)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the root is, and stays")
    parser.add_argument("--suite", default="bookworm", help="of Debian (bookworm)")
    parser.add_argument("--logs", type=Path, default=ROOT / "var" / "rehearsal", help="folder for the output")
    options = parser.parse_args(arguments)
    options.logs.mkdir(parents=True, exist_ok=True)
    names = options.parts or list(PARTS)
    image_suite = dockerfile.suite(dockerfile.parse((ROOT / "Dockerfile").read_text()))
    image_root = options.keep and options.keep.with_name(f"{options.keep.name}-{image_suite}")
    well = True
    try:
        _check_that_it_can_be_done()
        if others := [name for name in names if name != "image"]:
            well &= _rehearse(others, options.keep, options.suite, options.logs)
        if "image" in names:
            well &= _rehearse(["image"], image_root, image_suite, options.logs)
    except RehearsalError as error:
        sys.stderr.write(f"Not rehearsed: {error}.\n")
        return 2
    return int(not well)


if __name__ == "__main__":
    sys.exit(main())
