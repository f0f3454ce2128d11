import math
from dataclasses import replace

import pytest
import torch
from helping import same, state, weights

from gan_helpers.training import (
    ARTICLE,
    COURSE,
    History,
    best_device,
    recipe_to_dict,
    start_run,
)


def test_the_articles_recipe_is_as_published():
    assert recipe_to_dict(ARTICLE) == recipe_to_dict(COURSE) | {
        "build_generator": ["ArticleGenerator", {}],
        "build_discriminator": ["ArticleDiscriminator", {}],
        "batch_size": 128,
        "learning_rate": 2e-4,
        "betas": (0.9, 0.999),
        "weight_decay": 8e-9,
        "fresh_z": True,
        "average_decay": None,
        "bfloat16": False,
    }


@pytest.mark.parametrize(("d_rate", "expected"), [(None, 0.05), (0.2, 0.2)])
def test_gradient_descent_with_the_recipes_numbers(recipe, d_rate, expected):
    descending = replace(
        recipe,
        g_optimizer=torch.optim.SGD,
        d_optimizer=torch.optim.SGD,
        learning_rate=0.05,
        d_learning_rate=d_rate,
        momentum=0.5,
        weight_decay=0.01,
    )
    run = start_run(descending)
    for optimizer, rate in ((run.g_optimizer, 0.05), (run.d_optimizer, expected)):
        assert type(optimizer) is torch.optim.SGD
        (group,) = optimizer.param_groups
        assert (group["lr"], group["momentum"], group["weight_decay"]) == (rate, 0.5, 0.01)
    run = start_run(replace(descending, g_optimizer=torch.optim.Adam))
    assert [type(o).__name__ for o in (run.g_optimizer, run.d_optimizer)] == ["Adam", "SGD"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(({"momentum": m}, f"momentum is {m}") for m in (1.0, -0.1, math.nan)),
        *(({"head_start": h}, f"head_start is {h}") for h in (-1, 1.5)),
        *(({"average_decay": d}, f"average_decay is {d}") for d in (0.0, 1.0, -0.1, math.nan)),
        ({"g_optimizer": torch.optim.RMSprop}, "g_optimizer is .*RMSprop"),
        ({"d_optimizer": "sgd"}, "d_optimizer is 'sgd'"),
    ],
)
def test_a_recipe_that_no_run_can_start_from(recipe, changes, message):
    with pytest.raises(ValueError, match=message):
        start_run(replace(recipe, **changes))


def test_the_optimisers_are_adams_with_the_recipes_numbers(recipe):
    run = start_run(replace(recipe, learning_rate=3e-4, betas=(0.3, 0.9), weight_decay=0.01))
    networks = (run.generator, run.discriminator)
    for optimizer, network in zip((run.g_optimizer, run.d_optimizer), networks, strict=True):
        assert type(optimizer) is torch.optim.Adam
        (group,) = optimizer.param_groups
        assert (group["lr"], group["betas"], group["weight_decay"]) == (3e-4, (0.3, 0.9), 0.01)
        assert {id(p) for p in group["params"]} == {id(p) for p in network.parameters()}


def test_a_new_run(recipe):
    run = start_run(recipe, seed=3)
    assert (run.seed, run.recipe) == (3, recipe)
    assert run.fixed_z.shape == (40, 8)
    assert run.history == History()
    assert same(state(run.sampler), state(run.generator))
    assert run.sampler is not run.generator
    plain = start_run(replace(recipe, average_decay=None))
    assert plain.average is None
    assert plain.sampler is plain.generator


def test_a_run_depends_on_its_seed_alone_and_its_random_streams_are_independent(recipe):
    begun, drawn = [], set()
    for seed in (3, 3, 4):
        torch.manual_seed(len(begun))
        run = start_run(recipe, seed)
        begun.append([weights(run.generator), weights(run.discriminator), run.fixed_z])
        begun[-1] += [one.get_state() for one in (run.rng, run.dropout_rng)]
        drawn |= {torch.rand((), generator=one).item() for one in (run.rng, run.dropout_rng)}
    assert all(torch.equal(a, b) for a, b in zip(begun[0], begun[1], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(begun[0], begun[2], strict=True))
    assert len(drawn) == 4


def test_the_best_device_works_and_is_the_cpu_without_accelerators(monkeypatch):
    assert torch.ones(2, device=best_device()).sum().item() == 2
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert best_device() == torch.device("cpu")
