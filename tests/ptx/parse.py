"""PTX text to the statements, parameters and shared memory of one kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .kinds import KINDS, Fault

_ENTRY = r"\.entry\s+{}\s*\(([^)]*)\)[^{{;]*\{{"
_SHARED = re.compile(r"\.shared\s+\.align\s+(\d+)\s+\.[bus](8|16|32|64)\s+([\w$]+)\s*(?:\[\s*(\d*)\s*\])?")
_REGISTERS = re.compile(r"\.reg\s+\.(\w+)\s+(%?[\w$]+)(?:<(\d+)>)?(?:\s*,.*)?$", re.DOTALL)
_OPERAND = re.compile(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One statement: the predicate that guards it ("" for none, "!%p1" for not), the parts of its opcode and its operands."""

    guard: str
    parts: tuple[str, ...]
    operands: tuple[str, ...]
    line: int

    @property
    def opcode(self) -> str:
        """As it is written."""
        return ".".join(self.parts)

    def __str__(self) -> str:
        guard = f"@{self.guard} " if self.guard else ""
        return f"{guard}{self.opcode} {', '.join(self.operands)}; (line {self.line})"


@dataclass(slots=True)
class Kernel:
    """One entry.

    `params` map a name to its offset and its size in bytes, `shared` a name to its offset, `families` a register, or what its
    name begins with, to its bytes (0: a predicate).
    """

    name: str
    params: dict[str, tuple[int, int]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    shared: dict[str, int] = field(default_factory=dict)
    shared_bytes: int = 0
    families: dict[str, int] = field(default_factory=dict)
    code: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)

    def declares(self, name: str) -> bool:
        """Whether a name is that of a register."""
        return name in self.families or name.rstrip("0123456789") in self.families

    def width(self, register: str) -> int:
        """Bytes of a register, 0 of a predicate."""
        size = self.families.get(register, self.families.get(register.rstrip("0123456789")))
        if size is None:
            raise Fault(f"undeclared register {register}")
        return size


def _bare(text: str) -> str:
    """`text` without comments, the lines as they were."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", text)


def _body(text: str, start: int) -> str:
    """What stands between the brace before `start` and the one that closes it."""
    depth = 1
    for match in re.finditer(r"[{}]", text[start:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return text[start : start + match.start()]
    raise Fault("the entry's braces are not closed")


def _params(kernel: Kernel, text: str) -> None:
    offset = 0
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.match(r"\.param\s+(?:\.align\s+(\d+)\s+)?\.(\w+)\s+(?:\.ptr\s+(?:\.\w+\s+(?:\d+\s+)?)*)?([\w$]+)(?:\[(\d+)\])?$", part)
        if match is None:
            raise Fault(f"no parameter that is known here: {part}")
        size = KINDS[match[2]].itemsize
        alignment, size = max(size, int(match[1] or 1)), size * int(match[4] or 1)
        offset = -(-offset // alignment) * alignment
        kernel.params[match[3]] = offset, size
        kernel.kinds.append("bytes" if match[4] else match[2])
        offset += size


def _share(kernel: Kernel, text: str) -> None:
    for alignment, bits, name, count in _SHARED.findall(text):
        start = -(-kernel.shared_bytes // int(alignment)) * int(alignment)
        kernel.shared[name], kernel.shared_bytes = start, start + int(bits) // 8 * int(count or ("[" not in text))


def _directive(kernel: Kernel, text: str) -> None:
    if match := _REGISTERS.match(text):
        names = [match[2]] if match[3] else re.findall(r"%?[\w$]+", text.split(None, 2)[2])
        kernel.families.update(dict.fromkeys(names, 0 if match[1] == "pred" else KINDS[match[1]].itemsize))
    elif text.startswith((".shared", ".extern .shared")):
        _share(kernel, text)
    elif not text.startswith((".loc ", ".pragma ")):
        raise Fault(f"no directive that is known here: {text}")


def _statement(kernel: Kernel, text: str, line: int) -> None:
    while match := re.match(r"[\s{}]*([\w$]+):(?!:)", text):  # braces set off a register for a split: `{ .reg .b32 tmp; mov.b64 ...; }`
        kernel.labels[match[1]] = len(kernel.code)
        line += match[0].count("\n")
        text = text[match.end() :]
    line += text[: len(text) - len(text.lstrip("{} \t\r\n"))].count("\n")
    text = text.lstrip("{} \t\r\n").rstrip()
    if text.startswith("."):
        _directive(kernel, text)
    elif text:
        match = re.match(r"(?:@(!?%[\w$]+)\s+)?([\w.:]+)\s*(.*)$", text, re.DOTALL)
        if match is None:
            raise Fault(f"no statement that is known here: {text}")
        operands = tuple(re.sub(r"\s+", " ", o) for o in _OPERAND.findall(match[3]))
        parts = tuple(match[2].replace("::", "\0").split("."))
        kernel.code.append(Instruction(match[1] or "", tuple(p.replace("\0", "::") for p in parts), operands, line))


def parse(text: str, entry: str) -> Kernel:
    """The kernel `entry` of a PTX module.

    Raises
    ------
    Fault
        If there is no such entry, or its text has what this interpreter does not know.
    """
    text = _bare(text)
    head = re.search(_ENTRY.format(re.escape(entry)), text, re.DOTALL)
    if head is None:
        raise Fault(f"the text has no entry {entry}")
    kernel = Kernel(entry)
    _params(kernel, head[1])
    body = _body(text, head.end())
    for match in _SHARED.finditer(text.replace(body, "")):
        _share(kernel, match[0])
    line = text[: head.end()].count("\n") + 1
    for piece in body.split(";"):
        _statement(kernel, piece, line)
        line += piece.count("\n")
    return kernel
