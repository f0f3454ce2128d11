"""The history that a training run records, and the file that stores it."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import torch
from safetensors.torch import save

from gan_helpers.kinds import check_about, check_file, check_kind
from gan_helpers.training.files import read_tensors, write_whole


@dataclass
class History:
    """The record of a run. Introduced in notebook 03, "One run, two losses".

    These lists have one value for each step (losses in nats, D as a probability in [0, 1]):
    ``d_loss``, ``g_loss``; ``d_real`` and ``d_fake``, the mean D(x) and D(G(z)) of the batch before
    the discriminator's step; ``d_fake_after``, the mean D(G(z)) after the discriminator's step,
    which the generator's step used.

    These have one value for each step in ``measured_steps``, because measuring at every step would
    take too long: ``d_real_after``, the mean D(x) after the step; ``d_accuracy``, the share of real
    and fake images on the right side of 1/2 before the discriminator's step; ``d_grad_norm``,
    ``g_grad_norm``, the length of each player's gradient; ``d_update_norm``, ``g_update_norm``, the
    length of the change of its weights.

    ``frames``: the images drawn from the run's fixed z, a uint8 tensor of shape (40, 1, 28, 28) for
    each step in ``frame_steps``.

    ``real``: forty of the images that the run was trained on, uint8, shape (40, 1, 28, 28), kept
    at the first step of ``train``; None when they were not recorded.

    ``about``: facts about a recorded run (its command, seed, machine), as text.
    """

    d_loss: list[float] = field(default_factory=list)
    g_loss: list[float] = field(default_factory=list)
    d_real: list[float] = field(default_factory=list)
    d_fake: list[float] = field(default_factory=list)
    d_fake_after: list[float] = field(default_factory=list)

    measured_steps: list[int] = field(default_factory=list)
    d_real_after: list[float] = field(default_factory=list)
    d_accuracy: list[float] = field(default_factory=list)
    d_grad_norm: list[float] = field(default_factory=list)
    g_grad_norm: list[float] = field(default_factory=list)
    d_update_norm: list[float] = field(default_factory=list)
    g_update_norm: list[float] = field(default_factory=list)

    frame_steps: list[int] = field(default_factory=list)
    frames: list[torch.Tensor] = field(default_factory=list)

    real: torch.Tensor | None = None
    about: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """The number of complete steps; a complete step is one step of each player."""
        return len(self.d_loss)

    def append(self, **values: float | torch.Tensor) -> None:
        """Append one value to each named list."""
        for name, value in values.items():
            getattr(self, name).append(value)


COLUMNS = tuple(f.name for f in fields(History) if f.name not in ("frames", "real", "about"))
GROUPS = (COLUMNS[:5], COLUMNS[5:12], ("frame_steps", "frames"))  # each group: lists of one length


def check_history(history: object, name: str = "history") -> None:
    """Raise ``TypeError`` unless ``history`` is a run's history."""
    check_kind(history, name, History, "train() returns one, and run.history is one.")


def save_history(history: History, file: str | Path) -> None:
    """Write ``history`` to a safetensors file, one tensor for each of its lists.

    A missing folder is created. Raises ``TypeError`` when ``history`` is not a history or ``file``
    not the name of a file, and ``ValueError`` when the history holds no frames (a run records one
    before its first step). Introduced in notebook 03, "Ten seeds, recorded".
    """
    check_history(history)
    check_about(history.about)
    file = check_file(file)
    if not history.frames:
        raise ValueError("history is empty; train the run before its history is saved.")
    write_whole(file, save(history_tensors(history), history.about))


def history_tensors(history: History) -> dict[str, torch.Tensor]:
    """Return the lists of ``history`` as tensors; float32 represents their values exactly."""
    tensors = {name: torch.as_tensor(getattr(history, name)) for name in COLUMNS}
    frames = torch.stack(history.frames) if history.frames else torch.empty(0, dtype=torch.uint8)
    real = {} if history.real is None else {"real": history.real}
    return {**tensors, "frames": frames, **real}


def load_history(file: str | Path) -> History:
    """Read a history that ``save_history`` wrote.

    Raises ``FileNotFoundError`` when the file is missing and ``OSError`` when it is damaged or
    holds something else. Introduced in notebook 03, "Ten seeds, recorded".
    """
    tensors, about = read_tensors(file, "history")
    return history_from_tensors(tensors, about, file)


def history_from_tensors(
    tensors: dict[str, torch.Tensor], about: dict[str, str], file: str | Path
) -> History:
    """Build a history from the ``tensors`` of its lists; raises ``OSError`` if they do not fit."""
    expected = {*COLUMNS, "frames"}
    if set(tensors) - {"real"} != expected:
        raise OSError(f"{file} holds {sorted(tensors)}; a history holds {sorted(expected)}.")
    frames = tensors["frames"]
    wanted = dict.fromkeys(COLUMNS, 1) | {"real": 4, "frames": 5}  # dimensions
    bad = [
        name for name, tensor in tensors.items() if tensor.numel() and tensor.ndim != wanted[name]
    ]
    bad += [name for name in ("real", "frames") if tensors.get(name, frames).dtype != torch.uint8]
    bad = [name for name in dict.fromkeys(bad) if name in tensors]
    if bad:
        shapes = ", ".join(f"{n}: {tensors[n].dtype}, {tuple(tensors[n].shape)}" for n in bad)
        raise OSError(
            f"{file} holds values that no history has ({shapes}); expected rows of numbers, and "
            "pictures as uint8."
        )
    for group in GROUPS:
        lengths = {name: len(tensors[name]) for name in group}
        if len(set(lengths.values())) > 1:
            raise OSError(f"{file} holds columns of unequal length: {lengths}.")
    columns = {name: tensors[name].tolist() for name in COLUMNS}
    return History(frames=list(frames), real=tensors.get("real"), about=about, **columns)
