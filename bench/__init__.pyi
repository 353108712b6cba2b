from bench.adapter import Adapter as Adapter
from bench.adapter import Embeddings as Embeddings
from bench.adapter import Run as Run
from bench.api.board import Board as Board
from bench.api.data import Data as Data
from bench.api.open import open as open
from bench.api.read import read as read
from bench.api.run import run as run
from bench.errors import Problem as Problem
from bench.errors import UsageError as UsageError
from bench.interactions import DataSet as DataSet
from bench.interactions import Features as Features
from bench.interactions import Interactions as Interactions

__version__: str
