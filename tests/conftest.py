"""What holds for all tests: waiting threads sleep, as behind every door."""

from __future__ import annotations

from workbench.settings import rest_waiting_threads

rest_waiting_threads()
