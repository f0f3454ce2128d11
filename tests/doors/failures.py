"""The doors of ``failures``."""

from doors.given import BYTES, EMPTY, FLOATS, HISTORY, RUN, TYPE, VALUE
from helping import TINY

from gan_helpers import failures

QUIZ = failures.Quiz()
FAILURE = failures.Failure("nothing", TINY)

DOORS = {
    failures.draw_dashboard: [
        {"history": HISTORY},
        ("history", EMPTY, VALUE, "empty"),
        ("history", RUN, TYPE, "run.history"),
        ("window", 0, VALUE, "at least 1"),
    ],
    failures.plot_dashboard: [
        {"history": HISTORY, "alt": "Four pictures."},
        ("history", None, TYPE, "History"),
        ("alt", "", VALUE, "sentence"),
    ],
    failures.draw_gallery: [
        {"histories": {"healthy": HISTORY}},
        ("histories", {}, VALUE, "at least one"),
        ("histories", HISTORY, TYPE, "History"),
        ("histories", {"healthy": RUN}, TYPE, "'healthy'"),
        ("histories", {"healthy": EMPTY}, VALUE, "'healthy'"),
    ],
    failures.plot_gallery: [
        {"histories": {"healthy": HISTORY}, "alt": "Four pictures."},
        ("histories", [HISTORY], TYPE, "list"),
        ("window", 2.5, TYPE, "whole number"),
        ("alt", "", VALUE, "sentence"),
    ],
    failures.gather: [
        {"history": failures.load_recorded("healthy", 0)},
        ("history", HISTORY, VALUE, "60 steps"),
        ("history", RUN, TYPE, "run.history"),
    ],
    failures.compare_held_out: [
        {"run": RUN, "shown": BYTES, "held_out": BYTES},
        ("run", HISTORY, TYPE, "Run"),
        ("shown", FLOATS, TYPE, "uint8"),
        ("held_out", BYTES[:0], VALUE, "held_out"),
    ],
    failures.few_images_step: [
        {"run": RUN, "images": BYTES, "measure": False, "count": 4},
    ],
    failures.diagnose: [
        {"history": failures.load_recorded("healthy", 0)},
        ("history", HISTORY, VALUE, "60 steps"),
        ("history", "healthy", TYPE, "run.history"),
    ],
    failures.load_recorded: [
        {"name": "healthy", "seed": 0},
        ("name", "sick", VALUE, "'sick'"),
        ("name", [], VALUE, "healthy"),
        ("seed", 9, VALUE, "9"),
        ("seed", "0", TYPE, "whole number"),
    ],
    failures.Failure: [
        {"change": "nothing"},
        ("change", None, TYPE, "None"),
        ("recipe", "course", TYPE, "Recipe"),
        ("prepare", "large weights", TYPE, "function"),
        ("step", None, TYPE, "function"),
        ("steps", 0, VALUE, "at least 1"),
    ],
    failures.produce: [
        {"failure": FAILURE, "images": BYTES, "steps": 1},
        ("failure", "healthy", TYPE, "FAILURES['healthy']"),
        ("images", FLOATS, TYPE, "uint8"),
        ("images", BYTES[:3], VALUE, "batch_size"),
        ("seed", 0.5, TYPE, "whole number"),
        ("steps", 0, VALUE, "at least 1"),
        ("steps", 2.5, TYPE, "whole number"),
    ],
    QUIZ.show: [
        {"case": 1},
        ("case", 13, VALUE, "1 to 12"),
        ("case", "1", TYPE, "'1'"),
    ],
    QUIZ.measure: [
        {"case": 1},
        ("case", 0, VALUE, "1 to 12"),
        ("case", "1", TYPE, "'1'"),
    ],
    QUIZ.answer: [
        {"case": 1, "name": "healthy"},
        ("case", 1.5, TYPE, "whole number"),
        ("case", 13, VALUE, "from 1 to 12"),
    ],
}
