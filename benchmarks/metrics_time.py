"""How long do the metrics take, beside what they cannot do without?

1. parzen    log-likelihood of 10,000 images under 10,000 samples, as a multiple of the one float64
             matrix product that it needs, (10,000 x 784) by (784 x 10,000), interleaved
2. evaluate  every metric for 10,000 samples of the course's generator, in seconds, the reading of
             the reference images included

    python benchmarks/metrics_time.py         (about two minutes on two CPU cores)
"""

import platform
import statistics
import time
from importlib import resources

import torch

from gan_helpers.data import load_mnist
from gan_helpers.metrics import evaluate, parzen_log_likelihood
from gan_helpers.training import load_generator

ROUNDS = 7


def main() -> None:
    images, samples = load_mnist("test")[0], load_mnist("train")[0][:10_000]
    x, s = (part.flatten(1).double() / 255 for part in (images, samples))
    product = torch.empty(len(x), len(s), dtype=torch.float64)
    times: dict[str, list[float]] = {"product": [], "parzen": []}
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        torch.mm(x, s.T, out=product)
        middle = time.perf_counter()
        parzen_log_likelihood(images, samples, sigma=0.2, progress=False)
        end = time.perf_counter()
        times["product"].append(middle - start)
        times["parzen"].append(end - middle)
    rounds = list(zip(times["parzen"][1:], times["product"][1:], strict=True))  # one to warm up
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for name, values in times.items():
        print(f"{name:<9} {statistics.median(values[1:]):6.2f} s   (median of {ROUNDS})")
    ratio = statistics.median(parzen / product for parzen, product in rounds)
    print(f"parzen / product  {ratio:.2f}   (target: at most 1.5)")

    file = resources.files("gan_helpers") / "assets" / "plain_10_epochs_generator_0.safetensors"
    generator, _ = load_generator(file)
    start = time.perf_counter()
    evaluate(generator, progress=False)
    print(f"evaluate  {time.perf_counter() - start:6.1f} s   (target: below 60)")


if __name__ == "__main__":
    main()
