"""Machine code for this processor, made in the process that runs it.

It is not kept on disk: reading it back would run code from a file that no digest vouches for.
"""

from __future__ import annotations

from typing import Any


def compiled(text: str, *, optimised: bool) -> Any:
    """Return the engine that holds the functions of a module in LLVM's language; they go when it does.

    Parameters
    ----------
    optimised : bool
        Whether plain loops are to be made into vectors and the like; what is written in vectors is not.
    """
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=3
    )
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    module.verify()
    if optimised:
        _optimise(module, machine)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


def _optimise(module: Any, machine: Any) -> None:
    import llvmlite.binding as llvm

    # unrolled loops take twice as long to make and are no quicker here
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization, tuning.loop_unrolling, tuning.loop_interleaving = True, False, False
    with llvm.create_pass_builder(machine, tuning) as passes, passes.getModulePassManager() as manager:
        manager.run(module, passes)
