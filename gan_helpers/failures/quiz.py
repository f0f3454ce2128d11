"""A blind quiz: dashboards of recorded runs without their names, and a score.

The runs are seed 2 of the recorded failures; the pictures of notebook 08 are of seed 0.
"""

from gan_helpers.checks import whole_number
from gan_helpers.failures.dashboard import plot_dashboard
from gan_helpers.failures.diagnosis import ADVICE, diagnose, gather
from gan_helpers.failures.gallery import FAILURES, load_recorded
from gan_helpers.training import History

# Case 1, 2, ...: the failure, and what a reader should call it: keys of ADVICE, the first the best.
CASES = (
    ("tiny_discriminator", ("discriminator too weak",)),
    ("healthy_saturating", ("healthy",)),
    ("sigmoid_twice", ("sigmoid twice",)),
    ("classes_missing", ("mode collapse", "discriminator too weak")),
    ("default_betas", ("discriminator too strong",)),
    ("range_0_1", ("wrong data range",)),
    ("no_zero_grad", ("gradients pile up",)),
    ("article_saturating", ("saturated loss",)),
    ("zero_weights", ("bad initialisation",)),
    ("five_d_steps", ("healthy",)),
    ("slow_generator", ("discriminator too strong",)),
    ("not_shuffled", ("mode collapse",)),
)


class Quiz:
    """Twelve dashboards; name the failure, be told why not, and count.

    ``quiz.show(3)`` draws case 3, ``quiz.answer(3, "mode collapse")`` says whether that is right,
    and ``quiz.score()`` how many are. Introduced in notebook 09, "A blind quiz".
    """

    def __init__(self) -> None:
        self.right: dict[int, bool] = {}  # by case: was the first answer right?

    def show(self, case: int) -> None:
        """Draw the dashboard of a case, 1 to 12, and print what its dashboard does not show.

        Raises ``TypeError`` for what is no whole number and ``ValueError`` for another one.
        """
        history = self._history(case)
        facts = gather(history)
        print(
            f"Case {case}: of the forty samples {facts.digits:.0%} are digits to the classifier; "
            f"{facts.largest_class:.0%} are of its most frequent class.\n"
            f"The samples differ by {facts.spread:.0f} grey levels (real digits: 45). In a step D "
            f"moves {facts.update_ratio:.2g} times as far as G (course's recipe: 0.6)."
        )
        plot_dashboard(
            history,
            alt=f"Dashboard of case {case}. In the last quarter d_loss is {facts.d_loss:.2f}, "
            f"g_loss {facts.g_loss:.2f}, D(x) {facts.d_real:.2f}, D(G(z)) {facts.d_fake:.2f}; the "
            f"gradients have the lengths {facts.d_gradient:.1g} (D) and {facts.g_gradient:.1g} "
            f"(G). Of the forty samples the classifier takes {facts.digits:.0%} for digits; the "
            f"most frequent class has {facts.largest_class:.0%}; they differ by "
            f"{facts.spread:.0f} grey levels. In a step D moves {facts.update_ratio:.2g} times as "
            "far as G.",
        )

    def answer(self, case: int, name: str) -> None:
        """Print whether ``name`` is what case 1 to 12 shows, or why not; the first answer counts.

        ``name``: a key of ``ADVICE``, in capitals or not; anything else is answered with the list
        of the names and does not count. Raises ``TypeError`` for a case that is no whole
        number, and ``ValueError`` for another one.
        """
        history = self._history(case)
        if name is ...:
            print(f"Case {case}: not tried yet: replace the dots with a name from the list.")
            return
        name = " ".join(name.lower().split()) if isinstance(name, str) else name
        if name not in ADVICE:
            names = ", ".join(map(repr, ADVICE))
            print(f"Case {case}: {name!r} is none of the names; this does not count. Choose one of "
                  f"{names}.")  # fmt: skip
            return
        failure, expected = CASES[case - 1]
        self.right.setdefault(case, name in expected)
        if name in expected:
            print(f"Case {case}: right, {name}. What was changed: {FAILURES[failure].change}.")
        else:
            print(f"Case {case}: not right. Look again: {' '.join(diagnose(history).evidence)}")

    def score(self) -> None:
        """Print how many cases were named right at the first answer."""
        print(
            f"{sum(self.right.values())} right at the first answer; {len(self.right)} of "
            f"{len(CASES)} cases tried"
        )

    def _history(self, case: int) -> History:
        case = whole_number(case, "case", 1, len(CASES))
        return load_recorded(CASES[case - 1][0], seed=2)
