# Types of the module that is generated when the package is built (`python -m ospjit.syntax.tables`).

SIGNATURE: str
PRODUCTIONS: list[tuple[str, int, str]]
ACTION: list[dict[str, int]]
GOTO: list[dict[str, int]]
