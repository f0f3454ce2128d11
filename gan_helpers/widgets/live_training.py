"""A panel that trains a run while the reader watches and steers it."""

import contextlib
import html
import math
import time
from collections.abc import Iterator
from dataclasses import replace

import ipywidgets
import torch
from matplotlib.figure import Figure

from gan_helpers import plots
from gan_helpers.data import scale_images
from gan_helpers.losses import GENERATOR_LOSSES
from gan_helpers.models import classes_of, each_class, evaluating
from gan_helpers.training import (
    Run,
    advance,
    check_training,
    draw_frame,
    draw_unnoticed,
    forward,
    gradient_norm,
    play_discriminator_step,
    play_generator_step,
    record_frame,
    stop_button,
)
from gan_helpers.widgets.common import Panel, Picture, button, rate_slider, row, say, status
from gan_helpers.widgets.running import Runner, pause_all
from gan_helpers.widgets.training_figure import COLUMNS, SingleStep, TrainingFigure, curve

PROBE = 256  # real and generated images whose D(x) and D(G(z)) are shown
# How often each part is shown while the run trains: the least number of seconds between two
# updates, and the largest share of the time that they may take.
EVERY = {"samples": (0.3, 0.015), "curves": (0.7, 0.04), "words": (4.0, 0.01)}
WIDE = {"description_width": "initial"}


def live_training(run: Run, images: torch.Tensor, labels: torch.Tensor | None = None) -> Panel:
    """Make a panel that trains ``run`` on ``images`` and draws its samples and curves.

    ``images``: uint8, shape (N, 1, 28, 28) or that of the run's networks; ``labels``: with classes,
    those of the images. Other cells can read the run while it trains; during a pause they can pass
    it to ``train`` and ``save_checkpoint``. N steps in the panel are the N
    steps of ``train``, bit for bit, as long as no control is moved. With k steps of D for one of G,
    a whole step consists of the last of the k and the step of G, and ``run.history`` holds whole
    steps only. A step of one player alone appears in the panel's curves but not in ``run.history``.
    Only one panel trains at a time: starting another pauses it.

    Raises ``TypeError`` for images that are not uint8, ``ValueError`` when they are too few for a
    batch and ``FloatingPointError`` when the generator draws NaN.

    Source: Goodfellow et al. 2014, algorithm 1. Introduced in notebook 04, "The run".
    """
    return _LiveTraining(run, images, labels)


class _LiveTraining(Panel):
    def __init__(self, run: Run, images: torch.Tensor, labels: torch.Tensor | None):
        check_training(run, images, labels)
        device = run.fixed_z.device
        rng = torch.Generator().manual_seed(0)
        self._run, self._images = run, images.to(device)
        self._labels = None if labels is None else labels.to(device)
        self._probe = scale_images(self._images[:PROBE])
        self._probe_z = torch.randn(PROBE, run.generator.latent_dim, generator=rng).to(device)
        self._singles: list[SingleStep] = []
        self._last = "both players" if run.history.steps else "no player yet"
        # The runner may show at any time; _show decides for each part whether it is due.
        self._runner = Runner(self._step, self._show_due, self._stopped, 0, math.inf)
        self._due: dict[str, float] = {}
        self._figure = TrainingFigure()

        self._toggle = ipywidgets.ToggleButton()
        self._alone = [
            button("Step D", "One step of the discriminator alone", self._step_d),
            button("Step G", "One step of the generator alone", self._step_g),
        ]
        loss, choices = run.recipe.generator_loss, GENERATOR_LOSSES
        if loss not in GENERATOR_LOSSES.values():
            choices = {"the recipe's own": loss} | GENERATOR_LOSSES
        self._loss = ipywidgets.RadioButtons(
            options=list(choices.items()),
            value=loss,
            description="G's loss",
            tooltip="The generator's loss, from the next step on",
            style=WIDE,
        )
        self._d_steps = ipywidgets.IntSlider(
            value=1, min=1, max=5, description="steps of D for one of G", style=WIDE,
            tooltip="k of algorithm 1, from 1 to 5: drag, use the arrow keys, or type a number",
        )  # fmt: skip
        self._samples = Picture("Samples of the fixed z, as they are now", width=304)
        self._curves = Picture("Losses, outputs of D and the gradient of G", width=550)
        # They stand side by side, equally high, if the page has room for two thirds of their size.
        for picture in (self._samples, self._curves):
            share = int(picture.width)
            picture.layout.flex, picture.layout.min_width = f"{share} 1 {share * 2 // 3}px", "0"
            picture.layout.max_width = f"min({share}px, 100% - 4px)"
        self._words = status()
        rates = [
            _rate_slider("D's learning rate", run.d_optimizer),
            _rate_slider("G's learning rate", run.g_optimizer),
        ]
        settings = ipywidgets.VBox([*rates, self._d_steps])
        super().__init__(
            [
                row(self._toggle, *self._alone),
                row(self._loss, settings),
                self._words,
                row(self._samples, self._curves),
            ],
            self._still_picture,
        )
        self._name_toggle()
        self._toggle.observe(self._toggled, "value")
        self._loss.observe(self._change_loss, "value")
        pause_all()  # The panel that trains may be this cell's old one, which is now replaced.
        self._show()

    # --- what the reader does -------------------------------------------------------------------

    def _toggled(self, change: dict) -> None:
        self._name_toggle()
        if not self._toggle.value:
            self._runner.pause()
            return
        self._due["words"] = 0  # The words change at once; the pictures are up to date.
        try:
            self._runner.start()
        except RuntimeError:
            self._toggle.value = False
            say(
                self._words,
                "Start needs the event loop of a notebook's kernel, and none is running here: "
                "open the notebook in JupyterLab, or call train(run, images, steps=...).",
            )

    def _name_toggle(self) -> None:
        on = self._toggle.value
        self._toggle.description = "Pause" if on else "Start"
        self._toggle.tooltip = "End after the present step" if on else "Train until Pause"
        self._toggle.icon = "pause" if on else "play"
        for one in self._alone:
            one.disabled = on

    def _change_loss(self, change: dict) -> None:
        self._run.recipe = replace(self._run.recipe, generator_loss=change["new"])

    def _step_d(self) -> None:
        with self._careful():
            d_loss = play_discriminator_step(self._run, self._images, self._labels)
            self._singles.append(SingleStep(self._run.history.steps, d_loss=d_loss))
            self._last = "the discriminator, alone"

    def _step_g(self) -> None:
        with self._careful():
            g_loss = play_generator_step(self._run)
            norm = gradient_norm(self._run.generator)
            single = SingleStep(self._run.history.steps, g_loss=g_loss, g_grad_norm=norm)
            self._singles.append(single)
            self._last = "the generator, alone"

    @contextlib.contextmanager
    def _careful(self) -> Iterator[None]:
        """Let updates finish before an interrupt, then draw; the panel shows any error."""
        try:
            with stop_button(lambda number: None):
                yield
            self._show()
        except Exception as error:
            self._say_error(error)

    # --- the run --------------------------------------------------------------------------------

    def _step(self) -> None:
        for _ in range(self._d_steps.value - 1):
            play_discriminator_step(self._run, self._images, self._labels)
        advance(self._run, self._images, labels=self._labels)
        self._last = "both players"

    def _stopped(self, error: Exception | None) -> None:
        self._toggle.value = False
        history = self._run.history
        try:
            if error is not None:
                raise error
            if history.frames and history.frame_steps[-1] != history.steps:
                record_frame(self._run)
            self._show()
        except Exception as error:
            self._say_error(error)

    # --- what is shown --------------------------------------------------------------------------

    def _show_due(self) -> None:
        self._show(only_what_is_due=True)

    def _show(self, only_what_is_due: bool = False) -> None:
        for name, (apart, share) in EVERY.items():
            start = time.perf_counter()
            if only_what_is_due and start < self._due.get(name, 0):
                continue
            getattr(self, f"_show_{name}")()
            end = time.perf_counter()
            self._due[name] = max(start + apart, end + (end - start) / share)

    def _show_samples(self) -> None:
        self._frame = draw_frame(self._run)
        self._samples.value = plots.samples_png(self._frame, COLUMNS)

    def _show_curves(self) -> None:
        self._d_real, self._d_fake = self._outputs()
        self._figure.update(self._run.history, self._singles, self._d_real, self._d_fake)
        self._curves.value = self._figure.png()

    @torch.no_grad()
    def _outputs(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return D(x) and D(G(z)) for fixed x and z, so that only the players change them."""
        run, discriminator = self._run, self._run.discriminator
        with torch.random.fork_rng(devices=[]):
            labels = each_class(PROBE, classes_of(run.generator))
            labels = None if labels is None else labels.to(self._probe_z.device)
            batch = torch.cat((self._probe, draw_unnoticed(run, self._probe_z, labels)))
        if labels is not None:
            labels = torch.cat((self._labels[:PROBE], labels))
        with evaluating(discriminator):
            d = forward(discriminator, batch, run.bfloat16, labels).sigmoid().flatten().cpu()
        return d.split((len(self._probe), PROBE))

    def _show_words(self) -> None:
        say(self._words, self._describe())

    def _describe(self) -> str:
        history = self._run.history
        losses = []
        for name in ("d_loss", "g_loss"):
            _, values = curve(history, self._singles, name)
            losses.append(f"{values[-1]:.3f}" if len(values) else "not known yet")
        running = "Training" if self._toggle.value else "Paused"
        return (
            f"{running}, {history.steps:,} whole steps made. "
            f"D loss {losses[0]}, G loss {losses[1]}. "
            f"D(x) {self._d_real.mean():.2f}, D(G(z)) {self._d_fake.mean():.2f} on average. "
            f"Last to move: {self._last}."
        )

    def _say_error(self, error: Exception) -> None:
        say(self._words, f"Paused. {html.escape(str(error), quote=False)}")

    def _still_picture(self) -> tuple[Figure, str]:
        picture = TrainingFigure(with_samples=True)
        picture.update(
            self._run.history, self._singles, self._d_real, self._d_fake, samples=self._frame
        )
        return picture.figure, (
            f"{len(self._frame)} samples of a run; beside them the losses of its last steps with "
            "lines at 2 log 2 and log 2, histograms of D's outputs on real and on generated "
            f"images, and the length of G's gradient. {self._describe()}"
        )


def _rate_slider(name: str, optimizer: torch.optim.Optimizer) -> ipywidgets.FloatLogSlider:
    (group,) = optimizer.param_groups
    exponent = math.log10(max(group["lr"], 1e-6))
    made = rate_slider(
        name, group["lr"], min(-6, math.floor(exponent)), max(-1, math.ceil(exponent))
    )
    made.observe(lambda change: group.update(lr=change["new"]), "value")
    return made
