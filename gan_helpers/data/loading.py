"""One call for every data set: those with a name, folders of pictures and files."""

from difflib import get_close_matches
from os import PathLike
from pathlib import Path

from gan_helpers.checks import whole_number
from gan_helpers.data.arrays import read_npz
from gan_helpers.data.dataset import Dataset
from gan_helpers.data.downloads import load_cifar10, load_fashion_mnist
from gan_helpers.data.file_kinds import NPZ, file_kind
from gan_helpers.data.folders import read_folder
from gan_helpers.data.mnist import load_mnist
from gan_helpers.data.resizing import recoloured, resized
from gan_helpers.data.tfd import FOLDS, TFD_FILE, TFD_SPLITS, load_tfd
from gan_helpers.kinds import check_file, check_kind

DATASETS = ("mnist", "fashion-mnist", "cifar10", "tfd")
DOWNLOADS = Path("~/.cache/gan_helpers")
SIZES = (4, 1024)  # the least and the most that can be asked for
EXPECTED = (
    f"one of {', '.join(map(repr, DATASETS))}, or the path of a folder of pictures, of an .npz "
    "file or of the .mat file of the Toronto Face Database"
)
# What to do with files of another kind, by the beginning of what file_kind says.
HINTS = {
    "a single": " Give the folder in which it lies.",
    "a .zip": " Unpack it and give the folder.",
    "compressed": " Unpack it first.",
    "a numpy array": " numpy.savez('images.npz', images=numpy.load(source)) makes an .npz of it.",
}


def load_dataset(
    source: str | Path,
    split: str = "train",
    *,
    size: int | None = None,
    grey: bool | None = None,
    fold: int = 0,
    download_to: str | Path = DOWNLOADS,
    progress: bool = True,
) -> Dataset:
    """Load one split of a data set into memory, whatever its source.

    ``source``: "mnist", which comes with the package; "fashion-mnist" or "cifar10", downloaded
    once; "tfd", the Toronto Face Database, whose file its authors send; or the path of a folder of
    pictures, one class a subfolder, of an ``.npz`` file with x_train, y_train, x_test and y_test or
    with images and labels, or of the ``.mat`` file of the Toronto Face Database.

    ``split``: "train" or "test", of "tfd" also "valid" and "unlabelled", in its ``fold``, 0 to 4.
    ``size``: the middle square of each image is brought to size x size pixels, 4 to 1024; None: the
    data set's own size, 32 for a folder. ``grey``: True makes images grey, False gives them three
    channels, None leaves them as they are. ``download_to``: the folder of the downloads and of
    ``tfd/TFD_48x48.mat``.

    Returns a ``Dataset``: images, uint8, shape (N, C, H, W), labels, int64, shape (N,), or None,
    and the names of the classes. Raises ``TypeError`` for an argument of a wrong type,
    ``ValueError`` for a wrong value or images that do not fit into memory, ``FileNotFoundError``
    for a source that is not there and ``OSError`` for one that is damaged or cannot be downloaded.
    Introduced in notebook 10, "Other pictures".
    """
    kind, path = _find(source)
    check_kind(split, "split", str, "'train' is one.")
    splits = tuple(TFD_SPLITS) if kind == "tfd" else ("train", "test")
    if split not in splits:
        expected = ", ".join(map(repr, splits))
        raise ValueError(f"split is {split!r}; expected one of {expected} for {str(source)!r}.")
    if size is not None:
        size = whole_number(size, "size", *SIZES, "None leaves a data set its own size.")
    for value, name in ((grey, "grey"), (progress, "progress")):
        if not (isinstance(value, bool) or value is None and name == "grey"):
            allowed = "True, False or None" if name == "grey" else "True or False"
            raise TypeError(f"{name} is {value!r}; expected {allowed}, without quotes.")
    fold = whole_number(fold, "fold", 0, FOLDS - 1)
    if fold and kind != "tfd":
        raise ValueError(f"fold is {fold}; expected 0 for {str(source)!r}: only 'tfd' has folds.")
    download_to = check_file(download_to, "download_to").expanduser()
    if download_to.exists() and not download_to.is_dir():
        raise NotADirectoryError(f"download_to is {str(download_to)!r}, a file; expected a folder.")
    if kind == "folder":
        return read_folder(path, split, size, grey, progress)
    if kind == "mnist":
        images, labels = load_mnist(split)
        found = Dataset("mnist", images, labels, tuple("0123456789"))
    elif kind == "fashion-mnist":
        found = load_fashion_mnist(split, download_to, progress)
    elif kind == "cifar10":
        found = load_cifar10(split, download_to, progress)
    elif kind == "tfd":
        found = load_tfd(path or download_to / TFD_FILE, split, fold)
    else:
        found = read_npz(path, split)
    images = recoloured(resized(found.images, size), grey)
    return Dataset(found.name, images, found.labels, found.classes)


def _find(source: object) -> tuple[str, Path | None]:
    """The kind of source, and its path if it is one."""
    if isinstance(source, str) and source in DATASETS:
        return source, None
    if not isinstance(source, str | PathLike):
        raise TypeError(f"source is of type {type(source).__name__}; expected {EXPECTED}.")
    if not str(source).strip():
        raise ValueError(f"source is {str(source)!r}; expected {EXPECTED}.")
    path, subject = Path(source).expanduser(), f"source is {str(source)!r}"
    if path.is_dir():
        return "folder", path
    if not path.is_file():
        plain = str(source).lower().replace("_", "-").replace(" ", "-")
        close = get_close_matches(plain, DATASETS, 1, 0.7)
        hint = f" Is {close[0]!r} meant?" if close else ""
        raise FileNotFoundError(f"{subject}, and there is no such file; expected {EXPECTED}.{hint}")
    kind = file_kind(path)
    if kind == NPZ:
        return "npz", path
    if path.suffix.lower() == ".mat" or "MATLAB" in kind:
        return "tfd", path
    hint = next((hint for start, hint in HINTS.items() if kind.startswith(start)), "")
    raise OSError(f"{subject}, {kind}; expected {EXPECTED}.{hint}")
