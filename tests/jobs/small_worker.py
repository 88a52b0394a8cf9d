"""A worker for the tests: the real one with small use cases."""

if __name__ == "__main__":
    import sys

    from workbench.jobs.worker import run_worker
    from workbench.settings import Settings

    names = ("fit", "count", "hold", "refuse", "stumble", "die", "publish", "swallow", "version")
    tasks = {name: f"tests.jobs.small_tasks:{name}" for name in names}
    mode, preload = sys.argv[1], sys.argv[2:]
    run_worker(
        Settings.from_env(), mode=mode, tasks=tasks, preload=preload, look_every=0.3, patience=1.0, attempts=2
    )
