"""The lists of dependencies agree, the set-up script says what to do when it cannot go on, and the
workers of make test share the work as they should.
"""

import ast
import importlib.util
import re
import sys
import threading
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "setup_env.py"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = [
    Requirement(line)
    for line in PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), [])
]
NAMES = {requirement.name for requirement in REQUIREMENTS}
CONSTRAINTS = (ROOT / "constraints.txt").read_text().splitlines()
PINS = dict(line.split("==") for line in CONSTRAINTS if line and not line.startswith("#"))
ENVIRONMENT = (ROOT / "environment.yml").read_text()

spec = importlib.util.spec_from_file_location("setup_env", SCRIPT)
setup_env = importlib.util.module_from_spec(spec)
spec.loader.exec_module(setup_env)


# --- the lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_every_dependency_has_a_range_and_a_pin_within_it(requirement):
    assert {">=", "<"} == {specifier.operator for specifier in requirement.specifier}
    assert requirement.name in PINS, f"add {requirement.name} to constraints.txt"
    assert requirement.specifier.contains(PINS[requirement.name])


def test_pins_are_public_versions_named_once():
    names = [canonicalize_name(line.split("==")[0]) for line in CONSTRAINTS if "==" in line]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"\d+(\.\d+)*", version) for version in PINS.values())


def test_environment_says_what_each_dependency_is_used_for_and_names_no_other():
    assert sorted(re.findall(r"^#   (\S+): used for \S", ENVIRONMENT, re.M)) == sorted(NAMES)


def test_environment_installs_the_package_with_its_constraints_and_nothing_else():
    lines = [line for line in ENVIRONMENT.splitlines() if not line.lstrip().startswith("#")]
    items = [line.strip() for line in lines[lines.index("dependencies:") + 1 :]]
    python, *others = items
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("- python="))
    assert others == ["- pip", "- pip:", "- -c constraints.txt", "- -e .[lab,dev]"]


def test_a_worker_gets_whole_notebooks_and_all_of_the_browsers_tests(pytestconfig):
    shared = pytestconfig.pluginmanager.get_plugin(str(ROOT / "conftest.py"))
    unit = shared.WholeFiles.__new__(shared.WholeFiles)._split_scope
    assert unit("notebooks/a.ipynb::Cell 0") == unit("notebooks/a.ipynb::Cell 12")
    assert unit("notebooks/a.ipynb::Cell 0") != unit("notebooks/b.ipynb::Cell 0")
    assert unit("tests/browser/test_a.py::test[1]") == unit("tests/browser/test_b.py::test")
    assert unit("tests/test_a.py::test") != unit("tests/test_b.py::test")
    for start in shared.LONGEST:  # a notebook may have been renamed
        assert list(ROOT.glob(f"{start}*")), start


# --- the set-up script --------------------------------------------------------------------------


def test_script_is_readable_for_old_pythons():
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 6))
    nodes = list(ast.walk(tree))
    assert not any(isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.Nonlocal) for node in nodes)
    for function in (node for node in nodes if isinstance(node, ast.FunctionDef)):
        arguments = function.args
        assert not (function.returns or arguments.kwonlyargs or arguments.posonlyargs)
        assert not any(argument.annotation for argument in arguments.args)
    SCRIPT.read_bytes().decode("ascii")  # Python 2.7 reads nothing else without a coding line


@pytest.mark.parametrize(
    "version", [(2, 7, 18), (3, 6, 15), (3, 10, 13), (3, 11, 0), (3, 13, 9), (3, 14, 0), (4, 0, 0)]
)
def test_a_python_that_is_not_supported_is_named_with_what_to_do(version):
    problem = setup_env.python_problem(version)
    supported = SpecifierSet(PROJECT["requires-python"]).contains(".".join(map(str, version)))
    assert supported == (problem is None)
    if problem:
        assert f"Python {version[0]}.{version[1]}," in problem
        assert "make lab PYTHON=python3.12" in problem


def test_missing_modules_are_named_with_what_to_do():
    assert setup_env.module_problem(setup_env.missing_modules(), (3, 12, 1)) is None
    problem = setup_env.module_problem(["venv", "ensurepip"], (3, 12, 1))
    assert "venv and ensurepip" in problem
    assert "apt install python3.12-venv" in problem


def test_disk_space_depends_on_the_build_of_torch():
    cpu = {"PIP_EXTRA_INDEX_URL": "https://example.org/whl/cpu"}
    assert setup_env.needed_gb("Linux", "x86_64", {}) == 7
    assert setup_env.needed_gb("Linux", "x86_64", cpu) == 2
    assert setup_env.needed_gb("Darwin", "arm64", {}) == 2
    assert setup_env.disk_warning(7e9, 7) is None
    assert "7 GB are needed and 6.9 GB are free" in setup_env.disk_warning(6.9e9, 7)


RETRY = (
    "WARNING: Retrying (Retry(total={}, connect=None)) after connection broken by "
    "'NewConnectionError('failed to establish a new connection: [Errno 111] Connection refused')'\n"
)
UNMATCHED = (
    "ERROR: Could not find a version that satisfies the requirement {0} (from versions: {1})\n"
    "ERROR: No matching distribution found for {0}\n"
)
CONFLICT = (
    "The conflict is caused by:\n    gan-helpers 0.1.0 depends on torch<3 and >=2.6\n"
    "    The user requested (constraint) torch==2.14.1\nERROR: ResolutionImpossible: for help\n"
)
SKIPPED = "Could not fetch URL https://example.org/simple/torch/: {} - skipping\n"
TIMED_OUT = "ReadTimeoutError: HTTPSConnectionPool(host='example.org', port=443): Read timed out.\n"
FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (RETRY.format(0) + UNMATCHED.format("setuptools>=77", "none"), "network connection"),
        (RETRY.format(0) + CONFLICT, "network connection"),
        (SKIPPED.format("connection error: refused") + CONFLICT, "network connection"),
        (TIMED_OUT, "network connection"),
        (RETRY.format(4) + UNMATCHED.format("torch<3,>=2.6", "2.2.1, 2.2.2"), "torch<3,>=2.6 for"),
        (UNMATCHED.format("torch<3,>=2.6", "none"), "no build of torch<3,>=2.6 for this computer"),
        (SKIPPED.format("404 Client Error: Not Found") + CONFLICT, "no build of torch==2.14.1 for"),
        (RETRY.format(4) + FULL, "disk is full"),
        ("ERROR: Failed building editable for gan-helpers\n", "installation failed"),
    ],
)
def test_a_failed_installation_is_one_sentence_with_the_log(log, words):
    problem = setup_env.install_problem(log)
    assert words in problem
    assert ".venv/install.log" in problem
    assert problem.endswith(".") and "\n" not in problem


def make_folder(folder):
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return str(folder), str(folder / ".venv")


def test_stamp_changes_with_the_lists_the_python_and_the_place(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    root, _ = make_folder(one)
    make_folder(two)
    stamp = setup_env.fingerprint(root, (3, 12, 1))
    assert stamp == setup_env.fingerprint(root, (3, 12, 7))
    assert stamp != setup_env.fingerprint(root, (3, 13, 0))
    assert stamp != setup_env.fingerprint(str(two), (3, 12, 1))
    (one / "constraints.txt").write_text("torch==2.6.0\n")
    assert stamp != setup_env.fingerprint(root, (3, 12, 1))


def test_environment_is_complete_only_with_the_stamp_and_its_programs(tmp_path):
    root, environment = make_folder(tmp_path)
    stamp = setup_env.fingerprint(root, (3, 12, 1))
    programs = [tmp_path / ".venv" / "bin" / name for name in ("python", "jupyter")]
    for program in programs:
        program.touch()
    for written in (None, setup_env.INCOMPLETE, stamp):
        if written:
            setup_env.write_stamp(environment, written)
        assert setup_env.is_complete(environment, stamp) == (written == stamp)
    for program in programs:
        program.unlink()
        program.symlink_to(tmp_path / "one-that-was-removed")
        assert not setup_env.is_complete(environment, stamp)
        program.unlink()
        program.touch()


def test_environment_is_remade_when_interrupted_moved_broken_or_of_another_python(tmp_path):
    folder, version = tmp_path / ".venv", sys.version_info
    venv.create(folder, symlinks=True)
    bin_folder = folder / "bin"
    assert not setup_env.is_usable(str(folder), version)  # no pip
    pip = folder / "lib" / f"python{version[0]}.{version[1]}" / "site-packages" / "pip"
    pip.mkdir()
    (pip / "__init__.py").touch()
    (bin_folder / "pip").write_text("#!/elsewhere/.venv/bin/python\n")
    assert not setup_env.is_usable(str(folder), version)  # moved here
    (bin_folder / "pip").write_text(f"#!{bin_folder}/python\n")
    assert setup_env.is_usable(str(folder), version)
    assert not setup_env.is_usable(str(folder), (version[0], version[1] + 1))
    setup_env.write_stamp(str(folder), setup_env.INCOMPLETE)
    assert not setup_env.is_usable(str(folder), version)  # interrupted
    setup_env.write_stamp(str(folder), "the stamp of an older list")
    assert setup_env.is_usable(str(folder), version)
    (bin_folder / "python").unlink()
    assert not setup_env.is_usable(str(folder), version)  # its Python was removed


def test_set_up_installs_once_and_stamps_only_what_succeeded(tmp_path, monkeypatch):
    root, environment = make_folder(tmp_path)
    monkeypatch.setattr(setup_env, "ROOT", root)
    monkeypatch.setattr(setup_env, "VENV", environment)
    monkeypatch.setattr(setup_env, "is_usable", lambda environment, version: True)
    results = iter(["The network is down.", None])
    monkeypatch.setattr(setup_env, "install", lambda python: next(results))
    for program in ("python", "jupyter"):
        (tmp_path / ".venv" / "bin" / program).touch()

    assert setup_env.set_up() == "The network is down."
    assert setup_env.read_stamp(environment) == setup_env.INCOMPLETE
    assert setup_env.set_up() is None
    assert setup_env.set_up() is None  # a third call of install would raise StopIteration


def test_a_second_set_up_waits_for_the_first_and_finds_its_work_done(tmp_path, monkeypatch):
    root, environment = make_folder(tmp_path)
    monkeypatch.setattr(setup_env, "ROOT", root)
    monkeypatch.setattr(setup_env, "VENV", environment)
    monkeypatch.setattr(setup_env, "is_usable", lambda environment, version: True)
    waiting, installed, problems = threading.Event(), [], []
    monkeypatch.setattr(
        setup_env, "print", lambda text: waiting.set() if "waiting" in text else None, raising=False
    )
    second = threading.Thread(target=lambda: problems.append(setup_env.set_up()))

    def install(python: str) -> None:
        installed.append(python)
        if len(installed) == 1:
            second.start()
            assert waiting.wait(30)
        for program in ("python", "jupyter"):
            (tmp_path / ".venv" / "bin" / program).touch()

    monkeypatch.setattr(setup_env, "install", install)
    problems.append(setup_env.set_up())
    second.join(30)
    assert problems == [None, None] and len(installed) == 1


def test_a_folder_without_locks_is_set_up_all_the_same(tmp_path):
    assert setup_env.lock(str(tmp_path / "absent")) is None
