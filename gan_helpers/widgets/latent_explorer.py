"""A panel with sliders that move z, and the picture that the generator draws from it."""

import asyncio
from collections.abc import Iterable, Sequence

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import nn

from gan_helpers import plots
from gan_helpers.checks import check_seed, latent_dim_of, whole_number
from gan_helpers.kinds import check_kind
from gan_helpers.models import OneClass, sample
from gan_helpers.widgets.along import KINDS, REACH, STEPS, draw_strips, read_numbers
from gan_helpers.widgets.common import (
    Gauge,
    Panel,
    Picture,
    button,
    fitting_png,
    name_slider,
    row,
    say,
    slider,
    status,
)
from gan_helpers.widgets.saving import SavedZ
from gan_helpers.widgets.seeing import (
    check_discriminator,
    check_seen_data,
    classes_at_ends,
    look,
    names_of_classes,
    nearest_class,
    noun_of,
)

SLIDERS = 8  # There are fewer if z has fewer coordinates.
WORDS = "no one two three four five six seven eight".split()
REST = 0.1  # seconds without a move before the words change
WIDTH, STRIP = 224, 816  # screen pixels of the picture, and the strip's at most


class LatentExplorer(Panel):
    """A panel with sliders along eight directions of z; it shows the image, its class and D(G(z)).

    z = z_0 + sum_k a_k v_k, with z_0 drawn from N(0, I), a_k the sliders, and v_k coordinate axes
    or directions of ``gan_helpers.latent``. A generator with classes has a menu of them, which
    leaves z and the sliders alone. ``.z`` is the present z, shape (1, latent_dim); ``.label`` its
    class, or None; ``.saved`` holds the z that the button "save z" kept, shape (N, latent_dim),
    whose images are shown, and ``.saved_labels`` their classes, (N,), if there are any. The button
    "write file" writes the z as float32 to a new file in the notebook's folder, ``saved_z_1.npy``
    or the next free number, which ``numpy.load`` reads.

    ``generator``: takes z of shape (N, latent_dim), and with classes labels, has ``latent_dim`` and
    gives images in [-1, 1]; ``discriminator``: images -> logits, or None for no gauge; ``kind``: a
    key of ``KINDS``; ``numbers``: which eight directions (all of them if there are fewer), by
    default the first; ``seed``: of z_0; ``classes``: names for the menu; ``label``: the class to
    begin with; ``data``: whose classifier names the class that it sees, "mnist", "fashion-mnist" or
    "cifar10"; None, or a generator of other images, for no such words.

    Raises ``ValueError`` for an unknown ``kind`` or ``data``, bad ``numbers``, another number of
    ``classes`` and a ``label`` out of range, and ``TypeError`` when an argument is not a network,
    numbers or names, or the generator has no ``latent_dim``. Introduced in notebook 05, "One
    coordinate at a time".
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module | None = None,
        kind: str = "coordinates",
        numbers: Iterable[int] | None = None,
        seed: int = 0,
        classes: Sequence[str] | None = None,
        label: int = 0,
        data: str | None = "mnist",
    ):
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; expected one of {', '.join(map(repr, KINDS))}.")
        latent_dim_of(generator)  # raises for what is no generator
        check_discriminator(discriminator, generator)
        self._data = check_seen_data(data, generator)
        self._names = names_of_classes(generator, classes, self._data)
        hint = "A generator without classes has only label=0."
        label = whole_number(label, "label", 0, max(0, len(self._names) - 1), hint)
        if numbers is not None:
            check_kind(numbers, "numbers", Iterable, "range(8) names the first eight.")
        self._generator, self._discriminator = generator, discriminator
        self._rng = torch.Generator().manual_seed(check_seed(seed))
        self._known: dict[str, torch.Tensor] = {}  # kind -> its directions, computed when chosen
        self._quiet = False
        self._telling: asyncio.TimerHandle | None = None

        options = [(name, number) for number, name in enumerate(self._names)] or [("none", 0)]
        self._class = ipywidgets.Dropdown(options=options, value=label, description="class")
        self._class.tooltip, self._class.style.description_width = "What to draw", "initial"
        self._kind = ipywidgets.Dropdown(options=list(KINDS), value=kind)
        self._kind.description, self._kind.style.description_width = "move along", "initial"
        count = min(SLIDERS, len(self._all_directions()))
        numbers = range(count) if numbers is None else numbers
        self._kind.tooltip = f"What the {WORDS[count]} sliders move z along"
        self._which = ipywidgets.Text(value=", ".join(map(str, numbers)), continuous_update=False)
        self._which.description, self._which.style.description_width = "numbers", "initial"
        self._which.tooltip = f"Which {count} of the directions, with commas; then Enter"
        self._sliders = [slider("a", 0.0, -REACH, REACH, 0.1) for _ in range(count)]
        self._noun = noun = noun_of(generator, self._data)
        self._picture = Picture(f"The {noun} that the generator draws from the present z", WIDTH)
        self._gauge = Gauge("D(G(z))", "D's opinion: 0 generated, 1 real", high=1, digits=2)
        self._words, self._caption = status(), ipywidgets.HTML()
        self._strip = Picture(f"{noun.title()}s along the slider that was moved last")
        self._saved = SavedZ(generator, noun)

        self._directions = self._read_directions()  # raises for bad numbers
        self._name_sliders()
        self._draw_z()
        self._class.observe(lambda change: self._show(), "value")
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
        for one in self._sliders:
            one.layout.width = "auto"
        # Narrow enough to stand beside the picture at 200 % zoom: below it, the one or the other
        # would be out of sight.
        sliders = ipywidgets.VBox(self._sliders, layout={"flex": "1 1 230px", "max_width": "304px"})
        rows = [
            row(*([self._class] if self._names else []), self._kind, self._which),
            row(sliders, ipywidgets.VBox(shown)),
            self._words,
            row(*buttons),
        ]
        rows += [self._strip, self._caption, self._saved]
        super().__init__(rows, self._still_picture)

    @property
    def z(self) -> torch.Tensor:
        """The z whose picture is shown, shape (1, latent_dim)."""
        return self._base + self._offsets() @ self._directions  # (1, 8) @ (8, latent_dim)

    @property
    def saved(self) -> torch.Tensor:
        """The z that were saved, shape (N, latent_dim)."""
        return self._saved.kept

    @property
    def saved_labels(self) -> torch.Tensor | None:
        """Their classes, int64, shape (N,); None before there is one."""
        return self._saved.labels

    @property
    def label(self) -> int | None:
        """The class that is drawn, or None for a generator without classes."""
        return self._class.value if self._names else None

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
        self._show()

    def _show(self) -> None:
        """Draw and tell all anew, after more than a slider has changed."""
        self._draw()
        self._tell()
        self._draw_strip()

    def _choose(self, change: object) -> None:
        """Change the directions and keep the picture that is shown: its z becomes the new z_0."""
        try:
            directions = self._read_directions()
        except ValueError as error:
            self._say(str(error))
            return
        self._base, self._directions = self.z, directions
        self._name_sliders()
        self._put_back()

    def _save(self) -> None:
        self._say(self._saved.keep(self.z, self.label))

    def _write(self) -> None:
        self._say(self._saved.write())

    # --- what the reader sees -------------------------------------------------------------------

    def _draw(self) -> None:
        images, opinions = self._look()
        self._picture.value = fitting_png(plots.picture(images[0]), WIDTH)
        for opinion in opinions:
            self._gauge.show(opinion)

    def _tell_soon(self) -> None:
        """Describe the picture when the slider rests.

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
        self._say(self._describe(sample(self._drawn(), self.z)))

    def _say(self, text: str) -> None:
        if self._telling is not None:  # Otherwise older words would soon replace these.
            self._telling.cancel()
        say(self._words, text)

    def _drawn(self) -> nn.Module:
        """The generator of the present class, which takes z alone."""
        return OneClass(self._generator, self.label) if self._names else self._generator

    def _look(self) -> tuple[torch.Tensor, list[float]]:
        """Return the image of the present z, uint8, and D(G(z)), if there is a discriminator."""
        return look(self._drawn(), self._discriminator, self.z)

    def _draw_strip(self) -> None:
        self._strip.value = fitting_png(plots.grid_image(self._along(self._active), 9), STRIP)
        self._caption.value = (
            f"Along {self._sliders[self._active].description}, from {-REACH} to {REACH} in steps "
            "of 1; the other sliders stay as they are."
        )

    def _along(self, k: int) -> torch.Tensor:
        """Draw nine images along slider ``k``, from end to end, while the others stay."""
        offsets = self._offsets().repeat(len(STEPS), 1)
        offsets[:, k] = torch.tensor(STEPS)
        return sample(self._drawn(), self._base + offsets @ self._directions)

    def _describe(self, image: torch.Tensor) -> str:
        asked = [f"Asked for: {self._names[self.label]}."] if self._names else []
        seen = [] if self._data is None else [nearest_class(image, self._data)]
        return " ".join([*asked, *seen, f"|z| = {self.z.norm():.1f}."])

    def _still_picture(self) -> tuple[Figure, str]:
        figure, (one, strips) = plots.new_figure(columns=2, width=4.2, height=3.4)
        image, opinions = self._look()
        words, noun = self._describe(image), self._noun
        one.imshow(plots.picture(image[0]), cmap="gray", vmin=0, vmax=255)
        lines = words.replace(". Nearest", ".\nNearest")  # two names may be long
        title = "\n".join([lines, *(f"D(G(z)) = {opinion:.2f}" for opinion in opinions)])
        one.set_title(title, fontsize=9)
        one.set(xticks=[], yticks=[])
        one.grid(False)
        names = [one.description for one in self._sliders]
        rows = [self._along(k) for k in range(len(names))]
        draw_strips(strips, rows, names, noun)
        strips.tick_params(labelsize=8)
        count = f"{WORDS[len(rows)]} row{'s' if len(rows) > 1 else ''}"
        alt = (
            f"A {noun}. {words} Beside it {count} of {noun}s, one for each slider, from end to end"
        )
        if self._data is None:
            return figure, f"{alt}."
        ends = (classes_at_ends(images, self._data) for images in rows)
        changed = (f"{both} ({name})" for both, name in zip(ends, names, strict=True))
        return figure, f"{alt}; at the ends the classifier sees {', '.join(changed)}."

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
        last = len(self._all_directions()) - 1
        return read_numbers(self._which.value, len(self._sliders), last)
