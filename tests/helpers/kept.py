"""One of each kind of what a results folder keeps as JSON."""

from bench.records.canaries import Canaries, Check
from bench.records.certificates import Certificate, Finding
from bench.records.record import Cell, Record

CELL = Cell(dataset="d", protocol="loo-99", model="als", params={"factors": [8, 4]}, seed=0)
RECORD = Record(cell=CELL, key="0" * 16, status="ok", metrics={"hr_at_10": 0.5})
CANARIES = Canaries(
    dataset="d",
    protocol="loo-99",
    key="1" * 16,
    checks={"oracle": (Check("hr_at_10", 1.0, 1.0, 0.0), Check("ndcg_at_10", None, 1.0, 0.0))},
)
CERTIFICATE = Certificate(
    model="als",
    code_sha256="c" * 64,
    params={},
    seed=0,
    findings=(Finding("form", "pass", "fine"), Finding("users", "fail", "2 ranks differ")),
)
KINDS = (RECORD, CANARIES, CERTIFICATE)
