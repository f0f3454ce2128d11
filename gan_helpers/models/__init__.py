"""The networks, their first weights, and images drawn with them."""

from gan_helpers.models.building import count_parameters, initialise, new_network
from gan_helpers.models.classes import OneClass, classes_of, each_class
from gan_helpers.models.convolutional import ConvDiscriminator, ConvGenerator
from gan_helpers.models.dense import (
    ArticleDiscriminator,
    ArticleGenerator,
    Discriminator,
    Dropout,
    Generator,
)
from gan_helpers.models.paper import Maxout, PaperDiscriminator, PaperGenerator
from gan_helpers.models.sampling import draw, evaluating, sample

# Files store the name of a network and its ``sizes``, the arguments that build it again.
GENERATORS = {
    kind.__name__: kind for kind in (Generator, ConvGenerator, ArticleGenerator, PaperGenerator)
}
DISCRIMINATORS = {
    kind.__name__: kind
    for kind in (Discriminator, ConvDiscriminator, ArticleDiscriminator, PaperDiscriminator)
}
