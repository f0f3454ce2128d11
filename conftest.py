"""How `make test` shares the work between two workers: whole files, the longest first."""

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
# The longest first: a worker that comes to one of them last leaves the other without work.
LONGEST = (BROWSER, "notebooks/04", "notebooks/06", "notebooks/03", "notebooks/08", "notebooks/")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: [not item.nodeid.startswith(start) for start in LONGEST])


class WholeFiles(LoadFileScheduling):
    """``--dist=loadfile``, with tests/browser as one file: its tests share one Chromium."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    return WholeFiles(config, log)


# Here, as the process that writes the summary collects no tests and so no conftest.py of theirs.
def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    skipped = [report for report in skipped if report.nodeid.startswith(BROWSER)]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests in a real browser were SKIPPED: no Chromium or Chrome was found "
            "on PATH. Install one (Debian, Ubuntu: sudo apt install chromium) and run this again.",
            yellow=True,
        )
