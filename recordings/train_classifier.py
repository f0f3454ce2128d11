"""Train the classifier that the metrics look through, and keep it in the package.

python recordings/train_classifier.py     (about three minutes on two CPU cores)
python recordings/train_classifier.py --data fashion-mnist
python recordings/train_classifier.py --data cifar10 --file cifar10_jpeg.npz

Adam, learning rate 2e-3 falling to 0 along a cosine, on the training images and on fewer images
that are of no class, made from them: noise, grey, mixtures and shuffled pieces. No generator's
sample is among them. The test set is looked at once, at the end. The photographs of CIFAR-10 are
also mirrored and moved by up to four pixels, or the network would learn them by heart.

--file: JPEG copies of CIFAR-10 in an .npz, for who has no originals: train_jpeg (all files' bytes
in a row), train_end (where each ends), train_label, and the same of test_.
"""

import argparse
import io
import platform
import time

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, pad
from tqdm.auto import tqdm

from gan_helpers.data import load_dataset, load_mnist, scale_images
from gan_helpers.metrics import CLASSES, DigitClassifier
from gan_helpers.metrics.classifier import SHAPES, classifier_file

SEED, BATCH, LEARNING_RATE = 0, 128, 2e-3
EPOCHS = {"mnist": 8, "fashion-mnist": 8, "cifar10": 11}
# Images of each of the four kinds that are of no class, in a batch.
KIND = {"mnist": BATCH // 8, "fashion-mnist": BATCH // 16, "cifar10": BATCH // 8}


def of_no_class(images: torch.Tensor, kind: int) -> torch.Tensor:
    """4 * ``kind`` images that are of no class, made from 128 that are: uint8, same shape."""
    channels, height, width = images.shape[1:]
    pixels, tall, wide = height * width, height // 4, width // 4
    flat = images.flatten(2).float()  # (128, C, pixels)
    # Noise with the images' own pixels: each pixel from another image. Grey, or coloured, noise.
    chosen = torch.randint(BATCH, (kind, pixels))
    foreign = flat[chosen[:, None], torch.arange(channels)[:, None], torch.arange(pixels)]
    plain = (torch.rand(kind, channels) * 255)[:, :, None]
    # Photographs have skies and walls: of the noise beside them, more is nearly plain.
    contrast = torch.rand(kind, 1, 1) ** (1 if channels == 1 else 2)
    grey = plain + torch.randn(kind, channels, pixels) * contrast * 100
    # Mixtures of eight images: a blob. Sixteen pieces of an image, in another order.
    blobs = flat[: 8 * kind].view(kind, 8, channels, pixels).mean(1)
    blobs = blobs * (1 + 2 * torch.rand(kind, 1, 1))
    pieces = flat[:kind].view(kind, channels, 4, tall, 4, wide).transpose(3, 4)
    pieces = pieces.reshape(kind, channels, 16, -1)[:, :, torch.randperm(16)]
    pieces = pieces.view(kind, channels, 4, 4, tall, wide).transpose(3, 4)
    made = torch.cat((foreign, grey, blobs, pieces.reshape(kind, channels, pixels)))
    return made.clamp(0, 255).to(torch.uint8).view(-1, *images.shape[1:])


def moved(images: torch.Tensor, most: int = 4) -> torch.Tensor:
    """The images, half of them mirrored, each moved by up to ``most`` pixels each way."""
    count, _, height, width = images.shape
    padded = pad(images.float(), (most,) * 4, mode="reflect").to(torch.uint8)
    down = torch.randint(2 * most + 1, (count, 1)) + torch.arange(height)
    right = torch.randint(2 * most + 1, (count, 1)) + torch.arange(width)
    right = torch.where(torch.rand(count, 1) < 0.5, right.flip(1), right)
    rows, columns = down[:, :, None], right[:, None, :]
    return padded[torch.arange(count)[:, None, None], :, rows, columns].permute(0, 3, 1, 2)


def load(data: str, split: str, file: str | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Images, uint8, (N, C, H, W), and labels, (N,), of one split."""
    if data == "mnist":
        return load_mnist(split)
    if file is None:
        found = load_dataset(data, split)
        return found.images, found.labels
    with np.load(file, allow_pickle=False) as arrays:
        content, ends = arrays[f"{split}_jpeg"].tobytes(), arrays[f"{split}_end"].tolist()
        labels = torch.from_numpy(arrays[f"{split}_label"].astype(np.int64))
    starts = [0, *ends[:-1]]
    pictures = [Image.open(io.BytesIO(content[a:b])) for a, b in zip(starts, ends, strict=True)]
    images = np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])
    images = torch.from_numpy(images).permute(0, 3, 1, 2)
    # The copies may be sorted by class, and then the first 10,000 are of two classes only.
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order].contiguous(), labels[order]


def train(data: str, images: torch.Tensor, labels: torch.Tensor) -> DigitClassifier:
    deep, kind = data != "mnist", KIND[data]
    classifier = DigitClassifier(SHAPES[data], deep)
    if deep:
        classifier = classifier.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=LEARNING_RATE)
    steps = EPOCHS[data] * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    with tqdm(total=steps, unit="step", mininterval=5) as bar:
        for _ in range(EPOCHS[data]):
            for chosen in torch.randperm(len(images)).split(BATCH)[: len(images) // BATCH]:
                real = moved(images[chosen]) if data == "cifar10" else images[chosen]
                batch = torch.cat((real, of_no_class(real, kind)))
                answers = torch.cat((labels[chosen], torch.full((4 * kind,), CLASSES)))
                with torch.autocast("cpu", torch.bfloat16, enabled=deep):
                    _, logits = classifier(scale_images(batch))
                loss = cross_entropy(logits.float(), answers)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                bar.update()
    return classifier.eval()


@torch.no_grad()
def answers_of(classifier: DigitClassifier, images: torch.Tensor) -> torch.Tensor:
    """Which of the eleven answers the classifier gives to each image."""
    return torch.cat([classifier(scale_images(part))[1].argmax(1) for part in images.split(1000)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=SHAPES, default="mnist")
    parser.add_argument("--file", help="JPEG copies of CIFAR-10, an .npz")
    arguments = parser.parse_args()
    data, file = arguments.data, arguments.file
    if file and data != "cifar10":
        parser.error("--file holds copies of CIFAR-10; expected --data cifar10 beside it.")
    torch.manual_seed(SEED)
    images, labels = load(data, "train", file)
    begin = time.process_time()
    classifier = train(data, images, labels)
    minutes = (time.process_time() - begin) / 60
    weights = classifier.state_dict()
    if data != "mnist":  # halves the file; what is shipped is what is tested
        weights = {
            name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in weights.items()
        }
        weights = {name: tensor.contiguous() for name, tensor in weights.items()}
        classifier.load_state_dict(weights)
    images, labels = load(data, "test", file)
    # Of eleven answers: a digit taken for no digit counts as wrong.
    accuracy = (answers_of(classifier, images) == labels).float().mean().item()
    command = "python recordings/train_classifier.py"
    if data != "mnist":
        command += f" --data {data}" + (" --file cifar10_jpeg.npz" if file else "")
    about = {
        "command": command,
        "seed": str(SEED),
        "test accuracy": f"{accuracy:.4f}",
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} threads",
        "torch": torch.__version__.split("+")[0],
    }
    if data != "mnist":
        about["CPU minutes"] = f"{minutes:.1f}"
    if file:
        about["data"] = "trained on JPEG copies of CIFAR-10, tested on JPEG copies"
    save_file(weights, classifier_file(data), metadata=about)
    print(f"test accuracy {accuracy:.4f}, written to {classifier_file(data).name}")


if __name__ == "__main__":
    main()
