"""Made-up tables of published figures."""

from pathlib import Path

HEADER = "dataset,protocol,model,hr_at_10,ndcg_at_10,kind,read,source,link"
LINES = (
    "ml-100k,loo,mf,0.7300,0.4470,paper,no,Somebody 2020,https://example.org/b",
    "ml-100k,loo,mf,0.70,0.50,repository,yes,Somebody 2017,https://example.org/a",
    'ml-100k,loo,gmf,0.6,0.4,re-run,yes,"Somebody 2017, table 2",https://example.org/a',
)


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "published.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path
