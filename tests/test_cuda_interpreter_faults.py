"""The interpreter of PTX: divergence, barriers, shuffles, and that nothing a kernel must not do goes unseen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ptx import Fault, Memory, run
from ptx.snippet import HEADER, evaluate, execute, kernel

Array = Any
PLACE = "ld.param.u64 %rd1, [p0]; mad.lo.s64 %rd1, %rd1000, 4, %rd1;\n"
OTHER = "ld.param.u64 %rd2, [p1]; mad.lo.s64 %rd2, %rd1000, 4, %rd2;\n"
SHARED = ".shared .align 16 .b8 room[4096];"
SLOT = "shl.b32 %r1, %r1003, 2; mov.u32 %r2, room; add.s32 %r3, %r2, %r1;\n"


def numbers(count: int) -> Array:
    return np.arange(count, dtype=np.uint32)


def test_a_loop_of_different_length_in_every_thread() -> None:
    x = numbers(100) % 13
    code = """
	mov.u32 {d}, 0; mov.u32 %r1, 0;
$again:
	setp.ge.u32 %p1, %r1, {a};
	@%p1 bra $done;
	add.s32 %r1, %r1, 1;
	mad.lo.s32 {d}, %r1, %r1, {d};
	bra.uni $again;
$done:
"""
    assert evaluate(code, [x], "u32").tolist() == [sum(k * k for k in range(n + 1)) for n in x.tolist()]


def test_both_sides_of_a_branch_and_a_guarded_instruction() -> None:
    x = numbers(100)
    code = """
	and.b32 %r1, {a}, 1; setp.eq.s32 %p1, %r1, 0; mov.u32 {d}, 5;
	@%p1 bra $even;
	add.s32 {d}, {a}, 1000;
	bra.uni $end;
$even:
	@!%p1 mov.u32 {d}, 77;
	setp.gt.u32 %p2, {a}, 50;
	@%p2 mov.u32 {d}, {a};
$end:
"""
    assert evaluate(code, [x], "u32").tolist() == [n + 1000 if n % 2 else n if n > 50 else 5 for n in range(100)]


@pytest.mark.parametrize(
    ("code", "want"),
    [
        ("shfl.sync.bfly.b32 {d}, {a}, 5, 31, -1;", lambda n: n ^ 5),
        ("shfl.sync.down.b32 {d}, {a}, 3, 31, -1;", lambda n: n + 3 if n % 32 < 29 else n),
        ("shfl.sync.up.b32 {d}, {a}, 3, 0, -1;", lambda n: n - 3 if n % 32 > 2 else n),
        ("shfl.sync.idx.b32 {d}, {a}, 7, 31, -1;", lambda n: n // 32 * 32 + 7),
        ("shfl.sync.down.b32 {d}|%p1, {a}, 1, 6175, -1; selp.b32 {d}, {d}, 999, %p1;", lambda n: n + 1 if n % 8 < 7 else 999),
        ("setp.lt.u32 %p1, {a}, 70; vote.sync.ballot.b32 {d}, %p1, -1;", lambda n: [2**32 - 1, 2**32 - 1, 63, 0][n // 32]),
        ("setp.lt.u32 %p1, {a}, 70; vote.sync.all.pred %p2, %p1, -1; selp.b32 {d}, 1, 0, %p2;", lambda n: int(n < 64)),
        ("setp.lt.u32 %p1, {a}, 70; vote.sync.any.pred %p2, !%p1, -1; selp.b32 {d}, 1, 0, %p2;", lambda n: int(n >= 64)),
        ("setp.lt.u32 %p1, {a}, 70; mov.u32 {d}, 0; @%p1 activemask.b32 {d};", lambda n: 2**32 - 1 if n < 64 else 63 if n < 70 else 0),
        ("bar.warp.sync -1; mov.u32 {d}, %laneid;", lambda n: n % 32),
    ],
)
def test_warps(code: str, want: Any) -> None:
    x = numbers(128)
    assert evaluate(code, [x], "u32").tolist() == [want(n) for n in range(128)]


def test_special_registers_of_a_grid_of_three_axes() -> None:
    y = np.zeros((24, 12), np.uint32)
    names = ["%tid.x", "%tid.y", "%tid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%ntid.x", "%ntid.y", "%nctaid.x", "%nctaid.y", "%nctaid.z"]
    stores = "\n".join(f"mov.u32 %r9, {name}; st.global.b32 [%rd1+{4 * k}], %r9;" for k, name in enumerate(names))
    body = f"""
	ld.param.u64 %rd1, [p0];
	mov.u32 %r1, %ctaid.y; mov.u32 %r2, %nctaid.x; mov.u32 %r3, %ctaid.x; mad.lo.s32 %r4, %r1, %r2, %r3;
	mov.u32 %r5, %tid.y; mov.u32 %r6, %ntid.x; mov.u32 %r7, %tid.x; mad.lo.s32 %r8, %r5, %r6, %r7;
	mad.lo.s32 %r4, %r4, 4, %r8; mul.wide.u32 %rd2, %r4, 48; add.s64 %rd1, %rd1, %rd2;
{stores}"""
    memory = Memory()
    run(kernel(body, 1), "k", (3, 2), (2, 2), [memory.add(y)], memory)
    want = [[t % 2, t // 2, 0, b % 3, b // 3, 0, 2, 2, 3, 2, 1, 0] for b in range(6) for t in range(4)]
    assert y.tolist() == want


def test_shared_memory_is_one_for_each_block() -> None:
    y = np.zeros(3 * 96, np.uint32)
    body = f"""{PLACE}{SLOT}
	st.shared.b32 [%r3], %r1000;
	bar.sync 0;
	mov.u32 %r4, 380; sub.s32 %r5, %r4, %r1; add.s32 %r5, %r5, %r2;
	ld.shared.b32 %r6, [%r5];
	st.global.b32 [%rd1], %r6;"""
    execute(body, [y], 96, 3, SHARED)
    assert (y.reshape(3, 96) == np.arange(3 * 96).reshape(3, 96)[:, ::-1]).all()


def test_what_is_counted() -> None:
    y, x = np.zeros(64, np.float32), np.ones(64, np.float32)
    body = "ld.param.u64 %rd1, [p0]; ld.param.u64 %rd2, [p1]; shl.b64 %rd3, %rd1000, 4; add.s64 %rd1, %rd1, %rd3; add.s64 %rd2, %rd2, %rd3;"
    body += "ld.global.nc.v4.f32 {%r1, %r2, %r3, %r4}, [%rd2]; add.rn.f32 %r1, %r1, %r1; st.global.v4.f32 [%rd1], {%r1, %r2, %r3, %r4};"
    counts = execute(body, [y, x], 16)
    assert y.tolist() == [2, 1, 1, 1] * 16
    assert counts.accesses == {("ld", "global", 16): 16, ("st", "global", 16): 16}
    assert counts.instructions["add.rn.f32"] == 16
    assert counts.instructions["add.s64"] == 32


FAULTS = {
    "add.f32 %r1, %r2, %r3;": "contractable",
    "mul.f32 %r1, %r2, %r3;": "contractable",
    "sub.f64 %rd1, %rd2, %rd3;": "contractable",
    "fma.rz.f32 %r1, %r2, %r3, %r4;": "not rounded to nearest",
    "div.full.f32 %r1, %r2, %r3;": "not rounded to nearest",
    "div.approx.f32 %r1, %r2, %r3;": "not rounded to nearest",
    "sqrt.approx.f32 %r1, %r2;": "not rounded to nearest",
    "mul.rn.ftz.f32 %r1, %r2, %r3;": "flushed",
    "setp.lt.ftz.f32 %p1, %r2, %r3;": "flushed",
    "ex2.approx.ftz.f32 %r1, %r2;": "flushed",
    "ex2.approx.f32 %r1, %r2;": "unknown opcode",
    "sin.approx.f32 %r1, %r2;": "unknown opcode",
    "add.rn.f16 %rs1, %rs2, %rs3;": "16-bit floats",
    "cvt.rz.f32.f64 %r1, %rd1;": "not rounded to nearest",
    "cvt.f32.s32 %r1, %r2;": "unknown rounding",
    "frob.b32 %r1, %r2;": "unknown opcode",
    "mov.u32 %r1, %clock;": "undeclared|known",
    "mov.u32 %r1, %r2;": "read before",
    "add.s32 %r1, 1, 2, 3;": "operands are expected",
    "add.s32 %rd1, %r1, %r2;": "bits",
    "mov.u64 %r1, 5;": "bits",
    "mov.u32 %zz1, 5;": "undeclared",
    "call.uni foo, (%r1);": "no type|unknown",
    "ld.u32 %r1, [%rd1000];": "generic",
    "ld.local.u32 %r1, [%rd1000];": "unknown modifier .local",
    "ld.global.u32 %r1, [%rd1000];": "out of bounds",
    "ld.global.v4.u32 {%r1, %r2}, [%rd1000];": "as many",
    "bra $nowhere;": "no such label",
    ".local .align 4 .b8 stack[16];": "no directive",
    "setp.lt.u32 %p1, %r1003, 16; @%p1 bra $x; bar.sync 0; $x:": "same barrier",
    "setp.lt.u32 %p1, %r1003, 16; @%p1 bra $x; bar.sync 0; bra $y; $x: bar.sync 0; $y:": "same barrier",
    "bar.sync 1;": "barrier 0",
    "mov.u32 %r1, 0; setp.lt.u32 %p1, %r1003, 16; @%p1 shfl.sync.bfly.b32 %r1, %r1, 1, 31, -1;": "divergent: mask",
    "mov.u32 %r1, 0; setp.lt.u32 %p1, %r1003, 16; @%p1 shfl.sync.bfly.b32 %r1, %r1, 16, 31, 65535;": "does not run",
    "$loop: bra $loop;": "no end",
}


@pytest.mark.parametrize("code", FAULTS)
def test_faults(code: str) -> None:
    with pytest.raises(Fault, match=FAULTS[code]):
        execute(code, [np.zeros(4, np.float32)], limit=1000)


def test_a_fault_names_the_instruction_and_its_line() -> None:
    with pytest.raises(Fault, match=r"k: mul.f32 %r1, %r2, %r3; \(line 13\): contractable"):
        run(kernel("\tmul.f32 %r1, %r2, %r3;", 0), "k", 1, 1, [], Memory())


ACCESS_FAULTS = {
    "ld.global.b32 %r1, [%rd1+4];": r"out of bounds: 4 bytes at 0x\w+, offset 128 of array 0 with 128 bytes, 1 thread\(s\) in all",
    "ld.global.b32 %r1, [%rd1+-4];": "out of bounds: .*offset -4",
    "ld.global.b32 %r1, [%rd1+2];": r"out of bounds|misaligned",
    "st.global.v2.b32 [%rd1], {%r1000, %r1000};": "out of bounds|misaligned",
    "and.b64 %rd1, %rd1, -16; add.s64 %rd1, %rd1, 4; ld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%rd1];": "out of bounds|misaligned",
    "ld.param.u64 %rd1, [p0]; ld.global.v2.b32 {%r1, %r2}, [%rd1+4];": r"misaligned: 8 bytes at \w+, offset 4 of array 0",
    "ld.global.nc.b32 %r1, [%rd1]; st.global.b32 [%rd1], %r1;": "loads as constant",
    "st.global.b32 [%rd1], %r1000; ld.global.nc.b32 %r1, [%rd1];": "constant load from array 0",
    "st.global.b32 [%rd2], %r1000;": "read only",
}


@pytest.mark.parametrize("code", ACCESS_FAULTS)
def test_accesses_of_global_memory(code: str) -> None:
    x, y = np.zeros(32, np.uint32), np.zeros(32, np.uint32)
    y.flags.writeable = False
    with pytest.raises(Fault, match=ACCESS_FAULTS[code]):
        execute(PLACE + OTHER + code, [x, y])


def test_a_load_of_what_was_never_written() -> None:
    def launch(code: str) -> None:
        memory = Memory()
        run(kernel(PLACE + code, 1), "k", 1, 32, [memory.add(np.empty(32, np.uint32), written=False)], memory)

    launch("st.global.b32 [%rd1], %r1000; ld.global.b32 %r1, [%rd1];")
    with pytest.raises(Fault, match="never written"):
        launch("ld.global.b32 %r1, [%rd1];")
    with pytest.raises(Fault, match="never written"):
        launch("st.global.b16 [%rd1], 5; ld.global.b32 %r1, [%rd1];")


WATCHED_FAULTS = {
    "st.global.b32 [%rd1], %r1000; xor.b32 %r1, %r1000, 1; ld.param.u64 %rd2, [p0]; mad.wide.u32 %rd2, %r1, 4, %rd2;"
    "ld.global.b32 %r2, [%rd2];": "race: a thread loads what another thread stored",
    "ld.param.u64 %rd2, [p0]; ld.global.b32 %r2, [%rd2+8];st.global.b32 [%rd1], %r2;": "race: a thread stores where another thread loaded",
    "ld.param.u64 %rd2, [p0]; st.global.b32 [%rd2], %r1000;": "race: two threads store to one place",
    "st.global.b32 [%rd1], %r1000;ld.param.u64 %rd2, [p0]; st.global.b16 [%rd2+2], 5;": "race: a thread stores where another thread stored",
}


@pytest.mark.parametrize("code", WATCHED_FAULTS)
def test_races_in_global_memory(code: str) -> None:
    def launch(code: str) -> None:
        memory = Memory()
        run(kernel(PLACE + code, 1), "k", 2, 32, [memory.add(np.empty(64, np.uint32), watched=True)], memory)

    launch("ld.global.b32 %r1, [%rd1]; st.global.b32 [%rd1], %r1000; ld.global.b32 %r1, [%rd1];")
    with pytest.raises(Fault, match=WATCHED_FAULTS[code]):
        launch(code)


SHARED_FAULTS = {
    "ld.shared.b32 %r4, [%r3];": "never written",
    "st.shared.b32 [%r3+4000], %r1;": "out of bounds: 4 bytes at 4096 of 4096",
    "st.shared.b32 [%r3+2], %r1;": "misaligned",
    "st.shared.b32 [%r3], %r1; ld.shared.b32 %r4, [room];": "race: a warp loads what another warp stored",
    "st.shared.b32 [room], %r1;": "race: two warps store to one place",
    "st.shared.b32 [%r3], %r1; bar.sync 0; ld.shared.b32 %r4, [room];"
    "st.shared.b32 [%r3], %r4;": "race: a warp stores where another warp loaded",
}


@pytest.mark.parametrize("code", SHARED_FAULTS)
def test_accesses_of_shared_memory(code: str) -> None:
    with pytest.raises(Fault, match=SHARED_FAULTS[code]):
        execute(SLOT + code, [], 64, 2, SHARED)


def test_arguments_and_entry() -> None:
    text = f"{HEADER}.visible .entry k(.param .u64 p, .param .f32 q) {{ ret; }}"
    run(text, "k", 1, 1, [0, 1.5], Memory())
    with pytest.raises(Fault, match="takes 2 arguments, 1 are given"):
        run(text, "k", 1, 1, [0], Memory())
    with pytest.raises(Fault, match="no entry other"):
        run(text, "other", 1, 1, [0, 0], Memory())
    with pytest.raises(Fault, match="a block of 2048 threads"):
        run(text, "k", 1, 2048, [0, 0], Memory())
    with pytest.raises(ValueError, match="contiguous"):
        Memory().add(np.zeros((4, 4))[:, ::2])
