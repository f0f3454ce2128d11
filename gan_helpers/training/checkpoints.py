"""Checkpoints, which are files with everything that the next step of a run depends on."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save

from gan_helpers.checks import check_device
from gan_helpers.kinds import check_file, check_kind
from gan_helpers.training.files import read_tensors, write_whole
from gan_helpers.training.history import history_from_tensors, history_tensors
from gan_helpers.training.recipes import Recipe
from gan_helpers.training.run import Run, start_run
from gan_helpers.training.written import recipe_from_dict, recipe_to_dict

# The version of the file's format. It goes up when an older program could no longer read the file,
# and when a default of a recipe or a network changes: an argument that the file leaves out would
# get the new default. Formats 2 to 4 can be read too; up to format 3, the history
# had no real images.
FORMAT = 5
# Older formats do not hold these entries: no other values were possible then.
FORMAT_4 = {
    "rate_divisor": 1.0,
    "final_momentum": 0.0,
    "momentum_steps": 0,
    "simultaneous": False,
}
FORMAT_2 = {
    "g_optimizer": ["Adam", {}],
    "d_optimizer": ["Adam", {}],
    "d_learning_rate": None,
    "momentum": 0.0,
    "head_start": 0,
}


def save_checkpoint(run: Run, file: str | Path, about: dict | None = None) -> None:
    """Write ``run`` to a safetensors file, from which training can go on bit for bit.

    The file holds both networks, the averaged one, both optimisers, the random states, the order of
    the images and the position in it, the history, the recipe and the seed; ``about`` is any
    further JSON. The new file replaces an older one only when it is complete and on the disk, so a
    program that is killed, or a full disk, leaves the older one as it was.

    Raises ``TypeError`` when ``run`` is not a run, ``file`` not the name of a file or ``about`` not
    JSON, ``ValueError`` for a recipe that cannot be written (see ``recipe_to_dict``) and
    ``OSError`` when the file cannot be written. Introduced in notebook 04, "Stop it, resume it".
    """
    check_kind(run, "run", Run, "start_run(COURSE) returns one.")
    file = check_file(file)
    try:
        json.dumps(about)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"about is {about!r}; expected what JSON can hold: numbers, texts, lists and dicts of "
            f"them ({error})."
        ) from error
    tensors = _tensors(run)
    state = {
        "format": FORMAT,
        "recipe": recipe_to_dict(run.recipe),
        "seed": run.seed,
        "position": run.position,
        "about": about or {},
        "history": run.history.about,
        "optimizers": [_hyperparameters(one) for one in (run.g_optimizer, run.d_optimizer)],
    }
    state["sha256"] = _sha256(state, tensors)
    try:
        # save_file, when it is killed, would leave a hidden temporary file each time.
        write_whole(file, save(tensors, {"checkpoint": json.dumps(state)}))
    except OSError as error:
        kept = "the checkpoint before it is untouched" if file.is_file() else "there is none yet"
        raise OSError(
            f"The checkpoint {file} could not be written ({error}); {kept}. Is the disk full?"
        ) from error


def load_checkpoint(file: str | Path, device: torch.device | str = "cpu") -> Run:
    """Read a run that ``save_checkpoint`` wrote, to go on with ``train`` as if it had not stopped.

    On the same machine with the same number of threads, the result is the same bit for bit. Raises
    ``TypeError`` when ``file`` is not the name of a file, ``ValueError`` when the device is not
    available, ``FileNotFoundError`` when the file is missing and ``OSError`` when it is damaged,
    comes from another program or an unknown version, or holds impossible values. Introduced in
    notebook 04, "Stop it, resume it".
    """
    device = check_device(device)
    state, tensors = _read(file)
    try:
        older = state["format"] == 2
        missing = (FORMAT_2 if older else {}) | (FORMAT_4 if state["format"] < FORMAT else {})
        recipe = recipe_from_dict(missing | state["recipe"])
        _check_values(recipe, state, tensors)
        run = start_run(recipe, state["seed"], device)
        run.position = state["position"]
        _restore(run, tensors, state["adams" if older else "optimizers"])
        run.history = history_from_tensors(_part(tensors, "history"), state["history"], file)
        wanted = (len(run.fixed_z), *run.generator.image_shape)
        if run.history.frames and run.history.frames[0].shape != wanted:
            raise ValueError(f"its frames have shape {tuple(run.history.frames[0].shape)}")
    except (RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())  # PyTorch's message has several lines
        raise OSError(f"{file} does not hold a whole run of this recipe ({reason}).") from error
    return run


def read_about(file: str | Path) -> dict:
    """Return the ``about`` that ``save_checkpoint`` wrote; errors as for ``load_checkpoint``."""
    return _read(file)[0].get("about", {})


def _tensors(run: Run) -> dict[str, torch.Tensor]:
    parts = {
        "generator": run.generator.state_dict(),
        "discriminator": run.discriminator.state_dict(),
        "average": {} if run.average is None else run.average.state_dict(),
        "g_optimizer": _optimizer_tensors(run.g_optimizer),
        "d_optimizer": _optimizer_tensors(run.d_optimizer),
        "random": {"rng": run.rng.get_state(), "dropout": run.dropout_rng.get_state()},
        "data": {"fixed_z": run.fixed_z} | ({} if run.order is None else {"order": run.order}),
        "history": history_tensors(run.history),
    }
    return {
        f"{part}/{name}": tensor.detach().cpu().contiguous()
        for part, tensors in parts.items()
        for name, tensor in tensors.items()
    }


def _check_values(recipe: Recipe, state: dict, tensors: dict[str, torch.Tensor]) -> None:
    """Raise ``ValueError`` for impossible values, which would make the next step fail."""
    size, position = recipe.batch_size, state["position"]
    order = tensors.get("data/order", torch.empty(0, dtype=torch.int64))
    if not (isinstance(size, int) and size >= 2):
        raise ValueError(f"batch_size is {size!r}; expected a whole number, at least 2")
    whole = order.dtype == torch.int64
    if not (whole and torch.equal(order.sort().values, torch.arange(len(order)))):
        raise ValueError("the order of the images leaves some out")
    if not (isinstance(position, int) and 0 <= position <= len(order)):
        raise ValueError(f"position is {position!r}; expected one of 0 to {len(order)}")
    if not all(isinstance(text, str) for text in state["history"].values()):
        raise ValueError("an entry of its history's about is not a text")


def _restore(run: Run, tensors: dict[str, torch.Tensor], optimizers: list[dict]) -> None:
    run.generator.load_state_dict(_part(tensors, "generator"))
    run.discriminator.load_state_dict(_part(tensors, "discriminator"))
    if run.average is not None:
        run.average.load_state_dict(_part(tensors, "average"))
    for name, numbers in zip(("g_optimizer", "d_optimizer"), optimizers, strict=True):
        _restore_optimizer(getattr(run, name), _part(tensors, name), numbers)
    random, data = _part(tensors, "random"), _part(tensors, "data")
    run.rng.set_state(random["rng"])
    run.dropout_rng.set_state(random["dropout"])
    fixed_z = data["fixed_z"]
    if (fixed_z.shape, fixed_z.dtype) != (run.fixed_z.shape, torch.float32):
        raise ValueError(f"fixed_z is {fixed_z.dtype} of shape {tuple(fixed_z.shape)}")
    run.fixed_z = fixed_z.to(run.fixed_z.device)
    run.order = data.get("order")


def _part(tensors: dict[str, torch.Tensor], part: str) -> dict[str, torch.Tensor]:
    prefix = part + "/"
    return {key[len(prefix) :]: t for key, t in tensors.items() if key.startswith(prefix)}


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return the optimiser's state by weight: Adam's averages and steps, or SGD's last update."""
    state = optimizer.state_dict()["state"]
    return {f"{i}/{name}": value for i, one in state.items() for name, value in one.items()}


def _hyperparameters(optimizer: torch.optim.Optimizer) -> dict:
    """Return the optimiser's present hyperparameters, which may differ from the recipe's."""
    (group,) = optimizer.param_groups
    names = ("lr", "betas", "momentum", "weight_decay")
    return {name: group[name] for name in names if name in group}


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor], hyperparameters: dict
) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        number, name = key.split("/")
        state.setdefault(int(number), {})[name] = tensor
    weights = [p for group in optimizer.param_groups for p in group["params"]]
    adam = isinstance(optimizer, torch.optim.Adam)
    for number, one in state.items():
        shape = weights[number].shape if number < len(weights) else None
        shapes = {name: tensor.shape for name, tensor in one.items()}
        expected = {"step": torch.Size(), "exp_avg": shape, "exp_avg_sq": shape}
        if shapes != (expected if adam else {"momentum_buffer": shape}):
            raise ValueError(f"the optimiser's memory of weight {number} does not fit the networks")
    if state and len(state) != len(weights):
        raise ValueError(
            f"the optimiser remembers {len(state)} weights, the network has {len(weights)}"
        )
    numbers = {k: tuple(v) if k == "betas" else v for k, v in hyperparameters.items()}
    type(optimizer)([torch.zeros(1)], **numbers)  # raises if one is out of range
    (group,) = optimizer.state_dict()["param_groups"]
    group |= numbers
    optimizer.load_state_dict({"state": state, "param_groups": [group]})


def _read(file: str | Path) -> tuple[dict, dict[str, torch.Tensor]]:
    tensors, metadata = read_tensors(file, "checkpoint")
    try:
        state = json.loads(metadata["checkpoint"])
        version = state["format"]
    except (KeyError, ValueError, TypeError) as error:
        raise OSError(f"{file} is no checkpoint; save_checkpoint writes such files.") from error
    if version not in (2, 3, 4, FORMAT):
        raise OSError(
            f"{file} is a checkpoint of format {version}; this package reads format {FORMAT}. "
            "Go on with the version of the package that wrote it."
        )
    if state.pop("sha256", None) != _sha256(state, tensors):
        raise OSError(f"{file} is damaged: its checksum is not that of its contents.")
    return state, tensors


def _sha256(state: dict, tensors: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(state, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        # Bytes, because another program's file may hold types that NumPy does not have.
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
