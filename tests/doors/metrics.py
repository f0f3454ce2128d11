"""The doors of ``metrics``."""

from types import SimpleNamespace

import torch
from doors.given import (
    ARRAY,
    BYTES,
    DISCRIMINATOR,
    FLOATS,
    GENERATOR,
    LABELS,
    NAN,
    ROWS_OF_FLOATS,
    TYPE,
    VALUE,
)

from gan_helpers import metrics

SHARES = torch.full((40, 10), 0.1)
FLOAT_ROW = torch.linspace(0, 1, 40)
MANY = BYTES.repeat(25, 1, 1, 1)
PICTURES = SimpleNamespace(name="few", images=BYTES)  # as load_dataset returns them

DOORS = {
    metrics.DigitClassifier(): [
        {"images": FLOATS},
        ("images", BYTES, TYPE, "uint8"),
        ("images", FLOATS[:, :, :14], VALUE, "(40, 1, 14, 28)"),
    ],
    metrics.classify: [
        {"images": BYTES},
        ("images", FLOATS, TYPE, "to_uint8"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
        ("images", BYTES[:, 0], VALUE, "unsqueeze(1)"),
        ("data", "letters", VALUE, "'cifar10'"),
        ("data", None, TYPE, "None"),
    ],
    metrics.DigitClassifier: [
        {},
        ("image_shape", (3, 30, 30), VALUE, "multiples of 4"),
        ("image_shape", (32, 32), VALUE, "(32, 32)"),
        ("image_shape", 28, TYPE, "(3, 32, 32)"),
    ],
    metrics.load_classifier: [
        {},
        ("data", "letters", VALUE, "'cifar10'"),
        ("data", 10, TYPE, "10"),
    ],
    metrics.class_accuracy: [
        {"images": BYTES, "labels": LABELS},
        ("images", FLOATS, TYPE, "to_uint8"),
        ("labels", LABELS[:5], VALUE, "40 images"),
        ("labels", LABELS + 1, VALUE, "0 to 9"),
        ("labels", LABELS.float(), TYPE, "torch.float32"),
        ("data", "letters", VALUE, "'cifar10'"),
    ],
    metrics.class_accuracies: [
        {"images": BYTES, "labels": LABELS},
        ("labels", LABELS.tolist(), TYPE, "list"),
        ("labels", LABELS - 1, VALUE, "holds -1"),
    ],
    metrics.inception_features: [
        {"images": BYTES},
        ("images", FLOATS, TYPE, "to_uint8"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
        ("images", BYTES[:, 0], VALUE, "(40, 28, 28)"),
        ("images", BYTES[:0], VALUE, "N at least 1"),
    ],
    metrics.reference_of: [
        {"data": "mnist"},
        ("data", None, TYPE, "load_dataset"),
        ("data", BYTES, TYPE, "Tensor"),
        ("data", PICTURES, VALUE, "at least 100"),
        ("held_out", PICTURES, VALUE, "'mnist'"),
        ("features", "pixels", VALUE, "'inception'"),
    ],
    metrics.frechet_distance: [
        {"features": ROWS_OF_FLOATS, "other": ROWS_OF_FLOATS},
        ("features", ROWS_OF_FLOATS.numpy(), TYPE, "torch.from_numpy"),
        ("features", ROWS_OF_FLOATS[:3], VALUE, "3 rows"),
        ("features", BYTES, TYPE, "uint8"),
        ("other", ROWS_OF_FLOATS[:, :2], VALUE, "same number"),
        ("other", ROWS_OF_FLOATS * NAN, VALUE, "NaN"),
    ],
    metrics.classifier_score: [
        {"probabilities": SHARES},
        ("probabilities", SHARES * 2, VALUE, "sum to 1"),
        ("probabilities", SHARES.tolist(), TYPE, "list"),
    ],
    metrics.mode_coverage: [
        {"labels": LABELS, "real_labels": LABELS},
        ("labels", LABELS.float(), TYPE, "torch.float32"),
        ("labels", LABELS + 1, VALUE, "10"),
        ("labels", LABELS.tolist(), TYPE, "list"),
        ("real_labels", LABELS[:5], VALUE, "lacks a class"),
        ("classes", 0, VALUE, "at least"),
        ("classes", 10.0, TYPE, "whole number"),
    ],
    metrics.prdc: [
        {"real": ROWS_OF_FLOATS, "generated": ROWS_OF_FLOATS},
        ("real", BYTES, TYPE, "uint8"),
        ("generated", ROWS_OF_FLOATS[0], VALUE, "(3,)"),
        ("k", 40, VALUE, "40"),
        ("k", 2.5, TYPE, "whole number"),
    ],
    metrics.nearest_neighbours: [
        {"points": BYTES, "references": BYTES, "progress": False},
        ("points", FLOATS.flatten(1), TYPE, "uint8"),
        ("points", ARRAY, TYPE, "torch.from_numpy"),
        ("references", [BYTES], TYPE, "list"),
        ("k", 0, VALUE, "0"),
        ("k", "1", TYPE, "whole number"),
    ],
    metrics.near_copies: [
        {"distances": FLOAT_ROW, "unseen": FLOAT_ROW},
        ("distances", FLOAT_ROW.tolist(), TYPE, "list"),
        ("distances", FLOAT_ROW[:, None], VALUE, "(40, 1)"),
        ("unseen", FLOAT_ROW[:0], VALUE, "(0,)"),
        ("unseen", FLOAT_ROW * NAN, VALUE, "at least 0"),
        ("unseen", FLOAT_ROW.long(), TYPE, "int64"),
        ("quantile", 1.5, VALUE, "1.5"),
        ("quantile", "0.01", TYPE, "number"),
    ],
    metrics.parzen_log_likelihood: [
        {"images": BYTES, "samples": BYTES, "sigma": 0.2, "progress": False},
        ("images", FLOATS, VALUE, "[0, 1]"),
        ("images", ARRAY, TYPE, "torch.from_numpy"),
        ("samples", BYTES[:, :, :14], VALUE, "same number"),
        ("sigma", 0.0, VALUE, "above 0"),
        ("sigma", "0.2", TYPE, "number"),
    ],
    metrics.choose_sigma: [
        {"validation": BYTES, "samples": BYTES, "progress": False},
        ("samples", BYTES.long(), TYPE, "int64"),
        ("sigmas", (), VALUE, "sigma"),
        ("sigmas", 0.2, TYPE, "sigma"),
    ],
    metrics.mean_and_error: [
        {"values": ROWS_OF_FLOATS[:, 0]},
        ("values", ROWS_OF_FLOATS, VALUE, "(40, 3)"),
        ("values", [1.0, 2.0], TYPE, "list"),
    ],
    metrics.evaluate: [
        {"generator": GENERATOR, "n": 1000},
        ("generator", DISCRIMINATOR, TYPE, "latent_dim"),
        ("generator", "generator.safetensors", TYPE, "network"),
        ("n", 999, VALUE, "1,000"),
        ("n", 1000.5, TYPE, "whole number"),
        ("n", 10**20, VALUE, "at most"),
        ("seed", "0", TYPE, "whole number"),
    ],
    metrics.evaluate_images: [
        {"images": MANY},
        ("images", BYTES, VALUE, "1,000"),
        ("images", FLOATS, TYPE, "to_uint8"),
        ("images", MANY.numpy(), TYPE, "torch.from_numpy"),
        ("images", MANY[:, 0], VALUE, "unsqueeze(1)"),
        ("data", None, TYPE, "load_dataset"),
    ],
    metrics.read_images: [
        {"file": "{images}"},
        ("file", "absent.npz", FileNotFoundError, "absent.npz"),
        ("file", "{text}", OSError, "text"),
        ("file", None, TYPE, "None"),
        ("value_range", 1, TYPE, "(-1, 1)"),
        ("value_range", (0, "1"), TYPE, "two numbers"),
        ("array", 0, TYPE, "text"),
        ("shape", (28, 28), VALUE, "height"),
        ("shape", (2, 28, 28), VALUE, "1 or 3"),
        ("shape", 28, TYPE, "28"),
    ],
    metrics.range_remark: [
        {"images": BYTES},
        ("images", FLOATS, TYPE, "torch.float32"),
        ("images", BYTES[:0], VALUE, "(0, 1, 28, 28)"),
    ],
    metrics.draw_samples: [
        {"generator": GENERATOR, "n": 3, "seed": 0},
        ("generator", None, TYPE, "network"),
        ("n", 0, VALUE, "at least 1"),
        ("seed", 0.5, TYPE, "whole number"),
    ],
    metrics.load_scores: [
        {},
        ("file", "absent.json", FileNotFoundError, "absent.json"),
        ("file", "{text}", OSError, "scores"),
        ("file", 7, TYPE, "name of a file"),
    ],
    metrics.score_table: [
        {"scores": metrics.load_scores()},
        ("scores", {"course": []}, VALUE, "'course'"),
        ("scores", {"course": [1.0]}, TYPE, "'course'"),
        ("scores", [], TYPE, "list"),
    ],
}
