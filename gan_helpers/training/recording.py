"""What a run's history is told: the losses of each step, and now and then lengths and pictures."""

import torch
from torch import nn

from gan_helpers.checks import check_network
from gan_helpers.models import sample
from gan_helpers.training.run import Run


@torch.no_grad()
def record_step(
    run: Run, losses: tuple[torch.Tensor, ...], logits: tuple[torch.Tensor, ...]
) -> None:
    """Append a step to the run's history: ``losses`` of D and G, and three batches of ``logits``.

    The logits, (N, 1) each, are those of real and of generated images before D's step, and of
    generated ones before G's. Introduced in notebook 03, "One run, two losses", by way of
    ``History``.
    """
    # One transfer for all numbers: on a GPU each one would wait for the device.
    means = torch.stack(logits).sigmoid().mean((1, 2))
    values = torch.cat((torch.stack(losses), means)).tolist()
    names = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")
    run.history.append(**dict(zip(names, values, strict=True)))


@torch.no_grad()
def record_measured(
    run: Run,
    real: torch.Tensor,
    logits: tuple[torch.Tensor, ...],
    before: tuple[torch.Tensor, torch.Tensor],
    d_grad_norm: float,
) -> None:
    """Append what costs more: D's accuracy, gradients and updates; call it before ``record_step``.

    ``real``: the step's real images; ``logits``: as for ``record_step``; ``before``: the
    ``flat_weights`` of D and G before the step. Introduced in notebook 03, "One run, two losses",
    by way of ``History``.
    """
    with torch.random.fork_rng(devices=[]):  # dropout's draws here must not shift the run's
        d_real_after = run.discriminator(real).sigmoid().mean().item()
    run.history.append(
        measured_steps=run.history.steps,
        d_real_after=d_real_after,
        d_accuracy=torch.cat((logits[0] > 0, logits[1] < 0)).float().mean().item(),
        d_grad_norm=d_grad_norm,
        g_grad_norm=gradient_norm(run.generator),
        d_update_norm=(flat_weights(run.discriminator) - before[0]).norm().item(),
        g_update_norm=(flat_weights(run.generator) - before[1]).norm().item(),
    )


def gradient_norm(network: nn.Module) -> float:
    """Length of the gradient over all weights of ``network``: the root of the sum of squares.

    Raises ``TypeError`` when ``network`` is none and ``ValueError`` when there is no gradient.
    Introduced in notebook 03, "One run, two losses", where it is what ``History`` records.
    """
    check_network(network, "network")
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if not gradients:
        raise ValueError("network has no gradients; call loss.backward() first.")
    return nn.utils.get_total_norm(gradients).item()


def flat_weights(network: nn.Module) -> torch.Tensor:
    """All weights of ``network`` in a row, (number of weights,), without their gradients.

    Raises ``TypeError`` when ``network`` is none.
    """
    check_network(network, "network")
    return nn.utils.parameters_to_vector(network.parameters()).detach()


def record_frame(run: Run) -> None:
    """Append what ``draw_frame`` draws to the run's history."""
    run.history.append(frame_steps=run.history.steps, frames=draw_frame(run))


def draw_frame(run: Run) -> torch.Tensor:
    """The pictures of the run's fixed z, uint8, shape (40, 1, 28, 28).

    Raises ``FloatingPointError`` when they hold NaN. Introduced in notebook 03, "One run, two
    losses".
    """
    try:
        return sample(run.sampler, run.fixed_z)
    except ValueError as error:
        raise FloatingPointError(
            "The generator draws NaN: its weights have grown without bound. Start again with a "
            "smaller learning_rate, and check that the images are in [-1, 1]."
        ) from error
