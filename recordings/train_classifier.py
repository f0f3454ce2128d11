"""Train the digit classifier that the metrics look through, and keep it in the package.

python recordings/train_classifier.py     (about three minutes on two CPU cores)

Eight epochs of Adam, learning rate 2e-3 falling to 0 along a cosine, on the 60,000 training images
and half as many images that are no digits, made from them: noise, grey, mixtures and shuffled
pieces. No generator's sample is among them. The test set is looked at once, at the end.
"""

import platform

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from tqdm.auto import tqdm

from gan_helpers.data import load_mnist, scale_images
from gan_helpers.metrics import CLASSES, DigitClassifier
from gan_helpers.metrics.classifier import CLASSIFIER_FILE

SEED, EPOCHS, BATCH, LEARNING_RATE = 0, 8, 128, 2e-3
KIND = BATCH // 8  # images of each of the four kinds of no digits in a batch


def no_digits(digits: torch.Tensor) -> torch.Tensor:
    """64 images that are no digits, made from 128 that are: uint8, shape (64, 1, 28, 28)."""
    flat = digits.flatten(1).float()  # (128, 784)
    # Noise with the digits' own pixels: each pixel from another image. Grey noise.
    foreign = flat[torch.randint(BATCH, (KIND, 784)), torch.arange(784)]
    grey = torch.rand(KIND, 1) * 255 + torch.randn(KIND, 784) * torch.rand(KIND, 1) * 100
    # Mixtures of eight digits: a blob. Sixteen 7 x 7 pieces of a digit, in another order.
    blobs = flat.view(KIND, 8, 784).mean(1) * (1 + 2 * torch.rand(KIND, 1))
    pieces = flat[:KIND].view(KIND, 4, 7, 4, 7).transpose(2, 3).reshape(KIND, 16, 49)
    pieces = pieces[:, torch.randperm(16)].view(KIND, 4, 4, 7, 7).transpose(2, 3)
    images = torch.cat((foreign, grey, blobs, pieces.reshape(KIND, 784)))
    return images.clamp(0, 255).to(torch.uint8).view(-1, 1, 28, 28)


def main() -> None:
    torch.manual_seed(SEED)
    images, labels = load_mnist("train")
    classifier = DigitClassifier()
    optimizer = torch.optim.Adam(classifier.parameters(), lr=LEARNING_RATE)
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    with tqdm(total=steps, unit="step") as bar:
        for _ in range(EPOCHS):
            for chosen in torch.randperm(len(images)).split(BATCH)[: len(images) // BATCH]:
                digits = images[chosen]
                batch = torch.cat((digits, no_digits(digits)))
                answers = torch.cat((labels[chosen], torch.full((4 * KIND,), CLASSES)))
                _, logits = classifier(scale_images(batch))
                loss = cross_entropy(logits, answers)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()

    classifier.eval()
    images, labels = load_mnist("test")
    with torch.no_grad():
        _, logits = classifier(scale_images(images))
    # Of eleven answers: a digit taken for no digit counts as wrong.
    accuracy = (logits.argmax(dim=1) == labels).float().mean().item()
    about = {
        "command": "python recordings/train_classifier.py",
        "seed": str(SEED),
        "test accuracy": f"{accuracy:.4f}",
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} threads",
        "torch": torch.__version__.split("+")[0],
    }
    save_file(classifier.state_dict(), CLASSIFIER_FILE, metadata=about)
    print(f"test accuracy {accuracy:.4f}, written to {CLASSIFIER_FILE.name}")


if __name__ == "__main__":
    main()
