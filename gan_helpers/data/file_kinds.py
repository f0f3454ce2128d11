"""What kind of file a file is, by its first bytes."""

import zipfile
from pathlib import Path

NPZ, NPY = "an .npz archive", "a numpy array (.npy)"  # two answers of file_kind
STARTS = {
    b"\x93NUMPY": NPY,
    b"\x1f\x8b": "compressed with gzip",
    b"\0\0\x08\x01": "an IDX file of labels, as MNIST was published",
    b"\0\0\x08\x03": "an IDX file of images, as MNIST was published",
    b"\x89PNG": "a single PNG picture",
    b"\xff\xd8\xff": "a single JPEG picture",
    b"MATLAB 7.3": "a MATLAB file of version 7.3",
    b"MATLAB 5.0": "a MATLAB file",
    b"\x80": "a pickle (.pkl, or .pt of PyTorch), which could run any program if it were read",
    b"version https://git-lfs": "a Git LFS pointer in place of the file: 'git lfs pull' fetches it",
    b"<": "a web page",
    b"{": "JSON text",
}


def file_kind(file: str | Path) -> str:
    """Say what kind of file ``file`` is, for an error message: "a web page", for example.

    The first bytes decide, not the name, and nothing is unpickled. Introduced in notebook 02, "The
    images", by way of ``load_mnist``.
    """
    with open(file, "rb") as opened:
        start = opened.read(512)
    if not start:
        return "an empty file"
    if start.startswith(b"PK"):
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
            return "a damaged .npz or .zip archive"
        if any(name.endswith("data.pkl") for name in names):
            return "a PyTorch file (.pt), which could run any program if it were read"
        return NPZ if any(name.endswith(".npy") for name in names) else "a .zip archive"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 10**8:
        return "a safetensors file"
    for first, kind in STARTS.items():
        if start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t").startswith(first):
            return kind
    printable = sum(byte >= 32 or byte in b"\r\n\t" for byte in start)
    return "text" if printable == len(start) else "no kind of file that is known here"
