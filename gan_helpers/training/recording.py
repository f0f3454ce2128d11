"""Write to a run's history: the losses of each step, and at some steps gradients and samples."""

import torch
from torch import nn

from gan_helpers.checks import check_network
from gan_helpers.models import sample
from gan_helpers.training.run import Run


@torch.no_grad()
def record_step(
    run: Run, losses: tuple[torch.Tensor, ...], logits: tuple[torch.Tensor, ...]
) -> None:
    """Append one step to the run's history: the losses and the mean outputs of D.

    ``losses``: those of D and G; ``logits``: three tensors of shape (N, 1), those of real and of
    generated images before D's step, and of generated images before G's. Introduced in notebook 03,
    "One run, two losses", by way of ``History``.
    """
    # All numbers in one transfer: on a GPU, every transfer waits for the device.
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
    labels: torch.Tensor | None = None,
) -> None:
    """Append D's accuracy and the lengths of gradients and updates; call before ``record_step``.

    ``real``: the step's real images; ``logits``: as for ``record_step``; ``before``: the
    ``flat_weights`` of D and G before the step; ``d_grad_norm``: the length of D's gradient;
    ``labels``: with classes, those of ``real``.
    Introduced in notebook 03, "One run, two losses", by way of ``History``.
    """
    with torch.random.fork_rng(devices=[]):  # Dropout's numbers here must not change the run's.
        told = (real,) if labels is None else (real, labels)
        d_real_after = run.discriminator(*told).sigmoid().mean().item()
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
    """Return the length of the gradient, sqrt(sum of squares) over all weights of ``network``.

    Raises ``TypeError`` when ``network`` is not a network and ``ValueError`` when it has no
    gradients. Introduced in notebook 03, "One run, two losses", by way of ``History``.
    """
    check_network(network, "network")
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if not gradients:
        raise ValueError("network has no gradients; call loss.backward() first.")
    return nn.utils.get_total_norm(gradients).item()


def flat_weights(network: nn.Module) -> torch.Tensor:
    """Return all weights of ``network`` as one vector, without gradients.

    Raises ``TypeError`` when ``network`` is not a network.
    """
    check_network(network, "network")
    return nn.utils.parameters_to_vector(network.parameters()).detach()


def record_frame(run: Run) -> None:
    """Append the images of ``draw_frame`` to the run's history."""
    run.history.append(frame_steps=run.history.steps, frames=draw_frame(run))


def draw_frame(run: Run) -> torch.Tensor:
    """Draw the images of the run's fixed z, uint8, shape (40, 1, 28, 28) or another size.

    With classes they are drawn in turn: with ten classes, each column of the usual grid is one.
    Raises ``FloatingPointError`` when they hold NaN. Introduced in notebook 03, "One run, two
    losses".
    """
    try:
        return sample(run.sampler, run.fixed_z, run.fixed_labels)
    except ValueError as error:
        raise FloatingPointError(
            "The generator draws NaN: its weights have grown without bound. Start again with a "
            "smaller learning_rate, and check that the images are in [-1, 1]."
        ) from error
