"""A Spark of one's own, which ends with the process that started it.

It answers on the loopback alone where it runs on this machine, has no web page, and keeps its files
in a folder that is gone afterwards. As `als_spark` uses it, nothing is computed in Python.
"""

import atexit
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyspark
from py4j.protocol import Py4JError
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

HERE = "local"  # with the threads of a run
LOOPBACK = "127.0.0.1"
CELL = "BENCH_JOB"  # variable of the environment: the folder of the cell that is measured
# Of a thread: what an iteration is made from goes with its tasks, as deep as iterations are.
STACK = "-Xss16m"
ENDING_SECONDS = 60.0  # that Java has to end in before it is killed


def no_java() -> str:
    """Why there is no Java, in a few words; "" where there is one in JAVA_HOME or on the PATH."""
    home = os.environ.get("JAVA_HOME")
    if shutil.which(Path(home, "bin", "java") if home else "java") is not None:
        return ""
    where = f"in JAVA_HOME, {home}" if home else "on the PATH, and JAVA_HOME is not set"
    return f"needs Java 17 or newer, which Spark runs on; there is none {where}"


class Opened(NamedTuple):
    """What the open session was started with, and its folder."""

    master: str
    threads: int
    heap_mb: int
    folder: TemporaryDirectory[str]


_opened: Opened | None = None


def open_session(master: str, threads: int, heap_mb: int) -> SparkSession:
    """The session of this process, which ends with it; or another one, where that is not enough.

    Args:
        master: Spark's word for where it runs; HERE stands for so many threads, here.
        threads: of it here, or of each executor.
        heap_mb: the most memory of Java's heap, here; Java itself takes some 300 MB more.

    Raises:
        RuntimeError: there is no Java, or Spark does not start; it has printed why.
    """
    global _opened
    session = SparkSession.getActiveSession()
    if session is not None and _opened is not None:
        if _opened[:2] == (master, threads) and _opened.heap_mb >= heap_mb:
            return session
        end()
    if reason := no_java():
        raise RuntimeError(reason)
    # In the folder of a cell it goes with the cell, however that ends.
    folder = TemporaryDirectory(
        prefix="spark-", dir=os.environ.get(CELL), ignore_cleanup_errors=True
    )
    _opened = Opened(master, threads, heap_mb, folder)
    own = Path(folder.name)
    builder = SparkSession.builder.master(f"local[{threads}]" if master == HERE else master)
    for key, value in settings(master, threads, heap_mb, own).items():
        builder = builder.config(key, value)
    try:
        with variables(environment(master, own)):
            session = builder.getOrCreate()
    except (PySparkRuntimeError, Py4JError) as error:
        end()
        raise RuntimeError(f"Spark {pyspark.__version__} does not start: {error}") from error
    session.sparkContext.setLogLevel("FATAL")  # what goes wrong is raised here
    if master.startswith(HERE):  # on a cluster it has to be where all machines reach it
        session.sparkContext.setCheckpointDir(str(own / "checkpoints"))
    return session


def settings(master: str, threads: int, heap_mb: int, folder: Path) -> Mapping[str, str]:
    """What Spark is told, by its own names.

    Java's own helpers, for memory and compilation, are as many as the threads.
    """
    java = f"{STACK} -XX:ActiveProcessorCount={threads} -XX:-UsePerfData"
    found = {
        "spark.app.name": "bench",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": f"{heap_mb}m",
        "spark.driver.extraJavaOptions": f"{java} -Djava.io.tmpdir={folder}",
        "spark.executor.cores": str(threads),
        "spark.executor.extraJavaOptions": java,
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        # Of what is handed over and back; the learning has blocks of its own.
        "spark.sql.shuffle.partitions": str(max(threads, 2)),
    }
    if master.startswith(HERE):
        found |= {"spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK}
        if not master.startswith("local-cluster"):  # for which Spark draws no secret
            found["spark.authenticate"] = "true"
    return found


def environment(master: str, folder: Path) -> Mapping[str, str]:
    """What Spark finds in its environment."""
    found = {"SPARK_LOCAL_DIRS": str(folder), "PYSPARK_SUBMIT_ARGS": "pyspark-shell"}
    return found | ({"SPARK_LOCAL_IP": LOOPBACK} if master.startswith(HERE) else {})


@contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """Have these variables in the environment, and what was there afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@atexit.register
def end() -> None:
    """Stop the session, if there is one, and wait for its Java."""
    global _opened
    context: Any = pyspark.SparkContext
    with suppress(Py4JError, OSError):  # Java may have ended by itself
        if (session := SparkSession.getActiveSession()) is not None:
            session.stop()
    gateway = context._gateway
    context._gateway = context._jvm = context._active_spark_context = None
    if gateway is not None:
        with suppress(Py4JError, OSError):
            gateway.shutdown()
        gateway.proc.stdin.close()  # Java reads it, and ends with it
        try:
            gateway.proc.wait(timeout=ENDING_SECONDS)
        finally:
            gateway.proc.kill()
    if _opened is not None:
        _opened.folder.cleanup()
        _opened = None
