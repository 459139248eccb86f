"""What the Prefect flow costs over the plain functions: wall and CPU seconds of whole processes, medians.

Run from the repository's root: `.venv/bin/python -m tests.benchmarks.flow_cost [RUNS]`.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing.hours import iso
from tests.flows.small import END, small_workspace
from tests.flows.test_prefect import free_port, wait_for

PROGRAM = "from flows.cli import main; main()"


def measured(workspace: Path, *options: str, **environment: str) -> tuple[float, float]:
    """Wall and CPU seconds of one `floodmark run`, children included."""
    command = [sys.executable, "-c", PROGRAM, "run", "--at", iso(END), "--workspace", str(workspace), *options]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def standing_server(home: Path) -> Iterator[str]:
    """A Prefect server on loopback; its API's URL."""
    url = f"http://127.0.0.1:{(port := free_port())}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as server:
        import urllib.request

        wait_for("the server", lambda: urllib.request.urlopen(f"{url}/health").read() == b"true")
        yield url
        server.terminate()


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        workspace = directory / "w"
        small_workspace(workspace).engine.dispose()
        measured(workspace)
        rows = {"plain functions": [measured(workspace) for _ in range(runs)]}
        rows["flow, embedded server, first start"] = [
            measured(workspace, "--flow", PREFECT_HOME=str(directory / f"home{n}")) for n in range(min(runs, 3))
        ]
        rows["flow, embedded server, later"] = [
            measured(workspace, "--flow", PREFECT_HOME=str(directory / "home0")) for _ in range(runs)
        ]
        with standing_server(directory / "standing") as url:
            measured(workspace, "--flow", PREFECT_API_URL=url)
            rows["flow, standing server"] = [measured(workspace, "--flow", PREFECT_API_URL=url) for _ in range(runs)]
    base = statistics.median(wall for wall, _ in rows["plain functions"])
    print("| cycle that changes nothing | runs | wall s | CPU s | wall over plain |\n|---|---|---|---|---|")
    for what, found in rows.items():
        wall, cpu = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"| {what} | {len(found)} | {wall:.1f} | {cpu:.1f} | {wall / base:.1f} x |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
