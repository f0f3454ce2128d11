"""The one-dimensional lab: a panel that trains a GAN on a line and lets the reader steer it."""

from collections.abc import Callable
from dataclasses import replace

import ipywidgets
from matplotlib.figure import Figure

from gan_helpers.games import (
    LINE_RECIPES,
    Bars,
    LineView,
    NormalMixture,
    ToyRecipe,
    look,
    start_toy,
    toy_d_step,
    toy_g_step,
    toy_step,
)
from gan_helpers.losses import GENERATOR_LOSSES
from gan_helpers.widgets.common import Panel, Picture, button, rate_slider, row, say, status
from gan_helpers.widgets.line_figure import LineFigure
from gan_helpers.widgets.running import Runner

DRAWN = "drawn below"
TARGETS = {
    "one normal": LINE_RECIPES["healthy"].target,
    "one normal, narrow": LINE_RECIPES["oscillation"].target,
    "one normal, far away": LINE_RECIPES["saturation"].target,
    "two normals": LINE_RECIPES["collapse"].target,
    "three normals": NormalMixture((-3.0, 0.0, 3.0), (0.6, 0.6, 0.6), (1.0, 1.0, 1.0)),
    "uniform": Bars((1.0,), -2.0, 2.0),
}
FIRST_BARS = (0, 0, 1, 3, 6, 8, 8, 6, 3, 1, 0, 0)
MEASURE_EVERY = 5  # steps of G
CURVE = 200  # how many measurements the curve of V shows


def one_dimensional_lab(seed: int = 0) -> "OneDimensionalLab":
    """Make the one-dimensional lab, an ``OneDimensionalLab``.

    ``seed``: of the first networks. Introduced in notebook 01, "A game to watch".
    """
    return OneDimensionalLab(seed)


class OneDimensionalLab(Panel):
    """A GAN on a line: it shows p_data and p_g, D and D*, the pull on the fakes, V and its bound.

    The controls change the game while it runs; four buttons set up a game that goes well and three
    typical failures. ``.run`` is the game, a ``games.ToyRun``; ``.view`` is its present state in
    numbers, a ``games.LineView``. Introduced in notebook 01, "A game to watch".
    """

    def __init__(self, seed: int = 0):
        self.seed = seed
        self._figure = LineFigure()
        self._runner = Runner(self._step, self._show, self._stopped)
        self._make_controls()
        self._picture, self._words, self._news = (
            Picture("Both densities, D and D*, the pull on the fakes, and V over the steps"),
            status(),
            status(),
        )
        presets = [
            button(name, f"Set up a game that shows this, from new networks: {name}",
                   lambda name=name: self._preset(name))
            for name in LINE_RECIPES
        ]  # fmt: skip
        self._start = button("Start", "Train until paused", self._start_or_pause)
        moves = [
            self._start,
            button("Step D", "One step of the discriminator", self._step_d),
            button("Step G", "One step of the generator", self._step_g),
            button("Reset", "New networks, from the next seed", self._reset),
        ]
        rows = [presets, [self._target, self._loss], [self._d_rate, self._g_rate],
                [self._d_steps, self._beta], self._bars, moves]  # fmt: skip
        rows = [row(*controls) for controls in rows]
        self._bars_row = rows[4]
        self._bars_row.layout.grid_gap = "0"
        super().__init__([*rows, self._picture, self._words, self._news], self._still_picture)
        self._preset("healthy")

    # --- what the reader does -------------------------------------------------------------------

    def _make_controls(self) -> None:
        self._target = _labelled(ipywidgets.Dropdown, "real data", "The density of the real data",
                                 options=[*TARGETS, DRAWN])  # fmt: skip
        self._loss = _labelled(ipywidgets.Dropdown, "G's loss",
                               "The generator's loss; it may be changed in the middle of a game",
                               options=list(GENERATOR_LOSSES))  # fmt: skip
        self._d_rate, self._g_rate = (
            rate_slider(f"learning rate of {player}", 1e-3, -4, -1) for player in "DG"
        )
        self._d_steps = _labelled(ipywidgets.IntSlider, "D-steps per G-step",
                                  "Steps of D before each step of G", min=1, max=20)  # fmt: skip
        self._beta = _labelled(ipywidgets.Dropdown, "Adam's beta 1",
                               "Adam's memory of the gradient; 0 turns it off",
                               options=[0.0, 0.5, 0.9])  # fmt: skip
        width = Bars(FIRST_BARS).width
        centres = [f"{Bars.low + (k + 0.5) * width:g}" for k in range(len(FIRST_BARS))]
        self._bars = [
            ipywidgets.IntSlider(
                value=height, min=0, max=10, orientation="vertical", description=x,
                tooltip=f"height of bar {number} of {len(centres)}, around x = {x}",
                layout=ipywidgets.Layout(flex="1 1 37px", max_width="56px", height="170px"),
            )
            for number, (x, height) in enumerate(zip(centres, FIRST_BARS, strict=True), 1)
        ]  # fmt: skip
        self._steering = [self._target, self._loss, self._d_rate, self._g_rate, self._d_steps,
                          self._beta, *self._bars]  # fmt: skip
        for control in self._steering[:6]:
            control.layout = ipywidgets.Layout(flex="1 1 320px", min_width="0", max_width="380px")
        for control in self._steering:
            control.observe(self._steer, "value")

    def _steer(self, change: object = None) -> None:
        """Give the controls' values to the game, which goes on with the same networks."""
        if self._quiet:
            return
        self._bars_row.layout.display = "flex" if self._target.value == DRAWN else "none"
        try:
            self._take_recipe()
        except ValueError:
            say(self._news, "All bars are at 0: raise one. The real data stay as they were.")
            return
        say(self._news, "" if self._runner.running else self._look_again())

    def _take_recipe(self) -> None:
        drawn = self._target.value == DRAWN
        heights = tuple(float(bar.value) for bar in self._bars)
        self.run.recipe = replace(
            self.run.recipe,
            target=Bars(heights) if drawn else TARGETS[self._target.value],
            generator_loss=GENERATOR_LOSSES[self._loss.value],
            d_rate=self._d_rate.value,
            g_rate=self._g_rate.value,
            d_steps=self._d_steps.value,
            betas=(self._beta.value, 0.999),
        )

    def _preset(self, name: str) -> None:
        recipe = LINE_RECIPES[name]
        self._quiet = True  # The six changes together need only one picture.
        self._target.value = next(key for key, target in TARGETS.items() if target == recipe.target)
        self._loss.value = next(
            k for k, loss in GENERATOR_LOSSES.items() if loss is recipe.generator_loss
        )
        self._d_rate.value, self._g_rate.value = recipe.d_rate, recipe.g_rate
        self._d_steps.value, self._beta.value = recipe.d_steps, recipe.betas[0]
        self._quiet = False
        self._bars_row.layout.display = "none"
        self._begin(recipe)
        say(self._news, f"Set up: {name}. Networks from seed {self.seed}.")

    def _reset(self) -> None:
        self.seed += 1
        self._begin(self.run.recipe)
        say(self._news, f"New networks, from seed {self.seed}.")

    def _start_or_pause(self) -> None:
        if self._runner.running:
            self._runner.pause()
            return
        try:
            self._runner.start()
        except RuntimeError as error:
            say(self._news, str(error))
            return
        self._start.description = "Pause"
        say(self._news, "Training.")

    def _step_d(self) -> None:
        self._one(toy_d_step, "One step of D")

    def _step_g(self) -> None:
        self._one(toy_g_step, "One step of G")

    def _one(self, step: Callable, name: str) -> None:
        try:
            loss = step(self.run)
        except FloatingPointError as error:
            say(self._news, str(error))
            return
        trouble = self._look_again()
        say(self._news, trouble or f"{name}: its loss before the step was {loss:.3f} nats.")

    # --- the game -------------------------------------------------------------------------------

    def advance(self, steps: int) -> "OneDimensionalLab":
        """Make ``steps`` whole steps at once, show the result, and return the lab.

        Introduced in notebook 01, "A game to watch".
        """
        for _ in range(steps):
            self._step()
        say(self._news, self._look_again())
        return self

    def _begin(self, recipe: ToyRecipe) -> None:
        self.run = start_toy(recipe, self.seed)
        self._curve: list[tuple[int, LineView]] = []
        self._record()
        self._show()

    def _step(self) -> None:
        toy_step(self.run)
        if self.run.g_steps % MEASURE_EVERY == 0:
            self._record()

    def _stopped(self, error: Exception | None) -> None:
        self._start.description = "Start"
        if error is None:
            say(self._news, self._look_again() or "Paused; Start goes on from here.")
        else:
            say(self._news, f"Stopped. {error} Reset begins with new networks.")

    # --- what is shown --------------------------------------------------------------------------

    def _record(self) -> None:
        self.view: LineView = look(self.run)
        steps = self.run.d_steps + self.run.g_steps
        self._curve.append((steps, self.view))
        del self._curve[:-CURVE]

    def _look_again(self) -> str:
        """Measure and draw; returns a message if the networks have diverged, otherwise ''."""
        try:
            self._record()
        except ValueError as error:
            return f"{error} Reset begins with new networks."
        self._show()
        return ""

    def _show(self) -> None:
        self._figure.update(self._curve)
        self._picture.value = self._figure.png()
        # A screen reader reads a status at each change; during training it would never stop.
        if self._runner.running:
            self._words.value = f"<p>{self._describe()}</p>"
        else:
            say(self._words, self._describe())

    def _describe(self) -> str:
        run, view = self.run, self.view
        right = (view.pulls > 0).sum().item()
        return (
            f"Steps made: D {run.d_steps}, G {run.g_steps}. "
            f"V(D, G) = {view.value:.3f}, -log 4 + 2 JSD = {view.bound:.3f} nats. "
            f"Real: mean {view.real[0]:.2f}, std {view.real[1]:.2f}. "
            f"Generated: mean {view.fake[0]:.2f}, std {view.fake[1]:.2f}. "
            f"Of {len(view.pulls)} fakes, {right} are pulled to the right; "
            f"mean size of the pulls {view.pulls.abs().mean():.2g} nats per unit of x. "
            f"Length of G's gradient: {view.g_grad_norm:.2g}."
        )

    def _still_picture(self) -> tuple[Figure, str]:
        self._figure.update(self._curve)
        return self._figure.figure, (
            "Four panels. Left, the densities of real and generated points, with arrows that show "
            "where G's loss pulls twelve fakes; middle, D and the best discriminator D*; right, V "
            "beside -log 4 + 2 JSD, and the means of real and generated points, over the steps. "
            f"{self._describe()}"
        )


def _labelled(
    kind: type[ipywidgets.Widget], name: str, hint: str, **options: object
) -> ipywidgets.Widget:
    return kind(
        description=name,
        tooltip=hint,
        style={"description_width": "initial"},
        **options,
    )
