"""A worker for the tests: the real one with small use cases."""

if __name__ == "__main__":
    import sys

    from workbench.jobs.worker import run_worker
    from workbench.settings import Settings

    names = ("fit", "count", "hold", "refuse", "stumble", "die", "publish")
    tasks = {name: f"tests.jobs.small_tasks:{name}" for name in names}
    run_worker(
        Settings.from_env(), mode=sys.argv[1], tasks=tasks, preload=sys.argv[2:], look_every=0.3, patience=1.0
    )
