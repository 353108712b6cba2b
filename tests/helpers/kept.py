"""One of each kind of what a results folder keeps as JSON."""

from bench.records.canaries import Canaries, Check
from bench.records.certificates import Certificate, Finding
from bench.records.record import Cell, Record
from bench.records.standings import PairStanding, RowStanding, Standings

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
STANDINGS = Standings(
    dataset="d",
    protocol="loo-99",
    key="2" * 16,
    figure="exact_ndcg_at_10",
    users=943,
    rows=(
        RowStanding("als", ("d.loo-99.als.s0.0",), 1, "a", True, {"exact_ndcg_at_10": 0.4}),
        RowStanding("ease", ("d.loo-99.ease.s0.0",), 2, "b", True, {"exact_ndcg_at_10": 0.3}),
    ),
    pairs=(PairStanding("als", "ease", 0.1, 0.01, 0.08, 0.12, 0.001),),
    detectable=0.012,
    detectable_in_all=0.02,
)
KINDS = (RECORD, CANARIES, CERTIFICATE, STANDINGS)
