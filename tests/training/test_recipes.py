import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from helping import same, state, weights

from gan_helpers.models import ArticleDiscriminator, ArticleGenerator, Discriminator, Generator
from gan_helpers.training import (
    ARTICLE,
    COURSE,
    PLAIN,
    History,
    best_device,
    recipe_to_dict,
    start_run,
)


def test_the_articles_recipe_is_as_published():
    assert recipe_to_dict(ARTICLE) == recipe_to_dict(PLAIN) | {
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


def test_the_courses_recipe_differs_from_the_plain_one_in_sizes_rates_and_averaging():
    plain = recipe_to_dict(PLAIN)
    assert recipe_to_dict(COURSE) == plain | {
        "build_generator": ["Generator", {"latent_dim": 32, "hidden": (256, 256)}],
        "build_discriminator": ["Discriminator", {"hidden": (192, 192), "dropout": 0.1}],
        "learning_rate": 4e-3,
        "d_learning_rate": 5e-4,
        "average_decay": 0.999,
        "average_warm_up": True,
    }
    assert plain["build_generator"] == ["Generator", {}] and plain["d_learning_rate"] is None


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


RATE = "expected a number, at least 0"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        *(({"momentum": m}, ValueError, f"momentum is {m}") for m in (1.0, -0.1, math.nan)),
        ({"head_start": -1}, ValueError, "head_start is -1; .*counts steps"),
        ({"head_start": 1.5}, TypeError, "head_start is 1.5"),
        *(
            ({"average_decay": d}, ValueError, f"average_decay is {d}")
            for d in (0.0, 1.0, -0.1, math.nan)
        ),
        ({"g_optimizer": torch.optim.RMSprop}, ValueError, "g_optimizer is .*RMSprop"),
        ({"d_optimizer": "sgd"}, ValueError, "d_optimizer is 'sgd'"),
        ({"batch_size": 1}, ValueError, "batch_size is 1; .*at least 2. BatchNorm takes"),
        ({"batch_size": 12.8}, TypeError, "batch_size is 12.8"),
        *(
            ({name: rate}, ValueError, f"^{name} is {rate}; {RATE}")
            for name in ("learning_rate", "d_learning_rate")
            for rate in (-0.1, math.nan, math.inf)
        ),
        ({"learning_rate": "0.1"}, TypeError, f"learning_rate is '0.1'; {RATE}.*without quotes"),
        ({"learning_rate": None}, TypeError, "learning_rate is None"),
        ({"weight_decay": -1}, ValueError, "weight_decay is -1; .*at least 0"),
        ({"betas": (0.5,)}, ValueError, r"betas is \(0.5,\); expected two numbers"),
        ({"betas": 0.5}, TypeError, "betas is 0.5; expected two numbers"),
        ({"betas": (0.5, 1)}, ValueError, r"betas\[1\] is 1; .*below 1"),
        ({"fresh_z": "no"}, TypeError, "fresh_z is 'no'; expected True or False"),
        ({"bfloat16": 1}, TypeError, "bfloat16 is 1; expected True or False"),
        ({"average_warm_up": 0.9}, TypeError, "average_warm_up is 0.9; expected True or False"),
        ({"generator_loss": "saturating"}, TypeError, "generator_loss is 'saturating'"),
        ({"build_generator": Discriminator}, ValueError, "is Discriminator, which is no gen"),
        ({"build_generator": partial(Discriminator)}, ValueError, "players exchanged"),
        ({"build_discriminator": ArticleGenerator}, ValueError, "is ArticleGenerator, which"),
        ({"build_generator": Generator()}, TypeError, "Generator without brackets"),
        (
            {"build_generator": partial(Generator, layers=3)},
            ValueError,
            "build_generator is .*layers=3.*has: latent_dim and hidden",
        ),
        (
            {"build_discriminator": partial(ArticleDiscriminator, dropout=0.5)},
            ValueError,
            "ArticleDiscriminator has: no arguments",
        ),
        ({"build_discriminator": "mlp"}, TypeError, "build_discriminator is of type str"),
    ],
)
def test_a_recipe_that_no_run_can_start_from_is_refused_where_it_is_made(
    recipe, changes, error, message
):
    with pytest.raises(error, match=message):
        replace(recipe, **changes)


def test_a_recipe_holds_plain_numbers_that_a_file_can_hold(recipe):
    given = replace(recipe, batch_size=np.int64(16), learning_rate=np.float32(1), betas=[0, 0.5])
    numbers = (given.batch_size, given.learning_rate, given.betas)
    assert repr(numbers) == "(16, 1.0, (0.0, 0.5))"


@pytest.mark.parametrize(
    ("changes", "given", "error", "message"),
    [
        ({}, {"seed": 2**63}, ValueError, "seed is 9223372036854775808; .* from 0 to"),
        ({}, {"seed": 2**61}, ValueError, "seed is 2305843009213693952; .* from 0 to"),
        ({}, {"seed": "1"}, TypeError, "seed is '1'"),
        ({}, {"device": "cud"}, ValueError, "device is 'cud'"),
        ({}, {"recipe": "course"}, TypeError, "recipe is 'course'; expected a Recipe"),
        ({"build_generator": lambda: Discriminator()}, {}, TypeError, "no latent_dim"),
        ({"build_generator": lambda: None}, {}, TypeError, "returns is of type NoneType"),
    ],
)
def test_what_a_run_cannot_start_from(recipe, changes, given, error, message):
    with pytest.raises(error, match=message):
        start_run(**{"recipe": replace(recipe, **changes)} | given)


def test_the_largest_seed_gives_a_run(recipe):
    assert start_run(recipe, seed=2**61 - 1).seed == 2**61 - 1


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
