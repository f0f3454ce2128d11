"""Images in memory: MNIST and others, and the way into the networks, scaled and in batches."""

from gan_helpers.data.dataset import Dataset
from gan_helpers.data.file_kinds import NPY, NPZ, file_kind
from gan_helpers.data.folders import picture_files
from gan_helpers.data.loading import DATASETS, load_dataset
from gan_helpers.data.mnist import ASSETS, MNIST_FILE, MNIST_SHA256, load_mnist
from gan_helpers.data.scaling import batches, scale_images, to_uint8
