"""A blind quiz: dashboards of recorded runs without their names, and a score.

The runs are seed 2 of the recorded failures; the pictures of notebook 08 are of seed 0.
"""

from gan_helpers.checks import whole_number
from gan_helpers.failures.dashboard import plot_dashboard
from gan_helpers.failures.diagnosis import ADVICE, diagnose, gather
from gan_helpers.failures.gallery import FAILURES, load_recorded
from gan_helpers.training import History

# Case 1, 2, ...: the failure; what a reader should call it, keys of ADVICE, the first the best; and
# names that can be defended from what the dashboard shows, with what speaks for the better one.
YOUNG = "nothing else stands out at first sight, but the samples do not get there:"
CASES: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    (
        "tiny_discriminator",
        ("discriminator too weak",),
        {
            "no digits yet": f"{YOUNG} measure how far D moves in a step.",
            "mode collapse": "one class is frequent, but its samples are specks: measure "
            "how far D moves in a step.",
        },
    ),
    ("healthy_saturating", ("healthy",), {}),
    ("sigmoid_twice", ("sigmoid twice",), {}),
    ("classes_missing", ("mode collapse", "discriminator too weak"), {}),
    ("default_betas", ("discriminator too strong",), {}),
    ("range_0_1", ("wrong data range",), {}),
    ("no_zero_grad", ("gradients pile up",), {}),
    ("article_saturating", ("saturated loss",), {}),
    ("zero_weights", ("bad initialisation",), {}),
    (
        "five_d_steps",
        ("healthy",),
        {"discriminator too strong": "D is ahead, with good digits."},
    ),
    (
        "slow_generator",
        ("discriminator too strong",),
        {"no digits yet": f"{YOUNG} D is ahead, so ask why G does not follow."},
    ),
    (
        "not_shuffled",
        ("mode collapse",),
        {"no digits yet": "few samples are good digits, but most of them are 9s."},
    ),
)


class Quiz:
    """Twelve dashboards; name the failure, be told why not, and count.

    ``quiz.show(3)`` draws case 3, ``quiz.measure(3)`` prints what the dashboard does not show,
    ``quiz.answer(3, "mode collapse")`` says whether that is right, and ``quiz.score()`` how many
    are. Introduced in notebook 09, "A blind quiz".
    """

    def __init__(self) -> None:
        self.right: dict[int, float] = {}  # by case: points of the first answer, 0, 1/2 or 1

    def show(self, case: int) -> None:
        """Draw the dashboard of a case, 1 to 12, and print what the classifier says of its samples.

        Raises ``TypeError`` for what is no whole number and ``ValueError`` for another one.
        """
        history = self._history(case)
        facts = gather(history)
        print(
            f"Case {case}: of the forty samples {facts.digits:.0%} are digits to the classifier,\n"
            f"and {facts.largest_class:.0%} are of its most frequent class. "
            f"They differ by {facts.spread:.0f} grey levels\n(real digits: 45)."
        )
        plot_dashboard(
            history,
            alt=f"Dashboard of case {case}. In the last quarter d_loss is {facts.d_loss:.2f}, "
            f"g_loss {facts.g_loss:.2f}, D(x) {facts.d_real:.2f}, D(G(z)) {facts.d_fake:.2f}; the "
            f"gradients have the lengths {facts.d_gradient:.1g} (D) and {facts.g_gradient:.1g} "
            f"(G). Of the forty samples the classifier takes {facts.digits:.0%} for digits; the "
            f"most frequent class has {facts.largest_class:.0%}; they differ by "
            f"{facts.spread:.0f} grey levels.",
        )

    def measure(self, case: int) -> None:
        """Print the measurements that the dashboard of case 1 to 12 does not show, all of them.

        Which of them decides is for the reader to know. Errors as for ``show``.
        """
        f = gather(self._history(case))
        rows = (
            ("d_loss before the first step", f"{f.first_d_loss:.2f}", "1.4"),
            ("g_loss after D's first step", f"{f.first_g_loss:.2f}", "0.7, or -0.7"),
            ("D(G(z)) before the first step", f"{f.first_d_fake:.2f}", "0.5"),
            ("length of G's first step", f"{f.first_update:.1f}", "1.1"),
            ("smallest and largest D", f"{f.lowest_d:.2f} to {f.highest_d:.2f}", "0.3 to 0.9"),
            ("D right", f"{f.accuracy:.0%}", "54%"),
            ("D's step over G's", f"{f.update_ratio:.2g}", "0.6"),
            ("D's gradient, last quarter over first", f"{f.d_gradient_growth:.1f}", "about 1"),
            ("darkest twentieth of the pixels", f"{f.dark:.0f}", "0"),
        )
        print(f"Case {case}{'':<34}measured     healthy")
        for name, value, healthy in rows:
            print(f"{name:<38}{value:>13}{healthy:>14}")

    def answer(self, case: int, name: str) -> None:
        """Print whether ``name`` is what case 1 to 12 shows, or why not; the first answer counts.

        ``name``: a key of ``ADVICE``, in capitals or not; anything else is answered with the list
        of the names and does not count. A name that can be defended counts half. Raises
        ``TypeError`` for a case that is no whole number, and ``ValueError`` for another one.
        """
        history = self._history(case)
        if name is ...:
            print(f"Case {case}: not tried yet: replace the dots with a name from the list.")
            return
        name = " ".join(name.lower().split()) if isinstance(name, str) else name
        if not isinstance(name, str) or name not in ADVICE:
            names = ", ".join(map(repr, ADVICE))
            print(f"Case {case}: {name!r} is none of the names; this does not count. Choose one of "
                  f"{names}.")  # fmt: skip
            return
        failure, expected, defensible = CASES[case - 1]
        self.right.setdefault(case, 1.0 if name in expected else 0.5 * (name in defensible))
        if name in expected:
            print(f"Case {case}: right, {name}. What was changed: {FAILURES[failure].change}.")
        elif name in defensible:
            print(
                f"Case {case}: {name} can be defended, and counts half; there is a better name. "
                f"Look again: {defensible[name]}"
            )
        else:
            print(f"Case {case}: not right. Look again: {' '.join(diagnose(history).evidence)}")

    def score(self) -> None:
        """Print the points of the first answers: 1 for a right one, 1/2 for a defensible one."""
        print(
            f"{sum(self.right.values()):g} points for first answers; {len(self.right)} of "
            f"{len(CASES)} cases tried"
        )

    def _history(self, case: int) -> History:
        case = whole_number(case, "case", 1, len(CASES))
        return load_recorded(CASES[case - 1][0], seed=2)
