"""How a network is told a class: joined to z in the generator, projected in the discriminator."""

import torch
from torch import nn

from gan_helpers.checks import check_labels, check_network, latent_dim_of, whole_number

EMBEDDED = 32  # learned numbers by which a generator is told each class


def class_embedding(classes: int, width: int) -> nn.Embedding | None:
    """Return ``classes`` learned vectors of ``width`` numbers, or None when there are no classes.

    Raises ``TypeError`` and ``ValueError`` unless ``classes`` is a whole number, at least 0.
    """
    classes = whole_number(classes, "classes", 0, hint="0 stands for a network without classes.")
    return nn.Embedding(classes, width) if classes else None


def join_class(
    z: torch.Tensor, embedding: nn.Embedding | None, labels: torch.Tensor | None
) -> torch.Tensor:
    """Return z and the vector of its class in one row, (N, latent_dim + width); z without classes.

    Raises ``TypeError`` and ``ValueError`` when the labels do not fit. Source: Mirza and Osindero
    2014, section 3.2. Introduced in notebook 10, "Classes", by way of ``Generator``.
    """
    check_labels(labels, len(z), 0 if embedding is None else embedding.num_embeddings)
    if embedding is None:
        return z
    return torch.cat((z, embedding(labels).to(z.dtype)), dim=1)


def judge(
    layers: nn.Sequential,
    inputs: torch.Tensor,
    embedding: nn.Embedding | None,
    labels: torch.Tensor | None,
) -> torch.Tensor:
    """Return the logits of a discriminator's ``layers``, (N, 1); with classes, w h + b + <v_y, h>.

    h are the features before the last layer, w h + b is that layer, and v_y the vector of the class
    asked for: it says in which direction images of this class are more often real. Raises
    ``TypeError`` and ``ValueError`` when the labels do not fit. Source: Miyato and Koyama 2018,
    section 3, equation 4. Introduced in notebook 10, "Classes", by way of ``Discriminator``.
    """
    check_labels(labels, len(inputs), 0 if embedding is None else embedding.num_embeddings)
    if embedding is None:
        return layers(inputs)
    features = layers[:-1](inputs)
    return layers[-1](features) + (embedding(labels) * features).sum(dim=1, keepdim=True)


class OneClass(nn.Module):
    """A class-conditional generator that always draws one class, so that it takes z alone.

    With it, everything that takes a generator (panels, interpolation, measures) works for a class.
    ``label``: which class, in [0, classes). Input and output: those of ``generator``. Raises
    ``TypeError`` when ``generator`` is none, and ``ValueError`` when it has no classes or not this
    one. Introduced in notebook 10, "Classes".
    """

    def __init__(self, generator: nn.Module, label: int):
        super().__init__()
        self.latent_dim = latent_dim_of(generator)
        classes = classes_of(generator)
        if not classes:
            raise ValueError(
                "generator has no classes; expected one that was built with classes=10, for "
                "example. Without classes, use the generator itself."
            )
        self.label = whole_number(label, "label", 0, classes - 1)
        self.generator = generator
        self.image_shape = generator.image_shape

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.generator(z, torch.full((len(z),), self.label, device=z.device))


def classes_of(network: nn.Module) -> int:
    """Return the number of classes that ``network`` has to be told, 0 for a network without.

    Raises ``TypeError`` when it is no network. Introduced in notebook 10, "Classes".
    """
    check_network(network, "network")
    return int(getattr(network, "classes", 0))


def each_class(count: int, classes: int) -> torch.Tensor | None:
    """Return labels 0, 1, ..., classes - 1, 0, 1, ... of ``count`` images; None without classes.

    Introduced in notebook 10, "Classes", by way of ``draw``.
    """
    return torch.arange(count) % classes if classes else None
