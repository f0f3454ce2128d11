"""Train the digit classifier that the metrics look through, and keep it in the package.

python benchmarks/train_classifier.py     (about two minutes on two CPU cores)

Ten epochs of Adam, learning rate 1e-3 falling to 0 along a cosine, on the 60,000 training images.
The test set is looked at once, at the end.
"""

import platform

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from tqdm.auto import tqdm

from gan_helpers.classifier import CLASSIFIER_FILE, DigitClassifier
from gan_helpers.data import load_mnist, scale_images

SEED, EPOCHS, BATCH, LEARNING_RATE = 0, 10, 128, 1e-3


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
                _, logits = classifier(scale_images(images[chosen]))
                loss = cross_entropy(logits, labels[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()

    classifier.eval()
    images, labels = load_mnist("test")
    with torch.no_grad():
        _, logits = classifier(scale_images(images))
    accuracy = (logits.argmax(dim=1) == labels).float().mean().item()
    about = {
        "command": "python benchmarks/train_classifier.py",
        "seed": str(SEED),
        "test accuracy": f"{accuracy:.4f}",
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} threads",
        "torch": torch.__version__.split("+")[0],
    }
    save_file(classifier.state_dict(), CLASSIFIER_FILE, metadata=about)
    print(f"test accuracy {accuracy:.4f}, written to {CLASSIFIER_FILE.name}")


if __name__ == "__main__":
    main()
