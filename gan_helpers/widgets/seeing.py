"""What the panels on z have to say of a picture: D's opinion, and the class that is seen in it."""

from collections.abc import Sequence

import torch
from torch import nn

from gan_helpers.checks import IMAGE_SHAPE, check_network
from gan_helpers.data import to_uint8
from gan_helpers.kinds import check_kind
from gan_helpers.metrics import CLASS_NAMES, classify, load_classifier
from gan_helpers.models import OneClass, classes_of, evaluating


def shape_of(generator: nn.Module) -> tuple[int, int, int]:
    """The shape of the generator's images; MNIST's if it does not say."""
    return getattr(generator, "image_shape", IMAGE_SHAPE)


def noun_of(generator: nn.Module, data: str | None = "mnist") -> str:
    """What to call the generator's images: "digit" where they can be MNIST's, else "picture"."""
    return "digit" if data == "mnist" and shape_of(generator) == IMAGE_SHAPE else "picture"


# --- D's opinion --------------------------------------------------------------------------------


def check_discriminator(discriminator: nn.Module | None, generator: nn.Module) -> None:
    """Raise unless ``discriminator`` is None or judges what ``generator`` draws.

    ``TypeError`` if it is no network, ``ValueError`` for other images or other classes.
    """
    if discriminator is None:
        return
    check_network(discriminator, "discriminator")
    shape = getattr(discriminator, "image_shape", shape_of(generator))
    if shape != shape_of(generator):
        raise ValueError(
            f"discriminator takes images of shape {shape}, and generator draws "
            f"{shape_of(generator)}; expected two networks for the same images."
        )
    whole = generator.generator if isinstance(generator, OneClass) else generator
    told, drawn = classes_of(discriminator), classes_of(whole)
    if told and told != drawn:
        raise ValueError(
            f"discriminator has {told} classes, and generator has {drawn or 'none'}; expected "
            "as many in both, or a discriminator without classes."
        )


@torch.no_grad()
def look(
    generator: nn.Module, discriminator: nn.Module | None, z: torch.Tensor
) -> tuple[torch.Tensor, list[float]]:
    """Draw the images of ``z``, uint8, and ask for D(G(z)); it has to be fast for a drag.

    ``generator``: takes z alone. A discriminator with classes is told that of ``OneClass``. Without
    a discriminator there are no opinions.
    """
    with evaluating(generator):
        x = generator(z)
    if discriminator is None:
        return to_uint8(x), []
    told = (torch.full((len(z),), generator.label),) if classes_of(discriminator) else ()
    with evaluating(discriminator):
        return to_uint8(x), discriminator(x, *told).sigmoid().flatten().tolist()


# --- classes ------------------------------------------------------------------------------------


def check_seen_data(data: str | None, generator: nn.Module) -> str | None:
    """Return ``data``, or None where its classifier takes other images than the generator draws.

    Raises ``TypeError`` and ``ValueError`` when no classifier of that name is shipped.
    """
    if data is None or load_classifier(data).image_shape != shape_of(generator):
        return None
    return data


def names_of_classes(
    generator: nn.Module, classes: Sequence[str] | None, data: str | None
) -> tuple[str, ...]:
    """The names of the generator's classes: ``classes``, or those of ``data``, or numbers.

    Raises ``TypeError`` for what are no texts and ``ValueError`` for another number of names.
    """
    count = classes_of(generator)
    if classes is None:
        names = CLASS_NAMES.get(data, ())
        return names if len(names) == count else tuple(map(str, range(count)))
    hint = "load_dataset(...).classes is one."
    if not isinstance(classes, list | tuple):  # a text is a sequence of texts, too
        kind = type(classes).__name__
        raise TypeError(f"classes is of type {kind}; expected a list or tuple of names. {hint}")
    for name in classes:
        check_kind(name, "a name in classes", str, "str(...) makes one.")
    if len(classes) != count:
        raise ValueError(
            f"classes has {len(classes)} names, and generator has {count or 'no'} classes; "
            f"expected one name for each class. {hint}"
        )
    return tuple(classes)


def nearest_class(image: torch.Tensor, data: str) -> str:
    """Say in one sentence what the classifier of ``data`` sees in ``image``, (1, C, H, W)."""
    seen = classify(image, data)
    label = seen.probabilities[0].argmax().item()
    probability = (seen.digit * seen.probabilities[0, label]).item()  # "none of them" counts
    return f"Nearest class: {CLASS_NAMES[data][label]} (probability {probability:.2f})."


def classes_at_ends(images: torch.Tensor, data: str) -> str:
    """Name the classes that the classifier sees in the first and in the last of ``images``."""
    low, *_, high = classify(images, data).probabilities.argmax(1).tolist()
    return f"{CLASS_NAMES[data][low]} and {CLASS_NAMES[data][high]}"
