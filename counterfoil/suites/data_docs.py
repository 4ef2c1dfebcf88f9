"""Great Expectations' own site of an audit, on request: it costs seconds, and is for readers
who know it. Its pages fetch their styles from the network; Counterfoil's report does not.
"""

import logging
import shutil
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class DataDocs:
    """Collects what Great Expectations said, and has it write its site.

    Args:
        context: Great Expectations' context, in memory.
        folder: where the site is to be; it is made.
    """

    def __init__(self, context: Any, folder: Path) -> None:
        self._context = context
        self._folder = folder
        self._kept: list[tuple[Any, Any]] = []
        for name in list(context.get_site_names()):
            context.delete_data_docs_site(name)
        context.add_data_docs_site(
            "counterfoil",
            {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(folder),
                },
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )

    def keep(self, suite: Any, results: Any) -> None:
        """One suite and what came of it."""
        self._kept.append((suite, results))

    def write(self) -> None:
        """The site, of all that was kept. If it cannot be written there is none: it is logged,
        and the audit goes on.
        """
        from great_expectations.core.run_identifier import RunIdentifier
        from great_expectations.data_context.types.resource_identifiers import (
            ExpectationSuiteIdentifier,
            ValidationResultIdentifier,
        )

        run = RunIdentifier(run_name="audit")
        try:
            for suite, results in self._kept:
                self._context.suites.add(suite)
                identifier = ValidationResultIdentifier(
                    expectation_suite_identifier=ExpectationSuiteIdentifier(suite.name),
                    run_id=run,
                    batch_identifier=suite.name,
                )
                self._context.validation_results_store.set(identifier, results)
            self._context.build_data_docs()
        except Exception as cause:
            shutil.rmtree(self._folder, ignore_errors=True)
            log.warning("Data Docs cannot be written: %s: %s", type(cause).__name__, cause)
