"""Checks of what a user passes to a public function: numbers, tensors, networks and images.

Each message names the argument, its value, what is expected and how to correct it: a wrong type or
dtype is a ``TypeError``, a wrong value or shape a ``ValueError``. A public function checks once,
when it is called. Only a network's ``forward`` checks in every step; that takes less than 1 us.
"""

import math
import numbers

import torch
from torch import nn

IMAGE_SHAPE = (1, 28, 28)  # channels, height, width, unless another shape is given
MOST_WHOLE = 2**63 - 1  # the largest 64-bit integer; PyTorch's message for a larger one is cryptic
MOST_SEED = MOST_WHOLE

# --- numbers --------------------------------------------------------------------------------------


def whole_number(
    value: object, name: str, least: int | None = None, most: int | None = None, hint: str = ""
) -> int:
    """Return ``value`` as an int in [least, most]; NumPy's integers pass, True and 2.0 do not.

    ``hint``: a further sentence for the message. Raises ``TypeError`` and ``ValueError``.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if whole and most is None and value > MOST_WHOLE:
        most = MOST_WHOLE
    if whole and (least is None or least <= value) and (most is None or value <= most):
        return int(value)
    expected = "" if least is None else f", at least {least}"
    if most is not None:
        expected = f", at most {most}" if least is None else f" from {least} to {most}"
    raise _error(value, name, f"a whole number{expected}.", hint, whole)


def number(
    value: object,
    name: str,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
    hint: str = "",
) -> float:
    """Return ``value`` as a finite float within these bounds; NumPy's numbers pass, too.

    ``hint``: a further sentence for the message. Raises ``TypeError`` and ``ValueError``.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    try:
        if real and least <= value <= most and above < value < below:  # NaN fails, too
            return float(value)
    except OverflowError:  # a whole number of more than 308 digits
        pass
    bounds = {"at least": least, "above": above, "at most": most, "below": below}
    said = [f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound)]
    expected = "a number" + (", " + " and ".join(said) if said else " that is finite") + "."
    raise _error(value, name, expected, hint, real)


def check_seed(seed: object, name: str = "seed", most: int = MOST_SEED) -> int:
    """Return ``seed`` as an int in [0, most]; raises ``TypeError`` and ``ValueError``."""
    return whole_number(seed, name, 0, most)


def _error(value: object, name: str, expected: str, hint: str, right_type: bool) -> Exception:
    if isinstance(value, str):
        hint = f"A number is written without quotes. {hint}"
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        hint = f"{name}.item() is the number in a tensor. {hint}"
    kind = ValueError if right_type else TypeError
    return kind(f"{name} is {value!r}; expected {expected} {hint}".strip())


# --- tensors, random numbers, devices, networks ---------------------------------------------------


def check_tensor(value: object, name: str) -> None:
    """Raise ``TypeError`` unless ``value`` is a tensor."""
    if not isinstance(value, torch.Tensor):
        make = "from_numpy" if type(value).__name__ == "ndarray" else "tensor"
        code = name if name.isidentifier() else "values"
        raise TypeError(
            f"{name} is {_kind(value)}; expected a tensor. torch.{make}({code}) makes one."
        )


def check_rng(rng: object, name: str = "rng") -> None:
    """Raise ``TypeError`` unless ``rng`` is a ``torch.Generator``."""
    if not isinstance(rng, torch.Generator):
        seed = rng if isinstance(rng, int) and not isinstance(rng, bool) else 0
        raise TypeError(
            f"{name} is {rng!r}; expected a torch.Generator, a source of random numbers. "
            f"torch.Generator().manual_seed({seed}) makes one."
        )


def check_device(device: object, name: str = "device") -> torch.device:
    """Return ``device`` as a ``torch.device``; raises ``ValueError`` when it is not available."""
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, TypeError, ValueError, NotImplementedError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{name} is {device!r}; expected a device of this machine, such as 'cpu'. "
            "gan_helpers.training.best_device() names the fastest."
        ) from error
    return found


def check_network(network: object, name: str) -> None:
    """Raise ``TypeError`` unless ``network`` is an ``nn.Module`` that has been built."""
    if isinstance(network, type):
        raise TypeError(
            f"{name} is the class {network.__name__}; expected a network that is built from it: "
            f"{network.__name__}(), with brackets."
        )
    if not isinstance(network, nn.Module):
        raise TypeError(
            f"{name} is of type {type(network).__name__}; expected a network, a torch.nn.Module."
        )


def latent_dim_of(generator: object, name: str = "generator") -> int:
    """Return the dimension of the generator's z; raises ``TypeError`` if it is no generator."""
    check_network(generator, name)
    found = getattr(generator, "latent_dim", None)
    if not isinstance(found, numbers.Integral) or isinstance(found, bool) or found < 1:
        what = "no latent_dim" if found is None else f"latent_dim = {found!r}"
        raise TypeError(
            f"{name} is a {type(generator).__name__} with {what}; expected a network that takes z, "
            "shape (N, latent_dim), gives images in [-1, 1], shape (N, 1, 28, 28), and has the "
            "number latent_dim. Write self.latent_dim = latent_dim in its __init__."
        )
    return int(found)


def check_without_classes(generator: nn.Module, name: str = "generator") -> None:
    """Raise ``ValueError`` when the generator has to be told a class beside z."""
    classes = getattr(generator, "classes", 0)
    if classes:
        raise ValueError(
            f"{name} has {classes} classes, and it is given z alone here; expected one that needs "
            f"no class. gan_helpers.models.OneClass({name}, 0) draws the first class only."
        )


# --- what networks take ---------------------------------------------------------------------------


def check_z(z: object, latent_dim: int, network: nn.Module | None = None) -> None:
    """Check that ``z`` has shape (N, latent_dim) and the dtype of the weights of ``network``.

    Without a ``network``, the dtype must be float32. Raises ``TypeError`` and ``ValueError``.
    """
    if not isinstance(z, torch.Tensor) or z.dtype is not torch.float32:
        _check_dtype(z, "z", network, f"Draw z with torch.randn(N, {latent_dim}).")
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise ValueError(
            f"z has shape {tuple(z.shape)}; expected (N, {latent_dim}): N latent vectors of "
            f"latent_dim = {latent_dim}. Draw them with torch.randn(N, {latent_dim})."
        )
    if z.shape[0] == 1 and network is not None and network.training:
        norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d)]
        if any(layer.training for layer in norms):
            raise ValueError(
                "z holds one vector, and the generator is in train mode; expected at least two, "
                "because BatchNorm takes the mean and the variance of the batch. For one picture: "
                "gan_helpers.models.sample(generator, z), or generator.eval() before."
            )


def check_input_images(
    images: object, shape: tuple[int, ...], network: nn.Module | None = None
) -> None:
    """Check that ``images`` is (N, *shape), or as many values, of the dtype of the weights.

    Without a ``network``, the dtype must be float32. Raises ``TypeError`` and ``ValueError``.
    """
    if not isinstance(images, torch.Tensor) or images.dtype is not torch.float32:
        hint = "gan_helpers.data.scale_images(images) turns uint8 pixels into floats in [-1, 1]."
        _check_dtype(images, "images", network, hint)
    if images.ndim < 2 or math.prod(images.shape[1:]) != math.prod(shape):
        raise ValueError(
            f"images has shape {tuple(images.shape)}; expected (N, {', '.join(map(str, shape))}). "
            "A single image needs a batch dimension: image.unsqueeze(0)."
        )


def check_image_shape(shape: object, name: str = "image_shape") -> tuple[int, int, int]:
    """Return ``shape`` as (channels, height, width); raises ``TypeError`` and ``ValueError``."""
    if not isinstance(shape, tuple | list) or len(shape) != 3:
        raise TypeError(
            f"{name} is {shape!r}; expected (channels, height, width), such as (3, 32, 32)."
        )
    return tuple(whole_number(one, f"{name}[{i}]", 1) for i, one in enumerate(shape))


def check_labels(labels: object, count: int, classes: int, name: str = "labels") -> None:
    """Check ``labels`` of ``count`` images or z for a network with ``classes`` (0: without any).

    With classes: int64, shape (count,), in [0, classes). Without classes: None. Raises
    ``TypeError`` and ``ValueError``.
    """
    if not classes:
        if labels is not None:
            raise ValueError(
                f"{name} was given, and the network has no classes; expected None, or a network "
                "that was built with classes=10, for example."
            )
        return
    hint = f"For {count} of one class: torch.full(({count},), 7)."
    if not isinstance(labels, torch.Tensor):
        raise TypeError(
            f"{name} is {_kind(labels)}; expected a tensor, int64 of shape ({count},), because the "
            f"network has {classes} classes. {hint}"
        )
    if labels.dtype != torch.int64:
        raise TypeError(f"{name} has dtype {labels.dtype}; expected torch.int64. {hint}")
    if labels.shape != (count,):
        raise ValueError(f"{name} has shape {tuple(labels.shape)}; expected ({count},). {hint}")
    on_cpu = labels.device.type == "cpu"  # on a GPU this would wait for the device at each step
    if count and on_cpu and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"{name} goes from {labels.min()} to {labels.max()}; expected 0 to {classes - 1}."
        )


def _check_dtype(values: object, name: str, network: nn.Module | None, hint: str) -> None:
    """Raise ``TypeError`` unless ``values`` has the dtype of ``network``'s weights (or float32).

    ``hint``: a further sentence for the message when ``values`` is no tensor of floats.
    """
    if not isinstance(values, torch.Tensor):
        if type(values).__name__ == "ndarray":
            hint = f"torch.from_numpy({name}).float() makes one."
        raise TypeError(f"{name} is {_kind(values)}; expected a tensor of floats. {hint}")
    weight = None if network is None else next(network.parameters(), None)
    wanted = torch.float32 if weight is None else weight.dtype
    single = values.is_floating_point() and values.dtype is not torch.float64
    if values.dtype is wanted or (single and torch.is_autocast_enabled(values.device.type)):
        return
    if values.is_floating_point():
        hint = f"{name}.float() converts it."
        if wanted is not torch.float32:
            hint = f"{name}.to({wanted}) converts it."
    raise TypeError(f"{name} has dtype {values.dtype}; expected {wanted}. {hint}")


# --- images ---------------------------------------------------------------------------------------


def check_images(
    images: object, name: str = "images", shape: tuple[int, ...] = IMAGE_SHAPE
) -> None:
    """Check that ``images`` is uint8, shape (N, *shape), N at least 1.

    The message shows the line of code that converts what was given. Raises ``TypeError`` and
    ``ValueError``.
    """
    code = name if name.isidentifier() else "images"
    wanted = f"(N, {', '.join(map(str, shape))})"
    if not isinstance(images, torch.Tensor):
        raise TypeError(
            f"{name} is {_kind(images)}; expected a tensor, torch.uint8 of shape {wanted}, with "
            f"pixels in [0, 255]. {_as_tensor(images, code, shape)}".strip()
        )
    if images.dtype != torch.uint8:
        hint = f"{code}.to(torch.uint8) converts whole numbers in [0, 255]."
        if images.is_floating_point():
            hint = (
                f"gan_helpers.data.to_uint8({code}) converts images in [-1, 1]; those in [0, 1], "
                f"as ToTensor gives them, are first scaled: to_uint8(2 * {code} - 1)."
            )
        if images.dtype == torch.bool:
            hint = f"255 * {code}.to(torch.uint8) turns them into black and white."
        raise TypeError(
            f"{name} has dtype {images.dtype}; expected torch.uint8 with pixels in [0, 255]. {hint}"
        )
    if images.shape[1:] != shape or len(images) == 0:
        hint = ""
        if line := _reshaped(images.shape, code, shape):
            hint = f"{line} has that shape."
        raise ValueError(
            f"{name} has shape {tuple(images.shape)}; expected {wanted} with N at least 1. "
            f"{hint}".strip()
        )


def picture_shape(images: object) -> tuple[int, int, int]:
    """Return the shape of one of ``images`` if they are grey or colour, else MNIST's (1, 28, 28).

    For messages and for figures, which take pictures of any size.
    """
    shape = tuple(getattr(images, "shape", ()))[1:]
    return shape if len(shape) == 3 and shape[0] in (1, 3) and all(shape) else IMAGE_SHAPE


def check_scaled_images(
    images: object, name: str = "images", shape: tuple[int, ...] = IMAGE_SHAPE
) -> None:
    """Check that ``images`` holds floats in [-1, 1], shape (N, *shape), N at least 1.

    Raises ``TypeError`` and ``ValueError``.
    """
    code = name if name.isidentifier() else "images"
    if not isinstance(images, torch.Tensor) or not images.is_floating_point():
        was = f"has dtype {images.dtype}" if isinstance(images, torch.Tensor) else ""
        raise TypeError(
            f"{name} {was or 'is ' + _kind(images)}; expected a tensor of floats in [-1, 1]. "
            f"gan_helpers.data.scale_images({code}) converts uint8 pixels."
        )
    if images.shape[1:] != shape or len(images) == 0:
        line = _reshaped(images.shape, code, shape, rounded=False)
        raise ValueError(
            f"{name} has shape {tuple(images.shape)}; expected (N, {', '.join(map(str, shape))}) "
            f"with N at least 1. {line + ' has that shape.' if line else ''}".strip()
        )
    if not images.abs().max() <= 1 + 1e-4:  # In this form, NaN raises, too.
        raise ValueError(
            f"{name} has values in [{images.min():.2f}, {images.max():.2f}]; expected [-1, 1]. "
            "gan_helpers.data.scale_images converts uint8 pixels to this range."
        )


def _kind(value: object) -> str:
    """Describe ``value`` in a few words: written out, a tensor or a list could be very long."""
    if type(value).__name__ == "ndarray":
        return f"a NumPy array of shape {value.shape}"
    if value is None or isinstance(value, (str, int, float)):
        return repr(value)
    return f"of type {type(value).__name__}"


def _as_tensor(images: object, code: str, shape: tuple[int, ...]) -> str:
    """Return a sentence with the code that turns ``images`` into a tensor, or "" if unknown."""
    if type(images).__name__ == "ndarray":
        line = f"torch.from_numpy({code})"
        return f"{_reshaped(images.shape, line, shape) or line} makes one."
    if isinstance(images, tuple) and len(images) == 2:
        return "load_mnist() returns two things: images, labels = load_mnist()."
    if isinstance(images, (list, tuple)) and images and isinstance(images[0], torch.Tensor):
        line = f"torch.stack({code})"
        return f"{_reshaped((len(images), *images[0].shape), line, shape) or line} makes one."
    if isinstance(images, (list, tuple)) and images and type(images[0]).__name__ == "ndarray":
        line = f"torch.from_numpy(numpy.stack({code}))"
        return f"{_reshaped((len(images), *images[0].shape), line, shape) or line} makes one."
    if isinstance(images, torch.utils.data.DataLoader):
        images, code = images.dataset, f"{code}.dataset"
    if isinstance(images, torch.utils.data.TensorDataset) and images.tensors:
        line = f"{code}.tensors[0]"
        return f"{_reshaped(images.tensors[0].shape, line, shape) or line} holds all the images."
    if isinstance(getattr(images, "data", None), torch.Tensor):  # as torchvision keeps MNIST
        line = _reshaped(images.data.shape, f"{code}.data", shape) or f"{code}.data"
        return f"{line} holds all the images, without the labels."
    if isinstance(images, torch.utils.data.Dataset):
        return f"torch.stack([image for image, label in {code}]) makes one of all the images."
    return ""


def _reshaped(
    given: tuple[int, ...], code: str, shape: tuple[int, ...], rounded: bool = True
) -> str:
    """Return code that brings images of shape ``given`` to (N, *shape), or "" if unknown."""
    given = tuple(given)
    if given[1:] == shape or 0 in given or len(shape) != 3:
        return ""
    channels, height, width = shape
    if channels == 1 and given[1:] == (height, width):
        return f"{code}.unsqueeze(1)"
    if given[1:] == (height, width, channels):
        return f"{code}.permute(0, 3, 1, 2)"
    if given == shape:
        return f"{code}.unsqueeze(0)"
    if given[-1:] == (math.prod(shape),) or given == (height, width):
        return f"{code}.reshape(-1, {channels}, {height}, {width})"
    # Images of another size are resized, and colours become grey where one channel is expected.
    line = code
    if len(given) == 3:
        line, given = f"{line}.unsqueeze(1)", (given[0], 1, *given[1:])
    if len(given) == 4 and given[3] in (1, 3) and given[1] > 3:
        line, given = f"{line}.permute(0, 3, 1, 2)", (given[0], given[3], *given[1:3])
    if len(given) != 4 or given[1] not in (channels, 3 * channels):
        return ""
    line = f"{line}.float()"
    if given[1] != channels:
        line = f"{line}.mean(1, keepdim=True)"
    if given[2:] != (height, width):
        line = f"torch.nn.functional.interpolate({line}, ({height}, {width}), mode='area')"
    return f"{line}.round().to(torch.uint8)" if rounded else line


# --- floats, points -------------------------------------------------------------------------------


def check_floats(values: object, name: str, hint: str = "") -> None:
    """Raise ``TypeError`` unless ``values`` is a tensor of floats; ``hint`` ends the message."""
    check_tensor(values, name)
    if not values.is_floating_point():
        code = name if name.isidentifier() else "values"
        hint = hint or f"{code}.float() converts it."
        raise TypeError(f"{name} has dtype {values.dtype}; expected floats. {hint}")


def check_points(points: object, dim: int, network: nn.Module | None = None) -> None:
    """Check that ``points`` has shape (N, dim) and the dtype of the weights of ``network``.

    Without a ``network``, the dtype must be float32. Raises ``TypeError`` and ``ValueError``.
    """
    if not isinstance(points, torch.Tensor) or points.dtype is not torch.float32:
        _check_dtype(points, "points", network, "torch.tensor(points) makes one.")
    if points.ndim != 2 or points.shape[1] != dim:
        raise ValueError(
            f"points has shape {tuple(points.shape)}; expected (N, {dim}): N points of {dim} "
            "numbers. Pass a grid x on the line as x[:, None]."
        )
