"""A panel with sliders that move z, and the digit that the generator draws from it."""

import asyncio
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from gan_helpers import plots
from gan_helpers.checks import check_network, check_seed, latent_dim_of
from gan_helpers.data import to_uint8
from gan_helpers.kinds import check_kind
from gan_helpers.latent import activation_directions, weight_directions
from gan_helpers.metrics import classify
from gan_helpers.models import evaluating, sample
from gan_helpers.widgets.common import (
    Gauge,
    Panel,
    Picture,
    button,
    enlarged_png,
    name_slider,
    row,
    say,
    slider,
    status,
)

SLIDERS = 8  # There are fewer if z has fewer coordinates.
WORDS = "no one two three four five six seven eight".split()
REST = 0.1  # seconds without a move before the words change
REACH = 4  # a slider goes from -REACH to REACH; one coordinate of z has standard deviation 1
KINDS = {
    "coordinates": lambda generator: torch.eye(generator.latent_dim),
    "directions of the weights": lambda generator: weight_directions(generator).vectors,
    "directions of the activations": lambda generator: activation_directions(generator).vectors,
}


class LatentExplorer(Panel):
    """A panel with sliders along eight directions of z; it shows the digit, its class and D(G(z)).

    z = z_0 + sum_k a_k v_k, with z_0 drawn from N(0, I), a_k the sliders, and v_k coordinate axes
    or directions of ``gan_helpers.latent``. ``.z`` is the present z, shape (1, latent_dim);
    ``.saved`` holds the z that the button "save z" kept, shape (N, latent_dim), whose digits are
    shown. The button "write file" writes them as float32 to a new file in the notebook's folder,
    ``saved_z_1.npy`` or the next free number, which ``numpy.load`` reads.

    ``generator``: takes z of shape (N, latent_dim), has ``latent_dim`` and gives images in
    [-1, 1], shape (N, 1, 28, 28); ``discriminator``: images -> logits, or None for no gauge;
    ``kind``: a key of ``KINDS``; ``numbers``: which eight directions (all of them if there are
    fewer), by default the first; ``seed``: of z_0.

    Raises ``ValueError`` for an unknown ``kind`` or bad ``numbers``, and ``TypeError`` when an
    argument is not a network or numbers, or the generator has no ``latent_dim``. Introduced in
    notebook 05, "One coordinate at a time".
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module | None = None,
        kind: str = "coordinates",
        numbers: Iterable[int] | None = None,
        seed: int = 0,
    ):
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; expected one of {', '.join(map(repr, KINDS))}.")
        latent_dim = latent_dim_of(generator)
        if discriminator is not None:
            check_network(discriminator, "discriminator")
        if numbers is not None:
            check_kind(numbers, "numbers", Iterable, "range(8) names the first eight.")
        self._generator, self._discriminator = generator, discriminator
        self._rng = torch.Generator().manual_seed(check_seed(seed))
        self._known: dict[str, torch.Tensor] = {}  # kind -> its directions, computed when chosen
        self._quiet = False
        self._telling: asyncio.TimerHandle | None = None
        self.saved = torch.empty(0, latent_dim)

        self._kind = ipywidgets.Dropdown(options=list(KINDS), value=kind)
        self._kind.description, self._kind.style.description_width = "move along", "initial"
        count = min(SLIDERS, len(self._all_directions()))
        numbers = range(count) if numbers is None else numbers
        self._kind.tooltip = f"What the {WORDS[count]} sliders move z along"
        self._which = ipywidgets.Text(value=", ".join(map(str, numbers)), continuous_update=False)
        self._which.description, self._which.style.description_width = "numbers", "initial"
        self._which.tooltip = f"Which {count} of the directions, with commas; then Enter"
        self._sliders = [slider("a", 0.0, -REACH, REACH, 0.1) for _ in range(count)]
        self._picture = Picture("The digit that the generator draws from the present z", width=224)
        self._gauge = Gauge("D(G(z))", "D's opinion: 0 generated, 1 real", high=1, digits=2)
        self._words, self._caption = status(), ipywidgets.HTML()
        self._strip = Picture("Digits along the slider that was moved last")
        self._saved = Picture("The digits of the saved z, in their order")
        self._kept = ipywidgets.VBox([ipywidgets.HTML("<b>saved z</b>"), self._saved])
        self._kept.layout.display = "none"  # It is hidden until a z is saved.

        self._directions = self._read_directions()  # raises for bad numbers
        self._name_sliders()
        self._draw_z()
        self._kind.observe(self._choose, "value")
        self._which.observe(self._choose, "value")
        for k, one in enumerate(self._sliders):
            one.observe(lambda change, k=k: self._move(k), "value")
        buttons = [
            button("new z", "Draw another z_0 from N(0, I)", self._draw_z),
            button("reset", "Put all sliders back to 0", self._put_back),
            button("save z", "Append the present z to .saved", self._save),
            button("write file", "Write all saved z to a new file in this folder", self._write),
        ]
        shown = [self._picture] + ([] if discriminator is None else [self._gauge])
        rows = [
            row(self._kind, self._which),
            row(ipywidgets.VBox(self._sliders), ipywidgets.VBox(shown)),
            self._words,
            row(*buttons),
        ]
        rows += [self._strip, self._caption, self._kept]
        super().__init__(rows, self._still_picture)

    @property
    def z(self) -> torch.Tensor:
        """The z whose picture is shown, shape (1, latent_dim)."""
        return self._base + self._offsets() @ self._directions  # (1, 8) @ (8, latent_dim)

    # --- what the reader does -------------------------------------------------------------------

    def _move(self, k: int) -> None:
        if self._quiet:
            return
        self._draw()
        self._tell_soon()
        if k != self._active:  # The strip along the active slider does not depend on its value.
            self._active = k
            self._draw_strip()

    def _draw_z(self) -> None:
        self._base = torch.randn(1, self._generator.latent_dim, generator=self._rng)
        self._put_back()

    def _put_back(self) -> None:
        self._quiet = True  # All changes together need only one picture.
        for one in self._sliders:
            one.value = 0.0
        self._quiet = False
        self._active = 0
        self._draw()
        self._tell()
        self._draw_strip()

    def _choose(self, change: object) -> None:
        """Change the directions and keep the digit that is shown: its z becomes the new z_0."""
        try:
            directions = self._read_directions()
        except ValueError as error:
            self._say(str(error))
            return
        self._base, self._directions = self.z, directions
        self._name_sliders()
        self._put_back()

    def _save(self) -> None:
        self.saved = torch.cat((self.saved, self.z))
        digits = plots.grid_image(sample(self._generator, self.saved), columns=9)
        self._saved.value, self._saved.width = enlarged_png(digits, 2), str(2 * digits.width)
        self._kept.layout.display = "flex"
        self._say(f"Saved as number {len(self.saved)} of .saved; its digit is the last one below.")

    def _write(self) -> None:
        if not len(self.saved):
            self._say("No z is saved yet: press save z first.")
            return
        try:
            file = _write_new(self.saved.numpy())
        except OSError as error:
            self._say(f"The file could not be written: {error.strerror}. All z stay in .saved.")
            return
        self._say(f"Wrote {len(self.saved)} z to {file}; numpy.load reads them.")

    # --- what the reader sees -------------------------------------------------------------------

    def _draw(self) -> None:
        image, opinion = self._look()
        self._picture.value = enlarged_png(plots.picture(image[0]), 8)
        if opinion is not None:
            self._gauge.show(opinion)

    def _tell_soon(self) -> None:
        """Describe the digit when the slider rests.

        During a drag, the words would change too fast to be read, and delay the picture.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # Without a kernel's loop, there is nothing to wait for.
            self._tell()
            return
        if self._telling is not None:
            self._telling.cancel()
        self._telling = loop.call_later(REST, self._tell)

    def _tell(self) -> None:
        self._say(self._describe(sample(self._generator, self.z)))

    def _say(self, text: str) -> None:
        if self._telling is not None:  # Otherwise older words would soon replace these.
            self._telling.cancel()
        say(self._words, text)

    @torch.no_grad()
    def _look(self) -> tuple[torch.Tensor, float | None]:
        """Return the image of the present z, uint8, and D(G(z)); it has to be fast for a drag."""
        with evaluating(self._generator):
            x = self._generator(self.z)
        if self._discriminator is None:
            return to_uint8(x), None
        with evaluating(self._discriminator):
            return to_uint8(x), self._discriminator(x).sigmoid().item()

    def _draw_strip(self) -> None:
        self._strip.value = enlarged_png(plots.grid_image(self._along(self._active), 9), 3)
        self._caption.value = (
            f"Along {self._sliders[self._active].description}, from {-REACH} to {REACH} in steps "
            "of 1; the other sliders stay as they are."
        )

    def _along(self, k: int) -> torch.Tensor:
        """Draw nine digits along slider ``k``, from end to end, while the others stay."""
        offsets = self._offsets().repeat(2 * REACH + 1, 1)
        offsets[:, k] = torch.arange(-REACH, REACH + 1)
        return sample(self._generator, self._base + offsets @ self._directions)

    def _describe(self, image: torch.Tensor) -> str:
        seen = classify(image)
        digit = seen.probabilities[0].argmax().item()
        probability = (seen.digit * seen.probabilities[0, digit]).item()  # "no digit" counts
        return f"Nearest class: {digit} (probability {probability:.2f}). |z| = {self.z.norm():.1f}."

    def _still_picture(self) -> tuple[Figure, str]:
        figure, (digit, strips) = plots.new_figure(columns=2, width=4.2, height=3.4)
        image, opinion = self._look()
        digit.imshow(image[0, 0].numpy(), cmap="gray", vmin=0, vmax=255)
        title = self._describe(image) + ("" if opinion is None else f"\nD(G(z)) = {opinion:.2f}")
        digit.set_title(title, fontsize=9)
        every = torch.cat([self._along(k) for k in range(len(self._sliders))])
        strips.imshow(plots.grid_image(every, 2 * REACH + 1), cmap="gray", vmin=0, vmax=255)
        side = 30  # 28 pixels and the grid's margin of 2
        centres = [side * (k + 0.5) for k in range(2 * REACH + 1)]
        strips.set_xticks(centres, range(-REACH, REACH + 1), fontsize=8)
        strips.set_yticks(
            centres[: len(self._sliders)], [one.description for one in self._sliders], fontsize=8
        )
        strips.set_title("the digits along each slider", fontsize=9)
        digit.set(xticks=[], yticks=[])
        for axes in (digit, strips):
            axes.grid(False)
        changed = [self._ends(k) for k in range(len(self._sliders))]
        rows = f"{WORDS[len(changed)]} row{'s' if len(changed) > 1 else ''}"
        alt = (
            f"A digit. {self._describe(image)} Beside it {rows} of digits, one for each "
            f"slider, from end to end; at the ends the classifier sees {', '.join(changed)}."
        )
        return figure, alt

    def _ends(self, k: int) -> str:
        """Return the classes at both ends of slider ``k``, in words."""
        low, *_, high = classify(self._along(k)).probabilities.argmax(1).tolist()
        return f"{low} and {high} ({self._sliders[k].description})"

    # --- directions -----------------------------------------------------------------------------

    def _offsets(self) -> torch.Tensor:
        return torch.tensor([[one.value for one in self._sliders]])  # (1, 8)

    def _name_sliders(self) -> None:
        letter = "z" if self._kind.value == "coordinates" else "v"
        for one, number in zip(self._sliders, self._read_numbers(), strict=True):
            name_slider(one, f"{letter}[{number}]")

    def _read_directions(self) -> torch.Tensor:
        return self._all_directions()[self._read_numbers()]

    def _all_directions(self) -> torch.Tensor:
        kind = self._kind.value
        if kind not in self._known:
            self._known[kind] = KINDS[kind](self._generator)
        return self._known[kind]

    def _read_numbers(self) -> list[int]:
        text, last = self._which.value, len(self._all_directions()) - 1
        words = [word.strip() for word in text.split(",")]
        good = all(word.isdecimal() and int(word) <= last for word in words)
        if not good or len(words) != len(self._sliders):
            raise ValueError(
                f"numbers is {text!r}; expected {len(self._sliders)} whole numbers from 0 to "
                f"{last}, with commas between them; a number may appear twice."
            )
        return [int(word) for word in words]


def _write_new(array: np.ndarray) -> Path:
    """Write ``array`` to the first free file name, so that no file is overwritten."""
    names = (Path(f"saved_z_{number}.npy").absolute() for number in count(1))
    file = next(name for name in names if not name.exists())
    opened = file.open("xb")
    try:
        with opened:
            np.save(opened, array, allow_pickle=False)
    except OSError:  # The file is incomplete.
        file.unlink()
        raise
    return file
