"""A pytest plugin for runs of many tests: one line for each tenth of them and for each failure, no character per test.

``python -m pytest -p tests.tools.progress -o console_output_style=classic``. Failures are shown whole at the end, as
always.
"""

import time
from collections.abc import Generator

import pytest

STEPS = 10  # lines for a run without failures


class Progress:
    """Writes how many tests are done, and which have failed."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal
        self._began = time.monotonic()
        self._done = self._step = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, tuple[str, str, str], tuple[str, str, str]]:
        """Drop the character; the summary at the end needs the other two."""
        category, _, word = yield
        return category, "", word

    @pytest.hookimpl(trylast=True)  # pytest has counted it then
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._write("FAILED" if report.when == "call" else f"ERROR at {report.when} of", report.nodeid, red=True)
        if report.when != "teardown":
            return
        self._done += 1
        total = self._terminal._session.testscollected if self._terminal._session else 0
        if total and (step := self._done * STEPS // total) > self._step:
            self._step = step
            self._write(f"{self._done / total:4.0%}", f"{self._done} of {total} tests")

    def _write(self, label: str, text: str, **markup: bool) -> None:
        self._terminal.write_line(f"{label} {text}, {time.monotonic() - self._began:.0f} s", **markup)


@pytest.hookimpl(trylast=True)  # the terminal reporter is there then
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:  # a worker of xdist has none
        config.pluginmanager.register(Progress(terminal), "tests.tools.progress.Progress")
