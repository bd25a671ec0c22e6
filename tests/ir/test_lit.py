"""The `*.mlir` files are tests for LLVM's own runner as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_lit_runs_our_files(tmp_path: Path) -> None:
    (tmp_path / "lit.cfg.py").write_text((HERE / "lit.cfg.py").read_text())
    (tmp_path / "good.mlir").write_text((HERE / "cse.mlir").read_text())
    (tmp_path / "bad.mlir").write_text((HERE / "cse.mlir").read_text().replace("=cse", "=dce"))
    command = [sys.executable, "-c", "from lit.main import main; main()", "-v", "-j1", str(tmp_path)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert "PASS: ospjit-ir :: good.mlir" in result.stdout, result.stdout + result.stderr
    assert "FAIL: ospjit-ir :: bad.mlir" in result.stdout
    assert result.returncode == 1
