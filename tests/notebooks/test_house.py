"""The house: imports run one way, faces hand out what they name, and docstrings tell the truth."""

import ast
import importlib
import inspect
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# From the ground up: a room imports from those before it, never from one after it.
FLOORS = (
    "checks kinds progress data losses models training plots games metrics latent failures "
    "exercises widgets cli"
).split()
FACES = ("data", "models", "training", "plots", "games", "metrics", "failures", "widgets")
FILES = sorted((ROOT / "gan_helpers").rglob("*.py"))


def room(module: str) -> str:
    return module.split(".")[1]


def imported(file: Path) -> list[tuple[str, str]]:
    """(module, name) of all that ``file`` imports from the package."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gan_helpers"):
            found += [(node.module, one.name) for one in node.names]
    return [(f"{m}.{n}", n) if m == "gan_helpers" else (m, n) for m, n in found]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_run_one_way_and_take_no_private_name(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    own = parts[1]
    if own in ("__init__", "__main__"):
        return
    assert own in FLOORS, f"{own} has no floor yet: add it to FLOORS"
    for module, name in imported(file):
        other = room(module)
        assert FLOORS.index(other) <= FLOORS.index(own), f"{own} imports {module}, which is above"
        assert not name.startswith("_"), f"{file.name} imports {name} from {module}"
        if other in FACES and other != own:
            assert module == f"gan_helpers.{other}", f"take {name} from the face of {other}"


def public():
    """Every public function and class of the package, by module."""
    for file in FILES:
        module = importlib.import_module(
            ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        for name, value in vars(module).items():
            is_code = inspect.isfunction(value) or inspect.isclass(value)
            if is_code and value.__module__ == module.__name__ and not name.startswith("_"):
                yield f"{module.__name__}.{name}", value


def test_introduced_in_names_a_section_that_exists():
    notebooks = {
        path.name[:2]: path.read_text(encoding="utf-8")
        for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    claims, missing = 0, []
    for name, value in public():
        for number, section in re.findall(
            r'Introduced in\s+notebook\s+(\d\d)(?:,\s+"([^"]+)")?', inspect.getdoc(value) or ""
        ):
            claims += 1
            title = re.escape(" ".join(section.split()))
            if not re.search(rf'"(?:#+ |\*\*){title}', notebooks.get(number, "")):
                missing.append(f"{name}: notebook {number}, {section!r}")
    assert not missing, "no such section: " + "; ".join(missing)
    assert claims > 150


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb")), ids=lambda path: path.name
)
def test_a_notebook_begins_with_few_imports_and_takes_them_from_the_faces(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    first = [line for line in codes[0].splitlines() if "gan_helpers" in line or line[:4] == "    "]
    assert len(first) <= 10
    for module in re.findall(r"^from gan_helpers\.([\w.]+) import", "\n".join(codes), re.M):
        assert module in FLOORS or module.startswith("exercises"), module
