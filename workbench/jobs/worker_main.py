"""What ``python -m`` runs for a worker."""

if __name__ == "__main__":
    from workbench.jobs.worker import main

    main()
