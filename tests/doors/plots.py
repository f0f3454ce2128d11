"""The doors of ``plots``."""

from doors.given import AXES, BYTES, EMPTY, FLOATS, GRID, HISTORY, LOGITS, ONE, RUN, TYPE, VALUE

from gan_helpers import plots

FIGURE = AXES.figure

DOORS = {
    plots.new_figure: [
        {"columns": 2},
        ("columns", 0, VALUE, "at least 1"),
        ("columns", 1.5, TYPE, "whole number"),
        ("width", "4", TYPE, "number"),
        ("height", 0.0, VALUE, "above 0"),
    ],
    plots.figure_png: [
        {"figure": FIGURE},
        ("figure", plots.new_figure(), TYPE, "tuple"),
    ],
    plots.show: [
        {"figure": FIGURE, "alt": "A figure."},
        ("figure", AXES, TYPE, "Figure"),
        ("alt", " ", VALUE, "sentence"),
        ("alt", None, TYPE, "None"),
    ],
    plots.finish: [
        {"axes": AXES, "x": "x", "y": "y"},
        ("axes", [AXES], TYPE, "list"),
        ("axes", FIGURE, TYPE, "Figure"),
    ],
    plots.picture: [
        {"image": BYTES[0]},
        ("image", FLOATS[0], TYPE, "to_uint8"),
        ("image", BYTES[0].numpy(), TYPE, "tensor"),
        ("image", BYTES[0, 0], VALUE, "(1, 28, 28)"),
    ],
    plots.grid_image: [
        {"images": BYTES},
        ("images", FLOATS, TYPE, "to_uint8"),
        ("images", BYTES[:, 0], VALUE, "unsqueeze(1)"),
        ("images", BYTES.numpy(), TYPE, "torch.from_numpy"),
        ("columns", 0, VALUE, "at least 1"),
    ],
    plots.samples_png: [
        {"images": BYTES},
        ("images", [BYTES], TYPE, "list"),
        ("columns", 2.5, TYPE, "whole number"),
    ],
    plots.show_samples: [
        {"images": BYTES, "alt": "Noise."},
        ("images", FLOATS, TYPE, "to_uint8"),
        ("images", BYTES[:0], VALUE, "(0, 1, 28, 28)"),
        ("alt", "", VALUE, "sentence"),
        ("scale", 0.0, VALUE, "above 0"),
        ("scale", "2", TYPE, "number"),
    ],
    plots.show_png: [
        {"png": b"", "alt": "Noise.", "width": 100},
        ("alt", " ", VALUE, "sentence"),
        ("alt", 3, TYPE, "text"),
    ],
    plots.picture_html: [
        {"png": b"", "alt": "Noise.", "width": 100},
        ("alt", "", VALUE, "sentence"),
    ],
    plots.draw_film_strip: [
        {"history": HISTORY, "steps": (0, 60)},
        ("history", EMPTY, VALUE, "no frames"),
        ("steps", 60, TYPE, "list of numbers"),
        ("count", 0, VALUE, "at least 1"),
    ],
    plots.show_film_strip: [
        {"history": HISTORY, "steps": (0, 60), "alt": "Noise."},
        ("history", EMPTY, VALUE, "no frames"),
        ("steps", 60, TYPE, "list of numbers"),
        ("steps", (), VALUE, "at least one"),
        ("alt", " ", VALUE, "sentence"),
        ("count", 0, VALUE, "at least 1"),
    ],
    plots.show_rows: [
        {"rows": {"seed 0": BYTES, "seed 1": BYTES}, "alt": "Noise."},
        ("rows", [BYTES], TYPE, "of one row"),
        ("rows", {}, VALUE, "at least one row"),
        ("rows", {"seed 0": BYTES, "seed 1": BYTES[:1]}, VALUE, "as many images in each row"),
        ("rows", {"seed 0": BYTES.float()}, TYPE, "rows['seed 0']"),
        ("columns", ("one",), VALUE, "as many names"),
        ("alt", "", VALUE, "sentence"),
    ],
    plots.smooth: [
        {"values": [0.5] * 9, "window": 3},
        ("values", [], VALUE, "empty"),
        ("values", "0.5", TYPE, "list of numbers"),
        ("window", 2.5, TYPE, "whole number"),
    ],
    plots.plot_training: [
        {"history": HISTORY, "alt": "Two curves."},
        ("history", EMPTY, VALUE, "empty"),
        ("history", None, TYPE, "History"),
        ("window", 0, VALUE, "at least 1"),
        ("alt", "", VALUE, "sentence"),
    ],
    plots.draw_losses: [
        {"axes": AXES, "history": HISTORY},
        ("axes", None, TYPE, "None"),
        ("history", RUN, TYPE, "run.history"),
        ("window", "50", TYPE, "whole number"),
    ],
    plots.draw_outputs: [
        {"axes": AXES, "history": HISTORY},
        ("axes", FIGURE, TYPE, "Figure"),
        ("history", EMPTY, VALUE, "empty"),
        ("window", 2.5, TYPE, "whole number"),
    ],
    plots.plot_output_histograms: [
        {"real_logits": LOGITS, "fake_logits": LOGITS, "alt": "Two histograms."},
        ("real_logits", [1.0], TYPE, "list"),
        ("fake_logits", LOGITS.long(), TYPE, "int64"),
        ("alt", "", VALUE, "sentence"),
    ],
    plots.plot_spread: [
        {"axes": AXES, "steps": [1, 2], "runs": [[0.1, 0.2]], "label": "run", "color": "k"},
        ("axes", None, TYPE, "None"),
        ("steps", [1], VALUE, "as long as"),
        ("runs", [[0.1, 0.2], [0.1]], VALUE, "as long as"),
        ("runs", [], VALUE, "at least one"),
        ("runs", 0.1, TYPE, "list"),
    ],
    plots.draw_densities: [
        {"x": GRID, "p_data": ONE, "p_g": ONE},
        ("p_data", ONE[:4], VALUE, "(4,)"),
        ("p_g", [1.0] * 11, TYPE, "list"),
        ("discriminators", {"D": ONE[:4]}, VALUE, "'D'"),
        ("discriminators", ONE, TYPE, "Tensor"),
    ],
}
