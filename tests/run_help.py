"""What the tests of the training loop share: a quiet run, and comparisons of whole runs."""

import torch
from torch import nn

from gan_helpers.training import History, Run, train

STEP_COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")
MEASURED_COLUMNS = (
    "measured_steps",
    "d_real_after",
    "d_accuracy",
    "d_grad_norm",
    "g_grad_norm",
    "d_update_norm",
    "g_update_norm",
)


def quietly(run: Run, images: torch.Tensor, **options) -> History:
    return train(run, images, progress=False, **options)


def state(network: nn.Module) -> dict[str, torch.Tensor]:
    """Weights and BatchNorm statistics, copied."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def weights(network: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(network.parameters()).detach().clone()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def same_run(one: Run, other: Run) -> bool:
    return (
        same(state(one.generator), state(other.generator))
        and same(state(one.discriminator), state(other.discriminator))
        and same(state(one.sampler), state(other.sampler))
        and all(getattr(one.history, name) == getattr(other.history, name) for name in STEP_COLUMNS)
    )


def is_finite(network: nn.Module) -> bool:
    return all(tensor.isfinite().all() for tensor in network.state_dict().values())


def assert_columns_match(history: History) -> None:
    """Every column has one value for each step, measured step or frame."""
    assert {len(getattr(history, name)) for name in STEP_COLUMNS} == {history.steps}
    assert len({len(getattr(history, name)) for name in MEASURED_COLUMNS}) == 1
    assert len(history.frames) == len(history.frame_steps)


def clone(rng: torch.Generator) -> torch.Generator:
    copied = torch.Generator()
    copied.set_state(rng.get_state())
    return copied
