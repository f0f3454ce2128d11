"""Make .venv and install the course into it; ``make lab`` and ``make test`` call this first.

Standard library only, and written so that Python 2.7 can read it: an old Python gets a sentence
that says what to do, not a syntax error.
"""

import hashlib
import os
import platform
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
VENV = os.path.join(ROOT, ".venv")
LOG = os.path.join(".venv", "install.log")

INCOMPLETE = "incomplete"  # the stamp while pip is at work

# What pip's log says of a connection that stayed broken: last retry, index left out, or an error.
# setuptools comes first and suits every computer: an index without it was not reached.
UNREACHABLE = (
    r"Retry\(total=0|Could not fetch URL .*(connection error|timed out|ssl certificate|retries)"
    r"|(ConnectionError|ConnectTimeout\w*|ReadTimeout\w*|ProxyError|SSLError): "
    r"|setuptools\S* \(from versions: none\)"
)
# A missing build is named as a requirement, or as the pin of a requirement that cannot be met.
NO_BUILD = r"(?:No matching distribution found for|The user requested \(constraint\)) (\S+)"


def python_problem(version):
    """None, or what to do when the course does not run on Python ``version``."""
    if (3, 11) <= tuple(version[:2]) <= (3, 13):
        return None
    return (
        "This is Python {}.{}, and the course needs 3.11, 3.12 or 3.13: install one of them and "
        "name it, for example 'make lab PYTHON=python3.12'.".format(*version[:2])
    )


def missing_modules():
    """Which of the modules that make an environment this Python lacks."""
    from importlib.util import find_spec  # Python 2.7 has no such module

    return [name for name in ("venv", "ensurepip") if find_spec(name) is None]


def module_problem(missing, version):
    """None, or what to do when this Python lacks the modules ``missing``."""
    if not missing:
        return None
    return (
        "This Python lacks {}: on Debian or Ubuntu run 'sudo apt install python{}.{}-venv', "
        "elsewhere use a complete Python, then run this again."
    ).format(" and ".join(missing), *version[:2])


def needed_gb(system, machine, environment):
    """GB on disk after the installation: torch on Linux brings CUDA unless a CPU build is named."""
    places = [environment.get(name, "") for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")]
    cuda = system == "Linux" and machine in ("x86_64", "AMD64") and "cpu" not in " ".join(places)
    return 7 if cuda else 2


def disk_warning(free_bytes, needed):
    """None, or a warning when less than ``needed`` GB are free. pip may still manage."""
    if free_bytes >= needed * 1e9:
        return None
    return (
        "Warning: about {} GB are needed and {:.1f} GB are free here; if the installation stops, "
        "free some space and run this again.".format(needed, free_bytes / 1e9)
    )


def fingerprint(root, version):
    """Stands for what ought to be installed: both lists, the Python, and the place."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(root, name), "rb") as file:
            digest.update(file.read())
    # The place: the scripts in .venv/bin name it, and do not survive a move of the folder.
    digest.update("{}.{} {}".format(version[0], version[1], root).encode("utf-8"))
    return digest.hexdigest()


def read_stamp(venv):
    """The stamp of ``venv``, or an empty string where there is none."""
    try:
        with open(os.path.join(venv, "stamp")) as file:
            return file.read()
    except OSError:
        return ""


def write_stamp(venv, stamp):
    """Say in ``venv`` what it holds."""
    with open(os.path.join(venv, "stamp"), "w") as file:
        file.write(stamp)


def is_complete(venv, stamp):
    """Whether ``venv`` carries this stamp, which is written last, and its Python still exists."""
    programs = [os.path.join(venv, "bin", name) for name in ("python", "jupyter")]
    return read_stamp(venv) == stamp and all(os.path.exists(program) for program in programs)


def is_usable(venv, version):
    """Whether pip can install into ``venv``: made here by this Python, and never interrupted."""
    if read_stamp(venv) == INCOMPLETE:
        return False  # pip may take a package that it unpacked halfway for an installed one
    python = os.path.join(venv, "bin", "python")
    code = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
    try:
        with open(os.path.join(venv, "bin", "pip"), "rb") as file:
            here = os.path.join(venv, "bin", "").encode("utf-8") in file.read()
        with open(os.devnull, "w") as nowhere:
            found = subprocess.check_output([python, "-c", code], stderr=nowhere)
    except (OSError, subprocess.CalledProcessError):
        return False
    return here and found.decode().strip() == "{}.{}".format(*version[:2])


def install_problem(log):
    """What to do about a failed installation, from pip's log."""
    see = " (pip's messages: {}).".format(LOG)
    if re.search(r"No space left on device|Errno 28|quota exceeded", log):
        return (
            "The disk is full: free space here and in the temporary folder, or set TMPDIR to a "
            "folder with room, then run this again" + see
        )
    if re.search(UNREACHABLE, log):
        return (
            "The package index cannot be reached: check the network connection (and pip's proxy "
            "or index settings, if you have any), then run this again" + see
        )
    unmatched = re.search(NO_BUILD, log)
    if unmatched:
        return (
            "There is no build of {} for this computer and Python: use 64-bit Linux or an Apple "
            "silicon Mac, or another Python, for example 'make lab PYTHON=python3.12'".format(
                unmatched.group(1)
            )
            + see
        )
    return "The installation failed: read the last lines of {}, then run this again.".format(LOG)


def install(python):
    """Install the course with pip. None, or what to do when that fails."""
    log = os.path.join(ROOT, LOG)
    if os.path.exists(log):
        os.remove(log)
    # pip writes the log itself, and so can show its progress bars on the terminal.
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--log", log]
    wanted = ["install", "-c", "constraints.txt", "-e", ".[lab,dev]"]
    if subprocess.call(pip + wanted, cwd=ROOT) == 0:
        return None
    if free_bytes(ROOT) < 1e8:  # too little even for pip to log it
        return install_problem("No space left on device")
    try:
        with open(log, "rb") as file:
            return install_problem(file.read().decode("utf-8", "replace"))
    except OSError:
        return install_problem("")


def lock(root):
    """Wait until nobody else installs here, then keep others out until the result is closed.

    The lock is on the folder itself: no file is left, and the system opens it when we are killed.
    None where the system or the disk has no such locks.
    """
    try:
        import fcntl  # not on Windows

        folder = os.open(root, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another installation is at work in this folder: waiting for its end ...")
            sys.stdout.flush()
            fcntl.flock(folder, fcntl.LOCK_EX)
    except (ImportError, OSError):
        return None
    return folder


def set_up():
    """Make the environment where it is not complete. None, or one sentence that says what to do."""
    version = sys.version_info
    problem = python_problem(version)
    if problem:
        return problem
    stamp = fingerprint(ROOT, version)
    if is_complete(VENV, stamp):
        return None
    locked = lock(ROOT)
    try:
        # The one that was waited for may have made it.
        return None if is_complete(VENV, stamp) else make(stamp, version)
    finally:
        if locked is not None:
            os.close(locked)


def make(stamp, version):
    """Make the environment anew, or complete it. None, or one sentence that says what to do."""
    if not is_usable(VENV, version):
        problem = module_problem(missing_modules(), version)
        if problem:
            return problem
        print("Making .venv with Python {}.{} ...".format(*version[:2]))
        sys.stdout.flush()
        # The interpreter behind this one: this one may be the very environment that is remade.
        base = getattr(sys, "_base_executable", sys.executable)
        if subprocess.call([base, "-m", "venv", "--clear", VENV]) != 0:
            return "Python cannot make .venv here: see its message above, then run this again."
        needed = needed_gb(platform.system(), platform.machine(), os.environ)
        warning = disk_warning(free_bytes(ROOT), needed)
        if warning:
            print(warning)
    write_stamp(VENV, INCOMPLETE)
    print("Installing the course; the first time this takes some minutes ...")
    sys.stdout.flush()
    problem = install(os.path.join(VENV, "bin", "python"))
    if not problem:
        write_stamp(VENV, stamp)
    return problem


def free_bytes(folder):
    """Bytes that this user may still write in ``folder``."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def main():
    """Run ``set_up``; a problem is printed as one sentence, and the exit status says so too."""
    try:
        problem = set_up()
    except KeyboardInterrupt:
        problem = "Interrupted; run this again to complete the installation."
    except OSError as error:
        problem = "{}: mend this, then run this again.".format(error)
    if problem:
        sys.exit(problem)


if __name__ == "__main__":
    main()
