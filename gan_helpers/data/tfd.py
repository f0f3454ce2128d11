"""The Toronto Face Database, which its authors send on request as one file of MATLAB."""

import math
from pathlib import Path

import numpy as np
import torch

from gan_helpers.data.dataset import Dataset
from gan_helpers.data.file_kinds import file_kind
from gan_helpers.data.memory import check_memory, in_words

TFD_FILE = Path("tfd") / "TFD_48x48.mat"  # below the folder of the downloads
TFD_SPLITS = {"unlabelled": 0, "train": 1, "valid": 2, "test": 3}  # as the array folds has them
EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
FOLDS = 5


def load_tfd(file: Path, split: str, fold: int) -> Dataset:
    """Load one split of the Toronto Face Database, faces of 48 x 48 grey pixels.

    The arrays of ``file``: images, shape (n, 48, 48), in [0, 255]; folds, shape (n, 5), of which
    ``fold`` names the column; labs_ex, n expressions from 1 to 7. The split "unlabelled" has no
    labels. Raises ``FileNotFoundError`` when the file is missing, ``OSError`` when it is damaged or
    of another kind and ``ValueError`` when it does not hold these arrays.

    Source: Susskind, Anderson and Hinton, "The Toronto Face Database", technical report UTML TR
    2010-001; the layout as pylearn2 reads it. Introduced in notebook 10, "Other pictures", by way
    of ``load_dataset``.
    """
    if not file.is_file():
        raise FileNotFoundError(
            f"source is 'tfd', and there is no file {file}; expected the Toronto Face Database "
            "there. Its authors (Susskind, Anderson and Hinton, University of Toronto) give it on "
            f"request only: ask them for {TFD_FILE.name}, or give the path of your copy as source."
        )
    arrays = _read_mat(file)
    images, folds = arrays["images"], arrays["folds"]
    chosen = folds[:, fold] == TFD_SPLITS[split]
    if not chosen.any():
        raise ValueError(
            f"split is {split!r}, and source, {file}, has no image of it in fold {fold}; expected "
            f"at least one {TFD_SPLITS[split]} in column {fold} of its array folds."
        )
    images = images[chosen]
    if images.dtype != np.uint8:
        least, most = images.min(), images.max()
        if not (0 <= least and 1 < most <= 255):  # NaN fails, too
            raise ValueError(
                f"source is {str(file)!r}, whose images have values from {least:.4g} to "
                f"{most:.4g}; expected 0 to 255, as in the published file."
            )
        images = images.round().astype(np.uint8)
    pixels = torch.from_numpy(np.ascontiguousarray(images)).unsqueeze(1)
    if split == "unlabelled":
        return Dataset("tfd", pixels)
    labels = arrays["labs_ex"].reshape(-1)[chosen]
    if not ((1 <= labels) & (labels <= len(EXPRESSIONS))).all():
        raise ValueError(
            f"source is {str(file)!r}, whose labs_ex has values from {labels.min()} to "
            f"{labels.max()} in this split; expected 1 to 7, the seven expressions."
        )
    return Dataset("tfd", pixels, torch.from_numpy(labels.astype(np.int64) - 1), EXPRESSIONS)


def _read_mat(file: Path) -> dict[str, np.ndarray]:
    """The arrays images, folds and labs_ex; their shapes are looked at before they are read."""
    # Imported here because this takes a second; scipy comes with scikit-learn.
    from scipy.io import loadmat, whosmat

    names = ("images", "folds", "labs_ex")
    kind = file_kind(file)
    if "MATLAB" not in kind or "7.3" in kind:
        raise OSError(
            f"source is {str(file)!r}, {kind}; expected a MATLAB file of version 5, as "
            "TFD_48x48.mat is. In MATLAB, save(..., '-v7') writes one."
        )
    try:
        found = {name: (shape, kind) for name, shape, kind in whosmat(file)}
    except Exception as error:  # scipy and zlib report damage in a dozen ways
        raise _damaged(file) from error
    shapes = {name: found[name][0] if name in found else None for name in names}
    count, *sides = shapes["images"] or (0,)
    fits = count and len(sides) == 2 and sides[0] == sides[1] and shapes["folds"] == (count, FOLDS)
    if not fits or shapes["labs_ex"] not in ((count, 1), (1, count)):
        held = ", ".join(f"{name} {shape}" for name, (shape, _) in found.items()) or "none"
        raise ValueError(
            f"source is {str(file)!r}, which holds these arrays: {held}; expected images of shape "
            "(n, 48, 48), folds (n, 5) and labs_ex (n, 1), as in TFD_48x48.mat. "
            "If some are missing, the file may have been cut off: copy it again."
        )
    wide = 8 if found["images"][1] == "double" else 1
    remedy = "Close other programs, or use a machine with more memory."
    subject = f"source is {str(file)!r}, a file of {in_words(shapes['images'])}"
    check_memory(subject, math.prod(shapes["images"]) * wide, remedy)
    try:
        arrays = loadmat(file, variable_names=names)
    except Exception as error:
        raise _damaged(file) from error
    return {name: arrays[name] for name in names}


def _damaged(file: Path) -> OSError:
    return OSError(
        f"source is {str(file)!r}, a MATLAB file that is damaged; expected the whole of "
        "TFD_48x48.mat. Copy it again from where you have it."
    )
