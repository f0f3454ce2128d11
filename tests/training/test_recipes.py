import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from gan_helpers.losses import non_saturating_generator_loss
from gan_helpers.models import ArticleDiscriminator, ArticleGenerator, Discriminator, Generator
from gan_helpers.training import ARTICLE, COURSE, DESCENT, History, Recipe, best_device, start_run


def same(one: nn.Module, other: nn.Module) -> bool:
    """Weights and BatchNorm statistics are equal."""
    ours, theirs = one.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_articles_recipe_is_as_published():
    assert ARTICLE.build_generator is ArticleGenerator
    assert ARTICLE.build_discriminator is ArticleDiscriminator
    assert ARTICLE.generator_loss is non_saturating_generator_loss
    assert (ARTICLE.batch_size, ARTICLE.learning_rate) == (128, 2e-4)
    assert (ARTICLE.betas, ARTICLE.weight_decay) == ((0.9, 0.999), 8e-9)
    assert ARTICLE.fresh_z
    assert ARTICLE.average_decay is None
    assert not ARTICLE.bfloat16


def test_the_courses_recipe():
    assert COURSE == Recipe()
    assert COURSE.build_generator is Generator
    assert COURSE.build_discriminator is Discriminator
    assert COURSE.generator_loss is non_saturating_generator_loss
    assert (COURSE.batch_size, COURSE.learning_rate) == (128, 1.5e-3)
    assert (COURSE.betas, COURSE.weight_decay) == ((0.0, 0.99), 0.0)
    assert not COURSE.fresh_z
    assert COURSE.average_decay == 0.99
    assert COURSE.bfloat16


def test_the_recipe_of_gradient_descent():
    rates = {"learning_rate": 0.03, "d_learning_rate": 0.05}
    changes = {**rates, "momentum": 0.5, "head_start": 1000, "bfloat16": False}
    optimizers = {"g_optimizer": torch.optim.SGD, "d_optimizer": torch.optim.SGD}
    assert DESCENT == replace(COURSE, **changes, **optimizers)


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
        ({"momentum": 1.0}, "momentum is 1.0; expected a number from 0"),
        ({"momentum": -0.1}, "momentum is -0.1"),
        ({"momentum": math.nan}, "momentum is nan"),
        ({"head_start": -1}, "head_start is -1; expected a number of steps"),
        ({"head_start": 1.5}, "head_start is 1.5"),
        ({"g_optimizer": torch.optim.RMSprop}, "g_optimizer is .*RMSprop.*; expected torch.optim"),
        ({"d_optimizer": "sgd"}, "d_optimizer is 'sgd'; expected torch.optim.Adam"),
    ],
)
def test_a_recipe_that_no_run_can_start_from(recipe, changes, message):
    with pytest.raises(ValueError, match=message):
        start_run(replace(recipe, **changes))


def test_the_optimisers_are_adams_with_the_recipes_numbers(recipe):
    run = start_run(replace(recipe, learning_rate=3e-4, betas=(0.3, 0.9), weight_decay=0.01))
    for optimizer, network in (
        (run.g_optimizer, run.generator),
        (run.d_optimizer, run.discriminator),
    ):
        assert type(optimizer) is torch.optim.Adam
        (group,) = optimizer.param_groups
        assert (group["lr"], group["betas"], group["weight_decay"]) == (3e-4, (0.3, 0.9), 0.01)
        assert {id(p) for p in group["params"]} == {id(p) for p in network.parameters()}


def test_a_new_run(recipe):
    run = start_run(recipe, seed=3)
    assert run.seed == 3
    assert run.recipe is recipe
    assert run.fixed_z.shape == (40, 8)
    assert run.history == History()
    assert same(run.sampler, run.generator)
    assert run.sampler is not run.generator
    plain = start_run(replace(recipe, average_decay=None))
    assert plain.average is None
    assert plain.sampler is plain.generator


def test_a_run_depends_on_its_seed_alone(recipe):
    torch.manual_seed(1)
    one = start_run(recipe, seed=3)
    torch.manual_seed(2)
    two, other = start_run(recipe, seed=3), start_run(recipe, seed=4)
    assert same(one.generator, two.generator)
    assert same(one.discriminator, two.discriminator)
    assert torch.equal(one.fixed_z, two.fixed_z)
    assert torch.equal(one.rng.get_state(), two.rng.get_state())
    assert torch.equal(one.dropout_rng.get_state(), two.dropout_rng.get_state())
    assert not same(one.generator, other.generator)
    assert not same(one.discriminator, other.discriminator)
    assert not torch.equal(one.fixed_z, other.fixed_z)
    assert not torch.equal(one.rng.get_state(), other.rng.get_state())


def test_a_runs_random_streams_are_independent(recipe):
    run = start_run(recipe, seed=0)
    following = start_run(recipe, seed=1)
    streams = [run.rng, run.dropout_rng, following.rng, following.dropout_rng]
    drawn = [tuple(torch.rand(5, generator=rng).tolist()) for rng in streams]
    assert len(set(drawn)) == len(streams)


@pytest.mark.parametrize("decay", [0.0, 1.0, 1.5, -0.1, math.nan])
def test_average_decay_out_of_range(recipe, decay):
    with pytest.raises(ValueError, match="average_decay is .*between 0 and 1"):
        start_run(replace(recipe, average_decay=decay))


def test_the_best_device_is_a_device_that_works():
    assert torch.ones(2, device=best_device()).sum().item() == 2


def test_without_accelerators_the_best_device_is_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert best_device() == torch.device("cpu")
