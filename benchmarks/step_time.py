"""How long does one training step take, beside what it cannot do without?

For the article's networks, and then for the course's, at batch 128, interleaved in one run:

1. products      the bare matrix products of the step: same shapes, same layout, float32, no more
2. course        ``gan_helpers.training``: data in memory, logits, fused Adam, no gradients of D's
                 weights in G's step, and no recording beyond the losses; float32
3. recorded      the same with everything that ``train`` records at its defaults
4. bfloat16      the same as 2 with bfloat16 products (the course's networks)
5. one thread    the same as 2 with one thread, as the others use all (the course's networks)
6. no dropout    the same as 2 with dropout 0, to see its share (the course's networks)
7. before        the recipe that the course had before, with PyTorch's dropout, float32
8. conventional  DataLoader with ToTensor and Normalize, BCELoss on a sigmoid, plain Adam,
                 gradients of D computed in G's step (the article's networks)

    python benchmarks/step_time.py            (about three minutes on two CPU cores)
"""

import argparse
import itertools
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from time_to_digits import BEFORE
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from gan_helpers.data import load_mnist
from gan_helpers.models import ArticleDiscriminator, ArticleGenerator, Discriminator
from gan_helpers.training import ARTICLE, COURSE, Recipe, advance, start_run

BATCH = ARTICLE.batch_size
BLOCK = 20  # steps timed together: the default period of the measurements that train() makes


def layer_shapes(network: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, nn.Linear)]


def forward(layers: list[tuple[int, int]]) -> list[Callable[[], torch.Tensor]]:
    return [product((BATCH, n), (m, n), transpose_second=True) for n, m in layers]


def weight_gradients(layers: list[tuple[int, int]]) -> list[Callable[[], torch.Tensor]]:
    return [product((BATCH, m), (BATCH, n), transpose_first=True) for n, m in layers]


def input_gradients(layers: list[tuple[int, int]]) -> list[Callable[[], torch.Tensor]]:
    return [product((BATCH, m), (m, n)) for n, m in layers]


def product(
    first: tuple[int, int],
    second: tuple[int, int],
    transpose_first: bool = False,
    transpose_second: bool = False,
) -> Callable[[], torch.Tensor]:
    a, b = torch.randn(first), torch.randn(second)
    a = a.t() if transpose_first else a
    b = b.t() if transpose_second else b
    out = torch.empty(a.shape[0], b.shape[1])
    return lambda: torch.mm(a, b, out=out)


def products_of_one_step(recipe: Recipe) -> list[Callable[[], torch.Tensor]]:
    g, d = layer_shapes(recipe.build_generator()), layer_shapes(recipe.build_discriminator())
    one_image_batch = forward(d) + weight_gradients(d) + input_gradients(d[1:])
    d_step = forward(g) + 2 * one_image_batch  # real and fake
    g_step = (forward(g) if recipe.fresh_z else []) + forward(d) + input_gradients(d)
    g_step += weight_gradients(g) + input_gradients(g[1:])
    return d_step + g_step


def products_block(recipe: Recipe) -> Iterator[None]:
    products = products_of_one_step(recipe)
    while True:
        for _ in range(BLOCK):
            for multiply in products:
                multiply()
        yield


def course_block(recipe: Recipe, measure_every: int = 10**9, threads: int = 0) -> Iterator[None]:
    images, _ = load_mnist()
    run, default = start_run(recipe), torch.get_num_threads()
    while True:
        torch.set_num_threads(threads or default)
        for _ in range(BLOCK):
            advance(run, images, BLOCK, measure_every)
        torch.set_num_threads(default)
        yield


def conventional_block(folder: str) -> Iterator[None]:
    """The loop as tutorials write it (the article's own differs in no line that costs time)."""
    write_idx(folder)
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    dataset = datasets.MNIST(folder, train=True, transform=transform)
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, drop_last=True)
    generator, logits = ArticleGenerator(), ArticleDiscriminator()
    discriminator = nn.Sequential(logits, nn.Sigmoid())
    criterion = nn.BCELoss()
    settings = {"lr": ARTICLE.learning_rate, "weight_decay": ARTICLE.weight_decay}
    g_optimizer = torch.optim.Adam(generator.parameters(), **settings)
    d_optimizer = torch.optim.Adam(discriminator.parameters(), **settings)
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    for step, (real, _) in enumerate(itertools.chain.from_iterable(itertools.repeat(loader)), 1):
        fake = generator(torch.randn(BATCH, 100)).detach()
        d_loss = criterion(discriminator(real), ones) + criterion(discriminator(fake), zeros)
        discriminator.zero_grad()
        d_loss.backward()
        d_optimizer.step()

        g_loss = criterion(discriminator(generator(torch.randn(BATCH, 100))), ones)
        discriminator.zero_grad()
        generator.zero_grad()
        g_loss.backward()
        g_optimizer.step()
        if step % BLOCK == 0:
            yield


def write_idx(folder: str) -> None:
    """Write the bundled training split as the files that torchvision's MNIST reads."""
    images, labels = load_mnist()
    raw = Path(folder, "MNIST", "raw")
    raw.mkdir(parents=True)
    for split in ("train", "t10k"):  # torchvision wants all four files to be there
        for name, array in (("images-idx3", images.squeeze(1)), ("labels-idx1", labels)):
            array = array.numpy().astype(np.uint8)
            header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, dtype=">u4").tobytes()
            (raw / f"{split}-{name}-ubyte").write_bytes(header + array.tobytes())


def compare(title: str, ways: dict[str, Iterator[None]], blocks: int) -> dict[str, list[float]]:
    """Milliseconds a step for each way, block by block in turn; printed as medians."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(blocks + 2):
        for name, way in ways.items():
            start = time.perf_counter()
            next(way)
            if round_number >= 2:  # the first two warm up
                times[name].append((time.perf_counter() - start) / BLOCK * 1000)
    print(f"{title}\n\nway            median ms   quartiles ms")
    for name, values in times.items():
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"{name:<14} {middle:9.2f}   {low:.2f} to {high:.2f}")
    print()
    return times


def ratio(times: dict[str, list[float]], name: str, to: str) -> float:
    """Median over the rounds: both numbers of a round come from the same few seconds."""
    return statistics.median(a / b for a, b in zip(times[name], times[to], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=30, help=f"blocks of {BLOCK} steps (30)")
    blocks = parser.parse_args().blocks
    threads = torch.get_num_threads()
    print(f"{platform.machine()}, {threads} threads, torch {torch.__version__}, batch {BATCH}")
    print(f"{blocks} blocks of {BLOCK} steps each, interleaved\n")

    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "products": products_block(ARTICLE),
            "course": course_block(ARTICLE),
            "recorded": course_block(ARTICLE, measure_every=20),
            "conventional": conventional_block(folder),
        }
        times = compare("The article's networks", ways, blocks)
    print(f"course / products      {ratio(times, 'course', 'products'):.2f}   (at most 1.25)")
    print(f"course / conventional  {ratio(times, 'course', 'conventional'):.2f}   (at most 0.50)")
    print(f"recorded / course      {ratio(times, 'recorded', 'course'):.3f}  (below 1.05)\n")

    course = replace(COURSE, bfloat16=False)
    no_dropout = replace(course, build_discriminator=partial(Discriminator, dropout=0.0))
    before = replace(BEFORE, bfloat16=False)
    ways = {
        "products": products_block(COURSE),
        "course": course_block(course),
        "recorded": course_block(course, measure_every=20),
        "bfloat16": course_block(COURSE),
        "one thread": course_block(course, threads=1),
        "no dropout": course_block(no_dropout),
        "before": course_block(before),
    }
    if not start_run(COURSE).bfloat16:
        del ways["bfloat16"]  # this processor has none
    times = compare("The course's networks", ways, blocks)
    print(f"course / products      {ratio(times, 'course', 'products'):.2f}   (at most 1.25)")
    for name in list(ways)[2:]:
        print(f"{name + ' / course':<22} {ratio(times, name, 'course'):.2f}")
    print(f"course / before        {ratio(times, 'course', 'before'):.2f}   (target: 0.60)")


if __name__ == "__main__":
    main()
