"""Folders of pictures: every mode, odd files, classes, splits."""

import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from gan_helpers.data import load_dataset, memory, picture_files

RED, HALF_RED = (200, 10, 10), (200, 10, 10, 128)


def save(place, picture="L", size=(40, 30), colour=90, **options):
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(picture, str):
        picture = Image.new(picture, size, colour)
    picture.save(place, **options)


def load(folder, *arguments, **options):
    """With every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_dataset(folder, *arguments, progress=False, **options)


def palette(transparent: int | None = None) -> Image.Image:
    picture = Image.new("P", (40, 30), 1)
    picture.putpalette([0, 0, 0, *RED])
    if transparent is not None:
        picture.info["transparency"] = transparent
    return picture


PICTURES = {  # a picture, the ending, and the colour that every pixel has then
    "L": (Image.new("L", (40, 30), 90), "png", 90),
    "1": (Image.new("1", (40, 30), 1), "png", 255),
    "LA": (Image.new("LA", (40, 30), (90, 128)), "png", 172),
    "P": (palette(), "png", RED),
    "P, transparent": (palette(1), "png", 255),
    "RGB": (Image.new("RGB", (40, 30), RED), "ppm", RED),
    "RGBA": (Image.new("RGBA", (40, 30), HALF_RED), "png", (227, 132, 132)),
    "RGBA, none seen": (Image.new("RGBA", (40, 30), (9, 9, 9, 0)), "webp", 255),
    "CMYK": (Image.new("CMYK", (40, 30), (0, 255, 255, 0)), "tif", (255, 0, 0)),
    "I;16": (Image.new("I;16", (40, 30), 257 * 77), "png", 77),
    "I": (Image.new("I", (40, 30), 257 * 77), "tiff", 77),
    "YCbCr": (Image.new("YCbCr", (40, 30), (90, 128, 128)), "jpg", 90),
    "one pixel": (Image.new("L", (1, 1), 90), "bmp", 90),
    "a line": (Image.new("L", (3000, 1), 90), "png", 90),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_mode_becomes_grey_or_colour_of_the_right_brightness(tmp_path, name):
    picture, ending, colour = PICTURES[name]
    save(tmp_path / f"a.{ending}", picture)
    found = load(tmp_path)
    expected = torch.tensor(colour).view(-1, 1, 1)  # of one number for grey, three for colour
    assert found.images.shape == (1, len(expected), 32, 32) and found.labels is None
    assert (found.images[0].int() - expected).abs().max() <= 1
    coloured, grey = load(tmp_path, grey=False, size=8), load(tmp_path, grey=True, size=8)
    assert coloured.images.shape == (1, 3, 8, 8) and grey.images.shape == (1, 1, 8, 8)


def test_one_coloured_picture_makes_all_coloured(tmp_path):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png", "RGB", colour=(90, 90, 90))
    assert load(tmp_path).images.shape[1] == 1
    save(tmp_path / "c.PNG", "RGB", colour=RED)
    found = load(tmp_path)
    assert found.images.shape == (3, 3, 32, 32) and found.name == tmp_path.name


@pytest.mark.parametrize("large", [1, 16])
def test_the_middle_square_is_taken(tmp_path, large):
    """Black at both ends, three bands in the middle square."""
    bands = np.repeat(np.array([0, 40, 120, 200, 0], np.uint8), [24, 16, 16, 16, 24])
    wide = np.repeat(np.tile(bands, (48, 1)), large, 0).repeat(large, 1)
    save(tmp_path / "wide.jpg", Image.fromarray(wide), quality=95)
    save(tmp_path / "high.png", Image.fromarray(wide.T))
    found = load(tmp_path, size=12)
    assert (found.images[0, 0].int() - found.images[1, 0].T.int()).abs().float().mean() < 2
    assert found.images[1, 0, 5, [1, 6, 10]].int().tolist() == pytest.approx([40, 120, 200], abs=3)


def test_pictures_are_antialiased(tmp_path):
    stripes = np.tile(np.array([0, 255], np.uint8), (128, 64))
    save(tmp_path / "a.png", Image.fromarray(stripes))
    images = load(tmp_path, size=16).images
    assert images.min() > 110 and images.max() < 145


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_picture_is_turned_upright_as_its_camera_noted(tmp_path, orientation):
    turned = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    turned[8] = Image.Transpose.ROTATE_270
    upright = Image.fromarray(np.array([[0, 50], [120, 250]], np.uint8)).resize((64, 64), 0)
    stored = upright if orientation == 1 else upright.transpose(turned[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path / "a.jpg", stored, exif=exif, quality=95)
    corners = load(tmp_path, size=8).images[0, 0, ::7, ::7].flatten().int().tolist()
    assert corners == pytest.approx([0, 50, 120, 250], abs=8)


def damage(folder):
    """Files that no one can read, beside good ones."""
    for i in range(5):
        save(folder / f"good{i}.jpg")
    whole = (folder / "good0.jpg").read_bytes()
    (folder / "a_truncated.jpg").write_bytes(whole[:-300])
    (folder / "b_empty.png").write_bytes(b"")
    (folder / "c_text.png").write_text("no picture")
    Image.new("F", (4, 4), 0.5).save(folder / "d_floats.tiff")
    (folder / "notes.txt").write_text("not even called a picture")


def test_unreadable_files_are_counted_and_three_are_named(tmp_path):
    damage(tmp_path)
    with pytest.warns(UserWarning, match="4 of 9 pictures in .* cannot be read") as caught:
        found = load_dataset(tmp_path, progress=False)
    assert len(found.images) == 5 and (found.images == 90).all()
    (warning,) = caught
    assert "a_truncated.jpg, b_empty.png, c_text.png, 1 more." in str(warning.message)


def test_fewer_than_half_readable_is_an_error(tmp_path):
    damage(tmp_path)
    for i in range(2):
        (tmp_path / f"good{i}.jpg").unlink()
    with pytest.raises(OSError, match="source is .*4 of 7 pictures.*at least half"):
        load(tmp_path)


def test_labels_stay_with_their_pictures_when_some_are_left_out(tmp_path):
    for name, colour in (("a", 10), ("b", 200)):
        for i in range(3):
            save(tmp_path / name / f"{i}.png", colour=colour)
    (tmp_path / "a" / "1.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="a/1.png"):
        found = load_dataset(tmp_path, progress=False)
    assert found.labels.tolist() == [0, 0, 1, 1, 1]
    assert found.images[:, 0, 0, 0].tolist() == [10, 10, 200, 200, 200]


def test_what_is_hidden_is_no_class_and_no_picture(tmp_path):
    save(tmp_path / "b" / "deeper" / "x.JPEG", colour=20)
    save(tmp_path / "a" / "y.png")
    hidden = ".ipynb_checkpoints/y.png __MACOSX/a/y.png a/._y.png a/.ipynb_checkpoints/y.png"
    for name in hidden.split():
        save(tmp_path / name)
    (tmp_path / "empty").mkdir()
    found = load(tmp_path)
    assert found.classes == ("a", "b") and found.labels.tolist() == [0, 1]
    assert [file.name for file in picture_files(tmp_path)] == ["y.png", "x.JPEG"]


def test_a_folder_that_is_itself_hidden_or_linked_is_read(tmp_path):
    save(tmp_path / ".cache" / "a" / "x.png")
    (tmp_path / "mine").mkdir()
    try:
        (tmp_path / "mine" / "cats").symlink_to(tmp_path / ".cache" / "a")
    except OSError:
        pytest.skip("this system or user may not make links")
    assert load(tmp_path / ".cache").classes == ("a",)
    assert load(tmp_path / "mine").classes == ("cats",)


def test_pictures_beside_the_classes_are_left_out_with_a_warning(tmp_path):
    save(tmp_path / "a" / "x.png")
    save(tmp_path / "loose.png")
    with pytest.warns(UserWarning, match="1 of 2 pictures in .*: loose.png") as caught:
        assert len(load_dataset(tmp_path, progress=False).images) == 1
    assert caught[0].filename == __file__  # the reader's line, not one of the module


@pytest.mark.parametrize(
    ("files", "split", "count", "classes"),
    [
        ("train/a/1 train/b/1 train/b/2 test/b/1", "train", 3, ("a", "b")),
        ("train/a/1 train/b/1 train/b/2 test/b/1", "test", 1, ("a", "b")),
        ("Train/1 Train/2 TEST/1", "test", 1, ()),
        ("train/1 train/2 val/1", "train", 2, ()),
        ("train/1 car/1 car/2", "train", 3, ("car", "train")),
        ("a/1 a/2 test/1", "train", 3, ("a", "test")),
    ],
)
def test_splits(tmp_path, files, split, count, classes):
    for name in files.split():
        save(tmp_path / f"{name}.png")
    found = load(tmp_path, split)
    assert len(found.images) == count and found.classes == classes
    if split == "test" and classes:
        assert found.labels.tolist() == [1]  # "b" has the same number as in "train"


@pytest.mark.parametrize("files", ["a/1 b/1", "1 2", "train/1 val/1"])
def test_a_test_split_that_is_not_there(tmp_path, files):
    for name in files.split():
        save(tmp_path / f"{name}.png")
    with pytest.raises(ValueError, match="split is 'test', and source, .*not divided.*Move some"):
        load(tmp_path, "test")


@pytest.mark.parametrize("name", ["a.txt", "train/a.png test/b.txt"])
def test_a_folder_without_pictures(tmp_path, name):
    for one in name.split():
        (tmp_path / one).parent.mkdir(exist_ok=True)
        (tmp_path / one).write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="source is .*without pictures.*endings .jpg"):
        load(tmp_path, "test" if "test" in name else "train")


def test_a_decompression_bomb_is_an_error(tmp_path):
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(100))), chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    for i in range(3):
        save(tmp_path / f"{i}.png")
    with pytest.raises(OSError, match="source holds .*bomb.png, a picture of more than .* pixels"):
        load(tmp_path)


def test_what_does_not_fit_into_memory_is_not_read(tmp_path, monkeypatch):
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(b"")  # reading them would be another error
    monkeypatch.setattr(memory, "available_memory", lambda: 4 * 3 * 64 * 64 - 1)
    with pytest.raises(ValueError, match="source is .*size = 64 makes 4 images of 3 x 64 x 64"):
        load(tmp_path, size=64)
    for size, grey in ((32, None), (64, True)):
        with pytest.raises(OSError, match="at least half"):
            load(tmp_path, size=size, grey=grey)


def test_a_bar_shows_the_progress_unless_it_is_not_wanted(tmp_path, capsys):
    save(tmp_path / "a.png")
    load(tmp_path)
    assert capsys.readouterr().err == ""
    load_dataset(tmp_path)
    assert "1/1" in capsys.readouterr().err
