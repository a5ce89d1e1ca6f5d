"""The checks of device code refuse what they are there to refuse: PTX and SASS made for it."""

from __future__ import annotations

import copy

import pytest

pytest.importorskip("cuda.bindings.nvjitlink", reason="needs cuda-bindings and nvidia-nvjitlink")

from sass import link, paths, read, record, rules

HEAD = ".version 7.0\n.target sm_80\n.address_size 64\n"
LOAD = "ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%rd0];"
STORE = "st.global.v4.b32 [%rd0], {%r0, %r1, %r2, %r3};"


def entry(*body: str, name: str = "k", directives: str = "") -> str:
    """A kernel with one address, whose instructions are `body`."""
    registers = ".reg .pred %p<99>; .reg .b16 %h<9>; .reg .b32 %r<999>; .reg .b64 %rd<99>; .reg .f64 %d<9>;"
    lines = [registers, f"ld.param.u64 %rd0, [{name}_0];", *body, "ret;"]
    return f"{HEAD}.visible .entry {name}(.param .u64 {name}_0) {directives}\n{{\n" + "\n".join(lines) + "\n}\n"


SOUND = (
    "add.rn.f32 %r1, %r2, %r3;",
    "rcp.approx.ftz.f32 %r1, %r2;",
    "fma.rn.f32 %r0, %r1, %r2, %r3;",
    "setp.lt.f32 %p1, %r0, 0f00000000;",
    "mad.lo.s32 %r1, %r2, %r3, %r4;",
    "mul.wide.s32 %rd1, %r1, 4;",
    "cvt.rn.bf16x2.f32 %r0, %r1, %r2;",
    "neg.f32 %r0, %r1;",
)
UNSOUND = {
    "mul.f32 %r1, %r2, %r3;": "contracted",
    "add.f32 %r1, %r2, %r3;": "contracted",
    "@%p1 sub.f32 %r1, %r2, %r3;": "contracted",
    "add.rn.f32 %r1, %r2, %r3; mul.f32 %r1, %r2, %r3;": "contracted",
    "mad.rn.f32 %r1, %r2, %r3, %r4;": "once or twice",
    "add.rn.ftz.f32 %r1, %r2, %r3;": "flushes",
    "setp.lt.ftz.f32 %p1, %r2, %r3;": "flushes",
    "rcp.approx.f32 %r1, %r2;": "not corrected",
    "div.approx.f32 %r1, %r2, %r3;": "not corrected",
    "div.full.f32 %r1, %r2, %r3;": "contracted",
    "ex2.approx.ftz.f32 %r1, %r2;": "hardware",
    "tanh.approx.f32 %r1, %r2;": "hardware",
    "add.rz.f32 %r1, %r2, %r3;": "elsewhere",
    "cvt.f64.f32 %d1, %r2;": "float64",
    "mul.rn.f64 %d1, %d2, %d3;": "float64",
    "fma.rn.bf16x2 %r1, %r2, %r3, %r4;": "16 bits",
    "call.uni f, (%r1);": "call",
    "st.local.b32 [%rd1], %r1;": "local",
}


@pytest.mark.parametrize("line", SOUND)
def test_sound_instructions_pass(line: str) -> None:
    assert rules.faults(entry(line), "float32") == []


@pytest.mark.parametrize("line", UNSOUND)
def test_unsound_instructions_are_refused(line: str) -> None:
    found = rules.faults(entry(LOAD, line, STORE), "float32")
    assert any(UNSOUND[line] in fault for fault in found), found


def test_double_is_sound_in_its_own_kernels() -> None:
    assert rules.faults(entry("mul.rn.f64 %d1, %d2, %d3;"), "float64") == []
    assert rules.faults(entry("mul.f64 %d1, %d2, %d3;"), "float64")


def test_ordinary_division_is_counted() -> None:
    assert rules.exact_divisions(entry("div.rn.f32 %r1, %r2, %r3;", "sqrt.rn.f32 %r1, %r1;", "div.rn.f64 %d1, %d2, %d3;")) == 2


def code(text: str, architecture: str = "sm_90") -> tuple[link.Resources, list[read.Instruction]]:
    """Resources and all instructions of the entry `k`."""
    cubin, resources = link.link([text], architecture)
    return resources["k"], read.disassemble(cubin)["k"]


@pytest.mark.parametrize("architecture", link.ARCHITECTURES)
def test_spills_are_seen(architecture: str) -> None:
    """More values alive than there are registers: all are added in one order, then in the other."""
    loads = [f"ld.global.b32 %r{i}, [%rd0+{4 * i}];" for i in range(60)]
    sums = ["mov.b32 %r99, 0f00000000;", *(f"add.rn.f32 %r99, %r99, %r{i};" for i in (*range(60), *reversed(range(60))))]
    body = *loads, *sums, "st.global.b32 [%rd0], %r99;"
    free, _ = code(entry(*body), architecture)
    tight, instructions = code(entry(*body, directives=".maxnreg 24"), architecture)
    assert (free.spilled, free.stack) == (0, 0)
    assert free.registers > 32 >= tight.registers
    assert tight.spilled > 0
    assert tight.stack > 0
    assert any(what.startswith(("LDL", "STL")) for what in paths.calls(instructions))


@pytest.mark.parametrize("architecture", link.ARCHITECTURES)
def test_narrow_accesses_are_seen(architecture: str) -> None:
    wide = code(entry(LOAD, "add.rn.f32 %r0, %r0, %r1;", STORE), architecture)[1]
    narrow = code(entry("ld.global.v2.b32 {%r0, %r1}, [%rd0];", STORE), architecture)[1]
    assert paths.narrow(paths.hot(wide)) == []
    assert [what.split()[0] for what in paths.narrow(paths.hot(narrow))] == ["LDG.E.64"]
    assert paths.kinds(paths.hot(wide))["STG"] == 1


def test_calls_are_seen() -> None:
    """A quotient is computed in line on the way of ordinary numbers, and by a subroutine else."""
    _, instructions = code(entry(LOAD, "div.rn.f32 %r0, %r0, %r1;", STORE))
    assert len(paths.calls(instructions)) == 1
    assert paths.calls(paths.hot(instructions)) == []
    assert sum(paths.conditional(i) for i in paths.hot(instructions) if i.target is not None) == 1


def test_several_kernels_lie_in_one_cubin() -> None:
    texts = [entry(LOAD, f"add.rn.f32 %r0, %r0, %r{k};", STORE, name=f"k{k}") for k in (1, 2, 3)]
    cubin, resources = link.link(texts, "sm_80")
    assert set(resources) == {"k1", "k2", "k3"} <= set(read.disassemble(cubin))


def test_what_the_assembler_refuses_is_an_error() -> None:
    with pytest.raises(Exception, match=r"(?i)ptx|compil"):
        link.link([entry("nonsense.f32 %r1;")], "sm_90")


SASS = """
.text.k:
        /*0000*/                   S2R R0, SR_TID.X ;
        /*0010*/              @!P0 BRA `(.L_x_1) ;
        /*0020*/                   LDG.E.128 R4, desc[UR4][R2.64] ;
        /*0030*/                   BSSY B0, `(.L_x_0) ;
        /*0040*/               @P1 BRA `(.L_x_0) ;
        /*0050*/                   STG.E.128 desc[UR4][R2.64], R4 ;
.L_x_0:
        /*0060*/                   BSYNC B0 ;
        /*0070*/               @P2 EXIT ;
.L_x_1:
        /*0080*/                   LDG.E R4, desc[UR4][R2.64] ;
        /*0090*/                   CALL.ABS.NOINC `(slow) ;
        /*00a0*/               @P0 BRA `(.L_x_1) ;
        /*00b0*/                   EXIT ;
.L_x_2:
        /*00c0*/                   BRA `(.L_x_2);
        /*00d0*/                   NOP;
"""


def test_the_hot_path_makes_all_wide_stores() -> None:
    """It is not the shorter way past the store, and leaves before the loop over single elements."""
    function = read.parse(SASS)["k"]
    assert paths.route(function) == list(range(8))
    assert paths.executed(paths.hot(function)) == 8
    assert paths.calls(paths.hot(function)) == []
    assert paths.calls(function) == ["CALL.ABS.NOINC `(slow)"]


def test_a_call_on_the_only_way_is_on_the_hot_path() -> None:
    function = read.parse(SASS.replace("@P2 EXIT", "NOP"))["k"]
    assert paths.calls(paths.hot(function)) == ["CALL.ABS.NOINC `(slow)"]
    assert paths.narrow(paths.hot(function)) == ["LDG.E R4, desc[UR4][R2.64]"]


def test_a_branch_to_nowhere_is_an_error() -> None:
    with pytest.raises(ValueError, match="BRX"):
        read.parse(SASS.replace("CALL.ABS.NOINC `(slow)", "BRX R2 -0x10"))


def test_growth_is_told() -> None:
    data = record.read()["kernels"]
    assert record.grown(data, data) == []
    label = "gelu forward float32"
    more, fatter, fewer = copy.deepcopy(data), copy.deepcopy(data), copy.deepcopy(data)
    more[label]["sm_90"][1] += 0.25
    fatter[label]["sm_80"][0] = max(record.FULL, fatter[label]["sm_80"][0]) + 1
    del fewer[label]
    assert [t.split(":")[0] for t in record.grown(more, data)] == [f"{label} sm_90"]
    assert [t.split(":")[0] for t in record.grown(fatter, data)] == [f"{label} sm_80"]
    assert record.grown(more, data, record.OTHER_TOOLS) == []
    assert record.grown(fewer, data) == [f"{label}: data of no kernel"]
    assert record.grown(data, fewer) == [f"{label}: no data"]


def test_data_are_as_they_are_written() -> None:
    data = record.read()
    assert record.PLACE.read_text() == record.text(data["kernels"], data["versions"])
