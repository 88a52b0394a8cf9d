"""One parsed form of an ensemble of trees, and a scoring of many rows at once that equals its engine."""

from workbench.trees.compiled import CompiledTrees, compile_trees
from workbench.trees.ensemble import Ensemble, NotCompiled, of_nodes
from workbench.trees.lightgbm_text import from_lightgbm
from workbench.trees.proof import Proof, proof_rows, prove
from workbench.trees.shapley import LeafTables, Prepared
from workbench.trees.walk import held_against
from workbench.trees.xgboost_json import from_xgboost

__all__ = [
    "CompiledTrees",
    "Ensemble",
    "LeafTables",
    "NotCompiled",
    "Prepared",
    "Proof",
    "compile_trees",
    "from_lightgbm",
    "from_xgboost",
    "held_against",
    "of_nodes",
    "proof_rows",
    "prove",
]
