"""A failure is told when it happens: a run that is cut off before its end has said what failed."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Teller(reporter))


class Teller:
    """Writes the name and the reason of each failed test beneath the dots."""

    def __init__(self, reporter):
        self.reporter = reporter

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.reporter.ensure_newline()
            self.reporter.write_line(f"FAILED {report.nodeid} ({report.when})")
            self.reporter.write_line(report.longreprtext[-3000:])
