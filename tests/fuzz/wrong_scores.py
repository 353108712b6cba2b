"""What scores() and pair_scores() can return, right and wrong, as expressions of what is right."""

import re

from hypothesis import strategies as st
from wrong_errors import Wrong

# In all of these `right` is the right array, float32 [b, c], and self is the model.
HARMLESS = [
    "right",
    "np.asfortranarray(right)",
    "np.ascontiguousarray(right[::-1])[::-1]",
    "np.ascontiguousarray(right[:, ::-1])[:, ::-1]",
    "np.repeat(right, 2, axis=1)[:, ::2]",
    "np.repeat(right, 3, axis=0)[1::3]",
    "np.pad(right, 3)[3:-3, 3:-3]",
    "np.asmatrix(right)",
    "right.view(type('Ours', (np.ndarray,), {'shape': 5, '__getitem__': None}))",
    "right.view(type('Ours', (np.ndarray,), {'__array_finalize__': lambda self, of: None}))",
    "np.frombuffer(right.tobytes(), dtype=np.float32).reshape(right.shape)",  # read-only
    "np.frombuffer(b'1' + right.tobytes(), 'f4', offset=1).reshape(right.shape)",  # unaligned
    "np.array(right, dtype=np.dtype('f4', metadata={'unit': 'stars'}))",
    "np.where(right == 0, np.float32(-0.0), right)",
    "right * np.float32(2) - np.float32(100)",
    "right * np.float32(1e36)",
    "right * np.float32(2**-148)",  # denormal, and still exact
    "torch.from_numpy(right).numpy()",
    "torch.from_numpy(right.T.copy()).T.numpy()",
    "in_a_buffer(self, right, 'C')",
    "in_a_buffer(self, right, 'F')",
    "in_a_file(right)",
    "right if users.fill(0) else right",
    "right if len(users) == 1 else np.concatenate([right[:1], right[1:]])",
]
harmless = st.sampled_from(HARMLESS)

TYPES = [
    ("right.tolist()", "list"),
    ("tuple(right)", "tuple"),
    ("list(right)", "list"),
    ("(row for row in right)", "generator"),
    ("iter(right)", "iterator"),
    ("map(list, right)", "map"),
    ("sp.csr_matrix(right)", "csr_matrix"),
    ("sp.csr_array(right)", "csr_array"),
    ("sp.coo_array(right)", "coo_array"),
    ("sp.linalg.aslinearoperator(right)", "MatrixLinearOperator"),
    ("torch.from_numpy(right)", "Tensor"),
    ("torch.from_numpy(right).requires_grad_()", "Tensor"),
    ("torch.from_numpy(right).to('meta')", "Tensor"),
    ("torch.from_numpy(right).to_sparse()", "Tensor"),
    ("torch.nn.Parameter(torch.from_numpy(right))", "Parameter"),
    ("torch.from_numpy(right).half()", "Tensor"),
    ("np.ma.masked_array(right)", "MaskedArray"),
    ("np.ma.masked_less(right, 25)", "MaskedArray"),
    ("pandas.DataFrame(right)", "DataFrame"),
    ("pandas.Series(list(right))", "Series"),
    ("memoryview(right)", "memoryview"),
    ("right.tobytes()", "bytes"),
    ("array.array('f', right.ravel())", "array"),
    ("right.flat", "flatiter"),
    ("np.float32(1)", "float32"),
    ("None", "NoneType"),
    ("'scores'", "str"),
    ("0", "int"),
    ("float('nan')", "float"),
    ("Ellipsis", "ellipsis"),
    ("NotImplemented", "NotImplementedType"),
    ("object()", "object"),
    ("np.ndarray", "type"),
    ("np", "module"),
    ("range(len(users))", "range"),
    ("dict(enumerate(right))", "dict"),
    ("set()", "set"),
    ("lambda: right", "function"),
    ("(lambda: (yield))()", "generator"),
    ("ValueError('returned, not raised')", "ValueError"),
    ("self", "Fuzzed"),
    ("type('Array', (), {'__array__': lambda self, *a, **k: right})()", "Array"),
    ("type('Evil', (type,), {'__repr__': 5})('Evil', (), {})()", "Evil"),
]
DTYPES = [
    "f2",
    "f8",
    "g",
    "F",
    "D",
    "G",
    "i1",
    "i2",
    "i4",
    "i8",
    "u1",
    "u2",
    "u4",
    "u8",
    "?",
    ">f4",
    "S4",
    "U3",
    "M8[s]",
    "m8[s]",
    "O",
    "V4",
    "f4,f4",
]
ELSE = [
    ("mock.MagicMock(spec=np.ndarray)", "must return a numpy array, not MagicMock$"),
    ("type('Liar', (), {'__class__': np.ndarray})()", "must return a numpy array, not Liar$"),
    ("right.T", r"must return shape"),
    ("right[0]", r"must return shape"),
    ("right[:-1]", r"must return shape"),
    ("right[:, :-1]", r"must return shape"),
    ("right[:0]", r"must return shape"),
    ("right[:, :0]", r"must return shape"),
    ("right[None]", r"must return shape"),
    ("right.ravel()", r"must return shape"),
    ("np.repeat(right, 2, axis=0)", r"must return shape"),
    ("np.float32(3) + np.zeros(())", r"must return a numpy array, not float64"),
]


@st.composite
def arrays(draw: st.DrawFn) -> tuple[str, str]:
    """An array of another shape."""
    shape = tuple(draw(st.lists(st.integers(0, 45), max_size=5)))
    if len(shape) == 2:
        shape = (shape[0], 41 + shape[1])
    shape = tuple(shape)
    found = re.escape(str(shape))
    return f"np.zeros({shape}, dtype=np.float32)", rf"must return shape \(\d+, \d+\), not {found}$"


@st.composite
def not_finite(draw: st.DrawFn, users: list[int], items: int) -> tuple[str, str]:
    """The right array but for one place; it is named where all users are asked for at once."""
    row, column = draw(st.integers(0, len(users) - 1)), draw(st.integers(0, items - 1))
    value, name = draw(
        st.sampled_from(
            [
                ("np.nan", "NaN"),
                ("-np.nan", "NaN"),
                ("np.uint32(0x7F800001).view('f4')", "NaN"),  # one that signals
                ("np.inf", "infinity"),
                ("-np.inf", "-infinity"),
            ]
        )
    )
    where = rf"user {users[row]}, item {column}"
    return f"with_one(right, {row}, {column}, {value})", rf"returned {name} for {where}$"


def wrong(users: list[int], items: int) -> st.SearchStrategy[Wrong]:
    """An expression that nothing can be ranked by."""
    types = st.sampled_from(TYPES).map(
        lambda each: (each[0], rf"must return a numpy array, not {each[1]}")
    )
    dtypes = st.sampled_from(DTYPES).map(
        lambda name: (f"np.zeros(right.shape, {name!r})", r"must return float32, not .+")
    )
    found = st.one_of(types, dtypes, arrays(), st.sampled_from(ELSE), not_finite(users, items))
    return found.map(lambda each: Wrong(each[0], "failed", each[1]))
