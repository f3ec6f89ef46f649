"""How a payload class describes its fields, so that it can be checked and sent without code.

    @payload
    class AudioChunk:
        samples: Annotated[NDArray[np.float32], Shape("samples", "channels")]
        sample_rate: int

A field is an array with a dtype and a shape, a str, int, float or bool, a tuple of one of these (`tuple[str, ...]`),
or any of them `| None`; or a torch tensor, `Annotated[Tensor, Shape("frames", 64, dtype="float32")]`, which travels as
bytes and comes on the device that an Input names.
"""

from __future__ import annotations

import dataclasses
import types
from typing import Annotated, Any, TypeVar, Union, dataclass_transform, get_args, get_origin, get_type_hints

from graphcore.errors import DeclarationError

T = TypeVar("T")

TENSOR_DTYPES = ("float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
SCALARS = (bool, int, float, str)
PACKET_BYTES = 256  # what a packet costs besides its arrays and texts

_fields: dict[type, tuple[Field, ...]] = {}  # what was described once
_Array = tuple[str, bool, Any, int, list[tuple[int, int]]]  # name, optional, dtype, number of axes, the fixed ones
_arrays: dict[type, tuple[_Array, ...]] = {}


class Shape:
    """The axes of an array: a name for a free length, a number for a fixed one; of a tensor, its `dtype`, too."""

    __slots__ = ("axes", "dtype")

    def __init__(self, *axes: str | int, dtype: str = "") -> None:
        self.axes = axes
        self.dtype = dtype

    def __repr__(self) -> str:
        return "(" + ", ".join(str(axis) for axis in self.axes) + ")"

    @property
    def fixed(self) -> list[tuple[int, int]]:
        """The axes of a fixed length, as (axis, length)."""
        return [(axis, length) for axis, length in enumerate(self.axes) if isinstance(length, int)]

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape has these axes."""
        return len(shape) == len(self.axes) and all(
            isinstance(axis, str) or axis == length for axis, length in zip(self.axes, shape, strict=True)
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field: an array or `tensor` (`dtype` and `shape`), or a `scalar`, repeated where `many`."""

    name: str
    optional: bool
    dtype: str = ""
    shape: Shape | None = None
    scalar: type | None = None
    many: bool = False
    tensor: bool = False  # torch's, which lives on a device


@dataclass_transform(eq_default=False)
def payload(cls: type[T]) -> type[T]:
    """Make a class a payload: a slotted dataclass whose fields can be described.

    A payload is complete when it is sent: its arrays become read-only, nobody changes it afterwards.
    Its name on the wire is the first part of its module and its class name (`avatar_nodes.AudioChunk`),
    so files may move within a package.
    """
    made = dataclasses.dataclass(slots=True, eq=False)(cls)
    made.__payload__ = f"{cls.__module__.partition('.')[0]}.{cls.__name__}"  # type: ignore[attr-defined]
    return made


def is_payload(cls: object) -> bool:
    """Whether this is a class made by `payload`."""
    return isinstance(cls, type) and "__payload__" in vars(cls)


def payload_name(cls: type) -> str:
    """The name on the wire."""
    return str(cls.__payload__)  # type: ignore[attr-defined]


def fields_of(cls: type) -> tuple[Field, ...]:
    """Describe a payload's fields, in order; raises DeclarationError for one that cannot travel."""
    found = _fields.get(cls)
    if found is None:
        try:
            hints = get_type_hints(cls, localns=_array_types(), include_extras=True)
        except NameError as error:
            raise DeclarationError(f"{cls.__qualname__}: {error}") from error
        found = tuple(_describe(cls, field.name, hints[field.name]) for field in dataclasses.fields(cls))
        _fields[cls] = found
    return found


def has_arrays(cls: type) -> bool:
    """Whether a payload has a field that holds an array."""
    return bool(_arrays_of(cls))


def freeze(content: Any) -> None:
    """Make the arrays of a payload read-only; one that is a view of memory its owner may still write is copied.

    Raises DeclarationError for an array that is not as it was declared.
    """
    for name, optional, dtype, axes, fixed in _arrays_of(type(content)):
        array = getattr(content, name)
        if array is None and optional:
            continue
        fits = hasattr(array, "dtype") and array.dtype == dtype and array.ndim == axes
        if not fits or (fixed and fixed != [(axis, array.shape[axis]) for axis, _ in fixed]):
            raise DeclarationError(f"{type(content).__name__} with {mismatch(content)}")
        owner = array.base
        if owner is not None and getattr(getattr(owner, "flags", None), "writeable", False):
            array = array.copy()
            setattr(content, name, array)
        if array.flags.writeable:
            array.setflags(write=False)


def _arrays_of(cls: type) -> tuple[_Array, ...]:
    """Each array field."""
    arrays = _arrays.get(cls)
    if arrays is None:
        import numpy as np

        arrays = tuple(
            (field.name, field.optional, np.dtype(field.dtype), len(field.shape.axes), field.shape.fixed)
            for field in fields_of(cls)
            if field.shape is not None and not field.tensor
        )
        _arrays[cls] = arrays
    return arrays


def size_of(content: Any) -> int:
    """About how many bytes a packet with this payload takes."""
    total = PACKET_BYTES
    for field in fields_of(type(content)):
        value = getattr(content, field.name)
        if field.shape is not None:
            total += 0 if value is None else value.nbytes
        elif field.many:
            total += sum(len(item) if isinstance(item, str) else 8 for item in value or ())
        elif isinstance(value, str):
            total += len(value)
    return total


def mismatch(content: Any) -> str:
    """What is wrong with a payload against its declaration, or an empty text."""
    for field in fields_of(type(content)):
        value = getattr(content, field.name)
        if value is None and field.optional:
            continue
        if field.shape is None:
            if not _is_plain(field, value):
                return f"{field.name}: {value!r:.60}, expected {field.scalar.__name__ if field.scalar else 'a value'}"
        elif not hasattr(value, "dtype"):
            return f"{field.name}: {type(value).__name__}, expected an array"
        elif dtype_name(value) != field.dtype or not field.shape.fits(value.shape):
            return f"{field.name}: {value.dtype} {value.shape}, expected {field.dtype} {field.shape}"
    return ""


def dtype_name(value: Any) -> str:
    """`float32`, of an array and of a tensor alike."""
    return str(value.dtype).removeprefix("torch.")


def moved(content: Any, device: str) -> Any:
    """The same payload with its tensors on this device; itself where it has none."""
    tensors = {field.name: getattr(content, field.name) for field in fields_of(type(content)) if field.tensor}
    there = {name: tensor.to(device) for name, tensor in tensors.items() if tensor is not None}
    return dataclasses.replace(content, **there) if there else content


def _is_plain(field: Field, value: Any) -> bool:
    """Whether a value is of a field's type; a whole number is a float, too."""
    kinds = (float, int) if field.scalar is float else (field.scalar,)
    values = value if field.many and isinstance(value, tuple) else (value,)
    return (not field.many or isinstance(value, tuple)) and all(type(each) in kinds for each in values)


def _array_types() -> dict[str, Any]:
    """Names that a module of payloads may import for type checkers only, so that importing it costs nothing."""
    import numpy as np
    from numpy.typing import NDArray

    return {"np": np, "NDArray": NDArray, "torch": _Torch, "Tensor": _Torch.Tensor}


class _Torch:
    """Stands for torch where only the names in annotations count: the engine does not import it."""

    class Tensor:
        """Stands for torch.Tensor."""


def _is_tensor(array: Any) -> bool:
    return array is _Torch.Tensor or (getattr(array, "__module__", ""), getattr(array, "__name__", "")) == (
        "torch",
        "Tensor",
    )


def _describe(cls: type, name: str, hint: Any) -> Field:
    hint, optional = _without_none(hint)
    if get_origin(hint) is Annotated:
        array, *extras = get_args(hint)
        shape = next((extra for extra in extras if isinstance(extra, Shape)), None)
        if shape is not None and _is_tensor(array):
            if shape.dtype not in TENSOR_DTYPES:
                expected = f"Shape(..., dtype=) with one of {', '.join(TENSOR_DTYPES)}"
                raise DeclarationError(f"{cls.__qualname__}.{name}: a tensor of {shape.dtype!r}; expected {expected}")
            return Field(name, optional, dtype=shape.dtype, shape=shape, tensor=True)
        if shape is not None:
            return Field(name, optional, dtype=_dtype_of(cls, name, array), shape=shape)
        hint = array
    if hint in SCALARS:
        return Field(name, optional, scalar=hint)
    args = get_args(hint)
    if get_origin(hint) is tuple and len(args) == 2 and args[1] is Ellipsis and args[0] in SCALARS:
        return Field(name, optional, scalar=args[0], many=True)
    raise DeclarationError(
        f"{cls.__qualname__}.{name}: {hint} cannot travel; expected Annotated[NDArray[dtype], Shape(...)],"
        " bool, int, float, str or a tuple of one of these"
    )


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [arg for arg in get_args(hint) if arg is not type(None)]
        if len(rest) == 1 and len(get_args(hint)) == 2:
            return rest[0], True
    return hint, False


def _dtype_of(cls: type, name: str, array: Any) -> str:
    """`NDArray[np.float32]` is `ndarray[shape, dtype[np.float32]]`: take the innermost name."""
    args = get_args(array)
    scalars = get_args(args[1]) if len(args) == 2 else ()
    if len(scalars) != 1 or not hasattr(scalars[0], "__name__"):
        raise DeclarationError(f"{cls.__qualname__}.{name}: expected NDArray[dtype], got {array}")
    return str(scalars[0].__name__).rstrip("_")
