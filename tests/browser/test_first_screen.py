"""What `make lab` opens on: where to begin, and the chapters with their whole names."""

from browser import lab

WINDOW = {"width": 1280, "height": 800}


def test_the_first_page_says_where_to_begin(new_page, address, folder):
    course = folder / "notebooks"  # what this JupyterLab serves as make lab serves the repository
    for place in ("notebooks", "notebooks/solutions"):
        (course / place).mkdir(exist_ok=True)
        for file in sorted((lab.ROOT / place).glob("*.ipynb")):
            lab.copy_without_outputs(file, course / place / file.name)
    for name in ("README.md", "notebooks/00_start_here.md"):
        (course / name).write_text((lab.ROOT / name).read_text("utf-8"), "utf-8")

    page = new_page()
    page.set_viewport_size(WINDOW)
    page.goto(f"{address}?token={lab.TOKEN}")
    page.get_by_role("heading", name="Start here").wait_for()  # rendered, not its source
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0

    for place in ("notebooks", "notebooks/solutions"):
        count = len([one for one in (course / place).iterdir() if one.name[0] != "."])
        page.evaluate(
            "path => jupyterapp.commands.execute('filebrowser:open-path', { path })", place
        )
        names = page.locator(".jp-DirListing-itemText")
        lab.wait_until(lambda: names.count() == count, page, f"{count} names in {place}")  # noqa: B023
        cut = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
        assert names.evaluate_all(cut) == []

    page.get_by_role("link", name="01 The adversarial game").first.click()
    tab = page.get_by_role("tab", name="01_the_adversarial_game.ipynb")
    tab.wait_for()
    page.get_by_role("heading", name="The adversarial game").first.wait_for()
    page.close()
