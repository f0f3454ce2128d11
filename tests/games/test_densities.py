import math

import pytest
import torch

from gan_helpers.games import (
    js_divergence,
    kl_divergence,
    normal_density,
    optimal_discriminator,
    value_function,
)

PAIRS = [(0, 1, 1, 1.5), (1, 1.5, 0, 1), (0, 1, 0, 1), (-1, 0.7, 2, 0.9)]


def grid(low: float, high: float, count: int = 4001) -> torch.Tensor:
    return torch.linspace(low, high, count, dtype=torch.float64)


def pair(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Two overlapping normals."""
    return normal_density(x, 0.0, 1.0), normal_density(x, 1.0, 1.5)


def near(value: torch.Tensor, expected: float, tolerance: float = 1e-9) -> bool:
    assert value.shape == ()
    return abs(value.item() - expected) < tolerance


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (-2.0, 0.3), (3.0, 2.5)])
def test_the_normal_density_is_pytorchs(mean, std):
    x = grid(mean - 12 * std, mean + 12 * std)
    normal = torch.distributions.Normal(*torch.tensor([mean, std], dtype=torch.float64))
    torch.testing.assert_close(
        normal_density(x, mean, std), normal.log_prob(x).exp(), rtol=1e-10, atol=0
    )
    assert torch.equal(normal_density(x), normal_density(x, 0.0, 1.0))


# optimal_discriminator and value_function


def test_the_optimal_discriminator_is_the_share_of_the_data_and_one_half_without_mass():
    p_data, p_g = pair(grid(-8, 8))
    d = optimal_discriminator(p_data, p_g)
    # Its logit is the logarithm of the ratio of the densities.
    torch.testing.assert_close(torch.logit(d), p_data.log() - p_g.log())
    given = optimal_discriminator(torch.tensor([3.0, 0.0, 2, 0]), torch.tensor([1.0, 5.0, 0, 0]))
    assert given.tolist() == [0.75, 0.0, 1.0, 0.5]
    # Beyond 37.6 standard deviations float64 densities are subnormal (below 2e-308), not zero.
    p = normal_density(torch.tensor([36.0, 38.0, -38.2], dtype=torch.float64))
    torch.testing.assert_close(optimal_discriminator(p, p), torch.full_like(p, 0.5))


@pytest.mark.parametrize(("m1", "s1", "m2", "s2"), PAIRS)
def test_the_value_at_the_optimal_discriminator(m1, s1, m2, s2):
    x = grid(-10, 10)
    p_data, p_g = normal_density(x, m1, s1), normal_density(x, m2, s2)
    v = value_function(optimal_discriminator(p_data, p_g), p_data, p_g, x)
    assert near(v, -math.log(4) + 2 * js_divergence(p_data, p_g, x).item())


def test_the_value_at_the_optimal_discriminator_for_densities_far_apart():
    # Here D* rounds to 1 where the generator's density is small, but not zero.
    x = grid(-10, 18)
    p_data, p_g = normal_density(x), normal_density(x, 8.0)
    d = optimal_discriminator(p_data, p_g)
    assert value_function(d, p_data, p_g, x) == -math.inf
    v = value_function(d.clamp(max=1 - 2**-53), p_data, p_g, x)
    assert near(v, -math.log(4) + 2 * js_divergence(p_data, p_g, x).item())


@pytest.mark.parametrize("d", [0.1, 0.5, 0.8])
def test_the_value_of_a_constant_discriminator(d):
    x = grid(-12, 12)
    v = value_function(torch.full_like(x, d), *pair(x), x)
    assert near(v, math.log(d) + math.log(1 - d))


def test_the_optimal_discriminator_maximises_the_value():
    x = grid(-8, 8)
    p_data, p_g = pair(x)
    best = optimal_discriminator(p_data, p_g)
    v = value_function(best, p_data, p_g, x)
    rng = torch.Generator().manual_seed(0)
    for size in (1e-3, 1e-2, 0.1, 0.5):
        noise = torch.randn(x.shape, generator=rng, dtype=x.dtype)
        assert value_function((best + size * noise).clamp(1e-6, 1 - 1e-6), p_data, p_g, x) < v
    best.requires_grad_()
    value_function(best, p_data, p_g, x).backward()
    assert best.grad.abs().max() < 1e-9


def test_the_value_where_a_density_has_no_mass():
    x = grid(0, 1, 11)
    one, none = torch.ones_like(x), torch.zeros_like(x)
    assert value_function(one, one, none, x) == 0  # log(1 - 1) counts nowhere
    assert value_function(none, none, one, x) == 0
    assert value_function(none, one, none, x) == -math.inf


# divergences


@pytest.mark.parametrize(("m1", "s1", "m2", "s2"), PAIRS)
def test_kl_of_two_normals_is_the_closed_form(m1, s1, m2, s2):
    x = grid(-14, 14)
    kl = kl_divergence(normal_density(x, m1, s1), normal_density(x, m2, s2), x)
    expected = math.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5
    assert near(kl, expected, 1e-8)


def test_kl_is_infinite_where_p_has_mass_and_q_has_none():
    x = grid(0, 2, 201)
    wide, narrow = torch.full_like(x, 0.5), (x <= 1).double()
    assert kl_divergence(wide, narrow, x) == math.inf
    # The other way round it is finite: log 2 over the interval that both share.
    assert near(kl_divergence(narrow, wide, x), math.log(2), 0.01)


def test_js_is_between_0_and_log_2_grows_with_the_distance_and_is_symmetric():
    x = grid(-30, 30, 12001)
    p, q = normal_density(x, -15.0), normal_density(x, 15.0)
    assert js_divergence(p, p, x) == 0
    assert near(js_divergence(p, q, x), math.log(2))
    near_by = [js_divergence(p, normal_density(x, -15 + m), x).item() for m in (0.1, 1.0, 4.0)]
    assert near_by == sorted(near_by) and 0 < near_by[0] and near_by[-1] < math.log(2)
    p, q = pair(x)
    assert js_divergence(p, q, x).item() == pytest.approx(js_divergence(q, p, x).item(), rel=1e-12)


def test_js_from_the_definition():
    x = grid(-12, 12)
    p, q = pair(x)
    m = (p + q) / 2
    integrand = 0.5 * p * (p.log() - m.log()) + 0.5 * q * (q.log() - m.log())
    assert near(js_divergence(p, q, x), torch.trapezoid(integrand, x).item(), 1e-12)


def test_js_is_finite_where_densities_underflow():
    # At -38.6 the first density is the smallest number above zero, and half of it is zero.
    x = grid(-39, 39, 7801)
    p, q = normal_density(x), normal_density(x, 2.0)
    inside = slice(2900, -2900)  # -10 to 10
    expected = js_divergence(p[inside], q[inside], x[inside]).item()
    assert near(js_divergence(p, q, x), expected)


X = grid(0, 1, 11)
ONE, HALF, NAN = torch.ones_like(X), torch.full_like(X, 0.5), torch.full_like(X, math.nan)
