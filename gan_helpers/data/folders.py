"""A folder of pictures of any size and kind, brought to one size."""

import os
import warnings
from pathlib import Path

import numpy as np
import torch

from gan_helpers.data.dataset import Dataset
from gan_helpers.data.memory import check_memory, in_words
from gan_helpers.kinds import check_file, check_kind
from gan_helpers.progress import progress_bar

# Pillow is imported where it is used: most who import this module read no picture.

SIZE = 32  # pixels on a side, unless another size is given
# The endings that torchvision's ImageFolder takes.
PICTURES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
NAMED = 3  # so many unreadable files are named; the others are counted
SPLIT_NAMES = {"train", "test", "val", "valid", "validation"}


def picture_files(folder: str | Path, endings: tuple[str, ...] = PICTURES) -> list[Path]:
    """List the pictures in ``folder`` and the folders within, in the order of their names.

    ``endings``: what their names end with, in small or capital letters. Left out is what begins
    with a dot, ``.ipynb_checkpoints`` for example, and the ``__MACOSX`` of an unpacked archive.

    Raises ``TypeError`` when ``folder`` is not a name or ``endings`` not a tuple, and
    ``NotADirectoryError`` when there is no such folder. Introduced in notebook 10, "Other
    pictures", by way of ``load_dataset``.
    """
    if not check_file(folder, "folder").is_dir():
        raise NotADirectoryError(f"folder is {str(folder)!r}; expected a folder that exists.")
    check_kind(endings, "endings", tuple, "('.png',) is one.")
    files = []
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _hidden(name)]
        files += [
            Path(place, name)
            for name in names
            if name.lower().endswith(endings) and not _hidden(name)
        ]
    return sorted(files)


def read_folder(
    folder: Path, split: str, size: int | None, grey: bool | None, progress: bool
) -> Dataset:
    """Read the pictures of ``folder``, one class for each of its subfolders that has pictures.

    Each is turned upright as its camera noted, laid on white where it is transparent, and its
    middle square is brought to ``size`` x ``size`` pixels (None: 32). They are grey if ``grey``
    says so, or if it is None and in every pixel of all pictures red, green and blue are equal. A
    folder with ``train`` and ``test`` has these two splits, any other only the split "train".

    Files that cannot be read are left out with a warning. Raises ``FileNotFoundError`` without any
    picture, ``OSError`` when fewer than half can be read or one is too large to be opened, and
    ``ValueError`` for a split that is not there. The layout is that of torchvision's ImageFolder.
    Introduced in notebook 10, "Other pictures", by way of ``load_dataset``.
    """
    size = SIZE if size is None else size
    roots = _splits(folder)
    if split not in roots:
        raise ValueError(
            f"split is {split!r}, and source, {folder}, is not divided; expected 'train', which is "
            "all of it. Move some of the pictures into a subfolder test, the others into train."
        )
    listed = {name: picture_files(root) for name, root in roots.items()}
    # Of both splits, so that a class has the same number in each.
    classes = sorted({_class(file, roots[name]) for name in roots for file in listed[name]} - {""})
    files = listed[split]
    if any(_class(file, roots[split]) for file in files):
        loose = [file for file in files if not _class(file, roots[split])]
        files = [file for file in files if _class(file, roots[split])]
        if loose:
            warnings.warn(
                f"{len(loose)} of {len(listed[split])} pictures in {roots[split]} are left out, as "
                "they lie beside the subfolders, which are the classes: "
                f"{_named(loose, roots[split])}.",
                stacklevel=3,
            )
    else:
        classes = []
    if not files:
        raise FileNotFoundError(
            f"source is {str(folder)!r}, a folder without pictures{_of(split, roots)}; expected "
            f"files with the endings {' '.join(PICTURES)}."
        )
    shape = (len(files), 1 if grey else 3, size, size)
    check_memory(
        f"source is {str(folder)!r}, of which size = {size} makes {in_words(shape)}",
        shape[0] * shape[1] * size**2,
        "Choose a smaller size, grey=True or fewer pictures.",
    )
    images, kept = _read_all(files, torch.empty(shape, dtype=torch.uint8), progress)
    if missing := sorted(set(files) - set(kept)):
        said = f"{len(missing)} of {len(files)} pictures in {roots[split]} cannot be read"
        if len(kept) < len(missing):
            raise OSError(
                f"source is {str(folder)!r}: {said}, {_named(missing, roots[split])}; expected at "
                "least half of them whole. Download or unpack the folder again."
            )
        warnings.warn(f"{said} and are left out: {_named(missing, roots[split])}.", stacklevel=3)
    if grey is None and (images == images[:, :1]).all():
        images = images[:, :1].contiguous()
    labels = [classes.index(_class(file, roots[split])) for file in kept] if classes else None
    return Dataset(
        folder.resolve().name or "pictures",  # the root of a disk has no name
        images,
        None if labels is None else torch.tensor(labels),
        tuple(classes),
    )


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _splits(folder: Path) -> dict[str, Path]:
    """The folder of each split. A class may be called "train", so that this name is not enough."""
    found = {
        path.name.lower(): path
        for path in folder.iterdir()
        if path.is_dir() and not _hidden(path.name)
    }
    if "train" in found and ("test" in found or found.keys() <= SPLIT_NAMES):
        return {name: found[name] for name in ("train", "test") if name in found}
    return {"train": folder}


def _class(file: Path, root: Path) -> str:
    """The subfolder of ``root`` in which ``file`` lies, also deeper; "" for none."""
    first, *rest = file.relative_to(root).parts
    return first if rest else ""


def _of(split: str, roots: dict[str, Path]) -> str:
    return f" in its subfolder {roots[split].name}" if len(roots) > 1 else ""


def _named(files: list[Path], root: Path) -> str:
    names = [file.relative_to(root).as_posix() for file in files[:NAMED]]
    more = [f"{len(files) - NAMED} more"] if len(files) > NAMED else []
    return ", ".join(names + more)


def _read_all(
    files: list[Path], images: torch.Tensor, progress: bool
) -> tuple[torch.Tensor, list[Path]]:
    """Fill ``images``, (N, C, size, size); returns those that were read, and their files."""
    from PIL import Image

    kept = []
    bar = progress_bar(total=len(files), unit="picture", desc="reading", disable=not progress)
    with bar, warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # Pillow's, of odd notes in files that it reads all the same
        for file in files:
            try:
                picture = _read(file, images.shape[3], grey=images.shape[1] == 1)
            except Image.DecompressionBombError as error:
                raise OSError(
                    f"source holds {file}, a picture of more than {2 * Image.MAX_IMAGE_PIXELS:,} "
                    "pixels, which Pillow does not open for safety; expected smaller pictures. "
                    "Take it out of the folder, or save it smaller."
                ) from error
            except Exception:  # Pillow reports damage in a dozen ways
                picture = None
            if picture is not None:
                images[len(kept)] = torch.from_numpy(picture)
                kept.append(file)
            bar.update()
    return images[: len(kept)], kept


def _read(file: Path, size: int, grey: bool) -> np.ndarray:
    """One picture, uint8, shape (C, size, size)."""
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        opened.draft(None, (2 * size, 2 * size))  # a large JPEG is then decoded smaller, and sooner
        picture = _eight_bits(ImageOps.exif_transpose(opened))
    picture = ImageOps.fit(picture.convert("L" if grey else "RGB"), (size, size))
    return np.array(picture).reshape(size, size, -1).transpose(2, 0, 1)


def _eight_bits(picture):
    """A Pillow image in a mode of 8 bits, on white where it is transparent."""
    from PIL import Image

    if picture.mode == "F":
        raise ValueError("floats, of which nobody says what is white")
    if picture.mode[0] == "I":  # whole numbers of 16 bits, also where Pillow keeps them in 32
        pixels = np.asarray(picture).astype(np.int64)
        if not 0 <= pixels.min() <= pixels.max() < 2**16:
            raise ValueError("more than 16 bits")
        return Image.fromarray((pixels / 257).round().astype(np.uint8))
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        opaque = Image.new("RGBA", picture.size, "white")
        opaque.alpha_composite(picture.convert("RGBA"))
        return opaque.convert("RGB")
    return picture
