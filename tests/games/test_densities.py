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


def grid(low: float, high: float, count: int = 4001) -> torch.Tensor:
    return torch.linspace(low, high, count, dtype=torch.float64)


def pair(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Two overlapping normals."""
    return normal_density(x, 0.0, 1.0), normal_density(x, 1.0, 1.5)


def near(value: torch.Tensor, expected: float, tolerance: float = 1e-9) -> bool:
    assert value.shape == ()
    return abs(value.item() - expected) < tolerance


# normal_density


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (-2.0, 0.3), (3.0, 2.5)])
def test_the_normal_density(mean, std):
    x = grid(mean - 12 * std, mean + 12 * std)
    density = normal_density(x, mean, std)
    assert near(torch.trapezoid(density, x), 1.0)
    assert near(torch.trapezoid(density * x, x), mean)
    assert near(torch.trapezoid(density * (x - mean) ** 2, x), std**2)
    normal = torch.distributions.Normal(*torch.tensor([mean, std], dtype=torch.float64))
    reference = normal.log_prob(x).exp()
    torch.testing.assert_close(density, reference, rtol=1e-10, atol=0)


def test_the_normal_density_is_standard_by_default():
    assert near(normal_density(torch.tensor(0.0, dtype=torch.float64)), 1 / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("std", [0.0, -1.0, math.nan])
def test_the_normal_density_refuses_other_stds(std):
    with pytest.raises(ValueError, match="std is .*; expected a positive number"):
        normal_density(grid(-1, 1), 0.0, std)


# optimal_discriminator


def test_the_optimal_discriminator_is_the_share_of_the_data():
    x = grid(-8, 8)
    p_data, p_g = pair(x)
    d = optimal_discriminator(p_data, p_g)
    torch.testing.assert_close(d, p_data / (p_data + p_g))
    # Its logit is the logarithm of the ratio of the densities.
    torch.testing.assert_close(torch.logit(d), p_data.log() - p_g.log())
    given = optimal_discriminator(torch.tensor([3.0, 0.0, 2.0]), torch.tensor([1.0, 5.0, 0.0]))
    assert given.tolist() == [0.75, 0.0, 1.0]


def test_the_optimal_discriminator_is_one_half_for_equal_densities_and_where_neither_has_mass():
    p = normal_density(grid(-8, 8))
    assert (optimal_discriminator(p, p) == 0.5).all()
    assert (optimal_discriminator(torch.zeros(3), torch.zeros(3)) == 0.5).all()


def test_the_optimal_discriminator_far_in_the_tails():
    # Beyond 37.6 standard deviations float64 densities are subnormal (below 2e-308), not zero.
    p = normal_density(torch.tensor([36.0, 38.0, -38.2], dtype=torch.float64))
    assert (p > 0).all()
    torch.testing.assert_close(optimal_discriminator(p, p), torch.full_like(p, 0.5))


@pytest.mark.parametrize("swap", [False, True])
def test_the_optimal_discriminator_refuses_what_is_no_density(swap):
    good, name = torch.ones(3), "p_data" if swap else "p_g"
    for bad in (torch.tensor([1.0, -0.1, 1.0]), torch.tensor([1.0, math.nan, 1.0])):
        arguments = (bad, good) if swap else (good, bad)
        with pytest.raises(ValueError, match=f"{name} has a negative value or NaN"):
            optimal_discriminator(*arguments)
    with pytest.raises(ValueError, match="shapes differ.*'p_data': .*'p_g': "):
        optimal_discriminator(good, torch.ones(4))


# value_function


def test_the_value_at_the_optimal_discriminator():
    x = grid(-14, 14)
    p_data, p_g = pair(x)
    v = value_function(optimal_discriminator(p_data, p_g), p_data, p_g, x)
    assert near(v, -math.log(4) + 2 * js_divergence(p_data, p_g, x).item())
    assert -math.log(4) < v < 0


@pytest.mark.parametrize("distance", [4.0, 8.0])
def test_the_value_at_the_optimal_discriminator_for_densities_far_apart(distance):
    # Here D* rounds to 1 where the generator's density is small, but not zero.
    x = grid(-10, 10 + distance)
    p_data, p_g = normal_density(x), normal_density(x, distance)
    d = optimal_discriminator(p_data, p_g)
    assert value_function(d, p_data, p_g, x) == -math.inf
    v = value_function(d.clamp(max=1 - 2**-53), p_data, p_g, x)
    assert near(v, -math.log(4) + 2 * js_divergence(p_data, p_g, x).item())


def test_the_value_at_the_equilibrium_is_minus_log_4():
    x = grid(-9, 9)
    p = normal_density(x)
    assert near(value_function(optimal_discriminator(p, p), p, p, x), -math.log(4))


@pytest.mark.parametrize("d", [0.1, 0.5, 0.8])
def test_the_value_of_a_constant_discriminator(d):
    x = grid(-12, 12)
    p_data, p_g = pair(x)
    v = value_function(torch.full_like(x, d), p_data, p_g, x)
    assert near(v, math.log(d) + math.log(1 - d))


def test_the_two_halves_of_the_value_are_not_exchanged():
    x = grid(-9, 9)
    d = torch.sigmoid(x)  # "real" to the right
    right, left = normal_density(x, 2.0), normal_density(x, -2.0)
    assert value_function(d, right, left, x) > -0.5
    assert value_function(d, left, right, x) < -4


def test_the_optimal_discriminator_maximises_the_value():
    x = grid(-8, 8)
    p_data, p_g = pair(x)
    best = optimal_discriminator(p_data, p_g)
    v = value_function(best, p_data, p_g, x)
    rng = torch.Generator().manual_seed(0)
    for size in (1e-3, 1e-2, 0.1, 0.5):
        for _ in range(10):
            noise = torch.randn(x.shape, generator=rng, dtype=x.dtype)
            other = (best + size * noise).clamp(1e-6, 1 - 1e-6)
            assert value_function(other, p_data, p_g, x) < v
    for shift in (-0.5, -0.01, 0.01, 0.5):
        assert value_function(torch.sigmoid(torch.logit(best) + shift), p_data, p_g, x) < v
    best.requires_grad_()
    value_function(best, p_data, p_g, x).backward()
    assert best.grad.abs().max() < 1e-9


def test_the_value_where_a_density_has_no_mass():
    x = grid(0, 1, 11)
    one, none = torch.ones_like(x), torch.zeros_like(x)
    assert value_function(one, one, none, x) == 0  # log(1 - 1) counts nowhere
    assert value_function(none, none, one, x) == 0
    assert value_function(none, one, none, x) == -math.inf


def test_the_value_function_names_what_is_wrong():
    x = grid(0, 1, 11)
    p, half = torch.ones_like(x), torch.full_like(x, 0.5)
    for bad in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="d has shape.*expected probabilities.*sigmoid"):
            value_function(torch.full_like(x, bad), p, p, x)
    with pytest.raises(ValueError, match=r"d has shape \(10,\).*of shape \(11,\)"):
        value_function(half[:10], p, p, x)
    with pytest.raises(ValueError, match="p_g has a negative value"):
        value_function(half, p, -p, x)
    with pytest.raises(ValueError, match="shapes differ.*'x': "):
        value_function(half, p, p, x[:10])


# divergences


@pytest.mark.parametrize(
    ("m1", "s1", "m2", "s2"), [(0, 1, 1, 1.5), (1, 1.5, 0, 1), (0, 1, 0, 1), (-1, 0.7, 2, 0.9)]
)
def test_kl_of_two_normals_is_the_closed_form(m1, s1, m2, s2):
    x = grid(-14, 14)
    kl = kl_divergence(normal_density(x, m1, s1), normal_density(x, m2, s2), x)
    expected = math.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5
    assert near(kl, expected, 1e-8)


def test_kl_is_not_symmetric():
    x = grid(-14, 14)
    p, q = pair(x)
    assert abs(kl_divergence(p, q, x) - kl_divergence(q, p, x)) > 0.1


def test_kl_is_infinite_where_p_has_mass_and_q_has_none():
    x = grid(0, 2, 201)
    wide = torch.full_like(x, 0.5)
    narrow = (x <= 1).double()
    assert kl_divergence(wide, narrow, x) == math.inf
    # The other way round it is finite: log 2 over the interval that both share.
    assert near(kl_divergence(narrow, wide, x), math.log(2), 0.01)


def test_js_of_equal_densities_is_zero_and_of_separate_ones_log_2():
    x = grid(-30, 30, 12001)
    p, q = normal_density(x, -15.0), normal_density(x, 15.0)
    assert js_divergence(p, p, x) == 0
    assert near(js_divergence(p, q, x), math.log(2))


def test_js_is_symmetric_between_its_limits_and_grows_with_the_distance():
    x = grid(-12, 20)
    p = normal_density(x)
    values = [js_divergence(p, normal_density(x, m), x).item() for m in (0.1, 0.5, 1.0, 2.0, 4.0)]
    assert values == sorted(values)
    assert 0 < values[0] < values[-1] < math.log(2)
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


@pytest.mark.parametrize("divergence", [kl_divergence, js_divergence])
def test_divergences_name_what_is_wrong(divergence):
    x = grid(0, 1, 11)
    p = torch.ones_like(x)
    with pytest.raises(ValueError, match="p has a negative value"):
        divergence(-p, p, x)
    with pytest.raises(ValueError, match="q has a negative value or NaN"):
        divergence(p, p * math.nan, x)
    with pytest.raises(ValueError, match="shapes differ.*'q': "):
        divergence(p, p[:10], x)
    with pytest.raises(ValueError, match="shapes differ.*'x': "):
        divergence(p, p, x[:10])
