"""The real images that others are compared with: those of a data set, or the reader's own."""

from functools import cached_property, lru_cache
from os import PathLike

import torch

from gan_helpers.checks import check_images, check_tensor
from gan_helpers.data import load_dataset, load_mnist
from gan_helpers.metrics.classifier import SHAPES, classify
from gan_helpers.metrics.inception import inception_features
from gan_helpers.metrics.neighbours import nearest_neighbours

PIXEL_NEIGHBOURS = 1_000  # images whose nearest training image is looked for in pixels
FEWEST_OWN = 100  # of fewer pictures there is no 1 % quantile
MOST_INCEPTION = 10_000  # real images that Inception looks at
EYES = ("classifier", "inception")


class Reference:
    """Real images, and what every evaluation needs of them, each computed once, when it is needed.

    ``name``; ``train``: uint8, shape (N, C, H, W), what a generator may have copied; ``test``:
    unseen images, or None; ``labels`` of these, int64, or None; ``validation``: the images on which
    Parzen's sigma is chosen, or None. ``features``: "classifier", "inception" or None, the eyes
    that the distances look through; ``classified``: whether a classifier is shipped for ``name``.
    ``reference_of`` makes one. Introduced in notebook 10, "Measuring other pictures".
    """

    def __init__(
        self,
        name: str,
        train: torch.Tensor,
        validation: torch.Tensor | None = None,
        test: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        features: str | None = None,
        classified: bool = False,
    ):
        self.name, self.train, self.validation, self.test = name, train, validation, test
        self.labels, self.features, self.classified = labels, features, classified
        self.progress = True  # a bar while Inception looks at the real images, which takes long

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width of one image."""
        return tuple(self.train.shape[1:])

    @cached_property
    def train_features(self) -> torch.Tensor:
        return classify(self.train, self.name).features

    @cached_property
    def real_features(self) -> torch.Tensor:
        """Of the test images; of the training images where there are no others."""
        real = self.train if self.test is None else self.test
        if self.features == "inception":
            return inception_features(spread(real, MOST_INCEPTION), self.progress)
        return classify(real, self.name).features

    @cached_property
    def pixel_distances(self) -> torch.Tensor:
        """Of 1,000 unseen images, to the nearest training image."""
        if self.test is not None:
            test = spread(self.test, PIXEL_NEIGHBOURS)
            return nearest_neighbours(test, self.train, progress=False).distances[:, 0]
        # Of a training image, the second nearest is not itself: for all the others it is unseen. A
        # picture that is there twice counts as one.
        some = spread(self.train, PIXEL_NEIGHBOURS)
        distances = nearest_neighbours(some, self.train, 2, progress=False).distances[:, 1]
        if not (distances > 0).any():
            raise ValueError(
                "data holds each picture twice or more; expected different pictures. Take the "
                "copies out."
            )
        return distances[distances > 0]

    @cached_property
    def feature_distances(self) -> torch.Tensor:
        """Of all test images, to the nearest training image."""
        found = nearest_neighbours(self.real_features, self.train_features, progress=False)
        return found.distances[:, 0]


def spread(images: torch.Tensor, most: int) -> torch.Tensor:
    """At most ``most`` images, evenly spread: MNIST's first test images are easier than others."""
    most = min(most, len(images))
    return images[torch.linspace(0, len(images) - 1, most).long()]


def reference_of(
    data: object = "mnist", held_out: object = None, *, features: str | None = None
) -> Reference:
    """The real images of ``data``, for ``evaluate_images`` and ``evaluate``.

    ``data``: "mnist", "fashion-mnist" or "cifar10", for which a classifier is shipped; another
    source that ``load_dataset`` takes, such as a folder; or a ``Dataset``, at least 100 images.
    ``held_out``: a ``Dataset`` of images that no generator was trained on; of a source, its split
    "test", where it has one. ``features``: "classifier", "inception" or None, the classifier where
    there is one. Through Inception, 2,049 images or more are needed on both sides.

    Without a classifier and without Inception, only pixels are compared: the copy test, and with
    held-out images the Parzen windows. Without held-out images, the copy test asks how far each
    training image lies from the nearest other, and Inception compares with the training images,
    of which a generator that copies them looks best.

    Raises ``TypeError`` and ``ValueError`` for other arguments, and the errors of ``load_dataset``.
    Introduced in notebook 10, "Measuring other pictures".
    """
    if features is not None and features not in EYES:
        raise ValueError(
            f"features is {features!r}; expected 'classifier', 'inception' or None, the classifier "
            "where there is one."
        )
    if isinstance(data, str) and data in SHAPES:
        if held_out is not None:
            raise ValueError(f"held_out is for your own pictures, and {data!r} has a test set.")
        return _shipped(data, features or "classifier")
    if features == "classifier":
        raise ValueError(
            "features is 'classifier', and none is shipped for this data; expected 'inception', or "
            f"None for pixels alone. There is one for {', '.join(map(repr, SHAPES))}."
        )
    if isinstance(data, str | PathLike):
        data, held_out = _loaded(data, held_out)
    train = _images_of(data, "data")
    validation = test = None
    if held_out is not None:
        # Sigma must not be chosen on the images that are then measured.
        unseen = _images_of(held_out, "held_out", tuple(train.shape[1:]))
        # A folder is sorted by class, so the 1,000 are spread over all of it.
        validation, test = spread(unseen[::2], 1000), unseen[1::2]
    return Reference(data.name, train, validation, test, features=features)


@lru_cache(maxsize=1)
def _shipped(name: str, features: str) -> Reference:
    if name == "mnist":
        (train, _), (test, labels) = load_mnist("train"), load_mnist("test")
    else:
        train = load_dataset(name, "train").images
        found = load_dataset(name, "test")
        test, labels = found.images, found.labels
    # The paper's protocol: sigma on the first 1,000 of the last 10,000 training images.
    return Reference(name, train, train[-10_000:][:1000], test, labels, features, classified=True)


def _loaded(source: str | PathLike, held_out: object) -> tuple[object, object]:
    train = load_dataset(source, "train")
    if held_out is None:
        try:
            held_out = load_dataset(source, "test")
        except ValueError:  # it has no such split
            return train, None
    return train, held_out


def _images_of(data: object, name: str, shape: tuple[int, ...] | None = None) -> torch.Tensor:
    images = getattr(data, "images", None)
    if not isinstance(images, torch.Tensor):
        raise TypeError(
            f"{name} is of type {type(data).__name__}; expected the name of a data set, the path "
            "of a folder or of an .npz file, or a Dataset. gan_helpers.data.load_dataset makes one."
        )
    check_tensor(images, f"{name}.images")
    check_images(images, f"{name}.images", shape or tuple(images.shape[1:]))
    if images.ndim != 4 or len(images) < FEWEST_OWN:
        raise ValueError(
            f"{name}.images has shape {tuple(images.shape)}; expected (N, C, H, W), N at least "
            f"{FEWEST_OWN}, as fewer do not tell what is usual. Add pictures."
        )
    return images
