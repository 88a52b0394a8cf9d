"""LibreOffice, which recalculates exported Excel files; where there is none, their tests skip."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Return what recalculates an Excel file by LibreOffice and returns the new one."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("there is no LibreOffice here: apt-get install libreoffice-calc-nogui")
    home, made = tmp_path_factory.mktemp("office"), tmp_path_factory.mktemp("recalculated")

    def recalculate(path: Path) -> Path:
        call = [program, f"-env:UserInstallation=file://{home}", "--headless", "--convert-to", "xlsx"]
        subprocess.run([*call, "--outdir", made, path], check=True, capture_output=True, timeout=300)
        return made / path.name

    return recalculate
