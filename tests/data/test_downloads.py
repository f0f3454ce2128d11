"""Fashion-MNIST and CIFAR-10: read from files, downloaded once, and what is said without a network.

No test uses the network: torchvision's download copies a file, or fails.
"""

import gzip
import hashlib
import http.client
import io
import pickle
import tarfile
from urllib.error import URLError

import numpy as np
import pytest
from torchvision.datasets import CIFAR10, FashionMNIST
from torchvision.datasets import utils as torchvision_utils

from gan_helpers.data import downloads, load_dataset

NAMES = tuple(downloads.FASHION_SHA256)


@pytest.mark.skipif(
    not downloads.FASHION_FOLDER.is_dir(), reason="Debian's dataset-fashion-mnist is not installed"
)
@pytest.mark.parametrize(("split", "count"), [("train", 60_000), ("test", 10_000)])
def test_the_real_fashion_mnist(tmp_path, no_network, split, count):
    found = load_dataset("fashion-mnist", split, download_to=tmp_path / "none")
    assert found.images.shape == (count, 1, 28, 28)
    assert found.labels.bincount().tolist() == [count // 10] * 10
    assert found.classes[0] == "T-shirt/top" and found.classes[9] == "Ankle boot"
    # The published mean.
    if split == "train":
        assert found.images.double().mean().item() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert not (tmp_path / "none").exists() and no_network == []


@pytest.fixture
def no_network(monkeypatch) -> list[str]:
    """Whatever asks for an address fails; returns the addresses."""
    asked = []

    def fail(request, *arguments, **options):
        asked.append(request.full_url)
        raise URLError(OSError(-2, "Name or service not known"))

    monkeypatch.setattr("urllib.request.urlopen", fail)
    return asked


@pytest.fixture
def served(monkeypatch):
    """Files that torchvision "downloads", by their names; the list says which were asked for."""
    files, asked = {}, []

    def copy(url, file, *arguments):
        name = url.rsplit("/", 1)[1]
        asked.append(name)
        with open(file, "wb") as opened:
            opened.write(files[name])

    monkeypatch.setattr(torchvision_utils, "_urlretrieve", copy)
    monkeypatch.setattr(torchvision_utils, "_get_redirect_url", lambda url, max_hops: url)
    return files, asked


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def small_fashion(monkeypatch, tmp_path, served) -> dict[str, bytes]:
    """Three images to train and two to test, in the published layout, with their checksums."""
    monkeypatch.setattr(downloads, "FASHION_FOLDER", tmp_path / "debian")
    resources, sums = [], {}
    for name in NAMES:
        count = 3 if name.startswith("train") else 2
        sizes, kind = ((count, 28, 28), 3) if "images" in name else ((count,), 1)
        header = bytes((0, 0, 8, kind)) + np.array(sizes, ">u4").tobytes()
        content = header + bytes(i % 10 for i in range(int(np.prod(sizes))))
        served[0][f"{name}.gz"] = gzip.compress(content)
        resources.append((f"{name}.gz", md5(served[0][f"{name}.gz"])))
        sums[name] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(downloads, "FASHION_SHA256", sums)
    monkeypatch.setattr(FashionMNIST, "resources", resources)
    return served[0]


def assert_small_fashion(tmp_path):
    found = load_dataset("fashion-mnist", download_to=tmp_path, progress=False)
    assert found.images.flatten().tolist() == [i % 10 for i in range(3 * 784)]
    assert found.labels.tolist() == [0, 1, 2]


def test_fashion_mnist_is_downloaded_once_and_only_the_split(tmp_path, small_fashion, served):
    for _ in range(2):
        assert_small_fashion(tmp_path)
    assert sorted(served[1]) == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize("damage", [lambda x: x[:-9], lambda x: b"", lambda x: gzip.compress(b"1")])
@pytest.mark.parametrize("folder", ["debian", "FashionMNIST/raw"])
def test_a_damaged_file_is_not_used_but_downloaded_again(
    tmp_path, small_fashion, served, damage, folder
):
    (tmp_path / folder).mkdir(parents=True)
    for name in small_fashion:
        content = small_fashion[name]
        (tmp_path / folder / name).write_bytes(damage(content) if "images" in name else content)
    assert_small_fashion(tmp_path)
    assert "train-images-idx3-ubyte.gz" in served[1]


def test_debians_files_come_first_though_compressed_another_time(tmp_path, small_fashion, served):
    (tmp_path / "debian").mkdir()
    for name, content in small_fashion.items():
        again = gzip.compress(gzip.decompress(content), compresslevel=1)
        (tmp_path / "debian" / name).write_bytes(again)
    assert_small_fashion(tmp_path)
    assert served[1] == []


@pytest.fixture
def small_cifar(monkeypatch, served) -> dict[str, bytes]:
    """Ten images a batch, in CIFAR-10's layout, with their checksums; the packed archive."""
    packed = io.BytesIO()
    batches = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    labels = "airplane automobile bird cat deer dog frog horse ship truck".split()
    contents = {"batches.meta": pickle.dumps({"label_names": labels})}
    for number, name in enumerate(batches):
        data = np.full((10, 3072), number, np.uint8)
        data[:, :1024] = 200  # the plane of red comes first
        data[:, :32] = 100  # and its upper row before the others
        contents[name] = pickle.dumps({"data": data, "labels": list(range(10))})
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    served[0]["cifar-10-python.tar.gz"] = packed.getvalue()
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(packed.getvalue()))
    sums = {name: md5(content) for name, content in contents.items()}
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in batches[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": sums["batches.meta"]})
    return served[0]


def test_cifar10_is_downloaded_once(tmp_path, small_cifar, served):
    train, test = (load_dataset("cifar10", s, download_to=tmp_path) for s in ("train", "test"))
    assert train.images.shape == (50, 3, 32, 32) and train.images.is_contiguous()
    assert (train.images[:, 0, 0] == 100).all() and (train.images[:, 0, 1:] == 200).all()
    assert (train.images[20:30, 1:] == 2).all()
    assert (test.images[:, 1:] == 5).all() and test.labels.tolist() == list(range(10))
    assert train.classes[3] == "cat" and served[1] == ["cifar-10-python.tar.gz"]


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
def test_what_is_damaged_of_cifar10_is_unpacked_again(tmp_path, small_cifar, served, name):
    load_dataset("cifar10", download_to=tmp_path)
    damaged = tmp_path / "cifar-10-batches-py" / name
    damaged.write_bytes(damaged.read_bytes()[:-3])
    assert len(load_dataset("cifar10", download_to=tmp_path).images) == 50
    assert served[1] == ["cifar-10-python.tar.gz"]


@pytest.mark.parametrize("name", ["fashion-mnist", "cifar10"])
def test_a_download_that_was_cut_off_is_never_used_and_then_mended(
    tmp_path, small_fashion, small_cifar, name
):
    whole = dict(small_fashion)
    small_fashion.update({file: content[:-5] for file, content in whole.items()})
    with pytest.raises(OSError, match=rf"source is '{name}'.*what came is damaged.*next call\."):
        load_dataset(name, download_to=tmp_path)
    small_fashion.update(whole)
    assert load_dataset(name, download_to=tmp_path).labels is not None


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("fashion-mnist", "train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz"),
        ("cifar10", "cifar-10-python.tar.gz"),
    ],
)
def test_without_a_network_one_sentence_says_which_files_go_where(
    tmp_path, monkeypatch, no_network, name, files
):
    monkeypatch.setattr(downloads, "FASHION_FOLDER", tmp_path / "debian")
    with pytest.raises(OSError, match=files) as caught:
        load_dataset(name, download_to=tmp_path / "new")
    said = str(caught.value)
    assert said.startswith(f"source is '{name}', which cannot be downloaded into {tmp_path}")
    assert "Name or service not known" in said and "urlopen" not in said and "\n" not in said
    assert no_network


@pytest.mark.parametrize(
    "error",
    [http.client.IncompleteRead(b"12"), TimeoutError(), PermissionError(13, "Permission denied")],
)
def test_other_failures_of_a_download_are_the_same_sentence(
    tmp_path, monkeypatch, small_cifar, error
):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(torchvision_utils, "_urlretrieve", fail)
    with pytest.raises(OSError, match="source is 'cifar10', which cannot be") as caught:
        load_dataset("cifar10", download_to=tmp_path)
    assert "()" not in str(caught.value)


def test_files_put_into_the_folder_are_used_without_a_network(tmp_path, small_cifar, no_network):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(small_cifar["cifar-10-python.tar.gz"])
    found = load_dataset("cifar10", download_to=tmp_path, size=16, grey=True)
    assert found.images.shape == (50, 1, 16, 16) and no_network == []
    assert found.images[0, 0, -1].unique().tolist() == [60]  # 0.299 * 200, of red alone


def test_reading_what_is_unpacked_writes_nothing(tmp_path, small_cifar):
    load_dataset("cifar10", download_to=tmp_path)
    (tmp_path / ".gan_helpers.lock").unlink(missing_ok=True)
    (tmp_path / "cifar-10-python.tar.gz").unlink()
    load_dataset("cifar10", download_to=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["cifar-10-batches-py"]


def test_no_progress_writes_nothing(tmp_path, monkeypatch, small_cifar, capsys):
    copy = torchvision_utils._urlretrieve

    def with_bar(url, file):
        with torchvision_utils.tqdm(total=1) as bar:
            copy(url, file)
            bar.update()

    monkeypatch.setattr(torchvision_utils, "_urlretrieve", with_bar)
    load_dataset("cifar10", download_to=tmp_path / "quiet", progress=False)
    assert capsys.readouterr() == ("", "")
    load_dataset("cifar10", download_to=tmp_path / "loud")
    assert "100%" in capsys.readouterr().err
