"""Draw the README's picture: digits by the course's own generator.

    python figures/make_digits.py    (about a minute on two CPU cores)

The course's recipe, seed 0, 10 epochs: the run of notebook 04.
"""

from pathlib import Path

from gan_helpers.data import load_mnist
from gan_helpers.plots import grid_image
from gan_helpers.training import COURSE, start_run, train


def main() -> None:
    images, _ = load_mnist("train")
    history = train(start_run(COURSE, seed=0), images, epochs=10)
    picture = grid_image(history.frames[-1], columns=20)
    picture.save(Path(__file__).parent / "digits.png", optimize=True)


if __name__ == "__main__":
    main()
