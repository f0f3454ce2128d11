"""The table of the scores, and scores and images that are read from files."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from helping import FABRICATED

from gan_helpers.metrics import Scores, load_scores, read_images, score_table
from gan_helpers.metrics.evaluation import ROWS

# score_table


def columns(scores: dict[str, list[Scores]]) -> list[list[str]]:
    """The table's cells: two spaces or more stand between them."""
    lines = score_table(scores).splitlines()
    assert all(line == line.rstrip() for line in lines)
    return [re.split(r" {2,}", line.strip()) for line in lines]


def test_the_table_of_one_generator_is_rounded_row_by_row():
    rows = columns({"course": [FABRICATED]})
    assert rows[0] == ["metric", "course", "good is"]
    assert len(rows) == 1 + len(ROWS)
    assert {*ROWS, "data", "features"} == asdict(FABRICATED).keys()
    assert [row[1] for row in rows[1:]] == [
        *("10,000", "0.988", "225.0", "2.0", "0.167", "12.3", "9.88", "0.012", "2"),
        *("0.912", "0.500", "1.234", "0.877", "0.301", "0.009"),
    ]
    assert rows[1] == ["samples", "10,000"]  # no way is good
    assert str(FABRICATED) == score_table({"value": [FABRICATED]})
    assert rows[3] == ["Parzen log-likelihood, nats", "225.0", "higher; beware"]


def test_several_seeds_are_their_mean_and_the_samples_standard_deviation():
    # 10, 12 and 17: mean 13, squares 9 + 1 + 16 over 2, so 3.61.
    runs = [
        replace(FABRICATED, frechet=value, classes_missing=missing)
        for value, missing in ((10.0, 0), (12.0, 1), (17.0, 1))
    ]
    rows = {row[0]: row[1:] for row in columns({"one": [FABRICATED], "three": runs})}
    assert rows["metric"] == ["one", "three", "good is"]
    assert rows["Frechet distance"] == ["12.3", "13.0 +- 3.6", "lower"]
    assert rows["classes missing"] == ["2", "0.7 +- 0.6", "0"]
    assert rows["recall"] == ["0.500", "0.500 +- 0.000", "higher"]
    assert rows["samples"] == ["10,000", "10,000"]


# load_scores


def test_recorded_scores_are_loaded(tmp_path):
    file = tmp_path / "scores.json"
    runs = [FABRICATED, replace(FABRICATED, frechet=1.5)]
    recorded = {"a": [{"of": "x", "about": {}, "scores": asdict(run)} for run in runs], "b": []}
    file.write_text(json.dumps({"command": "record", "scores": recorded}))
    assert load_scores(file) == load_scores(str(file)) == {"a": runs, "b": []}


@pytest.mark.parametrize(
    "content",
    [
        *("", "text", "[]", "{}", "3", '{"scores": 3}', '{"scores": {"a": 3}}'),
        *('{"scores": {"a": [{}]}}', '{"scores": {"a": [{"scores": {}}]}}'),
        '{"scores": {"a": [{"scores": {"fid": 1}}]}}',
    ],
)
def test_files_that_hold_no_scores(tmp_path, content):
    (tmp_path / "scores.json").write_text(content)
    with pytest.raises(OSError, match="scores.json holds no recorded scores"):
        load_scores(tmp_path / "scores.json")
    with pytest.raises(ValueError, match="scores has no scores for 'article'"):
        score_table({"course": [FABRICATED], "article": []})


def test_a_missing_file(tmp_path):
    for missing in (tmp_path / "absent", tmp_path):  # a folder is no file
        with pytest.raises(FileNotFoundError, match=f"{missing.name} do not exist"):
            load_scores(missing)


# read_images


@pytest.mark.parametrize("shape", [(12, 28, 28), (12, 1, 28, 28), (28, 28, 28)])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_images_are_read_with_or_without_their_channel(tmp_path, shape, save):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    save(tmp_path / "images.npz", images=np.asfortranarray(images), other=np.zeros(3))
    for file in (tmp_path / "images.npz", str(tmp_path / "images.npz")):
        read = read_images(file)
        assert (read.dtype, read.shape) == (torch.uint8, (len(images), 1, 28, 28))
        assert np.array_equal(read.numpy().reshape(shape), images)
