"""One applicant, from named values to PD and four reasons; and a file with reasons against one without.

Run: python -m tests.benchmarks.bench_reasons
"""

from __future__ import annotations

import sys
import time

import numpy as np

from tests.benchmarks import rows
from workbench import explanation, sampling, training
from workbench.explanation import Reasoner
from workbench.run import Run
from workbench.scoring import Scorer

PROMISE_MS = 5.0
CALLS, FILE = 3_000, 50_000


def main() -> None:
    """Print percentiles of the wall clock and of the processor's own time, and rows a second."""
    data = rows.dataset(20_000)
    listed = data.frame.iloc[:500].astype(object)
    records = listed.where(listed.notna(), None).to_dict(orient="records")
    missed = []
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
    for family in ("logistic", "scorecard", "xgboost", "lightgbm"):
        model = training.train(data, samples, training.TrainSpec(family), Run(1))
        raw = model.encoder.raw(data.frame, data.date)
        scorer = Scorer(model)
        reasoner = Reasoner(explanation.learn(model, raw[samples.mask("development")]))
        refused = [record for record in records if scorer.score(record).decision == "decline"]
        wall, own = np.empty(CALLS), np.empty(CALLS)
        for i in range(-20, CALLS):
            record = refused[i % len(refused)]
            started, worked = time.perf_counter(), time.thread_time()
            scorer.score(record)
            told = reasoner.one(record)
            wall[i], own[i] = time.perf_counter() - started, time.thread_time() - worked
            assert told.reasons
        many = raw[np.resize(np.arange(len(raw)), FILE)]
        started = time.perf_counter()
        reasoner.rows(many).columns(4)
        file = time.perf_counter() - started
        median, last = 1e3 * np.median(wall), 1e3 * np.quantile(wall, 0.99)
        print(
            f"{family}: PD and four reasons of one declined applicant, median {median:.2f} ms, "
            f"99th percentile {last:.2f} ms of the clock (promise: under {PROMISE_MS:g} ms) and "
            f"{1e3 * np.quantile(own, 0.99):.2f} ms of the processor; {FILE / file:,.0f} rows a second with "
            "reasons, 70% of them approved"
        )
        if last >= PROMISE_MS:
            missed.append(family)
    if missed:
        sys.exit(f"promise missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
