"""Images in memory: MNIST, and the way into the networks, scaled and in batches."""

from gan_helpers.data.file_kinds import NPY, NPZ, file_kind
from gan_helpers.data.mnist import ASSETS, MNIST_FILE, MNIST_SHA256, load_mnist
from gan_helpers.data.scaling import batches, scale_images, to_uint8
